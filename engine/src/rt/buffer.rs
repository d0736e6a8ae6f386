//! Memory that the kernel reads from and writes into: aligned, owned, moved, never shared.
//!
//! A [`Buffer`] belongs to whoever holds it; a call that uses it takes it and gives it back. A [`BufferPool`] bounds
//! how many bytes are out at once: a full pool is a normal state in which the taker waits. A buffer may be dropped on
//! any core; its bytes then go back to the pool it came from, which is why the pool's account is behind a lock that is
//! hardly ever contended.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::limits::BLOCK_BYTES;

/// An aligned piece of memory, a whole number of blocks long.
pub struct Buffer {
    memory: NonNull<u8>,
    capacity: usize,
    len: usize,
    home: Option<Arc<Mutex<Account>>>,
}

// SAFETY: a Buffer owns its memory alone, as a Vec does; nothing in it is tied to a thread.
unsafe impl Send for Buffer {}

impl Buffer {
    /// Zeroed memory for at least `len` bytes, outside any pool; its length is `len` rounded up to whole blocks.
    #[must_use]
    pub fn zeroed(len: usize) -> Buffer {
        let capacity = len.next_multiple_of(BLOCK_BYTES).max(BLOCK_BYTES);
        let layout = layout_of(capacity);
        // SAFETY: the layout is not of size zero: a capacity is at least one block.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout) };
        Buffer { memory, capacity, len: capacity, home: None }
    }

    /// Shortens the buffer to `len` bytes; the memory stays.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Sets the length within the memory there is; what lies beyond the old length holds whatever was there.
    ///
    /// # Panics
    /// If `len` is more than the capacity: a caller that does not know its own buffer is a defect.
    pub fn resize(&mut self, len: usize) {
        assert!(len <= self.capacity, "a buffer does not grow");
        self.len = len;
    }

    /// The bytes there is memory for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

fn layout_of(capacity: usize) -> Layout {
    Layout::from_size_align(capacity, BLOCK_BYTES).expect("a capacity is far below isize::MAX")
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `memory` holds `capacity` initialised bytes (zeroed at birth), `len` is never above it, and we own
        // them.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout and is dropped once.
        unsafe { dealloc(self.memory.as_ptr(), layout_of(self.capacity)) }
        if let Some(home) = self.home.take() {
            give_back(&home, self.capacity);
        }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} of {})", self.len, self.capacity)
    }
}

struct Account {
    free: usize,
    total: usize,
    next_ticket: u64,
    queue: VecDeque<Waiter>,
}

struct Waiter {
    ticket: u64,
    wanted: usize,
    waker: Waker,
}

/// A bounded account of buffer memory.
#[derive(Clone)]
pub struct BufferPool {
    account: Arc<Mutex<Account>>,
}

fn locked(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    // Nothing panics while it holds this lock, and the process aborts on any panic: poison cannot be seen.
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

fn give_back(account: &Arc<Mutex<Account>>, bytes: usize) {
    let mut held = locked(account);
    held.free += bytes;
    let first = held.queue.front().filter(|first| first.wanted <= held.free).map(|first| first.waker.clone());
    drop(held);
    if let Some(waker) = first {
        waker.wake();
    }
}

impl BufferPool {
    /// A pool of `total` bytes.
    #[must_use]
    pub fn new(total: usize) -> BufferPool {
        let account = Account { free: total, total, next_ticket: 0, queue: VecDeque::new() };
        BufferPool { account: Arc::new(Mutex::new(account)) }
    }

    /// A zeroed buffer of at least `len` bytes, or `None` while the pool is empty or others wait.
    #[must_use]
    pub fn try_take(&self, len: usize) -> Option<Buffer> {
        let wanted = len.next_multiple_of(BLOCK_BYTES).max(BLOCK_BYTES);
        let mut account = locked(&self.account);
        if !account.queue.is_empty() || account.free < wanted {
            return None;
        }
        account.free -= wanted;
        drop(account);
        Some(self.filled(wanted, len))
    }

    /// A zeroed buffer of at least `len` bytes; waits its turn while the pool is empty. `None` if the pool could never
    /// give it.
    pub async fn take(&self, len: usize) -> Option<Buffer> {
        if let Some(buffer) = self.try_take(len) {
            return Some(buffer);
        }
        let wanted = len.next_multiple_of(BLOCK_BYTES).max(BLOCK_BYTES);
        let mut place = Place { account: &self.account, ticket: None };
        let granted = poll_fn(|context| {
            let mut account = locked(&self.account);
            if wanted > account.total {
                return Poll::Ready(false);
            }
            let ticket = *place.ticket.get_or_insert_with(|| {
                account.next_ticket += 1;
                let ticket = account.next_ticket;
                account.queue.push_back(Waiter { ticket, wanted, waker: context.waker().clone() });
                ticket
            });
            let first = account.queue.front().is_some_and(|first| first.ticket == ticket);
            if first && account.free >= wanted {
                account.free -= wanted;
                account.queue.pop_front();
                place.ticket = None;
                let next =
                    account.queue.front().filter(|next| next.wanted <= account.free).map(|next| next.waker.clone());
                drop(account);
                if let Some(waker) = next {
                    waker.wake();
                }
                return Poll::Ready(true);
            }
            if let Some(waiter) = account.queue.iter_mut().find(|waiter| waiter.ticket == ticket) {
                waiter.waker.clone_from(context.waker());
            }
            Poll::Pending
        })
        .await;
        granted.then(|| self.filled(wanted, len))
    }

    /// Bytes that are not out.
    #[must_use]
    pub fn free(&self) -> usize {
        locked(&self.account).free
    }

    fn filled(&self, wanted: usize, len: usize) -> Buffer {
        let mut buffer = Buffer::zeroed(wanted);
        buffer.home = Some(Arc::clone(&self.account));
        buffer.truncate(len.next_multiple_of(BLOCK_BYTES).max(BLOCK_BYTES));
        buffer
    }
}

/// A place in the queue, given up when its waiter is dropped.
struct Place<'a> {
    account: &'a Arc<Mutex<Account>>,
    ticket: Option<u64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            locked(self.account).queue.retain(|waiter| waiter.ticket != ticket);
            give_back(self.account, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::Context;

    #[test]
    fn a_buffer_is_zeroed_aligned_and_whole_blocks() {
        let buffer = Buffer::zeroed(5000);
        assert_eq!(buffer.len(), 8192);
        assert_eq!(buffer.as_ptr().align_offset(BLOCK_BYTES), 0);
        assert!(buffer.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn an_empty_pool_makes_the_taker_wait_and_a_dropped_buffer_wakes_it() {
        let pool = BufferPool::new(2 * BLOCK_BYTES);
        let held = pool.try_take(2 * BLOCK_BYTES);
        assert!(held.is_some() && pool.try_take(1).is_none());
        let mut context = Context::from_waker(Waker::noop());
        let mut first = Box::pin(pool.take(BLOCK_BYTES));
        let mut second = Box::pin(pool.take(BLOCK_BYTES));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(held);
        assert!(second.as_mut().poll(&mut context).is_pending(), "turns are kept");
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_ready(), "a waiter that left does not hold up the next");
        assert_eq!(pool.free(), 2 * BLOCK_BYTES);
    }

    #[test]
    fn more_than_the_pool_is_refused_at_once() {
        let pool = BufferPool::new(BLOCK_BYTES);
        let mut take = Box::pin(pool.take(2 * BLOCK_BYTES));
        assert!(matches!(take.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(None)));
    }
}
