//! What one core sees of its shards: the active memtable over the frozen one over the stores.
//!
//! What must hold: of all layers' values of a key the one with the highest position is the answer, never that of the
//! upper layer. Who looks a key up while the store may be committing captures the memtables first and reads the store
//! after: then a change is in what was captured, or in the store, or in both, but never in neither.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::IndexError;
use super::keys::Table;
use super::memtable::{Change, Memtable};
use super::seal::stamp;
use super::state::Counts;
use super::store::Store;
use crate::types::{BucketId, ShardId};

/// The layers of one core.
#[derive(Debug, Default)]
pub struct Layers {
    active: Memtable,
    frozen: Option<Arc<Memtable>>,
    stores: BTreeMap<ShardId, Store>,
}

impl Layers {
    /// Empty memtables over these stores.
    #[must_use]
    pub fn new(stores: BTreeMap<ShardId, Store>) -> Layers {
        Layers { active: Memtable::new(), frozen: None, stores }
    }

    /// The memtable that takes changes.
    #[must_use]
    pub fn active(&self) -> &Memtable {
        &self.active
    }

    /// The memtable that takes changes, to change it.
    pub fn active_mut(&mut self) -> &mut Memtable {
        &mut self.active
    }

    /// The memtable that is being committed.
    #[must_use]
    pub fn frozen(&self) -> Option<&Arc<Memtable>> {
        self.frozen.as_ref()
    }

    /// The stores by shard.
    #[must_use]
    pub fn stores(&self) -> &BTreeMap<ShardId, Store> {
        &self.stores
    }

    /// Puts another store in the place of a shard's: what a rebuild does at its end.
    pub fn replace_store(&mut self, shard: ShardId, store: Store) {
        self.stores.insert(shard, store);
    }

    /// Freezes the active memtable; `None` if the last frozen one is still being committed.
    pub fn freeze(&mut self) -> Option<Arc<Memtable>> {
        if self.frozen.is_some() {
            return None;
        }
        let frozen = Arc::new(std::mem::take(&mut self.active));
        self.frozen = Some(Arc::clone(&frozen));
        Some(frozen)
    }

    /// Drops the frozen memtable, all of which the stores hold by now.
    pub fn drop_frozen(&mut self) {
        self.frozen = None;
    }

    /// The changes of a key in the active and the frozen memtable: what to capture before a helper reads the store, for
    /// [`combine`].
    #[must_use]
    pub fn capture(&self, table: Table, key: &[u8]) -> (Option<Change>, Option<Change>) {
        let frozen = self.frozen.as_ref().and_then(|frozen| frozen.get(table, key));
        (self.active.get(table, key).cloned(), frozen.cloned())
    }

    /// The value of a key, `None` if it has none.
    ///
    /// # Errors
    /// Those of the shard's store; `Missing` if this core has no store for it.
    pub fn lookup(&self, table: Table, key: &[u8], shard: ShardId) -> Result<Option<Box<[u8]>>, IndexError> {
        let active = self.active.get(table, key);
        let frozen = self.frozen.as_ref().and_then(|frozen| frozen.get(table, key));
        let newer = match (active, frozen) {
            (Some(active), Some(frozen)) if frozen.position > active.position => Some(frozen),
            (change @ Some(_), _) | (None, change) => change,
        };
        match newer {
            // Within one call nothing is committed in between, and of a key that a memtable has the store holds
            // nothing newer.
            Some(change) => Ok(change.value.clone()),
            None => self.store(shard)?.lookup(table, key),
        }
    }

    /// The objects and bytes of a bucket in one shard.
    ///
    /// # Errors
    /// Those of the shard's store; `Corrupt` if the layers add up to fewer than nothing.
    pub fn counts(&self, bucket: BucketId, shard: ShardId) -> Result<Counts, IndexError> {
        let store = self.store(shard)?;
        let held = store.position()?.sequence;
        let mut delta = self.active.counts(shard, bucket);
        // A frozen memtable that the store holds already must not count twice.
        let pending = |frozen: &&Arc<Memtable>| frozen.last().get(&shard).is_some_and(|last| *last > held);
        if let Some(frozen) = self.frozen.as_ref().filter(pending) {
            delta.add(frozen.counts(shard, bucket));
        }
        store.counters_after(bucket, delta)
    }

    fn store(&self, shard: ShardId) -> Result<&Store, IndexError> {
        self.stores.get(&shard).ok_or(IndexError::Missing)
    }
}

/// What a key holds when these are its layers: the value with the highest position, if that is not a removal.
#[must_use]
pub fn combine(active: Option<Change>, frozen: Option<Change>, stored: Option<Box<[u8]>>) -> Option<Box<[u8]>> {
    let newer = match (active, frozen) {
        (Some(active), Some(frozen)) if frozen.position > active.position => Some(frozen),
        (Some(change), _) | (None, Some(change)) => Some(change),
        (None, None) => None,
    };
    match newer {
        Some(change) if stored.as_deref().and_then(stamp) <= Some(change.position) => change.value,
        Some(_) | None => stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Sink;
    use crate::index::{CountsDelta, Home, Identity, Position, TwinDisk};
    use crate::types::Sequence;

    const SHARD: ShardId = ShardId(3);

    fn value(position: u64) -> Box<[u8]> {
        Sink::new().u64(position).seal(b"k")
    }

    fn layers() -> Layers {
        let identity = Identity { store: [7; 16], shard: SHARD, shard_count: 4 };
        let store = Store::create(&Home::Twin(TwinDisk::new()), identity, |_| {}).expect("an empty disk");
        Layers::new([(SHARD, store)].into())
    }

    fn commit_frozen(layers: &Layers) {
        let frozen = layers.frozen().expect("it was frozen");
        let position = Position { sequence: frozen.last()[&SHARD], ..Position::default() };
        let batches = frozen.batches(&[(SHARD, position)].into());
        layers.stores()[&SHARD].commit(&batches[&SHARD]).expect("there is room");
    }

    #[test]
    fn the_highest_position_wins_in_whichever_layer_it_is() {
        let change =
            |position| Some(Change { shard: SHARD, position: Sequence(position), value: Some(value(position)) });
        let removal = |position| Some(Change { shard: SHARD, position: Sequence(position), value: None });
        for a in 1..=3 {
            for b in 1..=3 {
                for c in 1..=3 {
                    let highest = a.max(b).max(c);
                    assert_eq!(combine(change(a), change(b), Some(value(c))), Some(value(highest)), "{a} {b} {c}");
                    let gone = a >= b && a >= c;
                    let left = if gone { None } else { Some(value(b.max(c))) };
                    assert_eq!(combine(removal(a), change(b), Some(value(c))), left, "{a} {b} {c}");
                }
            }
        }
        assert_eq!(combine(None, removal(4), Some(value(5))), Some(value(5)));
        assert_eq!(combine(None, None, Some(value(5))), Some(value(5)));
        assert_eq!(combine(None, None, None), None);
    }

    #[test]
    fn a_key_is_found_in_every_layer_on_its_way_down() {
        let mut layers = layers();
        let look = |layers: &Layers| layers.lookup(Table::Current, b"k", SHARD);
        assert_eq!(look(&layers), Ok(None));
        layers.active_mut().put(Table::Current, (*b"k").into(), SHARD, Sequence(1), value(1));
        assert_eq!(look(&layers), Ok(Some(value(1))));
        assert!(layers.freeze().is_some() && layers.freeze().is_none());
        assert_eq!(look(&layers), Ok(Some(value(1))));
        commit_frozen(&layers);
        layers.drop_frozen();
        assert_eq!(look(&layers), Ok(Some(value(1))));
        layers.active_mut().remove(Table::Current, (*b"k").into(), SHARD, Sequence(2));
        assert_eq!(look(&layers), Ok(None));
        assert_eq!(layers.lookup(Table::Current, b"k2", ShardId(9)), Err(IndexError::Missing));
    }

    #[test]
    fn what_is_counted_is_counted_once_on_its_way_down() {
        let mut layers = layers();
        let bucket = BucketId(1);
        let counted = |layers: &Layers| layers.counts(bucket, SHARD).map(|counts| (counts.objects, counts.bytes));
        layers.active_mut().advance(SHARD, Sequence(1));
        layers.active_mut().add_counts(SHARD, bucket, CountsDelta { objects: 2, bytes: 20 });
        assert_eq!(counted(&layers), Ok((2, 20)));
        layers.freeze().expect("nothing was frozen");
        layers.active_mut().advance(SHARD, Sequence(2));
        layers.active_mut().add_counts(SHARD, bucket, CountsDelta { objects: -1, bytes: -5 });
        assert_eq!(counted(&layers), Ok((1, 15)));
        commit_frozen(&layers);
        assert_eq!(counted(&layers), Ok((1, 15)));
        layers.drop_frozen();
        assert_eq!(counted(&layers), Ok((1, 15)));
    }
}
