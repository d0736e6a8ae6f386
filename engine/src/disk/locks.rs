//! Who may touch a store: the guard file, and one byte of each container per descriptor that does I/O.
//!
//! ```text
//!  guard:      byte 0                       the process that serves
//!  container:  byte 0                       the descriptor that writes the slot table
//!              byte 1 + core                the descriptor of that core
//!              bytes 0 .. LOCK_BYTES        the descriptor that opens the store, before all of them
//! ```
//!
//! What must hold: a lock lives as long as its descriptor, and the kernel keeps a descriptor while a write through it
//! is under way. So whoever gets all bytes of a container knows that the last write of a killed process has ended.

use std::path::Path;
use std::time::Duration;

use crate::limits::{CORES_MAX, GUARD_WAIT_MS, LAST_WRITE_WAIT_MS};
use crate::rt::{self, File, IoError, IoKind, OpenMode, directory};
use crate::types::CoreId;

use super::error::DiskError;

/// The file whose lock is the store's.
pub(super) const GUARD: &str = "guard";
/// The file that says who has the lock.
pub(super) const HOLDER: &str = "holder";
/// The bytes of a container that are locked.
const LOCK_BYTES: u64 = 1024;
const POLL: Duration = Duration::from_millis(100);

const _: () = assert!(LOCK_BYTES > CORES_MAX as u64);

/// A part of a container's lock bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// All of them.
    Whole,
    /// The slot table's byte.
    Table,
    /// A core's byte.
    Core(CoreId),
}

/// The store's lock; it ends when this is dropped.
pub(super) struct Guard {
    _file: File,
}

/// Takes the store in `store`, waiting for a process that is about to leave it.
pub(super) async fn guard(store: &Path) -> Result<Guard, DiskError> {
    let file = open_or_create(&store.join(GUARD)).await?;
    wait_for(&file, 0, 1, store, GUARD_WAIT_MS).await?;
    Ok(Guard { _file: file })
}

/// Says who has the lock.
pub(super) async fn write_holder(store: &Path) -> Result<(), DiskError> {
    Ok(directory::write(&store.join(HOLDER), std::process::id().to_string().as_bytes()).await?)
}

/// Opens a container and takes its claim, waiting for a process whose last write has not ended.
pub(super) async fn open_claimed(store: &Path, path: &Path, mode: OpenMode, claim: Claim) -> Result<File, DiskError> {
    let file = File::open(path, mode).await?;
    let (start, len) = match claim {
        Claim::Whole => (0, LOCK_BYTES),
        Claim::Table => (0, 1),
        Claim::Core(core) => (1 + u64::from(core.0), 1),
    };
    wait_for(&file, start, len, store, LAST_WRITE_WAIT_MS).await?;
    Ok(file)
}

async fn open_or_create(path: &Path) -> Result<File, IoError> {
    match File::open(path, OpenMode::Create).await {
        Err(error) if error.kind == IoKind::Exists => File::open(path, OpenMode::Existing).await,
        answer => answer,
    }
}

async fn wait_for(file: &File, start: u64, len: u64, store: &Path, patience_ms: u64) -> Result<(), DiskError> {
    let began = rt::now();
    loop {
        match file.lock(start, len).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind != IoKind::Busy => return Err(error.into()),
            Err(_) if (rt::now() - began) / 1_000_000 >= patience_ms => {
                return Err(DiskError::InUse { pid: holder(store).await });
            }
            Err(_) => rt::sleep(POLL).await,
        }
    }
}

/// The process that wrote its number last. A number that does not read is none: it only helps the operator.
async fn holder(store: &Path) -> Option<u32> {
    let bytes = directory::read(&store.join(HOLDER)).await.ok()??;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}
