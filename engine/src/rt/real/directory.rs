//! Directories and the small files in them, by helper threads.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::rt::{Helper, IoError, help};

/// Runs `work` with the path on a helper thread.
async fn on_path<T: Send + 'static>(
    operation: &'static str,
    path: &Path,
    work: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
) -> Result<T, IoError> {
    let path = path.to_path_buf();
    help(Helper::General, move || work(path)).await.map_err(|error| IoError::from_std(operation, &error))
}

/// `None` for what is not there.
fn present<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// Makes the directory `path` and those above it, for this user alone.
///
/// # Errors
/// What the system answered.
pub async fn create(path: &Path) -> Result<(), IoError> {
    on_path("create", path, |path| DirBuilder::new().recursive(true).mode(0o700).create(path)).await
}

/// The names in the directory, sorted; `None` if there is no such directory. A name that is not UTF-8 is none of ours
/// and left out.
///
/// # Errors
/// What the system answered.
pub async fn entries(path: &Path) -> Result<Option<Vec<String>>, IoError> {
    on_path("list", path, |path| {
        let Some(entries) = present(fs::read_dir(path))? else { return Ok(None) };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(Some(names))
    })
    .await
}

/// The whole of a small file; `None` if there is none.
///
/// # Errors
/// What the system answered.
pub async fn read(path: &Path) -> Result<Option<Vec<u8>>, IoError> {
    on_path("read", path, |path| {
        let Some(mut file) = present(File::open(path))? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    })
    .await
}

/// Writes a small file whole and flushes it: a new name beside it, then a rename, so that a crash leaves the old or the
/// new.
///
/// # Errors
/// What the system answered; the old file is then still there.
pub async fn write(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let bytes = bytes.to_vec();
    on_path("write", path, move |path| {
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let written = write_flushed(Path::new(&beside), &bytes).and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            // What cannot be removed is overwritten by the next write.
            drop(fs::remove_file(&beside));
        }
        written
    })
    .await
}

fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a small file, durable with its name when this returns. It blocks: for news that must not be lost on the way to
/// a helper.
///
/// # Errors
/// The system's error number, 0 if it had none.
pub fn leave(path: &Path, bytes: &[u8]) -> Result<(), i32> {
    let left = write_flushed(path, bytes).and_then(|()| match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    });
    left.map_err(|error| error.raw_os_error().unwrap_or(0))
}

/// Renames; a file at `to` is replaced, a directory at `to` is an error.
///
/// # Errors
/// What the system answered.
pub async fn rename(from: &Path, to: &Path) -> Result<(), IoError> {
    let to = to.to_path_buf();
    on_path("rename", from, move |from| {
        // The system would replace an empty directory by another.
        if present(fs::symlink_metadata(&to))?.is_some_and(|there| there.is_dir()) {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        fs::rename(from, to)
    })
    .await
}

/// Removes a file, or a directory with all in it. One that is not there is no error.
///
/// # Errors
/// What the system answered.
pub async fn remove(path: &Path) -> Result<(), IoError> {
    on_path("remove", path, |path| {
        let Some(there) = present(fs::symlink_metadata(&path))? else { return Ok(()) };
        let removed = if there.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        present(removed).map(|_| ())
    })
    .await
}

/// Makes the entries of the directory durable.
///
/// # Errors
/// What the system answered.
pub async fn flush(path: &Path) -> Result<(), IoError> {
    on_path("flush", path, |path| File::open(path)?.sync_all()).await
}

/// Bytes that the file system under `path` can still give to this user.
///
/// # Errors
/// What the system answered.
pub async fn free_bytes(path: &Path) -> Result<u64, IoError> {
    on_path("measure", path, |path| free_bytes_now(&path)).await
}

/// The same for who is on a helper already. It may block.
///
/// # Errors
/// What the system answered.
pub fn free_bytes_now(path: &Path) -> io::Result<u64> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: a statvfs is plain numbers, for which all zeros is a value.
    let mut answer: libc::statvfs = unsafe { mem::zeroed() };
    // SAFETY: the path ends with a zero byte, and the pointer is to an answer of our own.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut answer) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}
