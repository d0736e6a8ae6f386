//! A batch: all that one transaction changes in the store of one shard; and the rules by which it changes it, as pure
//! functions that LMDB and its twin share.
//!
//! What must hold: a batch never moves a position back, and a change never replaces a value with a higher position.

use super::error::IndexError;
use super::keys::Table;
use super::seal::{is_sealed, stamp};
use super::state::{Counts, CountsDelta, Position};
use crate::types::{BucketId, SegmentId, Sequence};

/// What a checkpoint commits to the store of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Changed keys, ascending by table and key.
    pub writes: Vec<Write>,
    /// Changes of the buckets' objects and bytes.
    pub counters: Vec<(BucketId, CountsDelta)>,
    /// Changes of the segments' live bytes.
    pub segments: Vec<(SegmentId, i64)>,
    /// How far the shard has come with it.
    pub position: Position,
}

/// One changed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The table.
    pub table: Table,
    /// The composite key.
    pub key: Box<[u8]>,
    /// The position of the record that made the change.
    pub position: Sequence,
    /// The value, `None` to remove the key.
    pub value: Option<Box<[u8]>>,
}

impl Batch {
    /// A batch that changes no key: what moves the position of an idle shard.
    #[must_use]
    pub fn new(position: Position) -> Batch {
        Batch { writes: Vec::new(), counters: Vec::new(), segments: Vec::new(), position }
    }

    /// Asserts what the checkpointer owes: it moves the position `held` forward and holds nothing above its own.
    pub(super) fn assert_follows(&self, held: Position) {
        let sequence = self.position.sequence;
        assert!(sequence >= held.sequence, "a shard's position never goes back");
        assert!(self.writes.iter().all(|write| write.position <= sequence), "a batch holds nothing above its position");
    }
}

impl Write {
    /// True if the change counts over the stored value.
    pub(super) fn wins(&self, stored: Option<&[u8]>) -> Result<bool, IndexError> {
        let Some(stored) = stored else { return Ok(true) };
        let held = stamp(checked(&self.key, stored)?).ok_or(IndexError::Corrupt)?;
        Ok(held <= self.position)
    }
}

/// The stored value, if it is whole.
pub(super) fn checked<'a>(key: &[u8], stored: &'a [u8]) -> Result<&'a [u8], IndexError> {
    if is_sealed(key, stored) { Ok(stored) } else { Err(IndexError::Corrupt) }
}

/// The counts of a bucket after a change, `None` if its row goes.
pub(super) fn counts_after(held: Counts, delta: CountsDelta) -> Result<Option<Counts>, IndexError> {
    let counts = held.after(delta).ok_or(IndexError::Corrupt)?;
    Ok((!counts.is_zero()).then_some(counts))
}

/// The live bytes of a segment after a change, `None` if its row goes. They are hints: what falls below nothing is
/// nothing.
pub(super) fn live_after(held: i64, delta: i64) -> Option<i64> {
    Some(held.saturating_add(delta)).filter(|live| *live > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Sink;

    #[test]
    fn an_older_change_loses_and_a_damaged_value_is_told() {
        let write = |position| Write { table: Table::Current, key: (*b"k").into(), position, value: None };
        let stored = Sink::new().u64(5).seal(b"k");
        assert_eq!(write(Sequence(4)).wins(Some(&stored)), Ok(false));
        assert_eq!(write(Sequence(5)).wins(Some(&stored)), Ok(true));
        assert_eq!(write(Sequence(4)).wins(None), Ok(true));
        assert_eq!(write(Sequence(6)).wins(Some(b"damaged value")), Err(IndexError::Corrupt));
    }

    #[test]
    fn live_bytes_are_hints_that_end_at_nothing() {
        assert_eq!(live_after(5, -2), Some(3));
        assert_eq!(live_after(5, -5), None);
        assert_eq!(live_after(0, -7), None);
        assert_eq!(live_after(i64::MAX, 1), Some(i64::MAX));
    }
}
