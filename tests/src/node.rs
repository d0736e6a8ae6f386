//! A node in the simulation: options small enough that everything happens often, and its opening on all cores.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use stratum_engine::disk::{DiskOptions, Geometry};
use stratum_engine::node::{IndexPlace, Options, StartError, Store, seats};
use stratum_engine::rt;
use stratum_engine::shard::OwnerOptions;

/// Shards of a simulated store.
pub const SHARDS: u16 = 4;
/// Bytes of a slot.
pub const SLOT_BYTES: u64 = 256 * 1024;
/// Slots of a container.
pub const SLOTS_PER_CONTAINER: u32 = 8;

/// Options of a store whose index lies in `index`.
///
/// # Panics
/// Never: the geometry is sound.
#[must_use]
pub fn options(index: IndexPlace) -> Options {
    Options {
        store: PathBuf::from("/store"),
        cores: 1,
        disk: DiskOptions {
            geometry: Geometry::new(SLOT_BYTES, SLOTS_PER_CONTAINER, 8192, 4096).expect("a small geometry"),
            shards: SHARDS,
            reserve_slots: 2,
            low_water_slots: 4,
            index_reserve_bytes: 0,
            bytes_max: None,
        },
        index,
        owner: OwnerOptions {
            memtable_keys_max: 30,
            memtable_bytes_max: 1 << 20,
            checkpoint_log_bytes: 256 * 1024,
            part_bytes_min: 1,
            index_resident_bytes: 1 << 30,
        },
        inline_bytes_max: 4096,
        buffer_bytes: 8 << 20,
        upkeep_ms: 10,
        accept_damage: false,
        notice: |_| {},
    }
}

/// Sets the number of cores, and what must grow with it.
pub fn set_cores(options: &mut Options, cores: u16) {
    options.cores = cores;
    options.disk.reserve_slots = 2 * usize::from(cores);
    options.disk.low_water_slots = 4 * usize::from(cores);
}

/// Opens the node on all its cores; the handles in the order of the cores.
///
/// # Errors
/// The first core's that does not start.
pub async fn open(options: &Options) -> Result<Vec<Store>, StartError> {
    let opened: Rc<RefCell<Vec<Result<Store, StartError>>>> = Rc::default();
    let tasks: Vec<_> = seats(options)
        .into_iter()
        .map(|seat| {
            let opened = Rc::clone(&opened);
            rt::spawn(async move {
                let store = seat.open().await;
                opened.borrow_mut().push(store);
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
    let mut stores = opened.take().into_iter().collect::<Result<Vec<_>, _>>()?;
    stores.sort_by_key(Store::core);
    Ok(stores)
}
