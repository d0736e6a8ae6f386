//! What an operator, or a simulation, decides about a node.

use std::path::PathBuf;

use crate::disk::{DiskOptions, Geometry};
use crate::index::TwinDisk;
use crate::limits::{
    BUFFER_BYTES_PER_CORE, CHECKPOINT_LOG_BYTES, INDEX_RESIDENT_BYTES_PER_CORE, INLINE_BYTES_MAX, MEMTABLE_BYTES_MAX,
    MEMTABLE_KEYS_MAX, PART_BYTES_MIN, RESERVE_SLOTS_PER_CORE, SHARDS_DEFAULT,
};
use crate::shard::OwnerOptions;

/// Where the index lies.
#[derive(Clone, Debug)]
pub enum IndexPlace {
    /// In LMDB environments below the store's directory, each of at most so many bytes.
    Beside(usize),
    /// In LMDB environments below another directory: a simulated store has no real one.
    Directory(PathBuf, usize),
    /// In memory, one twin per shard.
    Twins(Vec<TwinDisk>),
}

/// The options of a node.
#[derive(Clone, Debug)]
pub struct Options {
    /// The store's directory.
    pub store: PathBuf,
    /// Cores.
    pub cores: u16,
    /// How its disk is made and grows.
    pub disk: DiskOptions,
    /// Where the index lies.
    pub index: IndexPlace,
    /// When memtables are frozen and checkpoints made.
    pub owner: OwnerOptions,
    /// Bodies up to this size lie in their record.
    pub inline_bytes_max: usize,
    /// Buffer memory of each core.
    pub buffer_bytes: usize,
    /// Milliseconds between two steps of upkeep; 0 for no upkeep.
    pub upkeep_ms: u64,
    /// The operator accepts that what is lost is lost.
    pub accept_damage: bool,
    /// Who is told what nobody waits for.
    pub notice: fn(&str),
}

/// Bytes of the file system that the disk leaves for the index.
const INDEX_RESERVE_BYTES: u64 = 1024 * 1024 * 1024;
/// What one shard's environment may map. Address space, not memory.
const INDEX_MAP_BYTES: usize = 64 * 1024 * 1024 * 1024;

impl Options {
    /// What the product uses for a store in `store` on `cores` cores.
    #[must_use]
    pub fn product(store: PathBuf, cores: u16, notice: fn(&str)) -> Options {
        let reserve_slots = RESERVE_SLOTS_PER_CORE * usize::from(cores);
        Options {
            store,
            cores,
            disk: DiskOptions {
                geometry: Geometry::product(),
                shards: SHARDS_DEFAULT,
                reserve_slots,
                low_water_slots: reserve_slots + 2 * usize::from(cores),
                index_reserve_bytes: INDEX_RESERVE_BYTES,
                bytes_max: None,
            },
            index: IndexPlace::Beside(INDEX_MAP_BYTES),
            owner: OwnerOptions {
                memtable_keys_max: MEMTABLE_KEYS_MAX,
                memtable_bytes_max: MEMTABLE_BYTES_MAX,
                checkpoint_log_bytes: CHECKPOINT_LOG_BYTES,
                index_resident_bytes: INDEX_RESIDENT_BYTES_PER_CORE,
                part_bytes_min: PART_BYTES_MIN,
            },
            inline_bytes_max: INLINE_BYTES_MAX,
            buffer_bytes: BUFFER_BYTES_PER_CORE,
            upkeep_ms: 1000,
            accept_damage: false,
            notice,
        }
    }
}
