//! One read or write of a whole buffer, through the ring or on a helper thread: completed or an error.
//!
//! A call may do less than was asked for. What counts of it are whole blocks, since the next call must begin at one; a
//! call that does not even one block has come to the end of the file.

use std::fs;
use std::os::unix::fs::FileExt;

use super::buf::Flying;
use super::core::Core;
use crate::limits::BLOCK_BYTES;
use crate::rt::{Buffer, IoError, IoKind};

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the file into the buffer.
    Read,
    /// From the buffer into the file.
    Write,
}

impl Direction {
    fn operation(self) -> &'static str {
        match self {
            Direction::Read => "read",
            Direction::Write => "write",
        }
    }
}

/// Through the ring of this core. If the caller goes away, monoio keeps the buffer until the kernel has let go of it.
pub(super) async fn on_ring(
    file: &monoio::fs::File,
    direction: Direction,
    offset: u64,
    buffer: Buffer,
) -> (Result<(), IoError>, Buffer) {
    let mut flying = Flying::new(buffer, Core::current().depart().await);
    while flying.left() > 0 {
        let at = offset + flying.done as u64;
        let (moved, back) = match direction {
            Direction::Read => file.read_at(flying, at).await,
            Direction::Write => file.write_at(flying, at).await,
        };
        flying = back;
        match progress(direction, moved, flying.left()) {
            Ok(bytes) => flying.done += bytes,
            Err(error) => return (Err(error), flying.buffer),
        }
    }
    (Ok(()), flying.buffer)
}

/// On this thread, which may block.
pub(super) fn blocking(file: &fs::File, direction: Direction, offset: u64, buffer: &mut Buffer) -> Result<(), IoError> {
    let mut done = 0;
    while done < buffer.len() {
        let at = offset + done as u64;
        let moved = match direction {
            Direction::Read => file.read_at(&mut buffer[done..], at),
            Direction::Write => file.write_at(&buffer[done..], at),
        };
        done += progress(direction, moved, buffer.len() - done)?;
    }
    Ok(())
}

/// The bytes that count of a call that had `left` bytes to go.
fn progress(direction: Direction, moved: std::io::Result<usize>, left: usize) -> Result<usize, IoError> {
    match moved {
        Ok(bytes) if bytes >= left => Ok(left),
        Ok(bytes) if bytes >= BLOCK_BYTES => Ok(bytes - bytes % BLOCK_BYTES),
        Ok(_) => Err(IoError { operation: direction.operation(), kind: IoKind::Short, code: 0 }),
        Err(error) if error.raw_os_error() == Some(libc::EINTR) => Ok(0),
        Err(error) => Err(IoError::from_std(direction.operation(), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    #[test]
    fn whole_blocks_count_and_less_than_one_is_the_end() {
        let read = |moved| progress(Direction::Read, moved, 3 * BLOCK_BYTES);
        assert_eq!(read(Ok(3 * BLOCK_BYTES)), Ok(3 * BLOCK_BYTES));
        assert_eq!(read(Ok(BLOCK_BYTES + 512)), Ok(BLOCK_BYTES));
        assert_eq!(read(Ok(BLOCK_BYTES - 1)).map_err(|error| error.kind), Err(IoKind::Short));
        assert_eq!(read(Ok(0)).map_err(|error| error.kind), Err(IoKind::Short));
        assert_eq!(read(Err(Error::from_raw_os_error(libc::EINTR))), Ok(0));
        assert_eq!(read(Err(Error::from_raw_os_error(libc::EIO))).map_err(|error| error.kind), Err(IoKind::Media));
    }
}
