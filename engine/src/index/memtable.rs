//! A memtable: the changes of one core that its stores do not hold yet, in key order, for all of its shards.
//!
//! What must hold: of two changes of one key the one with the higher position stays, whichever came last. Sums are
//! kept as differences, because the absolute ones are in the stores. A frozen memtable is never changed again, so
//! that it may be read by the helper that commits it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ops::Bound;

use super::batch::{Batch, Write};
use super::keys::Table;
use super::state::{CountsDelta, Position};
use crate::types::{BucketId, SegmentId, Sequence, ShardId};

/// What a change costs beside the bytes of key and value: its place in the tree and two allocations.
const CHANGE_BYTES: usize = 96;

/// The newest change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The shard of the key.
    pub shard: ShardId,
    /// The position of the record that made the change.
    pub position: Sequence,
    /// The value, `None` if the key was removed.
    pub value: Option<Box<[u8]>>,
}

type Changes = BTreeMap<Box<[u8]>, Change>;

/// The changes of one core since its last freeze.
#[derive(Debug, Default)]
pub struct Memtable {
    current: Changes,
    uploads: Changes,
    buckets: Changes,
    counters: BTreeMap<(ShardId, BucketId), CountsDelta>,
    segments: BTreeMap<(ShardId, SegmentId), i64>,
    last: BTreeMap<ShardId, Sequence>,
    bytes: usize,
}

impl Memtable {
    /// An empty one.
    #[must_use]
    pub fn new() -> Memtable {
        Memtable::default()
    }

    /// Sets a key to a value, which must begin with `position`.
    pub fn put(&mut self, table: Table, key: Box<[u8]>, shard: ShardId, position: Sequence, value: Box<[u8]>) {
        assert_eq!(super::stamp(&value), Some(position), "a value begins with the position of its record");
        self.change(table, key, Change { shard, position, value: Some(value) });
    }

    /// Removes a key: what the stores hold under it no longer counts.
    pub fn remove(&mut self, table: Table, key: Box<[u8]>, shard: ShardId, position: Sequence) {
        self.change(table, key, Change { shard, position, value: None });
    }

    /// Notes that all records of the shard up to `position` have been applied, those that change no key included.
    pub fn advance(&mut self, shard: ShardId, position: Sequence) {
        let last = self.last.entry(shard).or_default();
        *last = position.max(*last);
    }

    /// Adds to the objects and bytes of a bucket.
    pub fn add_counts(&mut self, shard: ShardId, bucket: BucketId, delta: CountsDelta) {
        self.counters.entry((shard, bucket)).or_default().add(delta);
    }

    /// Adds to the live bytes of a segment.
    pub fn add_segment(&mut self, shard: ShardId, segment: SegmentId, live: i64) {
        let sum = self.segments.entry((shard, segment)).or_default();
        *sum = sum.saturating_add(live);
    }

    /// The change of a key, if there is one.
    #[must_use]
    pub fn get(&self, table: Table, key: &[u8]) -> Option<&Change> {
        self.changes(table).get(key)
    }

    /// The changes of a table from `from` on, in key order.
    pub fn range(&self, table: Table, from: Bound<&[u8]>) -> impl Iterator<Item = (&[u8], &Change)> {
        self.changes(table).range::<[u8], _>((from, Bound::Unbounded)).map(|(key, change)| (&**key, change))
    }

    /// The change of the first key of a table above `key`.
    #[must_use]
    pub fn next_after(&self, table: Table, key: &[u8]) -> Option<(&[u8], &Change)> {
        self.range(table, Bound::Excluded(key)).next()
    }

    /// What was added to the objects and bytes of a bucket in one shard.
    #[must_use]
    pub fn counts(&self, shard: ShardId, bucket: BucketId) -> CountsDelta {
        self.counters.get(&(shard, bucket)).copied().unwrap_or_default()
    }

    /// What was added to the live bytes of each segment, a row per shard.
    pub fn segments(&self) -> impl Iterator<Item = (SegmentId, i64)> {
        self.segments.iter().map(|((_, segment), live)| (*segment, *live))
    }

    /// The highest position of every shard that has one here.
    #[must_use]
    pub fn last(&self) -> &BTreeMap<ShardId, Sequence> {
        &self.last
    }

    /// The number of changed keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        Table::ALL.iter().map(|table| self.changes(*table).len()).sum()
    }

    /// The memory it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// True if it should be frozen: it has `keys_max` keys or takes `bytes_max` bytes.
    #[must_use]
    pub fn is_full(&self, keys_max: usize, bytes_max: usize) -> bool {
        self.keys() >= keys_max || self.bytes >= bytes_max
    }

    /// One batch for each shard that is given its position, an empty one if it has no changes here.
    #[must_use]
    pub fn batches(&self, positions: &BTreeMap<ShardId, Position>) -> BTreeMap<ShardId, Batch> {
        let mut batches: BTreeMap<ShardId, Batch> =
            positions.iter().map(|(shard, position)| (*shard, Batch::new(*position))).collect();
        for table in Table::ALL {
            for (key, change) in self.changes(table) {
                if let Some(batch) = batches.get_mut(&change.shard) {
                    let Change { position, value, .. } = change.clone();
                    batch.writes.push(Write { table, key: key.clone(), position, value });
                }
            }
        }
        for ((shard, bucket), delta) in &self.counters {
            if let Some(batch) = batches.get_mut(shard) {
                batch.counters.push((*bucket, *delta));
            }
        }
        for ((shard, segment), live) in &self.segments {
            if let Some(batch) = batches.get_mut(shard) {
                batch.segments.push((*segment, *live));
            }
        }
        batches
    }

    /// Takes in all changes of another one.
    pub fn absorb(&mut self, other: Memtable) {
        let Memtable { current, uploads, buckets, counters, segments, last, bytes: _ } = other;
        for (table, changes) in [(Table::Current, current), (Table::Uploads, uploads), (Table::Buckets, buckets)] {
            changes.into_iter().for_each(|(key, change)| self.change(table, key, change));
        }
        counters.into_iter().for_each(|((shard, bucket), delta)| self.add_counts(shard, bucket, delta));
        segments.into_iter().for_each(|((shard, segment), live)| self.add_segment(shard, segment, live));
        last.into_iter().for_each(|(shard, position)| self.advance(shard, position));
    }

    fn change(&mut self, table: Table, key: Box<[u8]>, change: Change) {
        self.advance(change.shard, change.position);
        let cost = |key: &[u8], change: &Change| {
            CHANGE_BYTES + key.len() + change.value.as_ref().map_or(0, |value| value.len())
        };
        let (comes, goes) = match self.changes_mut(table).entry(key) {
            Slot::Vacant(slot) => {
                let comes = cost(slot.key(), &change);
                slot.insert(change);
                (comes, 0)
            }
            Slot::Occupied(slot) if slot.get().position > change.position => return,
            Slot::Occupied(mut slot) => {
                let comes = cost(slot.key(), &change);
                let old = slot.insert(change);
                (comes, cost(slot.key(), &old))
            }
        };
        self.bytes = self.bytes + comes - goes;
    }

    fn changes(&self, table: Table) -> &Changes {
        match table {
            Table::Current => &self.current,
            Table::Uploads => &self.uploads,
            Table::Buckets => &self.buckets,
        }
    }

    fn changes_mut(&mut self, table: Table) -> &mut Changes {
        match table {
            Table::Current => &mut self.current,
            Table::Uploads => &mut self.uploads,
            Table::Buckets => &mut self.buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Sink;

    const SHARD: ShardId = ShardId(3);

    fn put(memtable: &mut Memtable, key: &[u8], shard: ShardId, position: u64) {
        let value = Sink::new().u64(position).seal(key);
        memtable.put(Table::Current, key.into(), shard, Sequence(position), value);
    }

    #[test]
    fn the_higher_position_stays_whichever_came_last() {
        let mut memtable = Memtable::new();
        put(&mut memtable, b"a", SHARD, 5);
        put(&mut memtable, b"a", SHARD, 4);
        memtable.remove(Table::Current, (*b"a").into(), SHARD, Sequence(3));
        let change = memtable.get(Table::Current, b"a").expect("it was put");
        assert_eq!((change.position, change.value.is_some()), (Sequence(5), true));
        memtable.remove(Table::Current, (*b"a").into(), SHARD, Sequence(6));
        assert_eq!(memtable.get(Table::Current, b"a").expect("it was removed").value, None);
        assert_eq!(memtable.last().get(&SHARD), Some(&Sequence(6)));
    }

    #[test]
    fn absorbing_is_as_if_the_changes_had_come_here() {
        let (mut apart, mut together, mut base) = (Memtable::new(), Memtable::new(), Memtable::new());
        for memtable in [&mut base, &mut together] {
            put(memtable, b"a", SHARD, 1);
            put(memtable, b"b", SHARD, 9);
            memtable.add_segment(SHARD, SegmentId(2), 7);
        }
        for memtable in [&mut apart, &mut together] {
            put(memtable, b"a", SHARD, 3);
            put(memtable, b"b", SHARD, 4);
            memtable.add_counts(SHARD, BucketId(1), CountsDelta { objects: 1, bytes: 10 });
            memtable.add_segment(SHARD, SegmentId(2), -2);
            memtable.advance(SHARD, Sequence(12));
        }
        base.absorb(apart);
        assert_eq!(format!("{base:?}"), format!("{together:?}"));
    }

    #[test]
    fn it_is_full_at_its_keys_or_its_bytes_and_an_overwrite_adds_neither() {
        let mut memtable = Memtable::new();
        put(&mut memtable, b"a", SHARD, 1);
        let bytes = memtable.bytes();
        put(&mut memtable, b"a", SHARD, 2);
        assert_eq!((memtable.keys(), memtable.bytes()), (1, bytes));
        assert!(!memtable.is_full(2, bytes + 1));
        assert!(memtable.is_full(1, bytes + 1) && memtable.is_full(2, bytes));
    }

    #[test]
    fn the_next_key_is_the_one_above() {
        let mut memtable = Memtable::new();
        put(&mut memtable, b"a", SHARD, 1);
        put(&mut memtable, b"b", SHARD, 2);
        assert_eq!(memtable.next_after(Table::Current, b"a").map(|(key, _)| key), Some(&b"b"[..]));
        assert!(memtable.next_after(Table::Current, b"b").is_none());
        assert!(memtable.next_after(Table::Uploads, b"a").is_none());
    }

    #[test]
    fn every_shard_gets_its_own_batch_in_key_order() {
        let mut memtable = Memtable::new();
        let other = ShardId(4);
        put(&mut memtable, b"c", SHARD, 3);
        put(&mut memtable, b"b", other, 2);
        put(&mut memtable, b"a", SHARD, 4);
        memtable.add_counts(SHARD, BucketId(1), CountsDelta { objects: 1, bytes: 10 });
        memtable.add_counts(SHARD, BucketId(1), CountsDelta { objects: 1, bytes: 5 });
        memtable.add_segment(other, SegmentId(7), -3);
        let positions =
            [(SHARD, Position { sequence: Sequence(4), ..Position::default() }), (other, Position::default())];
        let batches = memtable.batches(&positions.into());
        let keys = |shard| batches[&shard].writes.iter().map(|write| &*write.key).collect::<Vec<_>>();
        assert_eq!(keys(SHARD), [b"a", b"c"]);
        assert_eq!(keys(other), [b"b"]);
        assert_eq!(batches[&SHARD].position.sequence, Sequence(4));
        assert_eq!(batches[&SHARD].counters, [(BucketId(1), CountsDelta { objects: 2, bytes: 15 })]);
        assert_eq!(batches[&other].segments, [(SegmentId(7), -3)]);
    }
}
