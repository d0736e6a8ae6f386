//! Which task runs next, and what time it is.
//!
//! Ready tasks run in an order that the seed chooses. Every poll takes a little virtual time; when nothing is ready,
//! time jumps to the next entry of the agenda. A poll and an agenda entry that comes due are the events by which fuses
//! are measured.
//!
//! What must hold: task numbers are never used twice in a world, so a waker that outlived its task wakes nobody else.
//! No cell is borrowed while a future is polled or dropped: its code calls back into here.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::random::{Random, mix};
use super::task::Work;

/// The number of a task.
pub(super) type TaskId = u64;

/// Virtual time at the first boot.
const BEGINNING_NS: u64 = 1_000_000_000;
/// The most virtual time that one poll takes: enough that completions fall between the polls of a busy task.
const POLL_NS_MAX: u64 = 500;

pub(super) struct Scheduler {
    now: Cell<u64>,
    events: Cell<u64>,
    trace: Cell<u64>,
    next_number: Cell<u64>,
    tasks: RefCell<BTreeMap<TaskId, Slot>>,
    ready: RefCell<Vec<TaskId>>,
    woken: Arc<Mutex<Vec<TaskId>>>,
    agenda: RefCell<BTreeMap<(u64, u64), Waker>>,
}

/// A task. Its work is `None` while it is polled, and always for the main task, which whoever runs the world holds.
struct Slot {
    work: Option<Work>,
    alarm: Arc<Alarm>,
}

/// What one step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This task is to be polled now.
    Poll(TaskId),
    /// An agenda entry came due.
    Due,
    /// Nothing is ready and nothing will be.
    Nothing,
}

/// Puts its task on the list of woken ones, once until it is polled.
struct Alarm {
    task: TaskId,
    rung: AtomicBool,
    woken: Arc<Mutex<Vec<TaskId>>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::Relaxed) {
            self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(self.task);
        }
    }
}

impl Scheduler {
    pub(super) fn new() -> Scheduler {
        Scheduler {
            now: Cell::new(BEGINNING_NS),
            events: Cell::new(0),
            trace: Cell::new(0),
            next_number: Cell::new(0),
            tasks: RefCell::default(),
            ready: RefCell::default(),
            woken: Arc::default(),
            agenda: RefCell::default(),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.now.get()
    }

    /// Moves time on; it never goes back.
    pub(super) fn advance_to(&self, moment: u64) {
        self.now.set(self.now.get().max(moment));
    }

    /// Events since the last [`Scheduler::clear`].
    pub(super) fn events(&self) -> u64 {
        self.events.get()
    }

    /// A hash of every step since the world began.
    pub(super) fn trace(&self) -> u64 {
        self.trace.get()
    }

    /// Takes in a task that is ready to run; one without work is polled by whoever steps.
    pub(super) fn admit(&self, work: Option<Work>) -> TaskId {
        let task = self.number();
        let alarm = Arc::new(Alarm { task, rung: AtomicBool::new(true), woken: Arc::clone(&self.woken) });
        self.tasks.borrow_mut().insert(task, Slot { work, alarm });
        self.ready.borrow_mut().push(task);
        task
    }

    /// Chooses what happens next.
    pub(super) fn step(&self, random: &mut Random) -> Step {
        let woken = std::mem::take(&mut *self.woken.lock().unwrap_or_else(PoisonError::into_inner));
        let mut ready = self.ready.borrow_mut();
        ready.extend(woken.into_iter().filter(|task| self.tasks.borrow().contains_key(task)));
        let due = self.agenda.borrow().first_key_value().map(|((due, _), _)| *due);
        let step = match due {
            Some(due) if ready.is_empty() || due <= self.now() => {
                self.advance_to(due);
                let entry = self.agenda.borrow_mut().pop_first();
                entry.into_iter().for_each(|(_, waker)| waker.wake());
                Step::Due
            }
            _ if ready.is_empty() => return Step::Nothing,
            _ => {
                let chosen = random.index(ready.len());
                self.advance_to(self.now() + 1 + random.below(POLL_NS_MAX));
                Step::Poll(ready.swap_remove(chosen))
            }
        };
        self.events.set(self.events.get() + 1);
        let told = if let Step::Poll(task) = step { task } else { u64::MAX };
        self.trace.set(mix(self.trace.get() ^ mix(self.now()) ^ told));
        step
    }

    /// The waker of a task that is about to be polled; `None` if the task is gone.
    pub(super) fn waker(&self, task: TaskId) -> Option<Waker> {
        let tasks = self.tasks.borrow();
        let alarm = &tasks.get(&task)?.alarm;
        alarm.rung.store(false, Ordering::Relaxed);
        Some(Waker::from(Arc::clone(alarm)))
    }

    /// Polls a task that has its own work.
    pub(super) fn poll(&self, task: TaskId) {
        let Some(waker) = self.waker(task) else { return };
        let work = self.tasks.borrow_mut().get_mut(&task).and_then(|slot| slot.work.take());
        let Some(mut work) = work else { return };
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(()) => {
                self.tasks.borrow_mut().remove(&task);
            }
            Poll::Pending => {
                if let Some(slot) = self.tasks.borrow_mut().get_mut(&task) {
                    slot.work = Some(work);
                }
            }
        }
    }

    /// Drops all tasks, and those that their destructors start; the next boot begins with nothing.
    pub(super) fn clear(&self) {
        loop {
            let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
            if tasks.is_empty() {
                break;
            }
            drop(tasks);
        }
        self.ready.borrow_mut().clear();
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.agenda.borrow_mut().clear();
        self.events.set(0);
    }

    /// Ends `delay_ns` after this call.
    pub(super) fn pause(self: &Rc<Self>, delay_ns: u64) -> Pause {
        Pause { scheduler: Rc::clone(self), due: self.now().saturating_add(delay_ns), number: self.number() }
    }

    fn number(&self) -> u64 {
        let number = self.next_number.get();
        self.next_number.set(number + 1);
        number
    }
}

/// A wait for a moment of virtual time; it leaves the agenda when dropped.
pub(super) struct Pause {
    scheduler: Rc<Scheduler>,
    due: u64,
    number: u64,
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.scheduler.now() >= self.due {
            return Poll::Ready(());
        }
        let mut agenda = self.scheduler.agenda.borrow_mut();
        agenda.insert((self.due, self.number), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        let entry = self.scheduler.agenda.borrow_mut().remove(&(self.due, self.number));
        drop(entry);
    }
}
