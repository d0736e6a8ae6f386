//! The two stores that are used here: a small one in which everything happens often, and the product's.

use std::path::PathBuf;

use stratum_engine::disk::{DiskOptions, Geometry};
use stratum_engine::node::{IndexPlace, Options};
use stratum_engine::shard::OwnerOptions;

/// A slot of the small store: a few tenths of a second of load fill one.
pub const SMALL_SLOT_BYTES: u64 = 1024 * 1024;

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Small segments, small memtables, little room: turns, checkpoints and compaction all the time.
    Small,
    /// As it is sold.
    Product,
}

impl Scale {
    /// The options of a store of this scale.
    #[must_use]
    pub fn options(self, store: PathBuf, cores: u16) -> Options {
        match self {
            Scale::Small => small(store, cores),
            Scale::Product => Options::product(store, cores, tell),
        }
    }
}

fn small(store: PathBuf, cores: u16) -> Options {
    let geometry = Geometry::new(SMALL_SLOT_BYTES, 16, 64 * 1024, 4096).expect("these measures fit each other");
    Options {
        store,
        cores,
        disk: DiskOptions {
            geometry,
            shards: 8,
            reserve_slots: 2 * usize::from(cores),
            low_water_slots: 4 * usize::from(cores),
            index_reserve_bytes: 0,
            bytes_max: Some(320 * 1024 * 1024),
        },
        index: IndexPlace::Beside(256 * 1024 * 1024),
        owner: OwnerOptions {
            // So few that a rebuild too makes checkpoints, and can be killed between them.
            memtable_keys_max: 50,
            memtable_bytes_max: 1024 * 1024,
            part_bytes_min: 8,
            checkpoint_log_bytes: 8 * 1024 * 1024,
            // Some lookups on the core, some on helpers.
            index_resident_bytes: 512 * 1024,
        },
        inline_bytes_max: 128 * 1024,
        buffer_bytes: 64 * 1024 * 1024,
        // Often, or the disk would be full most of the time: a step frees two segments at most.
        upkeep_ms: 5,
        accept_damage: false,
        notice: tell,
    }
}

/// Notices go to the standard error, which the parent reads too.
pub fn tell(text: &str) {
    use std::io::Write;
    let mut line = text.to_owned();
    line.push('\n');
    // If nobody listens there is nobody to tell.
    drop(std::io::stderr().write_all(line.as_bytes()));
}
