//! A stage for a story: a small store in a world of its own, opened again for every act.

use std::path::PathBuf;
use std::rc::Rc;

use stratum_engine::index::Fate;
use stratum_engine::node::{Options, Store};
use stratum_engine::rt::sim::{self, Fuse, Outcome, World};

use crate::chance::Chance;
use crate::client::{AT_ONCE, bucket_name, perform};
use crate::history::Heard;
use crate::index_files::IndexFiles;
use crate::inspection::inspect;
use crate::ledger::Shared;
use crate::model::{Condition, Op, OpId, Piece};
use crate::node::{self, SHARDS};

/// The bucket of a story. Its keys are judged one by one.
pub const BUCKET: &str = "photos";

/// What the disk is read and broken in.
pub const BLOCK_BYTES: usize = 4096;

/// A store and its world.
pub struct Stage {
    /// The world.
    pub world: World,
    /// How the store is opened.
    pub options: Options,
    /// What was asked and heard.
    pub ledger: Shared,
    /// Its index, as it lies between two acts.
    pub index: IndexFiles,
    chance: Chance,
}

impl Stage {
    /// A stage on which nothing has happened but the creation of the bucket.
    ///
    /// # Panics
    /// If even that fails.
    #[must_use]
    pub fn new(seed: u64, cores: u16, change: impl FnOnce(&mut Options)) -> Stage {
        Stage::on(IndexFiles::twins(SHARDS), seed, cores, change)
    }

    /// The same with this index.
    ///
    /// # Panics
    /// If even that fails.
    #[must_use]
    pub fn on(index: IndexFiles, seed: u64, cores: u16, change: impl FnOnce(&mut Options)) -> Stage {
        let mut options = node::options(index.place());
        node::set_cores(&mut options, cores);
        change(&mut options);
        let world = World::new(seed, sim::Options::default());
        let stage = Stage { world, options, ledger: Shared::default(), index, chance: Chance::new(seed) };
        stage.act(async |stores| {
            stores[0].create_bucket(&bucket_name(BUCKET)).await.expect("a new bucket");
        });
        stage.ledger.borrow_mut().lasting(BUCKET);
        stage
    }

    /// One act: the store is opened, the act is played, the process is killed.
    ///
    /// # Panics
    /// If the store does not open, or hangs.
    pub fn act<T>(&self, play: impl AsyncFnOnce(&[Store]) -> T) -> T {
        self.act_until(Fuse::Never, play).expect("without a fuse an act ends")
    }

    /// One act that a fuse may end.
    ///
    /// # Panics
    /// If the store does not open, or hangs.
    pub fn act_until<T>(&self, fuse: Fuse, play: impl AsyncFnOnce(&[Store]) -> T) -> Option<T> {
        let whole = async {
            let stores = node::open(&self.options).await.expect("the store opens");
            play(&stores).await
        };
        let outcome = self.world.run(whole, fuse);
        self.ledger.borrow_mut().crash();
        self.index.after_crash(|| Fate::Last);
        match outcome {
            Outcome::Done(value) => Some(value),
            Outcome::Cut | Outcome::Killed => None,
            Outcome::Stuck => panic!("nothing goes on"),
        }
    }

    /// Takes the index away: the next start builds it anew from the log.
    pub fn lose_index(&self) {
        self.index.after_crash(|| Fate::Gone);
    }

    /// Where `needle` lies on the disk, block by block.
    #[must_use]
    pub fn blocks_with(&self, needle: &[u8]) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        for (path, _) in self.world.files() {
            let bytes = self.world.contents(&path).unwrap_or_default();
            for (number, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
                if block.windows(needle.len()).any(|window| window == needle) {
                    found.push((path.clone(), (number * BLOCK_BYTES) as u64));
                }
            }
        }
        found
    }

    /// Everything there is is what may be.
    pub fn inspect(&self) {
        self.act(async |stores| self.inspect_from(&stores[0]).await);
    }

    /// The same within an act.
    pub async fn inspect_from(&self, store: &Store) {
        inspect(store, &self.ledger, &self.chance).await;
    }

    /// One operation on the bucket.
    pub async fn ask(&self, store: &Store, op: Op) -> Heard {
        perform(store, &self.ledger, BUCKET, &op, AT_ONCE).await
    }

    /// A body of so many bytes under a key.
    pub async fn put(&self, store: &Store, key: &str, len: usize) -> Heard {
        let piece = Piece::new(self.chance.number(), len);
        self.ask(store, Op::Put { key: key.to_owned(), piece, attributes: Vec::new(), condition: Condition::None })
            .await
    }

    /// The end of an object.
    pub async fn delete(&self, store: &Store, key: &str) -> Heard {
        self.ask(store, Op::Delete { key: key.to_owned(), condition: Condition::None }).await
    }

    /// A new upload to a key.
    ///
    /// # Panics
    /// If it cannot be told which one it is.
    pub async fn upload(&self, store: &Store, key: &str) -> OpId {
        self.ask(store, Op::CreateUpload { key: key.to_owned(), attributes: Vec::new() }).await;
        *self.ledger.borrow().upload_ids.keys().next_back().expect("it was created")
    }

    /// A part of an upload; gives what a completion names.
    pub async fn part(&self, store: &Store, key: &str, upload: OpId, number: u16, len: usize) -> (u16, [u8; 16]) {
        let piece = Piece::new(self.chance.number(), len);
        self.ask(store, Op::Part { key: key.to_owned(), upload, number, piece }).await;
        (number, piece.md5)
    }

    /// Handles for tasks of their own.
    #[must_use]
    pub fn shared(&self) -> Shared {
        Rc::clone(&self.ledger)
    }
}
