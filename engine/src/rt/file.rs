//! A file or raw device as the engine sees it: whole aligned blocks, owned buffers, durable when flushed.
//!
//! What must hold: `flush` makes durable every write that had ended before it began. `write_durable_at` makes durable
//! that one write and nothing else. A read of bytes the medium cannot give is an error, never zeros. A short read or
//! write is completed or an error. The world a file was opened in is the world it lives in.

use std::path::Path;

use super::buffer::Buffer;
use super::error::IoError;
use super::real;
#[cfg(any(test, feature = "sim"))]
use super::sim;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// It must be there.
    Existing,
    /// It must not be there, and is made, with mode 0600.
    Create,
}

/// An open file. Clones share the descriptors.
#[derive(Clone)]
pub enum File {
    /// In the real world.
    Real(real::File),
    /// In the simulation.
    #[cfg(any(test, feature = "sim"))]
    Sim(sim::File),
}

macro_rules! in_its_world {
    ($self:ident, $file:ident => $call:expr) => {
        match $self {
            File::Real($file) => $call,
            #[cfg(any(test, feature = "sim"))]
            File::Sim($file) => $call,
        }
    };
}

impl File {
    /// Opens the file at `path` for reading and writing, past the page cache where the system allows it.
    ///
    /// # Errors
    /// What the system answered.
    pub async fn open(path: &Path, mode: OpenMode) -> Result<File, IoError> {
        #[cfg(any(test, feature = "sim"))]
        if let Some(world) = sim::current() {
            return world.open(path, mode).await.map(File::Sim);
        }
        real::File::open(path, mode).await.map(File::Real)
    }

    /// Reads the whole length of `buffer` from `offset`. Offset, length and memory are whole blocks.
    pub async fn read_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        in_its_world!(self, file => file.read_at(offset, buffer).await)
    }

    /// Writes the whole of `buffer` at `offset`. Durable only after a later [`File::flush`].
    pub async fn write_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        in_its_world!(self, file => file.write_at(offset, buffer).await)
    }

    /// Writes the whole of `buffer` at `offset`; it, and nothing else, is durable when this ends well.
    pub async fn write_durable_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        in_its_world!(self, file => file.write_durable_at(offset, buffer).await)
    }

    /// Makes durable every write that ended before this call.
    ///
    /// # Errors
    /// A failed flush is never retried: what it should have made durable may be gone.
    pub async fn flush(&self) -> Result<(), IoError> {
        in_its_world!(self, file => file.flush().await)
    }

    /// Makes room for `len` bytes from the start of the file; new bytes are zero. The file is never shortened.
    ///
    /// # Errors
    /// `NoSpace` where there is none; the file is then as long as before.
    pub async fn allocate(&self, len: u64) -> Result<(), IoError> {
        in_its_world!(self, file => file.allocate(len).await)
    }

    /// The length in bytes.
    ///
    /// # Errors
    /// What the system answered.
    pub async fn length(&self) -> Result<u64, IoError> {
        in_its_world!(self, file => file.length().await)
    }

    /// Locks the byte range `[start, start + len)` for this descriptor against every other process, without waiting.
    /// The lock ends with the descriptor.
    ///
    /// # Errors
    /// `Busy` if another open descriptor holds any of it.
    pub async fn lock(&self, start: u64, len: u64) -> Result<(), IoError> {
        in_its_world!(self, file => file.lock(start, len).await)
    }
}
