//! A file of the virtual disk: the calls of the seam, each with its time and its moments.
//!
//! A call is a task of its own that owns the buffer and the descriptor: a caller that stops waiting stops nothing, and
//! the buffer is free again when the I/O has ended. The call lands at one seeded moment and ends at a later one, so
//! that calls under way overtake each other and a crash finds them at every stage.

use std::rc::Rc;

use super::content::BLOCK;
use super::world::World;
use crate::rt::{Buffer, IoError, OpenMode};

/// An open file. Clones share the descriptor.
#[derive(Clone)]
pub struct File {
    open: Rc<Open>,
}

/// One descriptor. Its number is the holder of its locks.
struct Open {
    world: World,
    file: u64,
    number: u64,
    boot: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.world.disk().unlock(self.number);
    }
}

impl World {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// `NotFound` or `Exists`, as the mode demands.
    pub async fn open(&self, path: &std::path::Path, mode: OpenMode) -> Result<File, IoError> {
        self.helper_pause().await;
        let file = self.disk().open(path, mode)?;
        let number = self.disk().number();
        let open = Rc::new(Open { world: self.clone(), file, number, boot: self.boot() });
        self.helper_pause().await;
        Ok(File { open })
    }
}

impl File {
    /// Reads the whole length of `buffer` from `offset`.
    pub async fn read_at(&self, offset: u64, mut buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        self.check(offset, buffer.len());
        let open = Rc::clone(&self.open);
        let reading = async move {
            let world = &open.world;
            let (landing, ending) = world.pauses(&world.options().read_ns);
            world.pause(landing).await;
            let result = world.disk().read(open.file, offset, &mut buffer);
            world.pause(ending).await;
            (result, buffer)
        };
        self.open.world.spawn(reading).await
    }

    /// Writes the whole of `buffer` at `offset`; durable after a later flush.
    pub async fn write_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        self.write(offset, buffer, false).await
    }

    /// Writes the whole of `buffer` at `offset`; it alone is durable when this ends well.
    pub async fn write_durable_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        self.write(offset, buffer, true).await
    }

    async fn write(&self, offset: u64, buffer: Buffer, durable: bool) -> (Result<(), IoError>, Buffer) {
        self.check(offset, buffer.len());
        let number = self.open.world.disk().submit(self.open.file, offset, &buffer);
        let result = self.carry_out("write", number, durable);
        // The buffer is the I/O's until it ends, as it is the kernel's in the real world.
        self.open.world.spawn(async move { (result.await, buffer) }).await
    }

    /// Makes durable every write that ended before this call.
    ///
    /// # Errors
    /// `Media` if a test asked for it.
    pub async fn flush(&self) -> Result<(), IoError> {
        self.check(0, 0);
        let writes = self.open.world.disk().content(self.open.file).ended();
        let open = Rc::clone(&self.open);
        let flushing = async move {
            let world = &open.world;
            let (landing, ending) = world.pauses(&world.options().flush_ns);
            world.pause(landing).await;
            // It may count from here on, but the caller does not know it yet.
            let result = world.disk().flush(open.file, &writes);
            world.pause(ending).await;
            result
        };
        self.open.world.spawn(flushing).await
    }

    /// Makes room for `len` bytes from the start of the file.
    ///
    /// # Errors
    /// `NoSpace` where there is none; the file is then as long as before.
    pub async fn allocate(&self, len: u64) -> Result<(), IoError> {
        self.check(0, 0);
        let number = self.open.world.disk().submit_allocation(self.open.file, len);
        let result = self.carry_out("allocate", number, false);
        self.open.world.spawn(result).await
    }

    /// The length in bytes.
    ///
    /// # Errors
    /// None in this world.
    pub async fn length(&self) -> Result<u64, IoError> {
        self.check(0, 0);
        self.open.world.helper_pause().await;
        Ok(self.open.world.disk().content(self.open.file).visible_len)
    }

    /// Locks a byte range for this descriptor, without waiting.
    ///
    /// # Errors
    /// `Busy` if another descriptor holds any of it.
    pub async fn lock(&self, start: u64, len: u64) -> Result<(), IoError> {
        self.check(0, 0);
        self.open.world.helper_pause().await;
        self.open.world.disk().lock(self.open.file, self.open.number, start, len)
    }

    /// What happens to a write or an allocation after its submission.
    fn carry_out(
        &self,
        operation: &'static str,
        number: u64,
        durable: bool,
    ) -> impl Future<Output = Result<(), IoError>> + use<> {
        let open = Rc::clone(&self.open);
        async move {
            let world = &open.world;
            let options = world.options();
            let (landing, ending) = world.pauses(if durable { &options.flush_ns } else { &options.write_ns });
            world.pause(landing).await;
            let landed = world.disk().land(operation, open.file, number, &mut world.random());
            world.pause(ending).await;
            if landed.is_ok() {
                world.disk().end(open.file, number, durable);
            }
            landed
        }
    }

    fn check(&self, offset: u64, len: usize) {
        assert!(self.open.boot == self.open.world.boot(), "a descriptor ends with its process");
        assert!(offset.is_multiple_of(BLOCK) && (len as u64).is_multiple_of(BLOCK), "I/O is in whole blocks");
    }
}
