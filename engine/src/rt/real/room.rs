//! Makes a file longer, with zeros that are really on the disk.
//!
//! A reserved but unwritten extent costs a journal commit in every later flush, up to 41 % of the write rate; so room
//! is reserved, then written with zeros once. What must hold: the length grows only over zeros that have been written,
//! so that a crash in between leaves a shorter file and never unwritten room; a failure leaves the length as it was.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, FileTypeExt};

use super::file::length;
use crate::limits::{BLOCK_BYTES, ZERO_BYTES};
use crate::rt::{Buffer, IoError, IoKind};

const OPERATION: &str = "allocate";

/// Makes `file` at least `len` bytes long, rounded up to whole blocks. It may block for long.
pub(super) fn allocate(file: &File, len: u64) -> Result<(), IoError> {
    let block = BLOCK_BYTES as u64;
    let old = length(file)?;
    if old >= len {
        return Ok(());
    }
    if file.metadata().map_err(|error| IoError::from_std(OPERATION, &error))?.file_type().is_block_device() {
        return Err(IoError { operation: OPERATION, kind: IoKind::NoSpace, code: libc::ENOSPC });
    }
    // The bytes between an odd end and its next block read as zeros once the file is longer.
    let (from, to) = (old.next_multiple_of(block), len.next_multiple_of(block));
    let grown = reserve(file, from, to)
        .and_then(|()| write_zeros(file, from, to))
        .and_then(|()| file.sync_data().map_err(|error| IoError::from_std(OPERATION, &error)));
    if grown.is_err() {
        // Gives back the reserved room too. If even this fails, the first failure is still the one to report.
        drop(file.set_len(old));
    }
    grown
}

/// Reserves blocks without making the file longer. A file system that cannot gives them while the zeros are written.
fn reserve(file: &File, from: u64, to: u64) -> Result<(), IoError> {
    if from == to {
        return Ok(());
    }
    let offset = |bytes: u64| i64::try_from(bytes).map_err(|_| IoError::from_code(OPERATION, libc::EFBIG));
    let (start, len) = (offset(from)?, offset(to - from)?);
    loop {
        // SAFETY: plain numbers and a descriptor that is open for the length of this borrow.
        if unsafe { libc::fallocate(file.as_raw_fd(), libc::FALLOC_FL_KEEP_SIZE, start, len) } == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EOPNOTSUPP | libc::ENOSYS) => return Ok(()),
            _ => return Err(IoError::from_std(OPERATION, &error)),
        }
    }
}

fn write_zeros(file: &File, from: u64, to: u64) -> Result<(), IoError> {
    let zeros = Buffer::zeroed(ZERO_BYTES);
    let mut at = from;
    while at < to {
        let step = usize::try_from(to - at).unwrap_or(ZERO_BYTES).min(ZERO_BYTES);
        file.write_all_at(&zeros[..step], at).map_err(|error| IoError::from_std(OPERATION, &error))?;
        at += step as u64;
    }
    Ok(())
}
