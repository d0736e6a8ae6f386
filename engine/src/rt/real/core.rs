//! What a core's thread knows of itself: its driver, its helpers, and what it has under way.
//!
//! What must hold: a core ends only when nothing is under way. Once its main future has ended, no new call begins:
//! whoever asks then waits for ever, and is left behind with the runtime. So the end cannot be put off by a task that
//! never stops.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

use super::pool::Helpers;
use crate::rt::Event;

thread_local! {
    static THIS_CORE: RefCell<Option<Core>> = const { RefCell::new(None) };
}

/// The thread's own things.
#[derive(Clone)]
pub(super) struct Core {
    /// Whether files go through the ring; otherwise every file call goes to a helper.
    pub(super) ring: bool,
    pub(super) helpers: Arc<Helpers>,
    flights: Rc<Flights>,
}

#[derive(Default)]
struct Flights {
    count: Cell<usize>,
    closing: Cell<bool>,
    ended: Event,
}

/// One call under way.
pub(super) struct Flight(Rc<Flights>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get() - 1);
        if self.0.count.get() == 0 {
            self.0.ended.notify();
        }
    }
}

impl Core {
    pub(super) fn new(ring: bool, helpers: Arc<Helpers>) -> Core {
        Core { ring, helpers, flights: Rc::default() }
    }

    /// The core of this thread.
    ///
    /// # Panics
    /// On a thread that `run` did not start: a defect of the caller.
    pub(super) fn current() -> Core {
        THIS_CORE.with_borrow(Clone::clone).expect("files and helpers are used on a core that run has started")
    }

    /// Makes this the core of the thread, until [`Core::leave`].
    pub(super) fn enter(&self) {
        THIS_CORE.set(Some(self.clone()));
    }

    /// Forgets the core of this thread.
    pub(super) fn leave() {
        THIS_CORE.set(None);
    }

    /// Begins a call. Never answers once the core is ending.
    pub(super) async fn depart(&self) -> Flight {
        if self.flights.closing.get() {
            pending::<()>().await;
        }
        self.flights.count.set(self.flights.count.get() + 1);
        Flight(Rc::clone(&self.flights))
    }

    /// Lets no call begin any more, and waits until all that are under way have ended.
    pub(super) async fn drain(&self) {
        self.flights.closing.set(true);
        while self.flights.count.get() > 0 {
            self.flights.ended.wait().await;
        }
    }
}
