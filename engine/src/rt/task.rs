//! Tasks, time, chance and helper threads, of whichever world this thread lives in.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::real;
#[cfg(any(test, feature = "sim"))]
use super::sim;

/// The helper threads. Lookups and commits have their own, so that a long commit never delays a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// Index lookups that may fault.
    Lookup,
    /// Index commits.
    Commit,
    /// Everything else that blocks: opening, allocating, locking, directory calls.
    General,
}

/// A started task. Dropping it lets the task run on.
pub enum Task<T> {
    /// In the real world.
    Real(real::Task<T>),
    /// In the simulation.
    #[cfg(any(test, feature = "sim"))]
    Sim(sim::Task<T>),
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            Task::Real(task) => Pin::new(task).poll(context),
            #[cfg(any(test, feature = "sim"))]
            Task::Sim(task) => Pin::new(task).poll(context),
        }
    }
}

/// Starts a task on this core.
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[cfg(any(test, feature = "sim"))]
    if let Some(world) = sim::current() {
        return Task::Sim(world.spawn(future));
    }
    Task::Real(real::spawn(future))
}

/// Waits.
pub async fn sleep(duration: Duration) {
    #[cfg(any(test, feature = "sim"))]
    if let Some(world) = sim::current() {
        return world.sleep(duration).await;
    }
    real::sleep(duration).await;
}

/// Nanoseconds since some moment before this process; it never goes back.
#[must_use]
pub fn now() -> u64 {
    #[cfg(any(test, feature = "sim"))]
    if let Some(world) = sim::current() {
        return world.now();
    }
    real::now()
}

/// Milliseconds since 1970, as far as this machine knows. For people, never for order.
#[must_use]
pub fn wall_ms() -> u64 {
    #[cfg(any(test, feature = "sim"))]
    if let Some(world) = sim::current() {
        return world.wall_ms();
    }
    real::wall_ms()
}

/// Random bytes nobody can guess.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[cfg(any(test, feature = "sim"))]
    if let Some(world) = sim::current() {
        world.fill_random(&mut bytes);
        return bytes;
    }
    real::fill_random(&mut bytes);
    bytes
}

/// Lets the other tasks of this core run.
pub async fn yield_now() {
    #[cfg(any(test, feature = "sim"))]
    if sim::current().is_some() {
        let mut yielded = false;
        return std::future::poll_fn(move |context| {
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
    real::yield_now().await;
}

/// Waits for `future` for at most `duration`; `None` if it had not ended by then.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut alarm = std::pin::pin!(sleep(duration));
    std::future::poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// Runs `work` where it may block, and gives its answer.
pub async fn help<T, F>(helper: Helper, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    #[cfg(any(test, feature = "sim"))]
    if let Some(world) = sim::current() {
        return world.help(work).await;
    }
    real::help(helper, work).await
}
