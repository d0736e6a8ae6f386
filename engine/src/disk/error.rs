//! What can go wrong with a disk, as data: the layer above decides, and the operator reads the display.

use std::fmt;
use std::path::PathBuf;

use crate::rt::{IoError, IoKind};

/// Why a container's superblock does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// No copy is whole.
    Damaged,
    /// Whole copies say different things.
    CopiesDiffer,
    /// Written by a version of the format that this program does not know.
    Version(u16),
    /// These incompatible features are in use, and this program does not know them.
    Features(u64),
    /// The container belongs to another store, disk or place in the row.
    Stranger,
    /// The file is shorter than its superblock says.
    Short,
}

/// A failed operation on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskError {
    /// A file or directory did not do what was asked.
    Io(IoError),
    /// The directory holds files, none of them of a store.
    Foreign(PathBuf),
    /// Another process has the store; its number, if it could be read.
    InUse {
        /// The number of the process.
        pid: Option<u32>,
    },
    /// A container that the store counts has no usable superblock. It is damage and never formatted.
    Container {
        /// Its place in the row.
        ordinal: u32,
        /// What is wrong.
        why: Unreadable,
    },
    /// Neither copy of the slot table is whole.
    TableDamaged,
    /// There is no slot for this request, and the disk may not grow.
    Full,
    /// A write or a flush failed before: nothing changes any more, reads go on.
    Failed,
}

impl DiskError {
    /// True for the want of something that may be there a moment later, a slot or a descriptor: nothing was written,
    /// and the same may be asked for again.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            DiskError::Full => true,
            DiskError::Io(error) => error.kind == IoKind::Descriptors,
            _ => false,
        }
    }
}

impl From<IoError> for DiskError {
    fn from(error: IoError) -> DiskError {
        DiskError::Io(error)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Damaged => write!(f, "no copy of the superblock is whole"),
            Unreadable::CopiesDiffer => write!(f, "the copies of the superblock differ"),
            Unreadable::Version(version) => write!(f, "format version {version} is not known to this program"),
            Unreadable::Features(bits) => {
                write!(f, "unknown incompatible features, bits")?;
                (0..u64::BITS).filter(|bit| bits >> bit & 1 == 1).try_for_each(|bit| write!(f, " {bit}"))
            }
            Unreadable::Stranger => write!(f, "it belongs to another store or place"),
            Unreadable::Short => write!(f, "the file is shorter than its superblock says"),
        }
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskError::Io(error) => write!(f, "disk: {error}"),
            DiskError::Foreign(path) => {
                write!(f, "{} holds files that are no store; choose an empty directory", path.display())
            }
            DiskError::InUse { pid: Some(pid) } => write!(f, "the store is in use by process {pid}"),
            DiskError::InUse { pid: None } => write!(f, "the store is in use by another process"),
            DiskError::Container { ordinal, why } => write!(f, "container {ordinal}: {why}; it is left as it is"),
            DiskError::TableDamaged => write!(f, "both copies of the slot table are damaged"),
            DiskError::Full => write!(f, "the disk is full"),
            DiskError::Failed => write!(f, "a write to the disk failed before; it takes no more changes"),
        }
    }
}

impl std::error::Error for DiskError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_feature_is_said_by_its_bits() {
        let why = Unreadable::Features(1 << 3 | 1 << 40);
        let said = DiskError::Container { ordinal: 2, why }.to_string();
        assert_eq!(said, "container 2: unknown incompatible features, bits 3 40; it is left as it is");
    }
}
