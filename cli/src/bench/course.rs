//! One run from its arguments to its report.
//!
//! What must hold: the report is given also when the run is stopped or something fails. A second signal ends the
//! process at once.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use stratum_engine::rt::real::{Driver, RunOptions, run};
use stratum_engine::rt::{Mailbox, mailbox, spawn};

use super::arguments::BenchArguments;
use super::conductor::Conductor;
use super::live::{self, Live};
use super::plan::Plan;
use super::report::{self, Measured};
use super::station::{self, Did, Order};
use crate::said;

/// Orders that wait on one core: the next is given when the one before is done.
const ORDERS_MAX: usize = 1;

/// Loads a server, and says what came of it.
///
/// # Errors
/// A sentence that says what failed, after all that was measured has been said.
pub(crate) fn bench(arguments: &BenchArguments) -> Result<(), String> {
    let plan = Arc::new(Plan::new(arguments)?);
    let live = Arc::new(Live::default());
    stop_on_signals(Arc::clone(&live))?;
    let (measured, ended) = drive(&plan, &live)?;
    let failed: u64 = measured.iter().flat_map(|one| one.tally.rows.values()).map(|row| row.failed()).sum();
    let ended = match (ended, failed) {
        (Ok(()), 0) => Ok(()),
        (Ok(()), many) => Err(format!("{many} operations failed")),
        (Err(why), _) => Err(why),
    };
    match plan.arguments.json {
        true => said::line(&report::json(&plan, &measured, ended.as_ref().err().map(String::as_str)).to_string()),
        false if measured.is_empty() => {}
        false => said::line(&report::table(&plan, &measured)),
    }
    ended
}

/// Runs the cores to their end.
fn drive(plan: &Arc<Plan>, live: &Arc<Live>) -> Result<(Vec<Measured>, Result<(), String>), String> {
    let cores = plan.arguments.cores;
    let (tell, told) = mailbox::<Did>(usize::from(cores));
    let (orders, boxes): (Vec<_>, Vec<_>) = (0..cores).map(|_| mailbox::<Order>(ORDERS_MAX)).unzip();
    let boxes: Vec<Option<Mailbox<Order>>> = boxes.into_iter().map(Some).collect();
    let boxes = Arc::new(Mutex::new(boxes));
    let conducting = Arc::new(Mutex::new(Some((orders, told))));
    let ended = Arc::new(Mutex::new(None));
    let (plan, live, result) = (Arc::clone(plan), Arc::clone(live), Arc::clone(&ended));
    let options = RunOptions { cores, driver: Driver::Auto, notice: said::problem };
    let ran = run(options, move |core| {
        let orders = lock(&boxes).get_mut(usize::from(core.0)).and_then(Option::take);
        let orders = orders.expect("every core starts once");
        let station = station::work(core.0, Arc::clone(&plan), Arc::clone(&live), orders, tell.clone());
        let lead = if core.0 == 0 { lock(&conducting).take() } else { None };
        let (plan, live, result) = (Arc::clone(&plan), Arc::clone(&live), Arc::clone(&result));
        async move {
            let station = spawn(station);
            if let Some((orders, told)) = lead {
                let conductor = Conductor::new(plan, Arc::clone(&live), orders, told);
                let ended = beside(conductor.conduct(), live::show(live)).await;
                live::clear().await;
                *lock(&result) = Some(ended);
            }
            // It ends when the conductor has gone, and with it the orders.
            station.await;
        }
    });
    ran.map_err(|why| why.to_string())?;
    let ended = lock(&ended).take();
    ended.ok_or_else(|| "the generator ended without a result".to_owned())
}

/// The answer of `work`, while `display` runs beside it.
async fn beside<T>(work: impl Future<Output = T>, display: impl Future<Output = ()>) -> T {
    let (mut work, mut display) = (pin!(work), pin!(display));
    std::future::poll_fn(move |context| {
        if let Poll::Ready(answer) = work.as_mut().poll(context) {
            return Poll::Ready(answer);
        }
        // It goes on for as long as it is asked to.
        let _goes_on: Poll<()> = display.as_mut().poll(context);
        Poll::Pending
    })
    .await
}

/// The first signal ends the measurement, the second one the process.
fn stop_on_signals(live: Arc<Live>) -> Result<(), String> {
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(|why| format!("signals are not heard: {why}"))?;
    #[expect(clippy::disallowed_methods, reason = "signals come to a thread of their own, outside of every core")]
    std::thread::spawn(move || {
        for _signal in &mut signals {
            if live.is_stopped() {
                std::process::exit(1);
            }
            live.stop();
            said::problem("stopping: what was made is removed; once more ends it at once");
        }
    });
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
