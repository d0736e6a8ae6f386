//! Tasks and waiting, on the runtime of this core.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A started task. Dropping it lets the task run on.
pub struct Task<T>(monoio::task::JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.get_mut().0).poll(context)
    }
}

/// Starts a task on this core.
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Task(monoio::spawn(future))
}

/// Waits at least this long.
pub async fn sleep(duration: Duration) {
    monoio::time::sleep(duration).await;
}

/// Lets the other tasks of this core run, and the kernel's answers in.
///
/// A task that wakes itself goes to the front of monoio's queue, before all that wait there. So the turn is given to an
/// empty task at the end of the queue, and this one comes after it.
pub async fn yield_now() {
    spawn(async {}).await;
}
