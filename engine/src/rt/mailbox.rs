//! Messages between cores: a bounded mailbox, and a reply slot that travels with each request.
//!
//! Nothing waits in a circle: a core drains its mailbox without waiting for anything, and an answer goes into the slot
//! that its request brought. How many requests are under way is bounded by the sender's credits, not by the mailbox.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The receiving end of a core's mailbox.
pub struct Mailbox<T> {
    receiver: async_channel::Receiver<T>,
}

/// A sending end. It may be cloned and moved to other cores.
pub struct Postman<T> {
    sender: async_channel::Sender<T>,
}

/// A mailbox for at most `capacity` messages, and its sender.
#[must_use]
pub fn mailbox<T>(capacity: usize) -> (Postman<T>, Mailbox<T>) {
    let (sender, receiver) = async_channel::bounded(capacity);
    (Postman { sender }, Mailbox { receiver })
}

impl<T> Clone for Postman<T> {
    fn clone(&self) -> Self {
        Postman { sender: self.sender.clone() }
    }
}

impl<T> Postman<T> {
    /// Puts a message into the mailbox; gives it back if the core is gone.
    ///
    /// # Errors
    /// The message, when the receiving core has stopped.
    pub async fn post(&self, message: T) -> Result<(), T> {
        self.sender.send(message).await.map_err(|refused| refused.0)
    }
}

impl<T> Mailbox<T> {
    /// The next message, or `None` when every sender is gone.
    pub async fn next(&self) -> Option<T> {
        self.receiver.recv().await.ok()
    }
}

/// Where the answer to one request is put.
pub struct ReplySlot<T>(futures_channel::oneshot::Sender<T>);

/// The answer to one request, still to come.
pub struct Reply<T>(futures_channel::oneshot::Receiver<T>);

/// A slot and its reply.
#[must_use]
pub fn reply<T>() -> (ReplySlot<T>, Reply<T>) {
    let (sender, receiver) = futures_channel::oneshot::channel();
    (ReplySlot(sender), Reply(receiver))
}

impl<T> ReplySlot<T> {
    /// Answers. An answer nobody waits for any more comes back, so that what it owns is dropped here on purpose.
    pub fn answer(self, answer: T) -> Option<T> {
        self.0.send(answer).err()
    }
}

impl<T> Future for Reply<T> {
    /// `None` if the slot was dropped unanswered: the core that held it has stopped.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll(context).map(Result::ok)
    }
}
