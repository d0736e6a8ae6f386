//! Where things lie in a container, and which slot lies where: arithmetic over five numbers of the superblock.
//!
//! What must hold: a [`Geometry`] that exists is sound: whole blocks, nothing overlaps, nothing overflows. It never
//! changes over the life of a store.

use crate::limits::{BLOCK_BYTES, SLOT_BYTES_DEFAULT, SLOT_TABLE_BYTES_MAX};

use super::slot_table;

/// Copies of the superblock in one container.
pub(super) const SUPERBLOCK_COPIES: u64 = 4;
/// The widest distance between copies of the superblock: so far apart they share no erase block and no bad track.
pub(super) const STRIDE_MAX: u32 = 256 * 1024;
/// A slot of more than this could not be addressed by a location's 32-bit offset.
const SLOT_BYTES_MAX: u64 = 1 << 31;
/// Slots of one container: few, so that a disk grows in small steps.
const SLOTS_PER_CONTAINER_MAX: u32 = 1 << 16;

const BLOCK: u64 = BLOCK_BYTES as u64;

/// The measures of every container of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    slot_bytes: u64,
    slots_per_container: u32,
    table_bytes: u32,
    superblock_stride: u32,
    head_bytes: u64,
}

/// Where a slot begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotAddress {
    /// The container's place in the row.
    pub container: u32,
    /// The slot's first byte in that container.
    pub offset: u64,
}

impl Geometry {
    /// The geometry of a store of any usual size: 4 slots of 64 MiB per container, so that a laptop's `./data` starts
    /// with 259 MiB; a table of 1 MiB, which is enough for 2 TiB.
    #[must_use]
    pub fn product() -> Geometry {
        let table_bytes = u32::try_from(SLOT_TABLE_BYTES_MAX).expect("1 MiB fits 32 bits");
        Geometry::new(SLOT_BYTES_DEFAULT, 4, table_bytes, STRIDE_MAX).expect("these measures fit each other")
    }

    /// The geometry of these measures with the smallest head they allow, or `None` if they do not fit each other.
    #[must_use]
    pub fn new(
        slot_bytes: u64,
        slots_per_container: u32,
        table_bytes: u32,
        superblock_stride: u32,
    ) -> Option<Geometry> {
        let head_bytes = SUPERBLOCK_COPIES * u64::from(superblock_stride) + 2 * u64::from(table_bytes);
        Geometry { slot_bytes, slots_per_container, table_bytes, superblock_stride, head_bytes }.checked()
    }

    /// The geometry as a superblock states it, or `None` if it is unsound.
    pub(super) fn from_fields(
        slot_bytes: u64,
        slots_per_container: u32,
        table_bytes: u32,
        superblock_stride: u32,
        head_bytes: u64,
    ) -> Option<Geometry> {
        Geometry { slot_bytes, slots_per_container, table_bytes, superblock_stride, head_bytes }.checked()
    }

    fn checked(self) -> Option<Geometry> {
        let whole = [self.slot_bytes, self.head_bytes, u64::from(self.table_bytes)]
            .iter()
            .all(|bytes| bytes.is_multiple_of(BLOCK));
        let slots = (BLOCK..=SLOT_BYTES_MAX).contains(&self.slot_bytes)
            && (1..=SLOTS_PER_CONTAINER_MAX).contains(&self.slots_per_container);
        let stride = self.superblock_stride.is_power_of_two()
            && (BLOCK..=u64::from(STRIDE_MAX)).contains(&u64::from(self.superblock_stride));
        let table = self.table_bytes as usize <= SLOT_TABLE_BYTES_MAX
            && slot_table::slots_max(self.table_bytes) >= self.slots_per_container as usize;
        let head = self.head_bytes >= self.table_offset(TableCopy::B).checked_add(u64::from(self.table_bytes))?
            && self.head_bytes <= 1 << 30;
        (whole && slots && stride && table && head).then_some(self)
    }

    /// Bytes of a slot.
    #[must_use]
    pub fn slot_bytes(&self) -> u64 {
        self.slot_bytes
    }

    /// Slots of every container.
    #[must_use]
    pub fn slots_per_container(&self) -> u32 {
        self.slots_per_container
    }

    /// Bytes of one copy of the slot table.
    #[must_use]
    pub fn table_bytes(&self) -> u32 {
        self.table_bytes
    }

    /// Bytes between the copies of the superblock.
    #[must_use]
    pub fn superblock_stride(&self) -> u32 {
        self.superblock_stride
    }

    /// Bytes before the first slot.
    #[must_use]
    pub fn head_bytes(&self) -> u64 {
        self.head_bytes
    }

    /// Bytes of a whole container.
    #[must_use]
    pub fn container_bytes(&self) -> u64 {
        self.head_bytes + self.slot_bytes * u64::from(self.slots_per_container)
    }

    /// The most containers the slot table has room for.
    #[must_use]
    pub fn containers_max(&self) -> u32 {
        let containers = slot_table::slots_max(self.table_bytes) / self.slots_per_container as usize;
        u32::try_from(containers).expect("a table of at most 1 MiB names few slots")
    }

    /// Where the slot with this number lies: slots are numbered through the row of containers.
    #[must_use]
    pub fn address(&self, slot: usize) -> SlotAddress {
        let slot = u32::try_from(slot).expect("a table of at most 1 MiB names few slots");
        let within = u64::from(slot % self.slots_per_container);
        SlotAddress { container: slot / self.slots_per_container, offset: self.head_bytes + within * self.slot_bytes }
    }

    pub(super) fn table_offset(&self, copy: TableCopy) -> u64 {
        let tables = SUPERBLOCK_COPIES * u64::from(self.superblock_stride);
        match copy {
            TableCopy::A => tables,
            TableCopy::B => tables + u64::from(self.table_bytes),
        }
    }
}

/// One of the two copies of the slot table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableCopy {
    A,
    B,
}

impl TableCopy {
    pub(super) fn other(self) -> TableCopy {
        match self {
            TableCopy::A => TableCopy::B,
            TableCopy::B => TableCopy::A,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_lies_as_the_format_says() {
        let geometry = Geometry::product();
        assert_eq!(geometry.table_offset(TableCopy::A), 1024 * 1024);
        assert_eq!(geometry.table_offset(TableCopy::B), 2 * 1024 * 1024);
        assert_eq!(geometry.head_bytes(), 3 * 1024 * 1024);
        assert_eq!(geometry.container_bytes(), 259 * 1024 * 1024);
        assert!(u64::from(geometry.containers_max()) * 4 * 64 >= 2 * 1024 * 1024 - 256, "2 TiB fit the table");
    }

    #[test]
    fn slots_are_numbered_through_the_row_and_never_overlap() {
        let geometry = Geometry::new(256 * 1024, 3, 8192, 4096).expect("sound");
        let mut last = None;
        for slot in 0..9 {
            let address = geometry.address(slot);
            assert!(address.offset >= geometry.head_bytes());
            assert!(address.offset + geometry.slot_bytes() <= geometry.container_bytes());
            assert!(last.is_none_or(|last| last < address));
            last = Some(address);
        }
        assert_eq!(geometry.address(7).container, 2);
        assert_eq!(geometry.address(7).offset, geometry.head_bytes() + geometry.slot_bytes());
    }

    #[test]
    fn measures_that_do_not_fit_are_refused() {
        assert_eq!(Geometry::new(1000, 3, 8192, 4096), None);
        assert_eq!(Geometry::new(0, 3, 8192, 4096), None);
        assert_eq!(Geometry::new(256 * 1024, 0, 8192, 4096), None);
        assert_eq!(Geometry::new(256 * 1024, 3, 0, 4096), None);
        assert_eq!(Geometry::new(256 * 1024, 3, 8192, 12 * 1024), None);
        assert_eq!(Geometry::new(256 * 1024, 1000, 8192, 4096), None);
        assert_eq!(Geometry::from_fields(256 * 1024, 3, 8192, 4096, 4096), None);
        assert_eq!(Geometry::from_fields(256 * 1024, 3, 8192, 4096, u64::MAX - 4095), None);
    }
}
