//! The twin of the LMDB store, in memory: slow machinery left out, the answers the same.
//!
//! What must hold: it answers as LMDB does, error for error. [`TwinDisk`] is what outlives the process in a
//! simulation: after a crash the test says in which state the store is found, and handles from before the crash reach
//! nothing any more.
//!
//! A commit keeps what it replaced, so that an older state costs no copy of the whole until it is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use super::batch::{Batch, checked, counts_after, live_after};
use super::error::IndexError;
use super::keys::Table;
use super::state::{Counts, Identity, Position};
use super::store::{Row, start};
use crate::limits::TWIN_COMMITS_MAX;
use crate::types::{BucketId, SegmentId};

/// What a crash leaves of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The last committed state.
    Last,
    /// The state this many commits before the last, or the oldest that is remembered.
    Older(usize),
    /// Nothing: there is no store.
    Gone,
    /// Something that does not open.
    Torn,
}

/// The disk of one shard's store. Its clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub struct TwinDisk(Arc<Mutex<Medium>>);

/// The open store on a twin's disk.
#[derive(Clone, Debug)]
pub struct TwinStore {
    disk: TwinDisk,
    /// The crashes that the disk had seen when the store was opened.
    crashes: u64,
}

#[derive(Debug, Default)]
struct Medium {
    content: Content,
    full: bool,
    /// The mark that a damaged store leaves: it outlives the store.
    marked: bool,
    crashes: u64,
}

#[derive(Debug, Default)]
enum Content {
    #[default]
    Nothing,
    Torn,
    Whole(Box<State>),
}

/// A table and a key in it.
type At = (Table, Box<[u8]>);

#[derive(Debug)]
struct State {
    identity: Identity,
    rows: BTreeMap<At, Box<[u8]>>,
    counters: BTreeMap<BucketId, Counts>,
    segments: BTreeMap<SegmentId, i64>,
    position: Position,
    /// What the last commits replaced, oldest first.
    replaced: VecDeque<Replaced>,
}

/// What one commit replaced.
#[derive(Debug, Default)]
struct Replaced {
    rows: Vec<(At, Option<Box<[u8]>>)>,
    counters: Vec<(BucketId, Option<Counts>)>,
    segments: Vec<(SegmentId, Option<i64>)>,
    position: Position,
}

impl TwinDisk {
    /// A disk without a store.
    #[must_use]
    pub fn new() -> TwinDisk {
        TwinDisk::default()
    }

    /// Lets the process that held the disk die: open stores are dead from now on, and this is what the next one finds.
    pub fn after_crash(&self, fate: Fate) {
        let mut medium = self.medium();
        medium.crashes += 1;
        match fate {
            Fate::Last => {}
            Fate::Older(commits) => {
                if let Content::Whole(state) = &mut medium.content {
                    (0..commits.min(state.replaced.len())).for_each(|_| state.go_back());
                }
            }
            Fate::Gone => medium.content = Content::Nothing,
            Fate::Torn => medium.content = Content::Torn,
        }
    }

    /// Takes the store away, as removing its directory does. Open stores are dead from now on.
    pub fn erase(&self) {
        self.after_crash(Fate::Gone);
    }

    /// While the disk is full every commit answers so.
    pub fn set_full(&self, full: bool) {
        self.medium().full = full;
    }

    /// Makes or removes the mark of a damaged store.
    pub fn set_marked(&self, marked: bool) {
        self.medium().marked = marked;
    }

    /// Whether the store that lay here was found damaged.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.medium().marked
    }

    /// Bends a bit in every value, as a bad disk may. Gives how many there were.
    pub fn rot(&self) -> usize {
        let Content::Whole(state) = &mut self.medium().content else { return 0 };
        let bent = state.rows.values_mut().filter_map(|value| value.last_mut().map(|byte| *byte ^= 1));
        bent.count()
    }

    fn medium(&self) -> MutexGuard<'_, Medium> {
        self.0.lock().expect("a panic anywhere ends the process")
    }
}

impl TwinStore {
    /// Makes an empty store on a disk that has none.
    ///
    /// # Errors
    /// `Exists` if there is one, `Corrupt` if there is something torn, which must be erased first.
    pub fn create(disk: &TwinDisk, identity: Identity) -> Result<TwinStore, IndexError> {
        let mut medium = disk.medium();
        match medium.content {
            Content::Nothing => {}
            Content::Torn => return Err(IndexError::Corrupt),
            Content::Whole(_) => return Err(IndexError::Exists),
        }
        medium.content = Content::Whole(Box::new(State::new(identity)));
        Ok(TwinStore { disk: disk.clone(), crashes: medium.crashes })
    }

    /// Opens the store on a disk.
    ///
    /// # Errors
    /// `Missing` if there is none, `Foreign` if it has another identity, `Corrupt` if it is torn.
    pub fn open(disk: &TwinDisk, identity: Identity) -> Result<TwinStore, IndexError> {
        let medium = disk.medium();
        match &medium.content {
            Content::Nothing => Err(IndexError::Missing),
            Content::Torn => Err(IndexError::Corrupt),
            Content::Whole(state) if state.identity != identity => Err(IndexError::Foreign),
            Content::Whole(_) => Ok(TwinStore { disk: disk.clone(), crashes: medium.crashes }),
        }
    }

    /// See [`super::Store::position`].
    ///
    /// # Errors
    /// As there.
    pub fn position(&self) -> Result<Position, IndexError> {
        self.read(|state| Ok(state.position))
    }

    /// See [`super::Store::lookup`].
    ///
    /// # Errors
    /// As there.
    pub fn lookup(&self, table: Table, key: &[u8]) -> Result<Option<Box<[u8]>>, IndexError> {
        self.read(|state| {
            let Some(value) = state.rows.get(&(table, key.into())) else { return Ok(None) };
            Ok(Some(checked(key, value)?.into()))
        })
    }

    /// See [`super::Store::scan`].
    ///
    /// # Errors
    /// As there.
    pub fn scan(&self, table: Table, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<Row>, IndexError> {
        let from = match start(from, prefix) {
            Bound::Included(key) => Bound::Included((table, key.into())),
            Bound::Excluded(key) => Bound::Excluded((table, key.into())),
            Bound::Unbounded => Bound::Included((table, Box::default())),
        };
        self.read(|state| {
            let rows = state.rows.range((from, Bound::Unbounded));
            rows.take_while(|((of, key), _)| *of == table && key.starts_with(prefix))
                .take(limit)
                .map(|((_, key), value)| Ok((key.clone(), checked(key, value)?.into())))
                .collect()
        })
    }

    /// See [`super::Store::commit`].
    ///
    /// # Errors
    /// As there.
    pub fn commit(&self, batch: &Batch) -> Result<(), IndexError> {
        let mut medium = self.disk.medium();
        let full = medium.full;
        let state = self.state(&mut medium)?;
        batch.assert_follows(state.position);
        if full {
            return Err(IndexError::Full);
        }
        state.commit(batch)
    }

    /// See [`super::Store::counters`].
    ///
    /// # Errors
    /// As there.
    pub fn counters(&self, bucket: BucketId) -> Result<Counts, IndexError> {
        self.read(|state| Ok(state.counters.get(&bucket).copied().unwrap_or_default()))
    }

    /// See [`super::Store::all_counters`].
    ///
    /// # Errors
    /// As there.
    pub fn all_counters(&self) -> Result<Vec<(BucketId, Counts)>, IndexError> {
        self.read(|state| Ok(state.counters.iter().map(|(bucket, counts)| (*bucket, *counts)).collect()))
    }

    /// See [`super::Store::segments`].
    ///
    /// # Errors
    /// As there.
    pub fn segments(&self) -> Result<Vec<(SegmentId, i64)>, IndexError> {
        self.read(|state| Ok(state.segments.iter().map(|(segment, live)| (*segment, *live)).collect()))
    }

    /// See [`super::Store::bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn bytes(&self) -> Result<u64, IndexError> {
        self.read(|state| Ok(state.rows.iter().map(|((_, key), value)| (key.len() + value.len()) as u64).sum()))
    }

    fn read<T>(&self, answer: impl FnOnce(&State) -> Result<T, IndexError>) -> Result<T, IndexError> {
        answer(self.state(&mut self.disk.medium())?)
    }

    /// The state, unless the disk was taken away by a crash.
    fn state<'a>(&self, medium: &'a mut Medium) -> Result<&'a mut State, IndexError> {
        match &mut medium.content {
            Content::Whole(state) if medium.crashes == self.crashes => Ok(state),
            _ => Err(IndexError::Missing),
        }
    }
}

impl State {
    fn new(identity: Identity) -> State {
        State {
            identity,
            rows: BTreeMap::new(),
            counters: BTreeMap::new(),
            segments: BTreeMap::new(),
            position: Position::default(),
            replaced: VecDeque::new(),
        }
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), IndexError> {
        self.replaced.push_back(Replaced { position: self.position, ..Replaced::default() });
        let result = self.apply(batch);
        match result {
            Err(_) => self.go_back(),
            Ok(()) if self.replaced.len() > TWIN_COMMITS_MAX => drop(self.replaced.pop_front()),
            Ok(()) => {}
        }
        result
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), IndexError> {
        let replaced = self.replaced.back_mut().expect("the caller has put one there");
        for write in &batch.writes {
            let at = (write.table, write.key.clone());
            if write.wins(self.rows.get(&at).map(|stored| &**stored))? {
                replaced.rows.push((at.clone(), set(&mut self.rows, at, write.value.clone())));
            }
        }
        for (bucket, delta) in &batch.counters {
            let held = self.counters.get(bucket).copied().unwrap_or_default();
            let counts = counts_after(held, *delta)?;
            replaced.counters.push((*bucket, set(&mut self.counters, *bucket, counts)));
        }
        for (segment, delta) in &batch.segments {
            let held = self.segments.get(segment).copied().unwrap_or_default();
            let live = live_after(held, *delta);
            replaced.segments.push((*segment, set(&mut self.segments, *segment, live)));
        }
        self.position = batch.position;
        Ok(())
    }

    /// Undoes the last commit that is remembered.
    fn go_back(&mut self) {
        let Some(replaced) = self.replaced.pop_back() else { return };
        for (at, value) in replaced.rows.into_iter().rev() {
            set(&mut self.rows, at, value);
        }
        for (bucket, counts) in replaced.counters.into_iter().rev() {
            set(&mut self.counters, bucket, counts);
        }
        for (segment, live) in replaced.segments.into_iter().rev() {
            set(&mut self.segments, segment, live);
        }
        self.position = replaced.position;
    }
}

/// Sets or removes a key and returns what was there.
fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Sink;
    use crate::index::{CountsDelta, Write};
    use crate::types::{Sequence, ShardId};

    const IDENTITY: Identity = Identity { store: [7; 16], shard: ShardId(1), shard_count: 4 };

    fn batch(position: u64) -> Batch {
        let sequence = Sequence(position);
        let value = Some(Sink::new().u64(position).seal(b"k"));
        let mut batch = Batch::new(Position { sequence, ..Position::default() });
        batch.writes.push(Write { table: Table::Current, key: (*b"k").into(), position: sequence, value });
        batch.counters.push((BucketId(1), CountsDelta { objects: 1, bytes: 10 }));
        batch.segments.push((SegmentId(2), 5));
        batch
    }

    fn after(commits: u64, fate: Fate) -> Result<TwinStore, IndexError> {
        let disk = TwinDisk::new();
        let store = TwinStore::create(&disk, IDENTITY).expect("an empty disk");
        (1..=commits).for_each(|position| store.commit(&batch(position)).expect("there is room"));
        disk.after_crash(fate);
        assert_eq!(store.commit(&batch(commits + 1)), Err(IndexError::Missing), "a dead process writes nothing");
        TwinStore::open(&disk, IDENTITY)
    }

    #[test]
    fn a_crash_leaves_the_last_an_older_a_torn_or_no_state() {
        let position = |fate| after(5, fate).and_then(|store| store.position()).map(|held| held.sequence.0);
        assert_eq!(position(Fate::Last), Ok(5));
        assert_eq!(position(Fate::Older(2)), Ok(3));
        assert_eq!(position(Fate::Older(9)), Ok(0));
        assert_eq!(position(Fate::Gone), Err(IndexError::Missing));
        assert_eq!(position(Fate::Torn), Err(IndexError::Corrupt));
    }

    #[test]
    fn an_older_state_has_its_values_and_sums() {
        let store = after(5, Fate::Older(2)).expect("it is whole");
        assert_eq!(store.lookup(Table::Current, b"k"), Ok(Some(Sink::new().u64(3).seal(b"k"))));
        assert_eq!(store.counters(BucketId(1)), Ok(Counts { objects: 3, bytes: 30 }));
        assert_eq!(store.segments(), Ok(vec![(SegmentId(2), 15)]));
        let store = after(3, Fate::Older(3)).expect("it is whole");
        assert_eq!(store.lookup(Table::Current, b"k"), Ok(None));
        assert_eq!(store.all_counters(), Ok(Vec::new()));
    }

    #[test]
    fn no_more_commits_are_remembered_than_the_limit() {
        let commits = TWIN_COMMITS_MAX as u64 + 3;
        let store = after(commits, Fate::Older(usize::MAX)).expect("it is whole");
        assert_eq!(store.position().map(|held| held.sequence), Ok(Sequence(3)));
    }

    #[test]
    fn a_batch_that_fails_changes_nothing() {
        let disk = TwinDisk::new();
        let store = TwinStore::create(&disk, IDENTITY).expect("an empty disk");
        store.commit(&batch(1)).expect("there is room");
        let mut bad = batch(2);
        bad.counters.push((BucketId(9), CountsDelta { objects: -1, bytes: 0 }));
        assert_eq!(store.commit(&bad), Err(IndexError::Corrupt));
        disk.set_full(true);
        assert_eq!(store.commit(&batch(2)), Err(IndexError::Full));
        assert_eq!(store.position().map(|held| held.sequence), Ok(Sequence(1)));
        assert_eq!(store.counters(BucketId(1)), Ok(Counts { objects: 1, bytes: 10 }));
        disk.set_full(false);
        assert_eq!(store.commit(&batch(2)), Ok(()));
    }

    #[test]
    fn a_disk_is_erased_before_a_store_is_made_anew() {
        let disk = TwinDisk::new();
        TwinStore::create(&disk, IDENTITY).expect("an empty disk");
        assert_eq!(TwinStore::create(&disk, IDENTITY).err(), Some(IndexError::Exists));
        let other = Identity { shard_count: 8, ..IDENTITY };
        assert_eq!(TwinStore::open(&disk, other).err(), Some(IndexError::Foreign));
        disk.after_crash(Fate::Torn);
        assert_eq!(TwinStore::create(&disk, IDENTITY).err(), Some(IndexError::Corrupt));
        disk.erase();
        assert!(TwinStore::create(&disk, other).is_ok());
    }
}
