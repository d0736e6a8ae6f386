//! Directories and the small files in them, of whichever world this thread lives in. None of it is on a fast path.
//!
//! A created, renamed or removed entry is durable only after [`flush`] of its directory.

use std::path::Path;

use super::error::IoError;
use super::real;
#[cfg(any(test, feature = "sim"))]
use super::sim;

macro_rules! in_this_world {
    ($($call:tt)*) => {{
        #[cfg(any(test, feature = "sim"))]
        if let Some(world) = sim::current() {
            return world.directory().$($call)*.await;
        }
        real::directory::$($call)*.await
    }};
}

/// Makes the directory `path` and those above it; one that is there is left as it is.
///
/// # Errors
/// What the system answered.
pub async fn create(path: &Path) -> Result<(), IoError> {
    in_this_world!(create(path))
}

/// The names in the directory, sorted; `None` if there is no such directory.
///
/// # Errors
/// What the system answered.
pub async fn entries(path: &Path) -> Result<Option<Vec<String>>, IoError> {
    in_this_world!(entries(path))
}

/// The whole of a small file; `None` if there is none.
///
/// # Errors
/// What the system answered.
pub async fn read(path: &Path) -> Result<Option<Vec<u8>>, IoError> {
    in_this_world!(read(path))
}

/// Writes a small file whole and flushes it: a new name beside it, then a rename. The directory is not flushed.
///
/// # Errors
/// What the system answered.
pub async fn write(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    in_this_world!(write(path, bytes))
}

/// Renames; a file at `to` is replaced, a directory at `to` is an error.
///
/// # Errors
/// What the system answered.
pub async fn rename(from: &Path, to: &Path) -> Result<(), IoError> {
    in_this_world!(rename(from, to))
}

/// Removes a file, or a directory with all in it. One that is not there is no error.
///
/// # Errors
/// What the system answered.
pub async fn remove(path: &Path) -> Result<(), IoError> {
    in_this_world!(remove(path))
}

/// Makes the entries of the directory durable.
///
/// # Errors
/// What the system answered.
pub async fn flush(path: &Path) -> Result<(), IoError> {
    in_this_world!(flush(path))
}

/// Bytes that the file system under `path` can still give.
///
/// # Errors
/// What the system answered.
pub async fn free_bytes(path: &Path) -> Result<u64, IoError> {
    in_this_world!(free_bytes(path))
}
