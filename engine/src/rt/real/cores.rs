//! Starts one pinned thread per core, runs the same main on each, and ends them.
//!
//! What must hold: no core's main begins before every core can run; a node with half its cores would serve half its
//! keys. When a main has ended, what it left under way is waited for, and only then does its runtime go.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use super::core::Core;
use super::pool::{HelperThreads, Helpers};
use super::ring::{self, Driver, Way};
use super::sigbus;
use super::{cpus, files_max};
use crate::limits::FILES_ENOUGH;
use crate::types::CoreId;

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// Threads, each with its own runtime.
    pub cores: u16,
    /// How they wait.
    pub driver: Driver,
    /// Is told, in a sentence for the operator, of what works but could be better.
    pub notice: fn(&str),
}

/// Why the cores did not start. Nothing of `main` has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// Zero cores were asked for.
    NoCores,
    /// No ring could be made.
    Ring {
        /// The system's error number.
        code: i32,
    },
    /// No epoll instance could be made.
    Epoll {
        /// The system's error number.
        code: i32,
    },
    /// No thread could be started.
    Thread {
        /// The system's error number.
        code: i32,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NoCores => write!(f, "at least one core is needed"),
            StartError::Ring { code: libc::ENOMEM } => write!(
                f,
                "no memory for an io_uring ring: raise the locked memory limit (ulimit -l, LimitMEMLOCK=infinity) \
                 or the memory of the container"
            ),
            StartError::Ring { code } => write!(f, "no io_uring ring could be made (error {code})"),
            StartError::Epoll { code } => write!(f, "no epoll instance could be made (error {code})"),
            StartError::Thread { code } => {
                write!(f, "no thread could be started (error {code}): raise the process limit (ulimit -u, TasksMax)")
            }
        }
    }
}

impl std::error::Error for StartError {}

/// Runs `main(core)` to its end on each of the cores, and waits for all of them.
///
/// A main awaits all that it cares about: a call to a file or a helper that begins after its main has ended never
/// answers.
///
/// # Errors
/// The cores could not start; no main has run.
pub fn run<F, Fut>(options: RunOptions, main: F) -> Result<(), StartError>
where
    F: Fn(CoreId) -> Fut + Send + Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    if options.cores == 0 {
        return Err(StartError::NoCores);
    }
    if !sigbus::install() {
        (options.notice)(
            "SIGBUS cannot be handled: a page of the index that does not read ends the process unexplained",
        );
    }
    if files_max::raise().is_some_and(|files| files < FILES_ENOUGH) {
        (options.notice)("this process may open few files, and so take few connections: raise the limit (ulimit -n)");
    }
    let way = ring::choose(options.driver, options.notice)?;
    let (helpers, crew) = Helpers::start(&helper_threads(options.cores, way)).map_err(thread_error)?;
    let helpers = Arc::new(helpers);
    let cpus = cpus::allowed();
    if cpus.is_empty() {
        (options.notice)("the CPUs of this process are unknown: the cores are not pinned, which is slower");
    }
    let mut threads = Vec::new();
    let (working, all_ended) = async_channel::bounded(1);
    let result = start(options.cores, &mut threads, |number| Post {
        id: CoreId(number),
        cpu: cpus.get(usize::from(number) % cpus.len().max(1)).copied(),
        way,
        helpers: Arc::clone(&helpers),
        main: main.clone(),
        working: working.clone(),
        all_ended: all_ended.clone(),
    });
    drop((working, all_ended));
    for thread in threads {
        if let Err(panic) = thread.join() {
            resume_unwind(panic);
        }
    }
    // Tasks that a core left behind may still hold the queues, so they are closed rather than dropped.
    helpers.close();
    crew.join();
    result
}

/// What a core's thread needs to begin.
struct Post<F> {
    id: CoreId,
    cpu: Option<usize>,
    way: Way,
    helpers: Arc<Helpers>,
    main: F,
    /// Dropped when this core's main has ended.
    working: async_channel::Sender<Infallible>,
    /// Closed when every core's main has.
    all_ended: async_channel::Receiver<Infallible>,
}

/// Starts all threads and lets them go once every one is ready; otherwise none begins.
fn start<F, Fut>(cores: u16, threads: &mut Vec<JoinHandle<()>>, post: impl Fn(u16) -> Post<F>) -> Result<(), StartError>
where
    F: Fn(CoreId) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let (ready, readiness) = mpsc::channel();
    let mut starts = Vec::new();
    for number in 0..cores {
        let (start, started) = mpsc::channel();
        let (post, ready) = (post(number), ready.clone());
        let thread = thread::Builder::new().name(format!("core-{number}"));
        threads.push(thread.spawn(move || keep(post, &ready, &started)).map_err(thread_error)?);
        starts.push(start);
    }
    for _ in 0..cores {
        readiness.recv().expect("every core says whether it is ready")?;
    }
    for start in starts {
        start.send(()).expect("a core that is ready waits for its start");
    }
    Ok(())
}

/// The life of a core's thread.
fn keep<F, Fut>(post: Post<F>, ready: &Sender<Result<(), StartError>>, started: &Receiver<()>)
where
    F: Fn(CoreId) -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    if let Some(cpu) = post.cpu {
        cpus::pin(cpu);
    }
    let (runtime, answer) = match ring::build(post.way) {
        Ok(runtime) => (Some(runtime), Ok(())),
        Err(error) => (None, Err(driver_error(post.way, &error))),
    };
    // The starter goes away without a word when another core could not be made.
    if ready.send(answer).is_err() || started.recv().is_err() {
        return;
    }
    let Some(mut runtime) = runtime else { return };
    let Post { id, way, helpers, main, working, all_ended, .. } = post;
    let core = Core::new(matches!(way, Way::Ring(_)), helpers);
    core.enter();
    runtime.block_on(async {
        main(id).await;
        drop(working);
        assert!(all_ended.recv().await.is_err(), "nothing is ever sent: the channel only closes");
        core.drain().await;
    });
    // Left to the process; the header says why.
    std::mem::forget(runtime);
    Core::leave();
}

/// Lookups as many as cores, since each core may wait for one; commits half, since they are long and in the background.
/// On epoll the general helpers carry all reads and writes too.
fn helper_threads(cores: u16, way: Way) -> HelperThreads {
    let cores = usize::from(cores);
    let general = match way {
        Way::Ring(_) => 2,
        Way::Epoll => 4 * cores,
    };
    HelperThreads { lookup: cores, commit: cores.div_ceil(2), general }
}

fn driver_error(way: Way, error: &io::Error) -> StartError {
    let code = error.raw_os_error().unwrap_or(0);
    match way {
        Way::Ring(_) => StartError::Ring { code },
        Way::Epoll => StartError::Epoll { code },
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn thread_error(error: io::Error) -> StartError {
    StartError::Thread { code: error.raw_os_error().unwrap_or(0) }
}
