//! A file of the real world: two descriptors, one of which makes each of its writes durable.
//!
//! What must hold: reads and writes pass the page cache where the system allows it; `write_durable_at` goes through the
//! O_DSYNC descriptor, so that one call is enough for a small group; a lock lives on both descriptors and as long as
//! either: the kernel keeps a descriptor while a write through it is under way, so a lock that can be had again says
//! that the last write of a killed process has ended, whichever way it went.
//! The descriptors close when the last clone and the last call under way are gone. A file stays on the core that opened
//! it.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::core::Core;
use super::pool::help;
use super::room;
use super::transfer::{self, Direction};
use crate::rt::{Buffer, Helper, IoError, IoKind, OpenMode};

/// An open file. Clones share the descriptors.
#[derive(Clone)]
pub struct File {
    inner: Rc<Inner>,
}

struct Inner {
    plain: Descriptor,
    durable: Descriptor,
    direct: bool,
}

/// Where the calls of a descriptor go.
enum Descriptor {
    /// To the ring of this core.
    Ring(monoio::fs::File),
    /// To the helper threads.
    Helped(Arc<fs::File>),
}

impl File {
    /// Opens for reading and writing, past the page cache where the system allows it.
    ///
    /// # Errors
    /// What the system answered.
    pub async fn open(path: &Path, mode: OpenMode) -> Result<File, IoError> {
        let path = path.to_path_buf();
        let opened = help(Helper::General, move || open_both(&path, mode)).await;
        let opened = opened.map_err(|error| IoError::from_std("open", &error))?;
        let inner = Inner {
            plain: Descriptor::new(opened.plain)?,
            durable: Descriptor::new(opened.durable)?,
            direct: opened.direct,
        };
        Ok(File { inner: Rc::new(inner) })
    }

    /// Whether reads and writes pass the page cache. Where they do not, flushes are the same and memory is used twice.
    #[must_use]
    pub fn direct(&self) -> bool {
        self.inner.direct
    }

    /// Reads the whole length of `buffer` from `offset`; `Short` where the file ends before.
    pub async fn read_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        self.inner.plain.transfer(Direction::Read, offset, buffer).await
    }

    /// Writes the whole of `buffer` at `offset`.
    pub async fn write_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        self.inner.plain.transfer(Direction::Write, offset, buffer).await
    }

    /// Writes the whole of `buffer` at `offset`, durably.
    pub async fn write_durable_at(&self, offset: u64, buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        self.inner.durable.transfer(Direction::Write, offset, buffer).await
    }

    /// Makes durable every write that ended before this call.
    ///
    /// # Errors
    /// What the system answered.
    pub async fn flush(&self) -> Result<(), IoError> {
        let answer = match &self.inner.plain {
            Descriptor::Ring(file) => {
                let _flight = Core::current().depart().await;
                file.sync_data().await
            }
            Descriptor::Helped(file) => {
                let file = Arc::clone(file);
                help(Helper::General, move || file.sync_data()).await
            }
        };
        answer.map_err(|error| IoError::from_std("flush", &error))
    }

    /// Makes room for `len` bytes, rounded up to whole blocks; the new ones are zeros on the disk.
    ///
    /// # Errors
    /// `NoSpace` where there is none; the file is then as long as before.
    pub async fn allocate(&self, len: u64) -> Result<(), IoError> {
        let file = self.inner.plain.lent()?;
        help(Helper::General, move || room::allocate(&file, len)).await
    }

    /// The length in bytes, of a raw device too.
    ///
    /// # Errors
    /// What the system answered.
    pub async fn length(&self) -> Result<u64, IoError> {
        let file = self.inner.plain.lent()?;
        help(Helper::General, move || length(&file)).await
    }

    /// Locks the bytes `[start, start + len)` against every other open descriptor, without waiting.
    ///
    /// # Errors
    /// `Busy` if another descriptor holds any of them.
    pub async fn lock(&self, start: u64, len: u64) -> Result<(), IoError> {
        let (plain, durable) = (self.inner.plain.lent()?, self.inner.durable.lent()?);
        help(Helper::General, move || lock_both(&plain, &durable, start, len)).await
    }
}

impl Descriptor {
    fn new(file: fs::File) -> Result<Descriptor, IoError> {
        if !Core::current().ring {
            return Ok(Descriptor::Helped(Arc::new(file)));
        }
        let file = monoio::fs::File::from_std(file).map_err(|error| IoError::from_std("open", &error))?;
        Ok(Descriptor::Ring(file))
    }

    async fn transfer(&self, direction: Direction, offset: u64, mut buffer: Buffer) -> (Result<(), IoError>, Buffer) {
        match self {
            Descriptor::Ring(file) => transfer::on_ring(file, direction, offset, buffer).await,
            Descriptor::Helped(file) => {
                let file = Arc::clone(file);
                let work = move || (transfer::blocking(&file, direction, offset, &mut buffer), buffer);
                help(Helper::General, work).await
            }
        }
    }

    /// The same open file for a helper thread, which may outlive this descriptor if its caller goes away.
    fn lent(&self) -> Result<Arc<fs::File>, IoError> {
        match self {
            Descriptor::Helped(file) => Ok(Arc::clone(file)),
            Descriptor::Ring(file) => {
                // SAFETY: the descriptor is open as long as `file`, which this borrow outlives only within this
                // statement.
                let copy = unsafe { BorrowedFd::borrow_raw(file.as_raw_fd()) }.try_clone_to_owned();
                copy.map(|owned| Arc::new(owned.into())).map_err(|error| IoError::from_std("open", &error))
            }
        }
    }
}

/// Where the locks of the O_DSYNC descriptor begin. The two descriptors of a file are strangers to each other for the
/// kernel, so they cannot hold the same bytes; this is far above every byte that is locked.
const DURABLE_LOCKS: u64 = 1 << 40;

/// What opening gives.
struct Opened {
    plain: fs::File,
    durable: fs::File,
    direct: bool,
}

fn open_both(path: &PathBuf, mode: OpenMode) -> io::Result<Opened> {
    if mode == OpenMode::Create {
        // Made without O_DIRECT: a file system that refuses it may do so after it has made the file.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    }
    let open = |flags| OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
    let (plain, direct) = match open(libc::O_DIRECT) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => (open(0)?, false),
        opened => (opened?, true),
    };
    let durable = open(libc::O_DSYNC | if direct { libc::O_DIRECT } else { 0 })?;
    Ok(Opened { plain, durable, direct })
}

/// The length of a file or a raw device: where its end lies.
pub(super) fn length(mut file: &fs::File) -> Result<u64, IoError> {
    // All reads and writes name their offset, so the position of the descriptor is nobody's.
    file.seek(SeekFrom::End(0)).map_err(|error| IoError::from_std("length", &error))
}

/// The plain descriptor first, always: of two who want the same bytes, one has neither.
fn lock_both(plain: &fs::File, durable: &fs::File, start: u64, len: u64) -> Result<(), IoError> {
    lock(plain, start, len)?;
    lock(durable, start.saturating_add(DURABLE_LOCKS), len)
}

#[expect(clippy::cast_possible_truncation, reason = "the two constants are below four")]
fn lock(file: &fs::File, start: u64, len: u64) -> Result<(), IoError> {
    let out_of_range = |_| IoError { operation: "lock", kind: IoKind::Other, code: libc::EOVERFLOW };
    // SAFETY: a flock is plain numbers, for which all zeros is a value.
    let mut range: libc::flock = unsafe { std::mem::zeroed() };
    range.l_type = libc::F_WRLCK as libc::c_short;
    range.l_whence = libc::SEEK_SET as libc::c_short;
    range.l_start = start.try_into().map_err(out_of_range)?;
    range.l_len = len.try_into().map_err(out_of_range)?;
    // SAFETY: the pointer is to a flock of our own, the descriptor is open for the length of this borrow.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const range) } == 0 {
        return Ok(());
    }
    Err(IoError::from_std("lock", &io::Error::last_os_error()))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A killed process leaves a write through one descriptor under way, and the kernel keeps only that one. Locks were
    /// once on the plain descriptor alone: an opener took the store while an O_DSYNC write into it was still going on.
    #[test]
    fn either_descriptor_alone_keeps_the_lock() {
        let home = TempDir::new().expect("a place for files");
        let path = home.path().join("file");
        fs::write(&path, b"").expect("a file");
        let open = || open_both(&path, OpenMode::Existing).expect("it opens");
        let (dead, heir) = (open(), open());
        assert_eq!(lock_both(&dead.plain, &dead.durable, 3, 1), Ok(()));
        drop(dead.plain);
        let kind = |answer: Result<(), IoError>| answer.map_err(|error| error.kind);
        assert_eq!(kind(lock_both(&heir.plain, &heir.durable, 0, 8)), Err(IoKind::Busy), "the durable one is left");
        drop(dead.durable);
        assert_eq!(lock_both(&heir.plain, &heir.durable, 0, 8), Ok(()));
        drop(heir.durable);
        let last = open();
        assert_eq!(kind(lock_both(&last.plain, &last.durable, 7, 1)), Err(IoKind::Busy), "the plain one is left");
    }
}
