//! The data segments that one core writes, and what holds them open; `body` writes one body into them.
//!
//! What must hold: a run's bytes and end block are flushed before [`BodyWriter::finish`] gives the manifest, so that no
//! record names bytes that are not durable. A segment gets its footer only when every body that lies in it has ended
//! and its record is decided (its [`Hold`] is dropped): a footer therefore means that what no record names there is
//! dead.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::disk::{Column, DiskError, Segments};
use crate::limits::{BLOCK_BYTES, INCOMING_BYTES_PER_CORE, RUN_BYTES_MAX, UNIT_BYTES};
use crate::log::body::BodyWriter;
use crate::log::footer::{Footer, FooterEntry};
use crate::log::hasher::Hasher;
use crate::log::run::{RunOwner, span_bytes};
use crate::log::writer::{prepare, write_footer};
use crate::rt::{self, BufferPool};
use crate::types::{CoreId, SegmentId, SegmentKind};

/// The data segments that one core writes.
pub struct DataWriter {
    disk: Rc<Segments>,
    core: CoreId,
    state: Rc<RefCell<State>>,
    turn: rt::Gate,
    hasher: Rc<Hasher>,
    /// Where steps of bodies come from.
    steps: BufferPool,
}

#[derive(Default)]
struct State {
    open: Option<SegmentId>,
    segments: BTreeMap<SegmentId, Filling>,
}

struct Filling {
    column: Column,
    tail: u64,
    holds: usize,
    entries: Vec<FooterEntry>,
    entry_bytes: usize,
}

/// A body's claim on the segments it lies in, held until its record is decided.
pub struct Hold {
    disk: Rc<Segments>,
    state: Rc<RefCell<State>>,
    segments: Vec<SegmentId>,
}

/// Room for a run.
pub(super) struct Reservation {
    /// The segment it lies in.
    pub column: Column,
    /// Where it begins.
    pub offset: u64,
    /// Bytes of body there is room for.
    pub bytes: usize,
}

impl DataWriter {
    /// A writer that has no segment yet.
    #[must_use]
    pub fn new(disk: Rc<Segments>, core: CoreId) -> DataWriter {
        DataWriter {
            disk,
            core,
            state: Rc::default(),
            turn: rt::Gate::new(1),
            hasher: Rc::default(),
            steps: BufferPool::new(INCOMING_BYTES_PER_CORE),
        }
    }

    /// A writer for one body of `owner`, of `expected` bytes if that is known.
    #[must_use]
    pub fn body(self: &Rc<Self>, owner: RunOwner, expected: Option<u64>) -> BodyWriter {
        let hold = Hold { disk: Rc::clone(&self.disk), state: Rc::clone(&self.state), segments: Vec::new() };
        BodyWriter::new(Rc::clone(self), owner, expected, hold)
    }

    /// The disk.
    pub(super) fn disk(&self) -> &Rc<Segments> {
        &self.disk
    }

    /// Memory for the steps of bodies.
    pub(super) fn steps(&self) -> &BufferPool {
        &self.steps
    }

    /// Where the bodies of this core are hashed.
    pub(super) fn hasher(&self) -> &Rc<Hasher> {
        &self.hasher
    }

    /// The oldest segment this core still writes to or has not sealed.
    #[must_use]
    pub fn oldest_unsealed(&self) -> Option<SegmentId> {
        self.state.borrow().segments.keys().next().copied()
    }

    /// Room for a run of up to `wanted` bytes of body, at least one unit or all that is wanted.
    ///
    /// # Errors
    /// The disk's.
    pub(super) async fn reserve(
        self: &Rc<Self>,
        wanted: usize,
        owner_bytes: usize,
        hold: &mut Hold,
    ) -> Result<Reservation, DiskError> {
        // One at a time: two bodies that find the segment full must not both open the next one.
        let _turn = self.turn.enter().await;
        let wanted = wanted.clamp(1, RUN_BYTES_MAX);
        if let Some(found) = self.reserve_in_open(wanted, owner_bytes, hold) {
            return Ok(found);
        }
        let data = Rc::clone(self);
        // In a task of its own: a body that is given up here must not leave a slot that nobody fills.
        rt::spawn(async move { data.open_next().await }).await?;
        Ok(self.reserve_in_open(wanted, owner_bytes, hold).expect("an empty segment has room for a run"))
    }

    async fn open_next(&self) -> Result<(), DiskError> {
        let disk = Rc::clone(&self.disk);
        let column = prepare(disk, SegmentKind::Data, self.core, SegmentId::NONE, false).await?.column;
        let segment = column.segment;
        let filling = Filling { column, tail: BLOCK_BYTES as u64, holds: 0, entries: Vec::new(), entry_bytes: 0 };
        let full = {
            let mut state = self.state.borrow_mut();
            state.segments.insert(segment, filling);
            state.open.replace(segment)
        };
        if let Some(full) = full {
            seal_if_done(&self.disk, &self.state, full);
        }
        Ok(())
    }

    fn reserve_in_open(&self, wanted: usize, owner_bytes: usize, hold: &mut Hold) -> Option<Reservation> {
        let mut state = self.state.borrow_mut();
        let segment = state.open?;
        let filling = state.segments.get_mut(&segment)?;
        let entry_bytes = filling.entry_bytes + owner_bytes + 8;
        let footer = Footer::bytes_for(entry_bytes) as u64;
        let room = self.disk.slot_bytes().checked_sub(filling.tail + footer)?;
        let room = usize::try_from(room).ok()?.checked_sub(BLOCK_BYTES)?;
        let room = room - room % BLOCK_BYTES;
        if room < wanted.min(UNIT_BYTES) {
            return None;
        }
        let bytes = wanted.min(room);
        let found = Reservation { column: filling.column.clone(), offset: filling.tail, bytes };
        filling.tail += span_bytes(bytes) as u64;
        filling.entry_bytes = entry_bytes;
        if !hold.segments.contains(&segment) {
            filling.holds += 1;
            hold.segments.push(segment);
        }
        Some(found)
    }

    /// Notes a finished run, and gives back what it did not use if nothing was reserved behind it.
    pub(super) fn finished(&self, reservation: &Reservation, bytes: usize, owner: &RunOwner) {
        let mut state = self.state.borrow_mut();
        let Some(filling) = state.segments.get_mut(&reservation.column.segment) else { return };
        let offset = u32::try_from(reservation.offset).expect("a slot is smaller than 4 GiB");
        filling.entries.push((offset, owner.encode()));
        if filling.tail == reservation.offset + span_bytes(reservation.bytes) as u64 {
            filling.tail = reservation.offset + span_bytes(bytes) as u64;
        }
    }
}

impl Hold {
    /// One more claim on one of its segments: that of a write under way, which may outlive the body it belongs to.
    pub(super) fn share(&self, segment: SegmentId) -> Hold {
        if let Some(filling) = self.state.borrow_mut().segments.get_mut(&segment) {
            filling.holds += 1;
        }
        Hold { disk: Rc::clone(&self.disk), state: Rc::clone(&self.state), segments: vec![segment] }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for segment in std::mem::take(&mut self.segments) {
            if let Some(filling) = self.state.borrow_mut().segments.get_mut(&segment) {
                filling.holds -= 1;
            }
            seal_if_done(&self.disk, &self.state, segment);
        }
    }
}

/// Seals `segment` if another one is open and no body in it is undecided.
fn seal_if_done(disk: &Rc<Segments>, state: &Rc<RefCell<State>>, segment: SegmentId) {
    let done = {
        let mut state = state.borrow_mut();
        let closed = state.open != Some(segment);
        let free = state.segments.get(&segment).is_some_and(|filling| filling.holds == 0);
        if closed && free { state.segments.remove(&segment) } else { None }
    };
    let Some(filling) = done else { return };
    let disk = Rc::clone(disk);
    drop(rt::spawn(async move {
        let footer = Footer { segment, nonce: filling.column.nonce, entries: filling.entries, ..Footer::default() };
        // A segment without a footer is never freed before the next start finds out what is in it: nothing is lost.
        if let Err(error) = write_footer(&disk, &filling.column, &footer).await {
            disk.report("a data segment has no footer until the next start", &error);
        }
    }));
}
