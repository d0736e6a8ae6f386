//! The single owner of a disk's slot table. It lives on one core; other cores ask it by message.
//!
//! What must hold: an answer that says "done" is given after the table that says so is flushed in both copies. Changes
//! that come while a table is being written share the next write. A write or flush that failed is never tried again:
//! from then on every change answers [`DiskError::Failed`], because nobody knows what lies on the disk until it is
//! opened anew. It ends the writes of all cores, whose segments lie in the same files.
//!
//! A slot that is freed and given out in the same write is safe: its new segment gets its grant, and so its first byte,
//! only when the table no longer names the old one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::rt::{self, Event, File};
use crate::types::{CoreId, Nonce, SegmentId, SegmentKind};

use super::containers::DiskPlace;
use super::error::DiskError;
use super::geometry::{SlotAddress, TableCopy};
use super::growth::{self, Growth, GrowthLimits};
use super::segments::DiskHealth;
use super::slot_table::{SlotTable, Stage};
use super::superblock::Superblock;
use super::table_file;

/// A slot given to a new segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The segment's id.
    pub segment: SegmentId,
    /// The secret of this use of the slot.
    pub nonce: Nonce,
    /// Where it lies.
    pub slot: SlotAddress,
}

/// A live segment as the slot table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSlot {
    /// The segment's id.
    pub segment: SegmentId,
    /// The secret of this use of the slot.
    pub nonce: Nonce,
    /// What it is for.
    pub kind: SegmentKind,
    /// The core that asked for it.
    pub core: CoreId,
    /// Where it lies.
    pub slot: SlotAddress,
}

/// The owner of one disk's slot table and of the disk's growth.
pub struct TableOwner {
    pub(super) place: DiskPlace,
    pub(super) superblock: Superblock,
    pub(super) limits: GrowthLimits,
    pub(super) table: RefCell<SlotTable>,
    pub(super) growth: RefCell<Growth>,
    pub(super) grown: Event,
    /// The first container, for the table's two copies.
    file: File,
    /// Changes made in memory, and how many of them the disk has in both copies.
    changes: Cell<u64>,
    durable: Cell<u64>,
    writing: Cell<bool>,
    /// What a failed write of the table ends, and what ends them.
    health: RefCell<DiskHealth>,
    settled: Event,
}

impl TableOwner {
    /// The owner of a table that lies in both copies as it is here.
    pub(super) fn new(
        place: DiskPlace,
        superblock: Superblock,
        limits: GrowthLimits,
        table: SlotTable,
        file: File,
    ) -> Rc<TableOwner> {
        Rc::new(TableOwner {
            place,
            superblock,
            limits,
            table: RefCell::new(table),
            growth: RefCell::new(Growth::Idle),
            grown: Event::default(),
            file,
            changes: Cell::new(0),
            durable: Cell::new(0),
            writing: Cell::new(false),
            health: RefCell::default(),
            settled: Event::default(),
        })
    }

    /// From now on the table and all who have this health fail together.
    pub fn share(&self, health: DiskHealth) {
        self.health.replace(health);
    }

    /// Gives a free slot to a new segment. Without `reserve` the last slots, kept for deletes and compaction, are not
    /// given. Waits for the disk to grow if that may help. A call that is dropped may leave its slot allocated until
    /// the next start.
    ///
    /// # Errors
    /// `Full` if there is no slot for this request, `Failed` if the table cannot change any more.
    pub async fn allocate(self: &Rc<Self>, kind: SegmentKind, core: CoreId, reserve: bool) -> Result<Grant, DiskError> {
        loop {
            self.check()?;
            if let Some(grant) = self.take_slot(kind, core, reserve) {
                if self.free_slots() < self.limits.low_water_slots {
                    growth::start(self);
                }
                self.settle().await?;
                return Ok(grant);
            }
            let grown = self.grown.wait();
            if !growth::start(self) {
                return Err(DiskError::Full);
            }
            grown.await;
        }
    }

    /// Says that the segment's header is durable and that acknowledged bytes may now rest on it.
    ///
    /// # Errors
    /// `Failed` if the table cannot change any more.
    ///
    /// # Panics
    /// If the segment is not allocated: its core has lost track of what it owns.
    pub async fn make_live(self: &Rc<Self>, segment: SegmentId) -> Result<(), DiskError> {
        self.check()?;
        let made = self.table.borrow_mut().make_live(segment);
        assert!(made, "only an allocated segment becomes live");
        self.settle_change().await
    }

    /// Frees the slots of these segments; their nonces are forgotten. The caller has made sure that nothing needs them.
    ///
    /// # Errors
    /// `Failed` if the table cannot change any more.
    ///
    /// # Panics
    /// If one of the segments has no slot: freeing twice could free somebody else's.
    pub async fn free(self: &Rc<Self>, segments: &[SegmentId]) -> Result<(), DiskError> {
        self.check()?;
        if segments.is_empty() {
            return Ok(());
        }
        for segment in segments {
            let freed = self.table.borrow_mut().free(*segment);
            assert!(freed, "only a segment with a slot is freed");
        }
        self.settle_change().await
    }

    /// True while a request without the right to the reserve would be refused, as far as is known without asking the
    /// file system. It turns false from time to time, so that somebody tries.
    #[must_use]
    pub fn full(&self) -> bool {
        self.free_slots() <= self.limits.reserve_slots && self.growth.borrow().refuses()
    }

    /// Slots that hold nothing.
    #[must_use]
    pub fn free_slots(&self) -> usize {
        self.table.borrow().free_count()
    }

    /// The containers that count.
    #[must_use]
    pub fn container_count(&self) -> u32 {
        self.table.borrow().containers()
    }

    /// The id the next segment gets: all segments there are or were have a smaller one.
    #[must_use]
    pub fn next_segment(&self) -> SegmentId {
        self.table.borrow().next_segment()
    }

    /// The live segments, oldest first.
    #[must_use]
    pub fn live_segments(&self) -> Vec<SegmentSlot> {
        let table = self.table.borrow();
        let occupied = table.slots().filter_map(|(number, slot)| slot.map(|occupant| (number, occupant)));
        let mut live: Vec<SegmentSlot> = occupied
            .filter(|(_, occupant)| occupant.stage == Stage::Live)
            .map(|(number, occupant)| SegmentSlot {
                segment: occupant.segment,
                nonce: occupant.nonce,
                kind: occupant.kind,
                core: occupant.core,
                slot: self.place.geometry.address(number),
            })
            .collect();
        live.sort_unstable_by_key(|found| found.segment);
        live
    }

    /// Why the disk did not grow when it last tried; `None` if it did, or never tried.
    #[must_use]
    pub fn growth_refusal(&self) -> Option<DiskError> {
        self.growth.borrow().refusal()
    }

    fn check(&self) -> Result<(), DiskError> {
        if self.health.borrow().is_lost() { Err(DiskError::Failed) } else { Ok(()) }
    }

    fn take_slot(&self, kind: SegmentKind, core: CoreId, reserve: bool) -> Option<Grant> {
        let mut table = self.table.borrow_mut();
        let kept = if reserve { 0 } else { self.limits.reserve_slots };
        if table.free_count() <= kept {
            return None;
        }
        let nonce = Nonce(rt::random_bytes());
        let (number, segment) = table.allocate(kind, core, nonce)?;
        self.changes.set(self.changes.get() + 1);
        Some(Grant { segment, nonce, slot: self.place.geometry.address(number) })
    }

    /// Counts a change made to the table and waits until it is durable.
    pub(super) async fn settle_change(self: &Rc<Self>) -> Result<(), DiskError> {
        self.changes.set(self.changes.get() + 1);
        self.settle().await
    }

    /// Waits until every change made so far is durable in both copies.
    async fn settle(self: &Rc<Self>) -> Result<(), DiskError> {
        let wanted = self.changes.get();
        loop {
            // A change that was durable before the failure has happened, whatever came after it.
            if self.durable.get() >= wanted {
                return Ok(());
            }
            self.check()?;
            let settled = self.settled.wait();
            if !self.writing.replace(true) {
                // A task of its own: a caller that stops waiting must not stop a write that others wait for.
                drop(rt::spawn(Rc::clone(self).write_out()));
            }
            settled.await;
        }
    }

    /// Writes the table until the disk has every change.
    async fn write_out(self: Rc<Self>) {
        let health = self.health.borrow().clone();
        while self.durable.get() < self.changes.get() && !health.is_lost() {
            let target = self.changes.get();
            let table = {
                let mut table = self.table.borrow_mut();
                table.generation += 1;
                table.clone()
            };
            let written = table_file::write(&self.file, &self.place.geometry, &table, TableCopy::A).await;
            if health.proven(written).is_ok() {
                self.durable.set(target);
            }
            self.settled.notify();
        }
        self.writing.set(false);
        // Who came when health had been lost by somebody else waits for no write.
        self.settled.notify();
    }
}
