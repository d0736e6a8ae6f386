//! Opening: making a store in an empty directory, or taking up the one that is there.
//!
//! ```text
//!  what is in the directory             | what follows
//!  nothing, or only a guard and holder  | mark it as being made, make the disk, unmark it; then open it
//!  the mark `creating`                  | a readable table: unmark it, then open it; else make the disk anew
//!  `disk-0`                             | open it; what does not read is damage
//!  anything else                        | refuse, and touch nothing
//! ```
//!
//! What must hold: nothing is looked at closely before the guard is held, and no container before the last write of an
//! earlier process has ended. A container that the table counts is never removed or written over. The table is written
//! anew in both copies before anybody acts on it, the copy first that was not read: what opening has seen cannot
//! disappear.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::rt::{self, File, IoKind, OpenMode, directory};
use crate::types::CoreId;

use super::container;
use super::containers::{Containers, DiskPlace};
use super::error::{DiskError, Unreadable};
use super::geometry::{Geometry, TableCopy};
use super::growth::GrowthLimits;
use super::locks::{self, Claim, GUARD, Guard, HOLDER, open_claimed};
use super::owner::TableOwner;
use super::slot_table::SlotTable;
use super::superblock::{Superblock, Verdict, shards_fit};
use super::table_file;

const CREATING: &str = "creating";
const DISK: &str = "disk-0";

/// How a disk is made and how it grows. Geometry and shards only matter when it is made: the superblock rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskOptions {
    /// Where things lie in a container.
    pub geometry: Geometry,
    /// Shards of the store, a power of two up to `SHARDS_MAX`.
    pub shards: u16,
    /// Slots kept for deletes and compaction.
    pub reserve_slots: usize,
    /// With fewer free slots than these the next container is made.
    pub low_water_slots: usize,
    /// Bytes of the file system that stay free for the index.
    pub index_reserve_bytes: u64,
    /// All containers together are never larger, if this is said.
    pub bytes_max: Option<u64>,
}

/// An open disk. It lives on the core that owns the table; the store's lock ends with it.
pub struct Disk {
    superblock: Superblock,
    place: DiskPlace,
    owner: Rc<TableOwner>,
    _guard: Guard,
}

impl Disk {
    /// What the superblock says of the store.
    #[must_use]
    pub fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// Where the disk lies: what another core needs for its own [`Containers`].
    #[must_use]
    pub fn place(&self) -> &DiskPlace {
        &self.place
    }

    /// The owner of the slot table.
    #[must_use]
    pub fn owner(&self) -> &Rc<TableOwner> {
        &self.owner
    }

    /// The descriptors of a core. Each core has one set, made once.
    #[must_use]
    pub fn containers(&self, core: CoreId) -> Containers {
        Containers::new(self.place.clone(), core)
    }
}

/// Opens the store in `store`, or makes it.
///
/// # Errors
/// `Foreign`, `InUse`, `Container` and `TableDamaged` leave everything as it is.
pub async fn open(store: &Path, options: &DiskOptions) -> Result<Disk, DiskError> {
    assert!(shards_fit(options.shards), "a shard count is a power of two within its limit");
    let found = standing(directory::entries(store).await?.as_deref());
    if found == Standing::Foreign {
        return Err(DiskError::Foreign(store.to_path_buf()));
    }
    if found != Standing::Made {
        create_directory(store).await?;
    }
    let guard = locks::guard(store).await?;
    // Whoever held the guard before us may have made the store meanwhile: what was seen without it does not count.
    let found = standing(directory::entries(store).await?.as_deref());
    // The guard's name must be durable before a file that would make the directory look foreign without it.
    directory::flush(store).await?;
    match found {
        Standing::Foreign => return Err(DiskError::Foreign(store.to_path_buf())),
        Standing::Vacant => {
            mark(store).await?;
            locks::write_holder(store).await?;
            make(store, options).await?;
        }
        Standing::BeingMade => {
            locks::write_holder(store).await?;
            if table_is_there(store).await? {
                unmark(store).await?;
            } else {
                make(store, options).await?;
            }
        }
        Standing::Made => locks::write_holder(store).await?,
    }
    take_up(store, options, guard).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Vacant,
    BeingMade,
    Made,
    Foreign,
}

fn standing(entries: Option<&[String]>) -> Standing {
    let entries = entries.unwrap_or_default();
    let has = |name: &str| entries.iter().any(|entry| entry == name);
    if has(CREATING) {
        Standing::BeingMade
    } else if has(DISK) {
        Standing::Made
    } else if entries.is_empty() || (has(GUARD) && entries.iter().all(|entry| entry == GUARD || entry == HOLDER)) {
        Standing::Vacant
    } else {
        Standing::Foreign
    }
}

/// Makes the directory and lets its name and those above it be durable, as far up as they are new.
async fn create_directory(store: &Path) -> Result<(), DiskError> {
    let mut parents: Vec<PathBuf> = Vec::new();
    for path in store.ancestors() {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        parents.push(path.to_path_buf());
        if path != store && directory::entries(path).await?.is_some() {
            break;
        }
    }
    directory::create(store).await?;
    for parent in parents.iter().skip(1) {
        directory::flush(parent).await?;
    }
    Ok(())
}

/// Marks the store as being made. The mark is an empty file: it is there or not, never half.
async fn mark(store: &Path) -> Result<(), DiskError> {
    File::open(&store.join(CREATING), OpenMode::Create).await?;
    // A crash must not leave a disk without the mark that says nothing is relied on yet.
    directory::flush(store).await?;
    Ok(())
}

async fn unmark(store: &Path) -> Result<(), DiskError> {
    // The disk's name is durable before the mark goes, and the mark is gone durably before anything is stored.
    directory::flush(&store.join(DISK)).await?;
    directory::flush(store).await?;
    directory::remove(&store.join(CREATING)).await?;
    directory::flush(store).await?;
    Ok(())
}

/// Makes the disk of a marked store, whatever was left of it.
async fn make(store: &Path, options: &DiskOptions) -> Result<(), DiskError> {
    let disk = store.join(DISK);
    directory::remove(&disk).await?;
    directory::create(&disk).await?;
    let superblock = Superblock {
        compat: 0,
        store: rt::random_bytes(),
        salt: rt::random_bytes(),
        created_ms: rt::wall_ms(),
        disk: 0,
        shards: options.shards,
        ordinal: 0,
        geometry: options.geometry,
    };
    let file = open_claimed(store, &container::path(&disk, 0), OpenMode::Create, Claim::Whole).await?;
    container::make(&file, &superblock).await?;
    let table = SlotTable::new(superblock.store, superblock.disk, &superblock.geometry);
    table_file::write(&file, &superblock.geometry, &table, TableCopy::A).await?;
    unmark(store).await
}

/// True if the disk of a marked store was finished: only the mark is left to be removed.
async fn table_is_there(store: &Path) -> Result<bool, DiskError> {
    let path = container::path(&store.join(DISK), 0);
    let file = match open_claimed(store, &path, OpenMode::Existing, Claim::Whole).await {
        Err(DiskError::Io(error)) if error.kind == IoKind::NotFound => return Ok(false),
        answer => answer?,
    };
    match container::read_superblock(&file, true).await? {
        Verdict::Empty => Ok(false),
        Verdict::Present(superblock) => Ok(table_file::read(&file, &superblock.geometry).await?.is_some()),
        Verdict::Unreadable(why) => Err(DiskError::Container { ordinal: 0, why }),
    }
}

/// Takes up the disk of a store that was made.
async fn take_up(store: &Path, options: &DiskOptions, guard: Guard) -> Result<Disk, DiskError> {
    let disk = store.join(DISK);
    let (first, superblock) = open_counted(store, &disk, 0).await?;
    let geometry = superblock.geometry;
    let (mut table, copy) = table_file::read(&first, &geometry).await?.ok_or(DiskError::TableDamaged)?;
    if superblock.ordinal != 0 || table.store != superblock.store || table.disk != superblock.disk {
        return Err(DiskError::Container { ordinal: 0, why: Unreadable::Stranger });
    }
    for ordinal in 1..table.containers() {
        let (_, found) = open_counted(store, &disk, ordinal).await?;
        if found != (Superblock { ordinal, ..superblock.clone() }) {
            return Err(DiskError::Container { ordinal, why: Unreadable::Stranger });
        }
    }
    remove_uncounted(&disk, table.containers()).await?;
    table.restart();
    table.generation += 1;
    table_file::write(&first, &geometry, &table, copy.other()).await?;
    // This descriptor has every lock byte; the owner and the cores want theirs.
    drop(first);
    let file = open_claimed(store, &container::path(&disk, 0), OpenMode::Existing, Claim::Table).await?;
    let place = DiskPlace { store: store.to_path_buf(), directory: disk, geometry };
    let limits = GrowthLimits {
        reserve_slots: options.reserve_slots,
        low_water_slots: options.low_water_slots,
        index_reserve_bytes: options.index_reserve_bytes,
        bytes_max: options.bytes_max,
    };
    let owner = TableOwner::new(place.clone(), superblock.clone(), limits, table, file);
    Ok(Disk { superblock, place, owner, _guard: guard })
}

/// Opens a container that the store counts, once the last write of an earlier process has ended, and reads what it is.
async fn open_counted(store: &Path, disk: &Path, ordinal: u32) -> Result<(File, Superblock), DiskError> {
    let refused = |why| DiskError::Container { ordinal, why };
    let path = container::path(disk, ordinal);
    let file = match open_claimed(store, &path, OpenMode::Existing, Claim::Whole).await {
        Err(DiskError::Io(error)) if error.kind == IoKind::NotFound => return Err(refused(Unreadable::Damaged)),
        answer => answer?,
    };
    match container::read_superblock(&file, false).await? {
        Verdict::Empty => Err(refused(Unreadable::Damaged)),
        Verdict::Unreadable(why) => Err(refused(why)),
        Verdict::Present(superblock) if file.length().await? < superblock.geometry.container_bytes() => {
            Err(refused(Unreadable::Short))
        }
        Verdict::Present(superblock) => Ok((file, superblock)),
    }
}

/// Removes what a crash during growth left: containers past those that count. Nothing else in the directory is touched.
async fn remove_uncounted(disk: &Path, counted: u32) -> Result<(), DiskError> {
    for name in directory::entries(disk).await?.unwrap_or_default() {
        if container::ordinal_of(&name).is_some_and(|ordinal| ordinal >= counted) {
            directory::remove(&disk.join(name)).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Where the tests of this layer have their store.
    pub(in crate::disk) const STORE: &str = "/data/store";

    /// A disk so small that its table and its growth are soon at their ends.
    pub(in crate::disk) fn options() -> DiskOptions {
        DiskOptions {
            geometry: Geometry::new(256 * 1024, 2, 8192, 4096).expect("sound"),
            shards: 4,
            reserve_slots: 1,
            low_water_slots: 1,
            index_reserve_bytes: 1 << 20,
            bytes_max: None,
        }
    }

    #[test]
    fn the_decision_table_of_the_directory() {
        let rows: [(&[&str], Standing); 9] = [
            (&[], Standing::Vacant),
            (&[GUARD], Standing::Vacant),
            (&[GUARD, HOLDER], Standing::Vacant),
            (&[HOLDER], Standing::Foreign),
            (&[GUARD, "photos"], Standing::Foreign),
            (&["photos"], Standing::Foreign),
            (&[GUARD, CREATING, DISK], Standing::BeingMade),
            (&[DISK], Standing::Made),
            (&[GUARD, DISK, "index"], Standing::Made),
        ];
        for (names, expected) in rows {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(standing(Some(&names)), expected, "{names:?}");
        }
        assert_eq!(standing(None), Standing::Vacant);
    }
}
