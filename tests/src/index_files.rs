//! The index as a crash leaves it: of the twin everything a crash may leave, of LMDB what can be done to real files.
#![expect(clippy::disallowed_methods, reason = "LMDB lies in real files, and a test breaks them")]

use std::fs;
use std::path::{Path, PathBuf};

use stratum_engine::index::{Fate, TwinDisk};
use stratum_engine::node::IndexPlace;
use tempfile::TempDir;

/// What one environment may map.
const MAP_BYTES: usize = 64 << 20;
/// Both meta pages of LMDB lie within the first bytes; without them the file is none of its own.
const META_BYTES: usize = 8192;

/// Where the index of a simulated store lies.
pub enum IndexFiles {
    /// In memory.
    Twins(Vec<TwinDisk>),
    /// In a directory of the real world.
    Lmdb(TempDir, u16),
}

impl IndexFiles {
    /// A twin for every shard.
    #[must_use]
    pub fn twins(shards: u16) -> IndexFiles {
        IndexFiles::Twins((0..shards).map(|_| TwinDisk::new()).collect())
    }

    /// LMDB for every shard.
    ///
    /// # Panics
    /// If there is no temporary directory.
    #[must_use]
    pub fn lmdb(shards: u16) -> IndexFiles {
        IndexFiles::Lmdb(tempfile::tempdir().expect("a temporary directory"), shards)
    }

    /// The place, as the engine's options have it.
    #[must_use]
    pub fn place(&self) -> IndexPlace {
        match self {
            IndexFiles::Twins(twins) => IndexPlace::Twins(twins.clone()),
            IndexFiles::Lmdb(directory, _) => IndexPlace::Directory(directory.path().to_path_buf(), MAP_BYTES),
        }
    }

    /// The process is dead: each shard meets the fate that `choose` gives it. An LMDB that has synced cannot become
    /// older: it stays as it is.
    pub fn after_crash(&self, mut choose: impl FnMut() -> Fate) {
        match self {
            IndexFiles::Twins(twins) => twins.iter().for_each(|twin| twin.after_crash(choose())),
            IndexFiles::Lmdb(directory, shards) => {
                for shard in 0..*shards {
                    spoil(&directory.path().join(format!("shard-{shard}")), choose());
                }
            }
        }
    }
}

impl IndexFiles {
    /// Every byte of the files of LMDB, a file per shard; none of the twins.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[must_use]
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let IndexFiles::Lmdb(directory, shards) = self else { return Vec::new() };
        let read = |shard| fs::read(file(directory.path(), shard)).expect("our own file");
        (0..*shards).map(read).collect()
    }

    /// Flips a bit of one byte in the file of a shard.
    ///
    /// # Panics
    /// If there is no such byte.
    pub fn rot(&self, shard: usize, offset: usize) {
        let IndexFiles::Lmdb(directory, _) = self else { panic!("only files rot byte by byte") };
        let file = file(directory.path(), u16::try_from(shard).expect("few shards"));
        let mut bytes = fs::read(&file).expect("our own file");
        bytes[offset] ^= 1;
        fs::write(&file, bytes).expect("our own file");
    }
}

fn file(index: &Path, shard: u16) -> PathBuf {
    index.join(format!("shard-{shard}")).join("data.mdb")
}

fn spoil(shard: &Path, fate: Fate) {
    let file: PathBuf = shard.join("data.mdb");
    if !file.exists() {
        return;
    }
    match fate {
        Fate::Last | Fate::Older(_) => {}
        Fate::Gone => fs::remove_dir_all(shard).expect("our own directory"),
        Fate::Torn => {
            let mut bytes = fs::read(&file).expect("our own file");
            bytes.iter_mut().take(META_BYTES).for_each(|byte| *byte = !*byte);
            fs::write(&file, bytes).expect("our own file");
        }
    }
}
