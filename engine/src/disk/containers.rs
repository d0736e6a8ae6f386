//! The containers as one core sees them: its own descriptors, opened when first needed, and I/O within a slot.
//!
//! What must hold: no access leaves its slot. Every descriptor holds its core's lock byte. Lives on the core that made
//! it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::rt::{Buffer, File, Gate, OpenMode};
use crate::types::CoreId;

use super::container;
use super::error::DiskError;
use super::geometry::{Geometry, SlotAddress};
use super::locks::{Claim, open_claimed};

/// Where a disk lies: what a core needs to open its containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskPlace {
    pub(super) store: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) geometry: Geometry,
}

/// The descriptors of one core.
pub struct Containers {
    place: DiskPlace,
    core: CoreId,
    files: RefCell<BTreeMap<u32, File>>,
    /// One opening at a time: a second descriptor would not get the core's lock byte.
    opening: Gate,
}

impl Containers {
    /// The descriptors of `core`, none of them open yet.
    #[must_use]
    pub fn new(place: DiskPlace, core: CoreId) -> Containers {
        Containers { place, core, files: RefCell::default(), opening: Gate::new(1) }
    }

    /// The geometry of the disk.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.place.geometry
    }

    /// The container at this place in the row.
    ///
    /// # Errors
    /// What opening it answered.
    pub async fn file(&self, ordinal: u32) -> Result<File, DiskError> {
        if let Some(file) = self.opened(ordinal) {
            return Ok(file);
        }
        let _permit = self.opening.enter().await;
        if let Some(file) = self.opened(ordinal) {
            return Ok(file);
        }
        let path = container::path(&self.place.directory, ordinal);
        let file = open_claimed(&self.place.store, &path, OpenMode::Existing, Claim::Core(self.core)).await?;
        self.files.borrow_mut().insert(ordinal, file.clone());
        Ok(file)
    }

    fn opened(&self, ordinal: u32) -> Option<File> {
        self.files.borrow().get(&ordinal).cloned()
    }

    /// Reads the whole length of `buffer` from `offset` of the slot.
    pub async fn read_at(&self, slot: SlotAddress, offset: u64, buffer: Buffer) -> (Result<(), DiskError>, Buffer) {
        let at = self.within(slot, offset, &buffer);
        let file = match self.file(slot.container).await {
            Ok(file) => file,
            Err(error) => return (Err(error), buffer),
        };
        let (answer, buffer) = file.read_at(at, buffer).await;
        (answer.map_err(DiskError::from), buffer)
    }

    /// Writes the whole of `buffer` at `offset` of the slot; durable after a later [`Containers::flush`].
    pub async fn write_at(&self, slot: SlotAddress, offset: u64, buffer: Buffer) -> (Result<(), DiskError>, Buffer) {
        let at = self.within(slot, offset, &buffer);
        let file = match self.file(slot.container).await {
            Ok(file) => file,
            Err(error) => return (Err(error), buffer),
        };
        let (answer, buffer) = file.write_at(at, buffer).await;
        (answer.map_err(DiskError::from), buffer)
    }

    /// Writes the whole of `buffer` at `offset` of the slot; it, and nothing else, is durable when this ends well.
    pub async fn write_durable_at(
        &self,
        slot: SlotAddress,
        offset: u64,
        buffer: Buffer,
    ) -> (Result<(), DiskError>, Buffer) {
        let at = self.within(slot, offset, &buffer);
        let file = match self.file(slot.container).await {
            Ok(file) => file,
            Err(error) => return (Err(error), buffer),
        };
        let (answer, buffer) = file.write_durable_at(at, buffer).await;
        (answer.map_err(DiskError::from), buffer)
    }

    /// Makes durable every write to the slot's container that ended before this call.
    ///
    /// # Errors
    /// A failed flush is never retried.
    pub async fn flush(&self, slot: SlotAddress) -> Result<(), DiskError> {
        Ok(self.file(slot.container).await?.flush().await?)
    }

    /// The offset in the container of `offset` in the slot.
    fn within(&self, slot: SlotAddress, offset: u64, buffer: &Buffer) -> u64 {
        let end = offset.checked_add(buffer.len() as u64);
        assert!(end.is_some_and(|end| end <= self.place.geometry.slot_bytes()), "an access stays within its slot");
        slot.offset + offset
    }
}
