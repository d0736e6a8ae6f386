//! One container file: its name, its making, and the reading of its superblock.
//!
//! What must hold: a container is zero-filled and flushed before its superblock says that it is one, and the copies of
//! that superblock are never all in one write. Nobody counts on a container that the slot table does not count.

use std::path::{Path, PathBuf};

use crate::limits::BLOCK_BYTES;
use crate::rt::{Buffer, File, IoKind};

use super::error::{DiskError, Unreadable};
use super::geometry::{STRIDE_MAX, SUPERBLOCK_COPIES};
use super::superblock::{Superblock, Verdict, judge};

const PREFIX: &str = "container-";

/// The path of a container in the directory of its disk.
pub(super) fn path(disk: &Path, ordinal: u32) -> PathBuf {
    disk.join(format!("{PREFIX}{ordinal:04}"))
}

/// The place in the row of the container with this file name.
pub(super) fn ordinal_of(name: &str) -> Option<u32> {
    let ordinal = name.strip_prefix(PREFIX)?.parse().ok()?;
    (name == format!("{PREFIX}{ordinal:04}")).then_some(ordinal)
}

/// Makes a container of an empty file. Its directory is not flushed.
pub(super) async fn make(file: &File, superblock: &Superblock) -> Result<(), DiskError> {
    file.allocate(superblock.geometry.container_bytes()).await?;
    // A superblock must not be there before the zeros are: a slot would hold whatever the device held.
    file.flush().await?;
    let mut buffer = Buffer::zeroed(BLOCK_BYTES);
    buffer.copy_from_slice(&superblock.encode());
    for copy in 0..SUPERBLOCK_COPIES {
        let (written, back) = file.write_at(copy * u64::from(superblock.geometry.superblock_stride()), buffer).await;
        written?;
        buffer = back;
        if copy % 2 == 1 {
            // A crash that tears what is being written finds the first two copies whole.
            file.flush().await?;
        }
    }
    Ok(())
}

/// Reads the copies of the superblock and judges them. How far apart they lie is written in them, so every distance is
/// tried, the shortest first: that way no byte of a slot is looked at before every possible place of a head.
pub(super) async fn read_superblock(file: &File, being_made: bool) -> Result<Verdict, DiskError> {
    let mut stride = u64::try_from(BLOCK_BYTES).expect("a block is small");
    while stride <= u64::from(STRIDE_MAX) {
        let mut copies = Vec::new();
        for copy in 0..SUPERBLOCK_COPIES {
            copies.push(read_block(file, copy * stride).await?);
        }
        match judge(&copies, being_made) {
            Verdict::Present(superblock) if u64::from(superblock.geometry.superblock_stride()) == stride => {
                return Ok(Verdict::Present(superblock));
            }
            // Another distance may find the copies, or more of them.
            Verdict::Present(_) | Verdict::Empty | Verdict::Unreadable(Unreadable::Damaged) => stride *= 2,
            Verdict::Unreadable(why) => return Ok(Verdict::Unreadable(why)),
        }
    }
    Ok(if being_made { Verdict::Empty } else { Verdict::Unreadable(Unreadable::Damaged) })
}

/// One block, or `None` if the medium does not give it.
async fn read_block(file: &File, offset: u64) -> Result<Option<Vec<u8>>, DiskError> {
    match file.read_at(offset, Buffer::zeroed(BLOCK_BYTES)).await {
        (Ok(()), block) => Ok(Some(block.to_vec())),
        (Err(error), _) if matches!(error.kind, IoKind::Media | IoKind::Short) => Ok(None),
        (Err(error), _) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_name_is_a_container() {
        assert_eq!(path(Path::new("d"), 7), Path::new("d/container-0007"));
        assert_eq!(ordinal_of("container-0007"), Some(7));
        assert_eq!(ordinal_of("container-12345"), Some(12345));
        for other in ["container-7", "container-00007", "container-", "container-+007", "guard", "container-0007.bak"] {
            assert_eq!(ordinal_of(other), None, "{other}");
        }
    }
}
