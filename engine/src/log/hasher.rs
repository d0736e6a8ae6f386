//! The MD5 of the large bodies that stream into one core, side by side.
//!
//! One MD5 leaves most of a core idle, so each body hands its full steps in and gets them back hashed. A round begins
//! when every body of the core, or as many as there are lanes, has handed one in; when a body ends, which waits for
//! nobody; or when a body has waited for a moment, since one whose client is slow must not hold up the others.
//!
//! What must hold: the steps of one body are hashed in their order, because a body waits for each. A body that goes
//! away takes nothing of the others with it: a round runs as a task of its own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::digest::Md5;
use crate::limits::{HASH_WAIT_MS, UNIT_BYTES};
use crate::rt::{self, Buffer, ReplySlot, reply};

/// The widest lanes there are.
const LANES: usize = 16;

/// The hasher of one core.
#[derive(Default)]
pub(super) struct Hasher {
    waiting: RefCell<Vec<Job>>,
    bodies: Cell<usize>,
}

struct Job {
    step: Hashed,
    bytes: usize,
    answer: ReplySlot<Hashed>,
}

/// A step and the MD5 of its body, with it from then on.
type Hashed = (Md5, Buffer);

/// One body's place at the hasher; while it is held the others wait for the body's steps.
pub(super) struct Place {
    hasher: Rc<Hasher>,
}

impl Hasher {
    /// A place for one more body.
    pub(super) fn join(self: &Rc<Self>) -> Place {
        self.bodies.set(self.bodies.get() + 1);
        Place { hasher: Rc::clone(self) }
    }

    fn begin_round(&self) {
        let jobs = self.waiting.take();
        if !jobs.is_empty() {
            drop(rt::spawn(round(jobs)));
        }
    }
}

impl Place {
    /// Takes the first `bytes` bytes of `buffer` into `md5`. The `last` step of a body waits for no other.
    pub(super) async fn hash(&self, md5: Md5, buffer: Buffer, bytes: usize, last: bool) -> Hashed {
        let (slot, mut answer) = reply();
        let hasher = &self.hasher;
        hasher.waiting.borrow_mut().push(Job { step: (md5, buffer), bytes, answer: slot });
        let full = hasher.waiting.borrow().len() >= hasher.bodies.get().min(LANES);
        let hashed = if last || full {
            hasher.begin_round();
            answer.await
        } else {
            match rt::timeout(Duration::from_millis(HASH_WAIT_MS), &mut answer).await {
                Some(hashed) => hashed,
                None => {
                    // Either this step still waits, or its round is under way and what waits now came later.
                    hasher.begin_round();
                    answer.await
                }
            }
        };
        hashed.expect("a round answers every step that it takes")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hasher.bodies.set(self.hasher.bodies.get() - 1);
    }
}

/// Hashes the steps side by side, a unit of each at a time.
async fn round(mut jobs: Vec<Job>) {
    let longest = jobs.iter().map(|job| job.bytes).max().unwrap_or_default();
    for at in (0..longest).step_by(UNIT_BYTES) {
        let mut streams: Vec<(&mut Md5, &[u8])> = jobs
            .iter_mut()
            .map(|job| {
                let (md5, buffer) = &mut job.step;
                (md5, buffer.get(at..job.bytes.min(at + UNIT_BYTES)).unwrap_or_default())
            })
            .collect();
        Md5::update_many(&mut streams);
        rt::yield_now().await;
    }
    for job in jobs {
        // A body that has gone away takes its step along.
        drop(job.answer.answer(job.step));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::sim::{self, Fuse, Outcome, World};

    fn step(fill: u8) -> Buffer {
        let mut buffer = Buffer::zeroed(3 * UNIT_BYTES);
        buffer.fill(fill);
        buffer
    }

    fn md5_of(bytes: &[u8]) -> [u8; 16] {
        let mut md5 = Md5::new();
        md5.update(bytes);
        md5.finish()
    }

    #[test]
    fn bodies_of_any_speed_get_their_own_md5() {
        let world = World::new(3, sim::Options::default());
        let work = async {
            let hasher = Rc::new(Hasher::default());
            // A body that never hands anything in holds up nobody for ever.
            let _idle = hasher.join();
            let bodies = (1..40).map(|fill: u8| {
                let place = hasher.join();
                rt::spawn(async move {
                    let bytes = usize::from(fill) * 4000;
                    let (md5, buffer) = place.hash(Md5::new(), step(fill), bytes, false).await;
                    let (md5, _) = place.hash(md5, buffer, 7, true).await;
                    assert_eq!(md5.finish(), md5_of(&vec![fill; bytes + 7]), "{fill}");
                })
            });
            for body in bodies.collect::<Vec<_>>() {
                body.await;
            }
        };
        assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
    }
}
