//! Segments in which nothing is live, on their way to being free while upkeep goes on.
//!
//! A segment is freed only after every reader that could have been told of it is gone. A client that takes its answer
//! slowly is such a reader, so nothing else may wait for it.
//!
//! What must hold: a segment that is here is not looked at again. How many are here is bounded; beyond that upkeep
//! waits.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::disk::Segments;
use crate::limits::FREEING_MAX;
use crate::rt::{self, Gate};
use crate::types::SegmentId;

/// What is on its way.
pub(super) struct Freeing {
    disk: Rc<Segments>,
    segments: Rc<RefCell<BTreeSet<SegmentId>>>,
    room: Gate,
}

impl Freeing {
    /// Nothing yet.
    pub(super) fn new(disk: Rc<Segments>) -> Freeing {
        Freeing { disk, segments: Rc::default(), room: Gate::new(FREEING_MAX) }
    }

    /// True while the segment is on its way.
    pub(super) fn holds(&self, segment: SegmentId) -> bool {
        self.segments.borrow().contains(&segment)
    }

    /// Frees a segment in which nothing is live, once its readers are gone.
    pub(super) async fn begin(&self, segment: SegmentId) {
        let room = self.room.enter().await;
        self.segments.borrow_mut().insert(segment);
        let (disk, segments) = (Rc::clone(&self.disk), Rc::clone(&self.segments));
        drop(rt::spawn(async move {
            // Of a table that can no longer change the operator hears from those whose writes it stops; the segment
            // stays, and so does its mark.
            if disk.free(vec![segment]).await.is_ok() {
                segments.borrow_mut().remove(&segment);
            }
            drop(room);
        }));
    }
}
