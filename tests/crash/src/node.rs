//! A node in this process: its cores, each with its seat, and the moment when all of them are open.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use stratum_engine::node::{Options, Seat, Store, seats};
use stratum_engine::rt::real::{Driver, RunOptions, run};
use stratum_engine::rt::{Mailbox, Postman, mailbox};

use crate::options::tell;
use crate::saying::{Phase, Saying};

/// Signals that wait for a core: more than there are cores here, so that nobody waits to signal.
const SIGNALS_MAX: usize = 64;

/// What a core of the victim has.
pub struct Core {
    /// The store, from this core.
    pub store: Store,
    /// True on the core whose open was the last one.
    pub last_to_open: bool,
    /// One sender to each core, this one included.
    pub signals: Vec<Postman<()>>,
    /// Where a signal to this core arrives.
    pub signal: Mailbox<()>,
}

/// Opens the store on all cores and runs `main` on each. A store that does not open ends the process with status 2.
pub fn run_node<F, Fut>(options: &Options, driver: Driver, main: F) -> bool
where
    F: Fn(Core) -> Fut + Send + Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    Saying::Begin(Phase::Start).say();
    let cores = options.cores;
    let (signals, boxes): (Vec<_>, Vec<_>) = (0..cores).map(|_| mailbox::<()>(SIGNALS_MAX)).unzip();
    let places: Vec<Option<(Seat, Mailbox<()>)>> = seats(options).into_iter().zip(boxes).map(Some).collect();
    let (places, opened) = (Arc::new(Mutex::new(places)), Arc::new(AtomicUsize::new(0)));
    let ran = run(RunOptions { cores, driver, notice: tell }, move |core| {
        let place =
            places.lock().ok().and_then(|mut places| places.get_mut(usize::from(core.0)).and_then(Option::take));
        let (seat, signal) = place.expect("every core starts once");
        let (opened, main, signals) = (Arc::clone(&opened), main.clone(), signals.clone());
        async move {
            let store = match seat.open().await {
                Ok(store) => store,
                Err(why) => {
                    Saying::Wrong(format!("the store does not open: {why}")).say();
                    std::process::exit(2);
                }
            };
            let last_to_open = opened.fetch_add(1, Ordering::SeqCst) + 1 == usize::from(cores);
            if last_to_open {
                Saying::End(Phase::Start).say();
            }
            main(Core { store, last_to_open, signals, signal }).await;
        }
    });
    if let Err(why) = &ran {
        Saying::Wrong(format!("the cores do not start: {why}")).say();
    }
    ran.is_ok()
}

/// Signals these cores.
pub async fn signal_all(signals: &[Postman<()>]) {
    for signal in signals {
        if signal.post(()).await.is_err() {
            Saying::Wrong("a core has gone".to_owned()).say();
        }
    }
}
