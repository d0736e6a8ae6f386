//! Memory that the kernel reads from and writes into: aligned, owned, moved, never shared.
//!
//! A [`Buffer`] belongs to whoever holds it; a call that uses it takes it and gives it back. A [`BufferPool`] bounds
//! how many bytes are out at once: a full pool is a normal state in which the taker waits. A buffer may be dropped on
//! any core; its memory then goes back to the pool it came from, which is why the pool's account is behind a lock that
//! is hardly ever contended. The pool keeps some of it: fresh memory of the size of a read costs more than the read.
//!
//! What must hold: a buffer of a pool holds whatever was there. Whoever gives its bytes away has filled them first.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::limits::{BLOCK_BYTES, BUFFER_KEPT_BYTES_MAX, BUFFERS_KEPT_BYTES};

/// An aligned piece of memory, a whole number of blocks long.
pub struct Buffer {
    memory: Memory,
    len: usize,
    home: Option<Arc<Mutex<Account>>>,
}

/// Initialised memory on the heap, given back when it is dropped.
struct Memory {
    at: NonNull<u8>,
    capacity: usize,
}

// SAFETY: Memory owns what it points to alone, as a Vec does; nothing in it is tied to a thread.
unsafe impl Send for Memory {}

impl Memory {
    /// What is left where memory was taken out.
    const NONE: Memory = Memory { at: NonNull::dangling(), capacity: 0 };

    fn zeroed(capacity: usize) -> Memory {
        let layout = layout_of(capacity);
        // SAFETY: the layout is not of size zero: a capacity is at least one block.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(at) = NonNull::new(memory) else { handle_alloc_error(layout) };
        Memory { at, capacity }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.capacity == 0 {
            return;
        }
        // SAFETY: the memory was allocated with this layout and is dropped once.
        unsafe { dealloc(self.at.as_ptr(), layout_of(self.capacity)) }
    }
}

/// Whole blocks for `len` bytes, at least one.
fn blocks_for(len: usize) -> usize {
    len.next_multiple_of(BLOCK_BYTES).max(BLOCK_BYTES)
}

fn layout_of(capacity: usize) -> Layout {
    Layout::from_size_align(capacity, BLOCK_BYTES).expect("a capacity is far below isize::MAX")
}

impl Buffer {
    /// Zeroed memory for at least `len` bytes, outside any pool; its length is `len` rounded up to whole blocks.
    #[must_use]
    pub fn zeroed(len: usize) -> Buffer {
        let len = blocks_for(len);
        Buffer { memory: Memory::zeroed(len), len, home: None }
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
        assert!(len <= self.memory.capacity, "a buffer does not grow");
        self.len = len;
    }

    /// The bytes there is memory for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.capacity
    }

    /// These bytes of it.
    ///
    /// # Panics
    /// If it does not have them: a caller that does not know its own buffer is a defect.
    #[must_use]
    pub fn piece(self, range: Range<usize>) -> Piece {
        assert!(range.start <= range.end && range.end <= self.len, "a piece lies within its buffer");
        Piece { buffer: self, range }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `memory` holds `capacity` initialised bytes (zeroed at birth), `len` is never above it, and we own
        // them.
        unsafe { std::slice::from_raw_parts(self.memory.at.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.at.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(home) = self.home.take() else { return };
        let memory = std::mem::replace(&mut self.memory, Memory::NONE);
        give_back(&home, Some(memory));
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} of {})", self.len, self.memory.capacity)
    }
}

/// Some bytes of a buffer, where they were read.
#[derive(Debug)]
pub struct Piece {
    buffer: Buffer,
    range: Range<usize>,
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.get(self.range.clone()).unwrap_or_default()
    }
}

struct Account {
    free: usize,
    total: usize,
    next_ticket: u64,
    queue: VecDeque<Waiter>,
    /// Memory for the next buffers, by size: a power of two each. Not part of what is out.
    kept: [Vec<Memory>; KEPT_SIZES],
    kept_bytes: usize,
}

/// Sizes that are kept: from one block to the largest.
const KEPT_SIZES: usize = (BUFFER_KEPT_BYTES_MAX / BLOCK_BYTES).ilog2() as usize + 1;

struct Waiter {
    ticket: u64,
    wanted: usize,
    waker: Waker,
}

impl Account {
    /// Where memory of this size is kept; `None` if it is not.
    fn shelf(&mut self, capacity: usize) -> Option<&mut Vec<Memory>> {
        let blocks = capacity / BLOCK_BYTES;
        self.kept.get_mut(usize::try_from(blocks.checked_ilog2()?).ok()?).filter(|_| blocks.is_power_of_two())
    }

    fn kept(&mut self, capacity: usize) -> Option<Memory> {
        let memory = self.shelf(capacity)?.pop()?;
        self.kept_bytes -= capacity;
        Some(memory)
    }

    /// Keeps memory. Gives what is then too much: other sizes first, for this one is in use now.
    fn keep(&mut self, memory: Memory) -> Vec<Memory> {
        let capacity = memory.capacity;
        let Some(shelf) = self.shelf(capacity) else { return vec![memory] };
        shelf.push(memory);
        self.kept_bytes += capacity;
        let mut too_much = Vec::new();
        while self.kept_bytes > BUFFERS_KEPT_BYTES {
            let is_other = |shelf: &&mut Vec<Memory>| shelf.last().is_some_and(|kept| kept.capacity != capacity);
            let other = self.kept.iter_mut().find(is_other).and_then(Vec::pop);
            let Some(memory) = other.or_else(|| self.shelf(capacity).and_then(Vec::pop)) else { break };
            self.kept_bytes -= memory.capacity;
            too_much.push(memory);
        }
        too_much
    }
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

/// Gives memory back, or only wakes the first in the queue.
fn give_back(account: &Arc<Mutex<Account>>, memory: Option<Memory>) {
    let mut held = locked(account);
    held.free += memory.as_ref().map_or(0, |memory| memory.capacity);
    let too_much = memory.map(|memory| held.keep(memory));
    let first = held.queue.front().filter(|first| first.wanted <= held.free).map(|first| first.waker.clone());
    drop(held);
    // Outside of the lock: it may take the system a while.
    drop(too_much);
    if let Some(waker) = first {
        waker.wake();
    }
}

/// The size of the memory for a buffer of `len` bytes: few sizes, so that memory is used again.
fn size_for(len: usize) -> usize {
    let blocks = blocks_for(len);
    if blocks <= BUFFER_KEPT_BYTES_MAX { blocks.next_power_of_two() } else { blocks }
}

impl BufferPool {
    /// A pool of `total` bytes.
    #[must_use]
    pub fn new(total: usize) -> BufferPool {
        let account = Account {
            free: total,
            total,
            next_ticket: 0,
            queue: VecDeque::new(),
            kept: [const { Vec::new() }; KEPT_SIZES],
            kept_bytes: 0,
        };
        BufferPool { account: Arc::new(Mutex::new(account)) }
    }

    /// A buffer of `len` bytes rounded up to whole blocks, or `None` while the pool is empty or others wait.
    #[must_use]
    pub fn try_take(&self, len: usize) -> Option<Buffer> {
        let wanted = size_for(len);
        let mut account = locked(&self.account);
        if !account.queue.is_empty() || account.free < wanted {
            return None;
        }
        account.free -= wanted;
        let kept = account.kept(wanted);
        drop(account);
        Some(self.filled(kept, wanted, len))
    }

    /// As [`BufferPool::try_take`]; waits its turn while the pool is empty. `None` if the pool could never give it.
    pub async fn take(&self, len: usize) -> Option<Buffer> {
        if let Some(buffer) = self.try_take(len) {
            return Some(buffer);
        }
        let wanted = size_for(len);
        let mut place = Place { account: &self.account, ticket: None };
        let granted = poll_fn(|context| {
            let mut account = locked(&self.account);
            if wanted > account.total {
                return Poll::Ready(None);
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
                let kept = account.kept(wanted);
                let next =
                    account.queue.front().filter(|next| next.wanted <= account.free).map(|next| next.waker.clone());
                drop(account);
                if let Some(waker) = next {
                    waker.wake();
                }
                return Poll::Ready(Some(kept));
            }
            if let Some(waiter) = account.queue.iter_mut().find(|waiter| waiter.ticket == ticket) {
                waiter.waker.clone_from(context.waker());
            }
            Poll::Pending
        })
        .await;
        granted.map(|kept| self.filled(kept, wanted, len))
    }

    /// Bytes that are not out.
    #[must_use]
    pub fn free(&self) -> usize {
        locked(&self.account).free
    }

    fn filled(&self, kept: Option<Memory>, size: usize, len: usize) -> Buffer {
        let memory = kept.unwrap_or_else(|| Memory::zeroed(size));
        Buffer { memory, len: blocks_for(len), home: Some(Arc::clone(&self.account)) }
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
            give_back(self.account, None);
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
    fn memory_is_used_again_within_a_bound() {
        let pool = BufferPool::new(4 * BUFFERS_KEPT_BYTES);
        let mut buffer = pool.try_take(2 * BLOCK_BYTES + 1).expect("the pool is full");
        assert_eq!((buffer.len(), buffer.capacity()), (3 * BLOCK_BYTES, 4 * BLOCK_BYTES));
        buffer.fill(7);
        drop(buffer);
        assert_eq!(pool.free(), 4 * BUFFERS_KEPT_BYTES);
        let again = pool.try_take(4 * BLOCK_BYTES).expect("the pool is full");
        assert!(again.starts_with(&[7; 3 * BLOCK_BYTES]), "what was there is there");
        drop(again);
        let many: Vec<_> = (0..40).filter_map(|_| pool.try_take(BUFFER_KEPT_BYTES_MAX)).collect();
        assert!(many.len() == 40 && pool.try_take(2 * BUFFER_KEPT_BYTES_MAX).is_some(), "large ones are not kept");
        drop(many);
        let account = locked(&pool.account);
        let held: usize = account.kept.iter().flatten().map(|memory| memory.capacity).sum();
        assert!(held == account.kept_bytes && held <= BUFFERS_KEPT_BYTES && held > BUFFERS_KEPT_BYTES / 2);
        drop(account);
        // A crowd that needs another size finds it kept, too, and then the first one again.
        for size in [BLOCK_BYTES, BUFFER_KEPT_BYTES_MAX] {
            let many: Vec<_> = (0..2 * BUFFERS_KEPT_BYTES / size).filter_map(|_| pool.try_take(size)).collect();
            drop(many);
            let mut account = locked(&pool.account);
            assert_eq!(account.shelf(size).map(|shelf| shelf.len()), Some(BUFFERS_KEPT_BYTES / size));
            assert_eq!(account.kept_bytes, BUFFERS_KEPT_BYTES);
        }
    }

    #[test]
    fn more_than_the_pool_is_refused_at_once() {
        let pool = BufferPool::new(BLOCK_BYTES);
        let mut take = Box::pin(pool.take(2 * BLOCK_BYTES));
        assert!(matches!(take.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(None)));
    }
}
