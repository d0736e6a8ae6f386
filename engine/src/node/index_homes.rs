//! Where the stores of the shards lie, and how each is opened, made, or begun anew. The log has everything, so a store
//! that cannot be used is no loss.
//!
//! ```text
//!  found at the start             | told | then
//!  a store of ours                |      | it is used
//!  none, and nothing in the log   |      | one is made
//!  none, but a log                | once | one is made: missing ones are named together
//!  a mark: it was found damaged    | yes  | begun anew; the mark goes when nothing is left of the old one
//!  one that is not to be believed | yes  | begun anew
//! ```
//!
//! What must hold: a store with a mark is never opened, and a mark is never removed while the store that it is for may
//! come back, or an unreadable page would end every start. A store that turns out to be damaged within a start is
//! marked like any other and begun anew by the same start (`boot`). A store that is begun anew is at position zero: the
//! whole log is replayed into it, also by a later start if this one is cut short.
//!
//! LMDB maps files: its directories are real ones in every world.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::index::{Home, Identity, IndexError, Store, TwinDisk};
use crate::node::options::{IndexPlace, Options};
use crate::rt::real::directory;
use crate::rt::{self, Helper, IoError};
use crate::types::ShardId;

/// The stores' places.
pub(super) struct Homes {
    place: Place,
    identity: [u8; 16],
    shards: u16,
    notice: fn(&str),
}

enum Place {
    Directory(PathBuf, usize),
    Twins(Vec<TwinDisk>),
}

impl Homes {
    /// The places of the stores of `identity`, the directories made.
    pub(super) async fn new(options: &Options, identity: [u8; 16], shards: u16) -> Result<Homes, IoError> {
        let place = match &options.index {
            IndexPlace::Beside(map_bytes) => Place::Directory(options.store.join("index"), *map_bytes),
            IndexPlace::Directory(path, map_bytes) => Place::Directory(path.clone(), *map_bytes),
            IndexPlace::Twins(twins) => Place::Twins(twins.clone()),
        };
        Ok(Homes { place, identity, shards, notice: options.notice })
    }

    fn identity(&self, shard: ShardId) -> Identity {
        Identity { store: self.identity, shard, shard_count: self.shards }
    }

    fn home(&self, shard: ShardId) -> Home {
        match &self.place {
            Place::Directory(path, map_bytes) => Home::Directory(path.join(format!("shard-{shard}")), *map_bytes),
            Place::Twins(twins) => {
                let twin = twins.get(usize::from(shard.0)).cloned();
                Home::Twin(twin.expect("a simulation has a twin for every shard"))
            }
        }
    }

    async fn prepare(&self, shard: ShardId) -> Result<(), IoError> {
        let Home::Directory(path, _) = self.home(shard) else { return Ok(()) };
        directory::create(&path).await
    }

    /// Whether the store of a shard was found damaged by whoever had it open last.
    async fn is_marked(&self, shard: ShardId) -> Result<bool, IoError> {
        match self.home(shard) {
            Home::Twin(twin) => Ok(twin.is_marked()),
            home => match home.mark() {
                Some(mark) => Ok(directory::read(&mark).await?.is_some()),
                None => Ok(false),
            },
        }
    }

    /// Removes the mark of a shard, once its new store stands durably in the place of the old one. If the removal
    /// itself is lost in a power cut, the store is begun anew once more.
    async fn unmark(&self, shard: ShardId) -> Result<(), IoError> {
        let home = self.home(shard);
        if let Home::Twin(twin) = &home {
            twin.set_marked(false);
        }
        let Some(mark) = home.mark() else { return Ok(()) };
        if let Some(beside) = mark.parent() {
            directory::flush(beside).await?;
        }
        directory::remove(&mark).await
    }

    async fn clear(&self, shard: ShardId) -> Result<(), IoError> {
        match self.home(shard) {
            Home::Directory(path, _) => directory::remove(&path).await,
            Home::Twin(twin) => {
                twin.erase();
                Ok(())
            }
        }
    }
}

/// What lies in the place of a store.
enum Found {
    Whole(Store),
    Nothing,
    Marked,
    Unusable(IndexError),
}

/// Opens the stores of all shards. Those that cannot be used are begun anew, and `notice` is told. A store that has no
/// log yet has no index either: nothing is missing there.
pub(super) async fn open_stores(
    homes: &Homes,
    has_log: bool,
    notice: fn(&str),
) -> Result<BTreeMap<ShardId, Store>, IndexError> {
    let mut stores = BTreeMap::new();
    let mut missing = Vec::new();
    for shard in (0..homes.shards).map(ShardId) {
        let store = match find_store(homes, shard).await? {
            Found::Whole(store) => store,
            Found::Nothing => {
                missing.push(shard);
                renew_store(homes, shard).await?
            }
            Found::Marked => {
                notice(&format!(
                    "the index of shard {shard} was not to be relied on when it was last served: nothing is lost, the \
                     log has everything; that index is thrown away and built anew, and this start takes longer"
                ));
                renew_store(homes, shard).await?
            }
            Found::Unusable(why) => {
                notice(&format!("the index of shard {shard} is not used ({why}): it is built anew from the log"));
                renew_store(homes, shard).await?
            }
        };
        stores.insert(shard, store);
    }
    if has_log && !missing.is_empty() {
        notice(&missing_words(&missing, stores.len()));
    }
    if !stores.values().all(Store::is_watched) {
        notice(
            "the kernel does not say where the index is mapped (is /proc mounted?): a page of it that cannot be read \
             ends the process, and the next start does not know that this index must be built anew",
        );
    }
    Ok(stores)
}

fn missing_words(missing: &[ShardId], shards: usize) -> String {
    let named: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let what = match &named[..] {
        all if all.len() == shards => "the index".to_owned(),
        [one] => format!("the index of shard {one}"),
        some => format!("the index of shards {}", some.join(", ")),
    };
    format!(
        "{what} is not there: nothing is lost, the log has everything; it is built anew, and this start takes longer"
    )
}

async fn find_store(homes: &Homes, shard: ShardId) -> Result<Found, IndexError> {
    if homes.is_marked(shard).await.map_err(not_reached)? {
        return Ok(Found::Marked);
    }
    homes.prepare(shard).await.map_err(not_reached)?;
    let (home, identity, notice) = (homes.home(shard), homes.identity(shard), homes.notice);
    Ok(match rt::help(Helper::General, move || Store::open(&home, identity, notice)).await {
        Ok(store) => match store.position() {
            Ok(_) => Found::Whole(store),
            Err(why) => Found::Unusable(why),
        },
        Err(IndexError::Missing) => Found::Nothing,
        Err(why) => Found::Unusable(why),
    })
}

/// Begins the store of a shard anew, at position zero. The old one must not be open any more. Its mark goes last.
pub(super) async fn renew_store(homes: &Homes, shard: ShardId) -> Result<Store, IndexError> {
    let marked = homes.is_marked(shard).await.map_err(not_reached)?;
    homes.clear(shard).await.map_err(not_reached)?;
    homes.prepare(shard).await.map_err(not_reached)?;
    let (home, identity, notice) = (homes.home(shard), homes.identity(shard), homes.notice);
    let store = rt::help(Helper::General, move || Store::create(&home, identity, notice)).await?;
    if marked {
        homes.unmark(shard).await.map_err(not_reached)?;
    }
    Ok(store)
}

fn not_reached(error: IoError) -> IndexError {
    IndexError::Io(error.code)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "LMDB lies in real files, and these tests mark them")]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::index::{Batch, Position};
    use crate::rt::sim::{self, Fuse, Outcome, World};
    use crate::types::Sequence;

    const SHARDS: u16 = 3;
    const MAP_BYTES: usize = 1024 * 1024;
    /// More than any machine can address.
    const TOO_MUCH: usize = 1 << 60;

    thread_local! {
        static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn tell(text: &str) {
        TOLD.with_borrow_mut(|told| told.push(text.to_owned()));
    }

    fn homes(path: PathBuf, map_bytes: usize) -> Homes {
        Homes { place: Place::Directory(path, map_bytes), identity: [7; 16], shards: SHARDS, notice: tell }
    }

    /// Opens the stores, and closes them again: their positions and what was told, or why they do not open.
    fn opened(homes: &Homes, has_log: bool) -> (Result<Vec<u64>, IndexError>, Vec<String>) {
        let world = World::new(1, sim::Options::default());
        let positions = async {
            let stores = open_stores(homes, has_log, tell).await?;
            stores.values().map(|store| Ok(store.position()?.sequence.0)).collect()
        };
        let Outcome::Done(positions) = world.run(positions, Fuse::Never) else { panic!("nothing goes on") };
        (positions, TOLD.take())
    }

    /// Stores of which each has come to a position of its own.
    fn filled() -> (tempfile::TempDir, Homes) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let homes = homes(place.path().join("index"), MAP_BYTES);
        assert_eq!(opened(&homes, false), (Ok(vec![0, 0, 0]), Vec::new()));
        for shard in (0..SHARDS).map(ShardId) {
            let store = Store::open(&homes.home(shard), homes.identity(shard), tell).expect("it was made");
            let sequence = Sequence(10 + u64::from(shard.0));
            store.commit(&Batch::new(Position { sequence, ..Position::default() })).expect("there is room");
        }
        assert_eq!(opened(&homes, true), (Ok(vec![10, 11, 12]), Vec::new()));
        (place, homes)
    }

    fn mark(homes: &Homes, shard: u16) -> PathBuf {
        homes.home(ShardId(shard)).mark().expect("a directory has one")
    }

    #[test]
    fn missing_stores_are_named_together_if_there_is_a_log() {
        let (_place, homes) = filled();
        let Place::Directory(path, _) = &homes.place else { panic!("it is one") };
        let lose = |shard: u16| std::fs::remove_dir_all(path.join(format!("shard-{shard}"))).expect("it is there");
        lose(2);
        let (positions, told) = opened(&homes, true);
        assert_eq!(positions, Ok(vec![10, 11, 0]));
        let words =
            "is not there: nothing is lost, the log has everything; it is built anew, and this start takes longer";
        assert_eq!(told, [format!("the index of shard 2 {words}")]);
        lose(0);
        lose(2);
        assert_eq!(opened(&homes, true).1, [format!("the index of shards 0, 2 {words}")]);
        std::fs::remove_dir_all(path).expect("it is there");
        assert_eq!(opened(&homes, true), (Ok(vec![0, 0, 0]), vec![format!("the index {words}")]));
        std::fs::remove_dir_all(path).expect("it is there");
        assert_eq!(opened(&homes, false), (Ok(vec![0, 0, 0]), Vec::new()), "a new store misses nothing");
    }

    #[test]
    fn a_marked_store_is_begun_anew_and_the_others_stay() {
        let (_place, homes) = filled();
        std::fs::write(mark(&homes, 1), b"").expect("there is room");
        let (positions, told) = opened(&homes, true);
        assert_eq!(positions, Ok(vec![10, 0, 12]));
        assert_eq!(told.len(), 1);
        for words in ["shard 1 was not to be relied on", "nothing is lost", "built anew"] {
            assert!(told[0].contains(words), "{told:?}");
        }
        assert!(!mark(&homes, 1).exists());
        assert_eq!(opened(&homes, true), (Ok(vec![10, 0, 12]), Vec::new()), "it is said once");
    }

    #[test]
    fn a_mark_stays_until_the_new_store_is_there() {
        let (place, homes) = filled();
        std::fs::write(mark(&homes, 0), b"").expect("there is room");
        // No map of this size can be made, so the new store cannot.
        let hopeless = Homes { shards: 1, ..self::homes(place.path().join("index"), TOO_MUCH) };
        assert!(opened(&hopeless, true).0.is_err());
        assert!(mark(&homes, 0).exists(), "or the next start would not know");
        let (positions, told) = opened(&homes, true);
        assert_eq!((positions, told.len()), (Ok(vec![0, 11, 12]), 1));
        assert!(!mark(&homes, 0).exists());
    }
}
