//! Threads for what would block a core: opening, allocating, directory calls, index lookups that fault, commits.
//!
//! Each kind has its own threads and its own bounded queue; the threads live as long as the run that started them. A
//! full queue makes the asking task wait, never its core. Work that was queued is done even if nobody waits for it any
//! more.

use std::io;
use std::thread::{self, JoinHandle};

use async_channel::{Receiver, Sender};
use futures_channel::oneshot;

use super::core::Core;
use crate::limits::HELPER_QUEUE_MAX;
use crate::rt::Helper;

type Job = Box<dyn FnOnce() + Send>;

/// The queues of one run's helper threads.
pub(super) struct Helpers {
    lookup: Sender<Job>,
    commit: Sender<Job>,
    general: Sender<Job>,
}

/// How many threads of each kind.
pub(super) struct HelperThreads {
    pub(super) lookup: usize,
    pub(super) commit: usize,
    pub(super) general: usize,
}

/// The threads, which end when their queues are closed or dropped, and empty.
pub(super) struct HelperCrew(Vec<JoinHandle<()>>);

impl Helpers {
    /// Starts the threads.
    pub(super) fn start(threads: &HelperThreads) -> io::Result<(Helpers, HelperCrew)> {
        let mut crew = HelperCrew(Vec::new());
        let helpers = Helpers {
            lookup: crew.hire("lookup", threads.lookup)?,
            commit: crew.hire("commit", threads.commit)?,
            general: crew.hire("general", threads.general)?,
        };
        Ok((helpers, crew))
    }

    /// Takes no more work; what is queued is still done.
    pub(super) fn close(&self) {
        for queue in [&self.lookup, &self.commit, &self.general] {
            queue.close();
        }
    }

    fn queue(&self, helper: Helper) -> &Sender<Job> {
        match helper {
            Helper::Lookup => &self.lookup,
            Helper::Commit => &self.commit,
            Helper::General => &self.general,
        }
    }
}

impl HelperCrew {
    fn hire(&mut self, kind: &str, threads: usize) -> io::Result<Sender<Job>> {
        let (sender, receiver) = async_channel::bounded(HELPER_QUEUE_MAX);
        for number in 0..threads {
            let queue: Receiver<Job> = receiver.clone();
            let body = move || {
                while let Ok(job) = queue.recv_blocking() {
                    job();
                }
            };
            self.0.push(thread::Builder::new().name(format!("{kind}-{number}")).spawn(body)?);
        }
        Ok(sender)
    }

    /// Waits until all queued work is done and the threads have ended. The queues must be closed.
    pub(super) fn join(self) {
        for thread in self.0 {
            thread.join().expect("a helper that panics has ended the process");
        }
    }
}

/// Runs `work` on a helper thread and gives its answer.
pub async fn help<T, F>(helper: Helper, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let core = Core::current();
    let _flight = core.depart().await;
    let (slot, answer) = oneshot::channel();
    // An answer that comes back was for a caller who has gone away; what it owns is dropped on the helper.
    let job: Job = Box::new(move || drop(slot.send(work())));
    let posted = core.helpers.queue(helper).send(job).await;
    posted.expect("helper threads take work until every core has ended");
    answer.await.expect("a helper thread does what it took from its queue")
}
