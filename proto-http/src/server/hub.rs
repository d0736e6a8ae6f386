//! What the connections of one core share, and the little that the cores of a node tell each other.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stratum_engine::rt::{self, Event};

use super::journal::Journal;
use crate::s3::Service;

/// What all cores of a node know.
#[derive(Debug, Default)]
pub struct Node {
    ready: AtomicBool,
}

impl Node {
    /// Whether requests should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Every core serves, or the node is about to stop.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }
}

/// What the connections of one core share.
pub(super) struct Hub {
    /// The service.
    pub(super) service: Service,
    /// Where requests are noted.
    pub(super) journal: Rc<Journal>,
    /// What all cores know.
    pub(super) node: Arc<Node>,
    stopping: Cell<bool>,
    stop: Event,
    open: Cell<usize>,
    ended: Event,
    requests: Cell<u64>,
    prefix: u64,
}

/// One connection, counted while it lives.
pub(super) struct Counted(Rc<Hub>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.ended.notify();
    }
}

impl Hub {
    /// A hub without connections.
    pub(super) fn new(service: Service, journal: Rc<Journal>, node: Arc<Node>) -> Rc<Hub> {
        Rc::new(Hub {
            service,
            journal,
            node,
            stopping: Cell::new(false),
            stop: Event::default(),
            open: Cell::new(0),
            ended: Event::default(),
            requests: Cell::new(0),
            prefix: u64::from_le_bytes(rt::random_bytes()),
        })
    }

    /// Counts a connection.
    pub(super) fn count(self: &Rc<Hub>) -> Counted {
        self.open.set(self.open.get() + 1);
        Counted(Rc::clone(self))
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> usize {
        self.open.get()
    }

    /// An id that no other request of this core has, and hardly one of another.
    pub(super) fn request_id(&self) -> u64 {
        let number = self.requests.get() + 1;
        self.requests.set(number);
        // An odd factor makes different numbers different ids, and neighbours far apart.
        self.prefix ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// True if no further request is taken.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Waits until the core begins to stop.
    pub(super) async fn stop_begins(&self) {
        while !self.stopping.get() {
            self.stop.wait().await;
        }
    }

    /// Begins to stop: idle connections end, the others after their answer. Waits for them, but not longer than
    /// `patience`.
    pub(super) async fn stop(&self, patience: Duration) {
        self.stopping.set(true);
        self.stop.notify();
        let all_ended = async {
            while self.open.get() > 0 {
                self.ended.wait().await;
            }
        };
        // Those who have not ended by then are cut off: what was acknowledged is durable.
        let _in_time: Option<()> = rt::timeout(patience, all_ended).await;
    }
}
