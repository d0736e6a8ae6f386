//! The engine's buffers as monoio takes them.
//!
//! What must hold: while the kernel has the memory, nobody else can reach it. The buffer moves into the operation,
//! which keeps it until the kernel has answered, even if the caller has gone away; the [`Flight`] that travels with it
//! ends with it, so a core knows exactly how much memory the kernel still has for its files. A [`Piece`] goes to a
//! socket, and no flight with it: whoever serves clients counts the connections.

use monoio::buf::{IoBuf, IoBufMut};

use super::core::Flight;
use crate::rt::{Buffer, Piece};

/// A buffer on its way through the kernel; its first `done` bytes are through already.
pub(super) struct Flying {
    pub(super) buffer: Buffer,
    pub(super) done: usize,
    _flight: Flight,
}

impl Flying {
    pub(super) fn new(buffer: Buffer, flight: Flight) -> Flying {
        Flying { buffer, done: 0, _flight: flight }
    }

    /// Bytes still to go.
    pub(super) fn left(&self) -> usize {
        self.buffer.len() - self.done
    }
}

// SAFETY: a Buffer's memory is on the heap and does not move with it; all its bytes are initialised. `done` is never
// above the length (`transfer` adds whole blocks no larger than what was left), so the pointer and what is left lie
// within it.
unsafe impl IoBuf for Flying {
    fn read_ptr(&self) -> *const u8 {
        self.buffer[self.done..].as_ptr()
    }

    fn bytes_init(&self) -> usize {
        self.left()
    }
}

// SAFETY: as above, and the buffer is owned, so nobody else reads what the kernel writes.
unsafe impl IoBufMut for Flying {
    fn write_ptr(&mut self) -> *mut u8 {
        self.buffer[self.done..].as_mut_ptr()
    }

    fn bytes_total(&mut self) -> usize {
        self.left()
    }

    unsafe fn set_init(&mut self, _initialised: usize) {
        // All bytes of a Buffer are initialised from birth; how many the kernel filled is counted in `done`.
    }
}

// SAFETY: as above: the memory is on the heap, initialised, and owned by the piece, which only shrinks what can be seen
// of it.
unsafe impl IoBuf for Piece {
    fn read_ptr(&self) -> *const u8 {
        self.as_ptr()
    }

    fn bytes_init(&self) -> usize {
        self.len()
    }
}
