//! What a spawn gives back in the simulation: the answer of a task, when it is there.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What the scheduler polls.
pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A started task. Dropping it lets the task run on.
pub struct Task<T> {
    shared: Rc<RefCell<Answer<T>>>,
}

struct Answer<T> {
    value: Option<T>,
    waiting: Option<Waker>,
}

/// The task to hold, and the work for the scheduler that fills it.
pub(super) fn task<F>(future: F) -> (Task<F::Output>, Work)
where
    F: Future + 'static,
{
    let shared = Rc::new(RefCell::new(Answer { value: None, waiting: None }));
    let filled = Rc::clone(&shared);
    let work = async move {
        let value = future.await;
        filled.borrow_mut().value = Some(value);
        let waiting = filled.borrow_mut().waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    };
    (Task { shared }, Box::pin(work))
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut answer = self.shared.borrow_mut();
        match answer.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                answer.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
