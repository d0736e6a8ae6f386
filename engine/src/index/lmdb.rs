//! The store of one shard on disk: one LMDB environment with a database per table.
//!
//! What must hold: full sync, never NOSYNC, because LMDB has no checksums and can tear without it; every value's own
//! checksum is verified after the read; a read transaction lives within one call, so that no reader keeps old pages.
//! A page of the map that cannot be read ends the process, and leaves the mark of the store beside its directory, from
//! the first access on. The directory is made, flushed and removed by its owner, and the mark is looked for by it.
//!
//! Not here: which pages are in memory. A call may wait for the disk; a core sends those that would to a helper.

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heed::types::Bytes;
use heed::{CommitOrAbort, Env, EnvOpenOptions, MdbError, RoTxn, RwTxn, WithoutTls};

use super::batch::{Batch, checked, counts_after, live_after};
use super::error::IndexError;
use super::keys::Table;
use super::state::{
    Counts, IDENTITY_KEY, Identity, POSITION_KEY, Position, decode_live, encode_live, number_key, parse_number_key,
};
use super::store::{Row, start};
use crate::limits::{INDEX_KEY_BYTES_MAX, INDEX_READERS_MAX, INDEX_ROOM_BYTES};
use crate::rt::real::{MapWatch, Words, directory};
use crate::types::{BucketId, SegmentId, ShardId};

type Rows = heed::Database<'static, Bytes, Bytes>;

/// The file that LMDB maps.
const MAPPED: &str = "data.mdb";
const NAMES: [&str; 6] = ["current", "uploads", "buckets", "counters", "segments", "meta"];

/// The open environment of one shard. Its clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct LmdbStore {
    /// Dropped before the environment, with which the map ends. `None` where the map cannot be watched.
    watch: Option<Arc<MapWatch>>,
    env: Env<WithoutTls>,
    databases: Databases,
    /// Where it lies: the room there tells a full disk from a broken one.
    directory: Arc<Path>,
}

#[derive(Clone, Copy, Debug)]
struct Databases {
    current: Rows,
    uploads: Rows,
    buckets: Rows,
    counters: Rows,
    segments: Rows,
    meta: Rows,
}

impl LmdbStore {
    /// Makes an empty store in a directory that has none. What it makes is durable once the directory is flushed.
    ///
    /// # Errors
    /// `Missing` if there is no such directory, `Exists` if there is a store in it.
    pub fn create(directory: &Path, bytes_max: usize, identity: Identity) -> Result<LmdbStore, IndexError> {
        let (env, watch) = environment(directory, bytes_max, identity.shard)?;
        let txn = env.write_txn()?;
        let made = env.create_databases_and_commit(txn, |opener, txn| {
            let mut make = |name| opener.create_database::<Bytes, Bytes>(txn, Some(name));
            let [current, uploads, buckets, counters, segments, meta] = NAMES.map(&mut make);
            let all = [current?, uploads?, buckets?, counters?, segments?, meta?];
            let [.., meta] = all;
            if meta.get(txn, IDENTITY_KEY)?.is_some() {
                return Err(IndexError::Exists);
            }
            meta.put(txn, IDENTITY_KEY, &identity.encode())?;
            meta.put(txn, POSITION_KEY, &Position::default().encode())?;
            Ok(CommitOrAbort::<_, ()>::Commit(all))
        })?;
        let databases = made.commit().map(Databases::new).ok_or(IndexError::Missing)?;
        Ok(LmdbStore { watch, env, databases, directory: directory.into() })
    }

    /// Opens the store in a directory.
    ///
    /// # Errors
    /// `Missing` if there is none, `Foreign` if it has another identity, `Corrupt` if it does not read.
    pub fn open(directory: &Path, bytes_max: usize, identity: Identity) -> Result<LmdbStore, IndexError> {
        let (env, watch) = environment(directory, bytes_max, identity.shard)?;
        let txn = env.read_txn()?;
        let found = env.open_databases_and_commit(txn, |opener, txn| {
            let find = |name| match opener.open_database::<Bytes, Bytes>(txn, Some(name)) {
                Ok(rows) => rows.ok_or(IndexError::Missing),
                Err(error) => Err(IndexError::from(error)),
            };
            let [current, uploads, buckets, counters, segments, meta] = NAMES.map(find);
            let all = [current?, uploads?, buckets?, counters?, segments?, meta?];
            let [.., meta] = all;
            let held = meta.get(txn, IDENTITY_KEY)?.ok_or(IndexError::Missing)?;
            if Identity::decode(checked(IDENTITY_KEY, held)?) != Some(identity) {
                return Err(IndexError::Foreign);
            }
            Ok(CommitOrAbort::<_, ()>::Commit(all))
        })?;
        let databases = found.commit().map(Databases::new).ok_or(IndexError::Missing)?;
        Ok(LmdbStore { watch, env, databases, directory: directory.into() })
    }

    /// See [`super::Store::position`].
    ///
    /// # Errors
    /// As there.
    pub fn position(&self) -> Result<Position, IndexError> {
        let txn = self.env.read_txn()?;
        self.databases.position(&txn)
    }

    /// See [`super::Store::lookup`].
    ///
    /// # Errors
    /// As there.
    pub fn lookup(&self, table: Table, key: &[u8]) -> Result<Option<Box<[u8]>>, IndexError> {
        let txn = self.env.read_txn()?;
        let Some(value) = self.databases.rows(table).get(&txn, key)? else { return Ok(None) };
        Ok(Some(checked(key, value)?.into()))
    }

    /// See [`super::Store::scan`].
    ///
    /// # Errors
    /// As there.
    pub fn scan(&self, table: Table, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<Row>, IndexError> {
        let txn = self.env.read_txn()?;
        let range = (start(from, prefix), Bound::Unbounded);
        let mut found = Vec::new();
        for row in self.databases.rows(table).range(&txn, &range)?.take(limit) {
            let (key, value) = row?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((key.into(), checked(key, value)?.into()));
        }
        Ok(found)
    }

    /// See [`super::Store::commit`].
    ///
    /// # Errors
    /// As there.
    pub fn commit(&self, batch: &Batch) -> Result<(), IndexError> {
        self.write(batch).map_err(|error| match error {
            // Of a write that the disk had room for only in part LMDB says EIO, whatever the system said.
            IndexError::Io(libc::EIO) => of_room(directory::free_bytes_now(&self.directory).ok()),
            error => error,
        })
    }

    fn write(&self, batch: &Batch) -> Result<(), IndexError> {
        // A transaction that is dropped on the way out by an error is aborted: nothing of it stays.
        let mut txn = self.env.write_txn()?;
        batch.assert_follows(self.databases.position(&txn)?);
        self.databases.write(&mut txn, batch)?;
        self.databases.add(&mut txn, batch)?;
        self.databases.meta.put(&mut txn, POSITION_KEY, &batch.position.encode())?;
        Ok(txn.commit()?)
    }

    /// See [`super::Store::counters`].
    ///
    /// # Errors
    /// As there.
    pub fn counters(&self, bucket: BucketId) -> Result<Counts, IndexError> {
        let txn = self.env.read_txn()?;
        Ok(self.databases.counts(&txn, bucket)?.unwrap_or_default())
    }

    /// See [`super::Store::all_counters`].
    ///
    /// # Errors
    /// As there.
    pub fn all_counters(&self) -> Result<Vec<(BucketId, Counts)>, IndexError> {
        let txn = self.env.read_txn()?;
        let rows = self.databases.counters.iter(&txn)?;
        rows.map(|row| {
            let (key, value) = row?;
            let counts = Counts::decode(checked(key, value)?).ok_or(IndexError::Corrupt)?;
            Ok((BucketId(parse_number_key(key).ok_or(IndexError::Corrupt)?), counts))
        })
        .collect()
    }

    /// See [`super::Store::segments`].
    ///
    /// # Errors
    /// As there.
    pub fn segments(&self) -> Result<Vec<(SegmentId, i64)>, IndexError> {
        let txn = self.env.read_txn()?;
        let rows = self.databases.segments.iter(&txn)?;
        rows.map(|row| {
            let (key, value) = row?;
            let live = decode_live(checked(key, value)?).ok_or(IndexError::Corrupt)?;
            Ok((SegmentId(parse_number_key(key).ok_or(IndexError::Corrupt)?), live))
        })
        .collect()
    }

    /// See [`super::Store::bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn bytes(&self) -> Result<u64, IndexError> {
        Ok(self.env.real_disk_size()?)
    }

    /// See [`super::Store::is_watched`].
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watch.is_some()
    }
}

impl Databases {
    /// The databases in the order of `NAMES`.
    fn new([current, uploads, buckets, counters, segments, meta]: [Rows; NAMES.len()]) -> Databases {
        Databases { current, uploads, buckets, counters, segments, meta }
    }

    fn rows(&self, table: Table) -> Rows {
        match table {
            Table::Current => self.current,
            Table::Uploads => self.uploads,
            Table::Buckets => self.buckets,
        }
    }

    fn position(&self, txn: &RoTxn) -> Result<Position, IndexError> {
        let held = self.meta.get(txn, POSITION_KEY)?.ok_or(IndexError::Corrupt)?;
        Position::decode(checked(POSITION_KEY, held)?).ok_or(IndexError::Corrupt)
    }

    fn counts(&self, txn: &RoTxn, bucket: BucketId) -> Result<Option<Counts>, IndexError> {
        let key = number_key(bucket.0);
        let Some(held) = self.counters.get(txn, &key)? else { return Ok(None) };
        Ok(Some(Counts::decode(checked(&key, held)?).ok_or(IndexError::Corrupt)?))
    }

    fn live(&self, txn: &RoTxn, segment: SegmentId) -> Result<Option<i64>, IndexError> {
        let key = number_key(segment.0);
        let Some(held) = self.segments.get(txn, &key)? else { return Ok(None) };
        Ok(Some(decode_live(checked(&key, held)?).ok_or(IndexError::Corrupt)?))
    }

    fn write(&self, txn: &mut RwTxn, batch: &Batch) -> Result<(), IndexError> {
        for write in &batch.writes {
            let rows = self.rows(write.table);
            let stored = rows.get(txn, &write.key)?;
            let held = stored.is_some();
            if !write.wins(stored)? {
                continue;
            }
            match &write.value {
                Some(value) => rows.put(txn, &write.key, value)?,
                None if held => {
                    rows.delete(txn, &write.key)?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn add(&self, txn: &mut RwTxn, batch: &Batch) -> Result<(), IndexError> {
        for (bucket, delta) in &batch.counters {
            let held = self.counts(txn, *bucket)?;
            let key = number_key(bucket.0);
            match counts_after(held.unwrap_or_default(), *delta)? {
                Some(counts) => self.counters.put(txn, &key, &counts.encode(&key))?,
                None if held.is_some() => {
                    self.counters.delete(txn, &key)?;
                }
                None => {}
            }
        }
        for (segment, delta) in &batch.segments {
            let held = self.live(txn, *segment)?;
            let key = number_key(segment.0);
            match live_after(held.unwrap_or_default(), *delta) {
                Some(live) => self.segments.put(txn, &key, &encode_live(live, &key))?,
                None if held.is_some() => {
                    self.segments.delete(txn, &key)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// What a failed write of LMDB means where the file system can still give so many bytes. Taking a broken disk for a
/// full one costs another try; LMDB itself takes nothing more after a flush that failed.
fn of_room(free_bytes: Option<u64>) -> IndexError {
    match free_bytes {
        Some(free) if free < INDEX_ROOM_BYTES => IndexError::Full,
        Some(_) | None => IndexError::Io(libc::EIO),
    }
}

/// Where the mark of the store in `directory` lies. While it is there, the store is not to be opened.
pub(super) fn mark(directory: &Path) -> PathBuf {
    let mut path = directory.as_os_str().to_owned();
    path.push(".damaged");
    path.into()
}

/// Opens the environment in `directory`, which becomes one if it is empty, and has its map watched.
fn environment(
    directory: &Path,
    bytes_max: usize,
    shard: ShardId,
) -> Result<(Env<WithoutTls>, Option<Arc<MapWatch>>), IndexError> {
    // Transactions that are not tied to their thread may begin on the core and on helpers alike.
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    let databases = u32::try_from(NAMES.len()).expect("a handful");
    options.map_size(bytes_max).max_dbs(databases).max_readers(INDEX_READERS_MAX);
    // SAFETY: the map is only sound while nothing else changes the file. It lies in the store's own directory, which is
    // locked for this process, and within the process heed refuses to open one environment twice.
    let env = unsafe { options.open(directory) }?;
    assert!(env.max_key_size() >= INDEX_KEY_BYTES_MAX, "LMDB was built without longer keys");
    let watch = MapWatch::begin(&directory.join(MAPPED), &mark(directory), &words(directory, shard));
    Ok((env, watch.map(Arc::new)))
}

/// What the operator is told when a page does not read.
fn words(directory: &Path, shard: ShardId) -> Words {
    let what = format!(
        "a page of the index of shard {shard} cannot be read (SIGBUS): nothing is lost, the log has everything; this \
         process ends now"
    );
    let (mark, directory) = (mark(directory), directory.display());
    Words {
        marked: format!("{what}, and the next start builds this index anew, as {} tells it to", mark.display()),
        unmarked: format!("{what}; remove {directory} before the next start, which then builds this index anew"),
    }
}

impl From<heed::Error> for IndexError {
    fn from(error: heed::Error) -> IndexError {
        match error {
            heed::Error::Io(error) => match error.raw_os_error().unwrap_or(0) {
                libc::ENOSPC | libc::EDQUOT | libc::EFBIG => IndexError::Full,
                libc::ENOENT => IndexError::Missing,
                code => IndexError::Io(code),
            },
            heed::Error::Mdb(MdbError::MapFull) => IndexError::Full,
            heed::Error::Mdb(
                MdbError::PageNotFound
                | MdbError::Corrupted
                | MdbError::VersionMismatch
                | MdbError::Invalid
                | MdbError::Incompatible,
            ) => IndexError::Corrupt,
            heed::Error::Mdb(error) => IndexError::Io(error.to_err_code()),
            // Bytes are neither encoded nor decoded.
            heed::Error::Encoding(_) | heed::Error::Decoding(_) => IndexError::Corrupt,
            heed::Error::EnvAlreadyOpened => IndexError::Io(libc::EBUSY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Sink;
    use crate::index::{Write, keys};
    use crate::limits::KEY_BYTES_MAX;
    use crate::types::{ObjectKey, Sequence, ShardId, UploadId};

    const IDENTITY: Identity = Identity { store: [7; 16], shard: ShardId(1), shard_count: 4 };
    const MAP_BYTES: usize = 1024 * 1024;

    fn batch(position: u64, writes: Vec<Write>) -> Batch {
        Batch { writes, ..Batch::new(Position { sequence: Sequence(position), ..Position::default() }) }
    }

    fn write(key: &[u8], position: u64, filler: usize) -> Write {
        let value = Sink::new().u64(position).bytes(&vec![0; filler]).seal(key);
        Write { table: Table::Current, key: key.into(), position: Sequence(position), value: Some(value) }
    }

    #[test]
    fn a_store_keeps_what_was_committed_and_knows_whose_it_is() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let open = |identity| LmdbStore::open(directory.path(), MAP_BYTES, identity);
        assert_eq!(open(IDENTITY).err(), Some(IndexError::Missing));
        let store = LmdbStore::create(directory.path(), MAP_BYTES, IDENTITY).expect("an empty directory");
        assert_eq!(open(IDENTITY).err(), Some(IndexError::Io(libc::EBUSY)));
        store.commit(&batch(5, vec![write(b"k", 5, 9)])).expect("there is room");
        drop(store);
        assert_eq!(LmdbStore::create(directory.path(), MAP_BYTES, IDENTITY).err(), Some(IndexError::Exists));
        assert_eq!(open(Identity { shard: ShardId(2), ..IDENTITY }).err(), Some(IndexError::Foreign));
        let store = open(IDENTITY).expect("it was made");
        assert_eq!(store.position().map(|held| held.sequence), Ok(Sequence(5)));
        assert_eq!(store.lookup(Table::Current, b"k"), Ok(write(b"k", 5, 9).value));
        assert!(store.bytes().is_ok_and(|bytes| bytes > 0));
        let nowhere = directory.path().join("nowhere");
        assert_eq!(LmdbStore::open(&nowhere, MAP_BYTES, IDENTITY).err(), Some(IndexError::Missing));
    }

    #[test]
    fn a_full_map_changes_nothing_and_the_store_stays_usable() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = LmdbStore::create(directory.path(), MAP_BYTES, IDENTITY).expect("an empty directory");
        store.commit(&batch(1, vec![write(b"kept", 1, 9)])).expect("there is room");
        let large = (0..1000u32).map(|n| write(&n.to_be_bytes(), 2, 2000)).collect();
        assert_eq!(store.commit(&batch(2, large)), Err(IndexError::Full));
        assert_eq!(store.position().map(|held| held.sequence), Ok(Sequence(1)));
        assert_eq!(store.scan(Table::Current, Bound::Unbounded, b"", 9).map(|rows| rows.len()), Ok(1));
        store.commit(&batch(3, vec![write(b"small", 3, 9)])).expect("there is room for this one");
        drop(store);
        let store = LmdbStore::open(directory.path(), 16 * MAP_BYTES, IDENTITY).expect("it was made");
        let large = (0..1000u32).map(|n| write(&n.to_be_bytes(), 4, 2000)).collect();
        store.commit(&batch(4, large)).expect("the map has grown");
        assert_eq!(store.scan(Table::Current, Bound::Unbounded, b"", 9999).map(|rows| rows.len()), Ok(1002));
    }

    #[test]
    fn a_changed_value_is_corrupt_wherever_it_is_read() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = LmdbStore::create(directory.path(), MAP_BYTES, IDENTITY).expect("an empty directory");
        store.commit(&batch(1, vec![write(b"k", 1, 9)])).expect("there is room");
        let mut txn = store.env.write_txn().expect("a transaction");
        let mut rotten = write(b"k", 1, 9).value.expect("a value").into_vec();
        rotten[12] ^= 1;
        store.databases.current.put(&mut txn, b"k", &rotten).expect("there is room");
        txn.commit().expect("there is room");
        assert_eq!(store.lookup(Table::Current, b"k"), Err(IndexError::Corrupt));
        assert_eq!(store.scan(Table::Current, Bound::Unbounded, b"", 9), Err(IndexError::Corrupt));
        assert_eq!(store.commit(&batch(2, vec![write(b"k", 2, 9)])), Err(IndexError::Corrupt));
        assert_eq!(store.lookup(Table::Current, b"other"), Ok(None));
    }

    #[test]
    fn what_is_watched_is_the_map_that_the_values_lie_in() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let directory = home.path();
        let watched = |store: &LmdbStore| {
            let range = store.watch.as_ref().expect("it is watched").range();
            let txn = store.env.read_txn().expect("a transaction");
            let value = store.databases.meta.get(&txn, IDENTITY_KEY).expect("it reads").expect("it is there");
            assert!(range.contains(&value.as_ptr().addr()), "{range:?}");
            assert_eq!(range.len(), MAP_BYTES);
        };
        watched(&LmdbStore::create(directory, MAP_BYTES, IDENTITY).expect("an empty directory"));
        watched(&LmdbStore::open(directory, MAP_BYTES, IDENTITY).expect("it was made"));
        let beside = mark(Path::new("index/shard-1"));
        assert_eq!(beside, Path::new("index/shard-1.damaged"));
        assert!(words(Path::new("index/shard-1"), IDENTITY.shard).marked.contains("index/shard-1.damaged"));
    }

    /// A disk that fills up within a write takes a part of it. LMDB calls that EIO, which ended the core's writes.
    #[test]
    fn a_write_that_had_room_only_in_part_is_a_full_disk_and_no_broken_one() {
        assert_eq!(of_room(Some(0)), IndexError::Full);
        assert_eq!(of_room(Some(INDEX_ROOM_BYTES - 1)), IndexError::Full);
        assert_eq!(of_room(Some(INDEX_ROOM_BYTES)), IndexError::Io(libc::EIO));
        assert_eq!(of_room(None), IndexError::Io(libc::EIO));
    }

    #[test]
    fn the_longest_key_fits() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = LmdbStore::create(directory.path(), MAP_BYTES, IDENTITY).expect("an empty directory");
        let longest = ObjectKey::new(&[0xff; KEY_BYTES_MAX]).expect("a good key");
        let key = keys::part(BucketId(u64::MAX), &longest, UploadId([0xff; 16]), 10_000);
        assert_eq!(key.len(), INDEX_KEY_BYTES_MAX);
        store.commit(&batch(1, vec![write(&key, 1, 200)])).expect("there is room");
        assert_eq!(store.lookup(Table::Current, &key), Ok(write(&key, 1, 200).value));
    }

    #[test]
    fn a_file_that_is_not_ours_is_corrupt() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = LmdbStore::create(directory.path(), MAP_BYTES, IDENTITY).expect("an empty directory");
        let file = store.env.try_clone_inner_file().expect("the file");
        drop(store);
        std::os::unix::fs::FileExt::write_all_at(&file, &[0x55; 3 * 4096], 0).expect("there is room");
        let again = LmdbStore::open(directory.path(), MAP_BYTES, IDENTITY);
        assert_eq!(again.err(), Some(IndexError::Corrupt));
    }
}
