//! The segments as one core knows them, and the readers that are among them.
//!
//! What must hold: a segment is known here before any location names it to this core. A reader pins before its lookup
//! starts, so a segment is taken away only after every reader that could have been told of it is gone. A segment is
//! dead only when the slot table says so, flushed: until then it counts against every kill list that names it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::SlotAddress;
use crate::rt::Event;
use crate::types::{Nonce, SegmentId, SegmentKind};

/// One segment's slot on one disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The segment.
    pub segment: SegmentId,
    /// What it holds.
    pub kind: SegmentKind,
    /// Its secret.
    pub nonce: Nonce,
    /// Where it is.
    pub slot: SlotAddress,
}

/// The columns of the live segments, and the pins of this core's readers.
#[derive(Default)]
pub struct Catalog {
    columns: RefCell<BTreeMap<SegmentId, (Column, bool)>>,
    round: Cell<u64>,
    pins: RefCell<BTreeMap<u64, usize>>,
    /// How many readers hold a segment that they were told of.
    held: RefCell<BTreeMap<SegmentId, usize>>,
    left: Event,
}

/// A reader's presence. While it is held no segment that it could have been told of is freed.
pub struct Pin {
    catalog: Rc<Catalog>,
    round: u64,
}

/// A reader that knows which segments it reads. While it is held these are not freed, and others may be: a client may
/// take a large body as slowly as it likes.
pub struct Hold {
    catalog: Rc<Catalog>,
    segments: Vec<SegmentId>,
}

impl Catalog {
    /// Notes a live segment.
    pub fn add(&self, column: Column) {
        let before = self.columns.borrow_mut().insert(column.segment, (column, true));
        assert!(before.is_none(), "a segment comes to be once");
    }

    /// The column of a segment that may be read.
    #[must_use]
    pub fn column(&self, segment: SegmentId) -> Option<Column> {
        self.columns.borrow().get(&segment).filter(|(_, readable)| *readable).map(|(column, _)| column.clone())
    }

    /// The segments of a kind that may be read, oldest first.
    #[must_use]
    pub fn of_kind(&self, kind: SegmentKind) -> Vec<Column> {
        let columns = self.columns.borrow();
        columns
            .values()
            .filter(|(column, readable)| *readable && column.kind == kind)
            .map(|(column, _)| column.clone())
            .collect()
    }

    /// Waits until no reader is left that began before this call and may still be told of the segments, or holds one of
    /// them; then takes the segments away from those to come.
    pub async fn retire(&self, segments: &[SegmentId]) {
        let last = self.round.get();
        self.round.set(last + 1);
        loop {
            let oldest = self.pins.borrow().first_key_value().map(|(round, _)| *round);
            // Once those are gone who might be told of the segments, nobody begins to hold them.
            let held = segments.iter().any(|segment| self.held.borrow().contains_key(segment));
            if oldest.is_none_or(|oldest| oldest > last) && !held {
                break;
            }
            self.left.wait().await;
        }
        let mut columns = self.columns.borrow_mut();
        for segment in segments {
            if let Some((_, readable)) = columns.get_mut(segment) {
                *readable = false;
            }
        }
    }

    /// Notes that the slot table calls these segments free, durably.
    pub fn bury(&self, segments: &[SegmentId]) {
        let mut columns = self.columns.borrow_mut();
        for segment in segments {
            columns.remove(segment);
        }
    }

    /// True once the slot table says so, flushed.
    #[must_use]
    pub fn is_dead(&self, segment: SegmentId) -> bool {
        !self.columns.borrow().contains_key(&segment)
    }

    /// The oldest and the newest segment that are not dead.
    #[must_use]
    pub fn ends(&self) -> Option<(SegmentId, SegmentId)> {
        let columns = self.columns.borrow();
        Some((*columns.first_key_value()?.0, *columns.last_key_value()?.0))
    }

    /// Pins what there is.
    #[must_use]
    pub fn pin(self: &Rc<Self>) -> Pin {
        let round = self.round.get();
        *self.pins.borrow_mut().entry(round).or_insert(0) += 1;
        Pin { catalog: Rc::clone(self), round }
    }
}

impl Pin {
    /// Goes on with these segments alone, each of them once.
    #[must_use]
    pub fn narrow(self, segments: Vec<SegmentId>) -> Hold {
        for segment in &segments {
            *self.catalog.held.borrow_mut().entry(*segment).or_insert(0) += 1;
        }
        Hold { catalog: Rc::clone(&self.catalog), segments }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.catalog.held.borrow_mut();
        for segment in &self.segments {
            let count = held.get_mut(segment).expect("a held segment is counted until it is let go");
            *count -= 1;
            if *count == 0 {
                held.remove(segment);
            }
        }
        drop(held);
        self.catalog.left.notify();
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.catalog.pins.borrow_mut();
        let count = pins.get_mut(&self.round).expect("a pin is counted until it is dropped");
        *count -= 1;
        if *count == 0 {
            pins.remove(&self.round);
            drop(pins);
            self.catalog.left.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Waker};

    fn column(id: u64) -> Column {
        let slot = SlotAddress { container: 0, offset: 0 };
        Column { segment: SegmentId(id), kind: SegmentKind::Log, nonce: Nonce([0; 16]), slot }
    }

    #[test]
    fn a_segment_is_taken_away_only_after_the_readers_that_were_there() {
        let catalog = Rc::new(Catalog::default());
        catalog.add(column(1));
        let reader = catalog.pin();
        let gone = [SegmentId(1)];
        let mut retire = Box::pin(catalog.retire(&gone));
        let mut context = Context::from_waker(Waker::noop());
        assert!(retire.as_mut().poll(&mut context).is_pending());
        let late = catalog.pin();
        assert!(catalog.column(SegmentId(1)).is_some());
        drop(reader);
        assert!(retire.as_mut().poll(&mut context).is_ready(), "a reader that came later does not hold it up");
        assert!(catalog.column(SegmentId(1)).is_none());
        assert!(!catalog.is_dead(SegmentId(1)), "dead is what the slot table says");
        catalog.bury(&gone);
        assert!(catalog.is_dead(SegmentId(1)));
        drop(late);
    }

    /// A client that took its answer slowly held up the freeing of everything.
    #[test]
    fn a_reader_that_knows_what_it_reads_holds_up_nothing_else() {
        let catalog = Rc::new(Catalog::default());
        catalog.add(column(1));
        catalog.add(column(2));
        let reader = catalog.pin().narrow(vec![SegmentId(1)]);
        let (held, other) = ([SegmentId(1)], [SegmentId(2)]);
        let mut context = Context::from_waker(Waker::noop());
        let mut retire = Box::pin(catalog.retire(&held));
        assert!(retire.as_mut().poll(&mut context).is_pending());
        assert!(Box::pin(catalog.retire(&other)).as_mut().poll(&mut context).is_ready());
        assert!(catalog.column(SegmentId(1)).is_some());
        drop(reader);
        assert!(retire.as_mut().poll(&mut context).is_ready());
    }
}
