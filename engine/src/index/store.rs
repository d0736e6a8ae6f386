//! The store of one shard: LMDB, or its twin in memory behind the same calls. A closed choice, an enum and a match.
//!
//! What must hold: both answer alike, which the property test below proves; a commit is whole or not at all, and on
//! disk when it returns; an error leaves the store as it was. A store is a cheap handle that may be sent to a helper
//! thread. A store that is found to contradict itself is marked, by `trust`.

use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use super::batch::Batch;
use super::error::IndexError;
use super::keys::Table;
use super::lmdb::{self, LmdbStore};
use super::state::{Counts, CountsDelta, Identity, Position};
use super::trust::Trust;
use super::twin::{TwinDisk, TwinStore};
use crate::rt::real::directory;
use crate::types::{BucketId, SegmentId};

/// A composite key and the value under it.
pub type Row = (Box<[u8]>, Box<[u8]>);

/// Where a shard's store lies while it is not open.
#[derive(Clone, Debug)]
pub enum Home {
    /// A directory of its own, which its owner makes and flushes, and the most bytes that the store may grow to.
    Directory(PathBuf, usize),
    /// Memory that survives a simulated crash.
    Twin(TwinDisk),
}

impl Home {
    /// The file that is there if the store could not be read: it is then built anew. Memory has none.
    #[must_use]
    pub fn mark(&self) -> Option<PathBuf> {
        match self {
            Home::Directory(path, _) => Some(lmdb::mark(path)),
            Home::Twin(_) => None,
        }
    }

    /// Makes the mark, durable when this returns. It blocks.
    pub(super) fn leave_mark(&self, text: &str) -> Result<(), i32> {
        match self {
            Home::Directory(path, _) => directory::leave(&lmdb::mark(path), text.as_bytes()),
            Home::Twin(disk) => {
                disk.set_marked(true);
                Ok(())
            }
        }
    }
}

/// The open store of one shard.
#[derive(Clone, Debug)]
pub struct Store {
    medium: Medium,
    trust: Arc<Trust>,
}

#[derive(Clone, Debug)]
enum Medium {
    /// On disk.
    Lmdb(LmdbStore),
    /// In memory.
    Twin(TwinStore),
}

impl Store {
    /// Makes an empty store at position zero. `notice` is told if it is ever found damaged.
    ///
    /// # Errors
    /// `Exists` if there is one already, `Missing` if the directory is.
    pub fn create(home: &Home, identity: Identity, notice: fn(&str)) -> Result<Store, IndexError> {
        let medium = match home {
            Home::Directory(path, bytes) => LmdbStore::create(path, *bytes, identity).map(Medium::Lmdb),
            Home::Twin(disk) => TwinStore::create(disk, identity).map(Medium::Twin),
        };
        Ok(Store { medium: medium?, trust: Arc::new(Trust::new(home, identity.shard, notice)) })
    }

    /// Opens a store. `notice` is told if it is ever found damaged.
    ///
    /// # Errors
    /// `Missing` if there is none, `Foreign` if it has another identity, `Corrupt` if it does not read.
    pub fn open(home: &Home, identity: Identity, notice: fn(&str)) -> Result<Store, IndexError> {
        let medium = match home {
            Home::Directory(path, bytes) => LmdbStore::open(path, *bytes, identity).map(Medium::Lmdb),
            Home::Twin(disk) => TwinStore::open(disk, identity).map(Medium::Twin),
        };
        Ok(Store { medium: medium?, trust: Arc::new(Trust::new(home, identity.shard, notice)) })
    }

    /// True once something in it was found to be damaged, through whichever handle: it is to be begun anew.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.trust.is_lost()
    }

    /// Leaves the mark, so that the next start begins the store anew: what is about to be committed is not all that the
    /// log says. It blocks; the mark is durable when it ends well.
    ///
    /// # Errors
    /// `Io` if the mark could not be made.
    pub fn distrust(&self) -> Result<(), IndexError> {
        self.trust.mark("this index was built while a part of the log could not be read: it is to be built anew\n")
    }

    /// How far the store has come.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn position(&self) -> Result<Position, IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.position(),
            Medium::Twin(store) => store.position(),
        })
    }

    /// The value of a key, its checksum verified.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn lookup(&self, table: Table, key: &[u8]) -> Result<Option<Box<[u8]>>, IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.lookup(table, key),
            Medium::Twin(store) => store.lookup(table, key),
        })
    }

    /// Up to `limit` rows from `from` on whose keys begin with `prefix`, ascending, their checksums verified.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn scan(&self, table: Table, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<Row>, IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.scan(table, from, prefix, limit),
            Medium::Twin(store) => store.scan(table, from, prefix, limit),
        })
    }

    /// Applies a batch in one transaction, on disk when this returns. A value with a higher position is left alone.
    ///
    /// # Errors
    /// `Full` if there is no room: nothing has changed and the store is usable. `Corrupt`, `Io`: rebuild.
    pub fn commit(&self, batch: &Batch) -> Result<(), IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.commit(batch),
            Medium::Twin(store) => store.commit(batch),
        })
    }

    /// The objects and bytes of one bucket.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn counters(&self, bucket: BucketId) -> Result<Counts, IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.counters(bucket),
            Medium::Twin(store) => store.counters(bucket),
        })
    }

    /// The objects and bytes of one bucket after a change that the store does not hold yet.
    ///
    /// # Errors
    /// `Corrupt` too if that is fewer than nothing.
    pub(super) fn counters_after(&self, bucket: BucketId, delta: CountsDelta) -> Result<Counts, IndexError> {
        let held = self.counters(bucket)?;
        self.trust.heard(held.after(delta).ok_or(IndexError::Corrupt))
    }

    /// The objects and bytes of every bucket that has any, ascending.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn all_counters(&self) -> Result<Vec<(BucketId, Counts)>, IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.all_counters(),
            Medium::Twin(store) => store.all_counters(),
        })
    }

    /// The live bytes of every segment that has any, ascending: hints.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn segments(&self) -> Result<Vec<(SegmentId, i64)>, IndexError> {
        self.trust.heard(match &self.medium {
            Medium::Lmdb(store) => store.segments(),
            Medium::Twin(store) => store.segments(),
        })
    }

    /// The bytes it takes, on disk or in memory.
    ///
    /// # Errors
    /// `Io`.
    pub fn bytes(&self) -> Result<u64, IndexError> {
        match &self.medium {
            Medium::Lmdb(store) => store.bytes(),
            Medium::Twin(store) => store.bytes(),
        }
    }

    /// True if a page that cannot be read leaves the mark of [`Home::mark`]. Memory has no such pages.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        match &self.medium {
            Medium::Lmdb(store) => store.is_watched(),
            Medium::Twin(_) => true,
        }
    }
}

/// Where a scan begins: at `from`, but not before the first key that begins with `prefix`.
pub(super) fn start<'a>(from: Bound<&'a [u8]>, prefix: &'a [u8]) -> Bound<&'a [u8]> {
    let from = match from {
        Bound::Included(key) | Bound::Excluded(key) if key >= prefix => from,
        Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded => Bound::Included(prefix),
    };
    match from {
        // LMDB does not look for a key of no bytes, and stores none.
        Bound::Included([]) | Bound::Excluded([]) => Bound::Unbounded,
        from => from,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::codec::Sink;
    use crate::index::Write;
    use crate::types::{GroupNumber, Sequence, ShardId};

    const IDENTITY: Identity = Identity { store: [7; 16], shard: ShardId(1), shard_count: 4 };
    const MAP_BYTES: usize = 16 * 1024 * 1024;

    /// A key of few, so that batches meet: one byte, then perhaps a second.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        vec(prop_oneof![Just(1u8), Just(2), Just(0xff)], 1..3)
    }

    #[derive(Clone, Debug)]
    struct Plan {
        writes: Vec<(u8, Vec<u8>, u64, bool)>,
        counters: Vec<(u64, i64, i64)>,
        segments: Vec<(u64, i64)>,
    }

    fn plan() -> impl Strategy<Value = Plan> {
        let writes = vec((0u8..3, key(), 0u64..30, any::<bool>()), 0..8);
        let counters = vec((1u64..3, -1i64..4, -5i64..20), 0..3);
        let segments = vec((1u64..4, -50i64..60), 0..3);
        (writes, counters, segments).prop_map(|(writes, counters, segments)| Plan { writes, counters, segments })
    }

    /// The batch of a plan: positions up to 30 reach back over several earlier batches, so that older changes lose.
    fn batch(plan: &Plan, number: u64) -> Batch {
        let sequence = Sequence(30 + number);
        let mut batch = Batch::new(Position {
            sequence,
            segment: SegmentId(number),
            group: GroupNumber(1),
            floor: SegmentId(number / 2),
        });
        for (table, key, position, removes) in &plan.writes {
            let table = Table::ALL[usize::from(*table)];
            let position = Sequence(position + number);
            let value = (!removes).then(|| Sink::new().u64(position.0).u64(number).seal(key));
            batch.writes.push(Write { table, key: key.clone().into(), position, value });
        }
        batch.writes.sort_by(|a, b| (a.table, &a.key).cmp(&(b.table, &b.key)));
        batch.writes.dedup_by(|a, b| (a.table, &a.key) == (b.table, &b.key));
        batch.counters = plan
            .counters
            .iter()
            .map(|(id, objects, bytes)| (BucketId(*id), CountsDelta { objects: *objects, bytes: *bytes }))
            .collect();
        batch.segments = plan.segments.iter().map(|(id, live)| (SegmentId(*id), *live)).collect();
        batch
    }

    fn everything(store: &Store) -> impl PartialEq + std::fmt::Debug {
        let rows: Vec<_> =
            Table::ALL.iter().map(|table| store.scan(*table, Bound::Unbounded, b"", usize::MAX)).collect();
        (store.position(), rows, store.all_counters(), store.segments(), store.counters(BucketId(1)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
        #[test]
        fn lmdb_and_its_twin_agree(
            plans in vec(plan(), 1..8),
            probes in vec((0u8..3, key(), key(), 0u8..3, 1usize..5), 8),
        ) {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let home = Home::Directory(directory.path().into(), MAP_BYTES);
            let lmdb = Store::create(&home, IDENTITY, |_| {}).expect("an empty directory");
            let twin = Store::create(&Home::Twin(TwinDisk::new()), IDENTITY, |_| {}).expect("an empty disk");
            for (number, plan) in (0..).zip(&plans) {
                let batch = batch(plan, number);
                prop_assert_eq!(lmdb.commit(&batch), twin.commit(&batch));
                prop_assert_eq!(everything(&lmdb), everything(&twin));
                for (table, key, prefix, bound, limit) in &probes {
                    let table = Table::ALL[usize::from(*table)];
                    prop_assert_eq!(lmdb.lookup(table, key), twin.lookup(table, key));
                    let bounds = [Bound::Unbounded, Bound::Included(&key[..]), Bound::Excluded(&key[..])];
                    let from = bounds[usize::from(*bound)];
                    for prefix in [&prefix[..], &prefix[..1], b""] {
                        let found = lmdb.scan(table, from, prefix, *limit);
                        prop_assert_eq!(&found, &twin.scan(table, from, prefix, *limit));
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_key_is_a_bound_that_bounds_nothing() {
        assert_eq!(start(Bound::Included(b""), b""), Bound::Unbounded);
        assert_eq!(start(Bound::Excluded(b""), b""), Bound::Unbounded);
        assert_eq!(start(Bound::Excluded(b"a"), b"ab"), Bound::Included(&b"ab"[..]));
        assert_eq!(start(Bound::Excluded(b"abc"), b"ab"), Bound::Excluded(&b"abc"[..]));
    }
}
