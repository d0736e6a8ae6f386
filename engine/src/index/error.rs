//! What a store answers when it cannot do what was asked: each kind leads to another decision of the caller.

use std::fmt;

/// Why a store could not answer or commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// The map or the disk has no room: a normal state. Nothing was changed and the store is usable.
    Full,
    /// What is stored contradicts itself: rebuild this shard.
    Corrupt,
    /// There is no index here: rebuild this shard.
    Missing,
    /// There is an index already where one was to be created.
    Exists,
    /// The index belongs to another store, shard or shard count, or has another format.
    Foreign,
    /// Anything else, with the system's or LMDB's error number.
    Io(i32),
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IndexError::Full => f.write_str("the index has no room left"),
            IndexError::Corrupt => f.write_str("the index is corrupt"),
            IndexError::Missing => f.write_str("there is no index"),
            IndexError::Exists => f.write_str("there is an index already"),
            IndexError::Foreign => f.write_str("the index belongs to another store, shard or format"),
            IndexError::Io(code) => write!(f, "the index failed with error {code}"),
        }
    }
}

impl std::error::Error for IndexError {}
