//! The store of one shard: LMDB, or its twin in memory behind the same calls. A closed choice, an enum and a match.
//!
//! What must hold: both answer alike, which the property test below proves; a commit is whole or not at all, and on
//! disk when it returns; an error leaves the store as it was. A store is a cheap handle that may be sent to a helper
//! thread.

use std::ops::Bound;
use std::path::PathBuf;

use super::batch::Batch;
use super::error::IndexError;
use super::keys::Table;
use super::lmdb::{self, LmdbStore};
use super::state::{Counts, Identity, Position};
use super::twin::{TwinDisk, TwinStore};
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
    /// The file that is there if a page of the store could not be read: the store is then built anew. Memory has none.
    #[must_use]
    pub fn mark(&self) -> Option<PathBuf> {
        match self {
            Home::Directory(path, _) => Some(lmdb::mark(path)),
            Home::Twin(_) => None,
        }
    }
}

/// The open store of one shard.
#[derive(Clone, Debug)]
pub enum Store {
    /// On disk.
    Lmdb(LmdbStore),
    /// In memory.
    Twin(TwinStore),
}

impl Store {
    /// Makes an empty store at position zero.
    ///
    /// # Errors
    /// `Exists` if there is one already, `Missing` if the directory is.
    pub fn create(home: &Home, identity: Identity) -> Result<Store, IndexError> {
        match home {
            Home::Directory(path, bytes) => LmdbStore::create(path, *bytes, identity).map(Store::Lmdb),
            Home::Twin(disk) => TwinStore::create(disk, identity).map(Store::Twin),
        }
    }

    /// Opens a store.
    ///
    /// # Errors
    /// `Missing` if there is none, `Foreign` if it has another identity, `Corrupt` if it does not read.
    pub fn open(home: &Home, identity: Identity) -> Result<Store, IndexError> {
        match home {
            Home::Directory(path, bytes) => LmdbStore::open(path, *bytes, identity).map(Store::Lmdb),
            Home::Twin(disk) => TwinStore::open(disk, identity).map(Store::Twin),
        }
    }

    /// How far the store has come.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn position(&self) -> Result<Position, IndexError> {
        match self {
            Store::Lmdb(store) => store.position(),
            Store::Twin(store) => store.position(),
        }
    }

    /// The value of a key, its checksum verified.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn lookup(&self, table: Table, key: &[u8]) -> Result<Option<Box<[u8]>>, IndexError> {
        match self {
            Store::Lmdb(store) => store.lookup(table, key),
            Store::Twin(store) => store.lookup(table, key),
        }
    }

    /// Up to `limit` rows from `from` on whose keys begin with `prefix`, ascending, their checksums verified.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn scan(&self, table: Table, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<Row>, IndexError> {
        match self {
            Store::Lmdb(store) => store.scan(table, from, prefix, limit),
            Store::Twin(store) => store.scan(table, from, prefix, limit),
        }
    }

    /// Applies a batch in one transaction, on disk when this returns. A value with a higher position is left alone.
    ///
    /// # Errors
    /// `Full` if there is no room: nothing has changed and the store is usable. `Corrupt`, `Io`: rebuild.
    pub fn commit(&self, batch: &Batch) -> Result<(), IndexError> {
        match self {
            Store::Lmdb(store) => store.commit(batch),
            Store::Twin(store) => store.commit(batch),
        }
    }

    /// The objects and bytes of one bucket.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn counters(&self, bucket: BucketId) -> Result<Counts, IndexError> {
        match self {
            Store::Lmdb(store) => store.counters(bucket),
            Store::Twin(store) => store.counters(bucket),
        }
    }

    /// The objects and bytes of every bucket that has any, ascending.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn all_counters(&self) -> Result<Vec<(BucketId, Counts)>, IndexError> {
        match self {
            Store::Lmdb(store) => store.all_counters(),
            Store::Twin(store) => store.all_counters(),
        }
    }

    /// The live bytes of every segment that has any, ascending: hints.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn segments(&self) -> Result<Vec<(SegmentId, i64)>, IndexError> {
        match self {
            Store::Lmdb(store) => store.segments(),
            Store::Twin(store) => store.segments(),
        }
    }

    /// The bytes it takes, on disk or in memory.
    ///
    /// # Errors
    /// `Io`.
    pub fn bytes(&self) -> Result<u64, IndexError> {
        match self {
            Store::Lmdb(store) => store.bytes(),
            Store::Twin(store) => store.bytes(),
        }
    }

    /// True if a page that cannot be read leaves the mark of [`Home::mark`]. Memory has no such pages.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        match self {
            Store::Lmdb(store) => store.is_watched(),
            Store::Twin(_) => true,
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
    use crate::index::{CountsDelta, Write};
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
            let lmdb = Store::create(&home, IDENTITY).expect("an empty directory");
            let twin = Store::create(&Home::Twin(TwinDisk::new()), IDENTITY).expect("an empty disk");
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
