//! Where the stores of the shards lie, and how one is opened, made, or begun anew.
//!
//! LMDB maps files: its directories are real ones in every world.

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
        Ok(Homes { place, identity, shards })
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

/// Opens the store of a shard. One that is not there, or not to be believed, is begun anew: the log has everything.
pub(super) async fn open_store(homes: &Homes, shard: ShardId, notice: fn(&str)) -> Result<Store, IndexError> {
    let (home, identity) = (homes.home(shard), homes.identity(shard));
    if homes.prepare(shard).await.is_err() {
        return Err(IndexError::Io(0));
    }
    match rt::help(Helper::General, move || Store::open(&home, identity)).await {
        Ok(store) if store.position().is_ok() => Ok(store),
        Err(IndexError::Missing) => renew_store(homes, shard).await,
        answer => {
            let why = answer.err().unwrap_or(IndexError::Corrupt);
            notice(&format!("the index of shard {shard} is not used ({why}): it is built anew from the log"));
            renew_store(homes, shard).await
        }
    }
}

/// Begins the store of a shard anew, at position zero.
pub(super) async fn renew_store(homes: &Homes, shard: ShardId) -> Result<Store, IndexError> {
    let renewed = async {
        homes.clear(shard).await?;
        homes.prepare(shard).await
    };
    if renewed.await.is_err() {
        return Err(IndexError::Io(0));
    }
    let (home, identity) = (homes.home(shard), homes.identity(shard));
    rt::help(Helper::General, move || Store::create(&home, identity)).await
}
