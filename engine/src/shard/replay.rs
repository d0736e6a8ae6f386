//! Replay: from footers to the memtable. A rebuild is a replay from position zero.
//!
//! What must hold: segments come in ascending id, so the records of a shard come in the order of their positions,
//! whatever core wrote them. A record is applied once: those at or below the store's position are passed over. No
//! position passes a record that is not yet applied. Memory stays bounded: a full memtable is committed before the next
//! segment.
//!
//! While there is damage that the operator has not accepted, what is replayed is shown and proves nothing: a record
//! that does not read today may read tomorrow, and no position may have passed it. Such a replay commits nothing; where
//! it must, its stores are marked first, so that the next start begins them anew.

use std::collections::BTreeMap;
use std::fmt;

use crate::codec::{field_u32, length};
use crate::disk::Segments;
use crate::index::{self, BucketState, IndexError, Layers, Position};
use crate::log::{Change, Ending, Footer, LogReader, ReadError, Record, Recovered};
use crate::rt::{self, Helper};
use crate::shard::buckets::{Bucket, Buckets};
use crate::shard::effects::effects;
use crate::shard::owner::OwnerOptions;
use crate::shard::reading::Reading;
use crate::types::{BucketId, Location, SegmentId, Sequence, ShardId};

/// Why a replay could not be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The log did not give what recovery found there.
    Log(ReadError),
    /// The index took no more.
    Index(IndexError),
    /// A record of a kind this program does not know, or one that is damaged.
    Record(SegmentId, u32),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Log(error) => write!(f, "replay: {error}"),
            ReplayError::Index(error) => write!(f, "replay: {error}"),
            ReplayError::Record(segment, offset) => {
                write!(f, "segment {segment} holds a record at {offset} that this program does not know")
            }
        }
    }
}

impl From<ReadError> for ReplayError {
    fn from(error: ReadError) -> ReplayError {
        ReplayError::Log(error)
    }
}

impl From<IndexError> for ReplayError {
    fn from(error: IndexError) -> ReplayError {
        ReplayError::Index(error)
    }
}

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Records applied.
    pub records: u64,
    /// Records passed over because they name a bucket that was never made, as far as the log can say: damage.
    pub unknown_buckets: u64,
}

/// Which records a pass applies: the buckets must be known before the rest is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Records of buckets only, into layers that are thrown away: the position that these rows lead to would pass
    /// records that are not yet applied.
    Buckets,
    /// All of them.
    All {
        /// There is damage that the operator has not accepted.
        read_only: bool,
        /// What is lost is accepted.
        accept_damage: bool,
    },
}

/// A replay that is to commit nothing holds so many full memtables before it must. The tail of a whole index is shorter
/// than that: see "Limits of this form".
const MEMTABLES_HELD: usize = 3;

/// Applies the records of the log that the stores in `layers` do not hold yet.
///
/// # Errors
/// What keeps the index from being what the log says. Nothing has been lost, and nothing is served.
pub async fn replay(
    disk: &Segments,
    reader: &LogReader,
    recovered: &Recovered,
    layers: &mut Layers,
    buckets: &Buckets,
    options: &OwnerOptions,
    pass: Pass,
) -> Result<Replayed, ReplayError> {
    let mut held: BTreeMap<ShardId, Sequence> = BTreeMap::new();
    for (shard, store) in layers.stores() {
        held.insert(*shard, store.position()?.sequence);
    }
    let mut replayed = Replayed::default();
    for segment in &recovered.log {
        let footer = footer_of(disk, reader, recovered, *segment).await?;
        for (offset, stored) in &footer.entries {
            let (record, _) = Record::decode(stored).ok_or(ReplayError::Record(*segment, *offset))?;
            let is_bucket = matches!(record.meta.change, Change::BucketCreate | Change::BucketDelete);
            let mine = held.get(&record.shard).is_some_and(|held| record.position > *held);
            if !mine || pass == Pass::Buckets && !is_bucket {
                continue;
            }
            replayed.records += 1;
            if !is_bucket && record.bucket != BucketId(0) && !buckets.has(record.bucket) {
                if record.bucket > buckets.newest() {
                    replayed.unknown_buckets += 1;
                }
                // Its bucket is gone: whatever it says is dead. An index that holds rows of the bucket still needs it,
                // to count down what died with it. One that is being built does not, and must not: deletes may have
                // been compacted. If the building is cut it is begun anew, since what was compacted is confirmed and
                // such an index is behind that (`boot`).
                if record.bucket > buckets.newest() || held.get(&record.shard) == Some(&Sequence(0)) {
                    layers.active_mut().advance(record.shard, record.position);
                    continue;
                }
            }
            let bytes = stored.len() + length(record.payload_bytes);
            let location = Location { segment: *segment, offset: *offset, length: field_u32(bytes) };
            let effects = effects(&Reading::published(layers), &record, location)?;
            effects.store(layers.active_mut());
        }
        if let Pass::All { read_only, accept_damage } = pass {
            let proves_nothing = read_only || replayed.unknown_buckets > 0 && !accept_damage;
            let memtables = if proves_nothing { MEMTABLES_HELD } else { 1 };
            let (keys_max, bytes_max) = (options.memtable_keys_max, options.memtable_bytes_max);
            if !layers.active().is_full(keys_max.saturating_mul(memtables), bytes_max.saturating_mul(memtables)) {
                continue;
            }
            if proves_nothing {
                mark(layers).await?;
            }
            // A segment without a footer is looked at by the next start too.
            let floor = recovered.unwritten.keys().next().copied().unwrap_or(*segment).min(*segment);
            commit(layers, floor).await?;
        }
    }
    Ok(replayed)
}

async fn footer_of(
    disk: &Segments,
    reader: &LogReader,
    recovered: &Recovered,
    segment: SegmentId,
) -> Result<Footer, ReplayError> {
    if let Some(footer) = recovered.unwritten.get(&segment) {
        return Ok(footer.clone());
    }
    let column = disk.column(segment).ok_or(ReadError::Missing(segment))?;
    match reader.ending(&column).await? {
        Ending::Footer(tail) => Ok(reader.footer(&column, tail).await?),
        Ending::None => Err(ReadError::Damaged(segment, 0).into()),
    }
}

/// Marks all stores, so that no later start relies on them.
async fn mark(layers: &Layers) -> Result<(), ReplayError> {
    for store in layers.stores().values() {
        let store = store.clone();
        rt::help(Helper::General, move || store.distrust()).await?;
    }
    Ok(())
}

/// Commits what was replayed; records above it lie in `floor` and behind. It needs no confirmation: an index may be
/// ahead of its confirmed position, never behind.
async fn commit(layers: &mut Layers, floor: SegmentId) -> Result<(), ReplayError> {
    let Some(frozen) = layers.freeze() else { return Ok(()) };
    let mut positions = BTreeMap::new();
    for (shard, store) in layers.stores() {
        let held = store.position()?;
        let sequence = frozen.last().get(shard).copied().unwrap_or(held.sequence).max(held.sequence);
        // The mark of the last checkpoint stays: what it names was durable, and it may be the only evidence of that.
        positions.insert(*shard, Position { sequence, floor, ..held });
    }
    for (shard, batch) in frozen.batches(&positions) {
        let store = layers.stores().get(&shard).ok_or(IndexError::Missing)?.clone();
        rt::help(Helper::Commit, move || store.commit(&batch)).await?;
    }
    layers.drop_frozen();
    Ok(())
}

/// The buckets as the index of shard 0 has them.
///
/// # Errors
/// The index's.
pub fn buckets_of(layers: &Layers) -> Result<Buckets, IndexError> {
    let mut buckets = Buckets::default();
    for (name, entry) in index::buckets(layers)? {
        match entry.state {
            BucketState::Live => buckets.add(Bucket { id: entry.id, name, created_ms: entry.time_ms }),
            BucketState::Deleted => buckets.note(entry.id),
        }
    }
    Ok(buckets)
}
