//! The handle of a simulated world, and the life of a process in it.
//!
//! A process is the set of tasks since [`World::run`] began. It ends when its main future ends (what still runs is
//! dropped, as by an exit), when its fuse burns, or when nothing can go on. Disk and time go on from one run to the
//! next.
//!
//! What must hold: a future is polled and dropped only while its world is the current one of this thread.

use std::cell::{Cell, RefCell, RefMut};
use std::future::Future;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::directory::Directory;
use super::disk::{Crash, Disk};
use super::random::Random;
use super::scheduler::{Pause, Scheduler, Step};
use super::task::{Task, task};

/// What the wall clock showed when the world's own clock showed zero: in November 2023.
const EPOCH_MS: u64 = 1_700_000_000_000;
/// The longest time between two boots.
const DOWN_NS_MAX: u64 = 10_000_000_000;

thread_local! {
    static CURRENT: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// The world that this thread lives in, or `None` in the real one.
#[must_use]
pub fn current() -> Option<World> {
    CURRENT.with_borrow(Option::clone)
}

/// How long things take, and how large the disk is.
#[derive(Clone, Debug)]
pub struct Options {
    /// A read.
    pub read_ns: RangeInclusive<u64>,
    /// A write or an allocation.
    pub write_ns: RangeInclusive<u64>,
    /// A flush, or a write that is durable by itself.
    pub flush_ns: RangeInclusive<u64>,
    /// A call on a helper thread: directories, locks, opening, work.
    pub help_ns: RangeInclusive<u64>,
    /// Bytes that all files together may have.
    pub disk_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            read_ns: 20_000..=500_000,
            write_ns: 20_000..=500_000,
            flush_ns: 100_000..=5_000_000,
            help_ns: 5_000..=200_000,
            disk_bytes: 1 << 40,
        }
    }
}

/// When a process ends before its time. Events are polls of tasks and moments of the agenda, as [`World::events`]
/// counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fuse {
    /// Never.
    Never,
    /// The power is cut after so many events of this run.
    PowerCut {
        /// The events before the cut.
        after_events: u64,
    },
    /// The process is killed after so many events of this run.
    Kill {
        /// The events before the kill.
        after_events: u64,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Main ended. What still ran was dropped, and I/O under way ended as in a kill.
    Done(T),
    /// The power was cut.
    Cut,
    /// The process was killed.
    Killed,
    /// No task was ready, and nothing would ever have made one ready. I/O ends as in a kill.
    Stuck,
}

/// A simulated world. Clones are handles of the same one.
#[derive(Clone)]
pub struct World {
    inner: Rc<Inner>,
}

struct Inner {
    options: Options,
    scheduler: Rc<Scheduler>,
    random: RefCell<Random>,
    disk: RefCell<Disk>,
    boot: Cell<u64>,
    running: Cell<bool>,
    fuse: Cell<Fuse>,
    events_before: Cell<u64>,
}

impl World {
    /// A world with an empty disk, all of whose chance comes from `seed`.
    #[must_use]
    pub fn new(seed: u64, options: Options) -> World {
        let inner = Inner {
            scheduler: Rc::new(Scheduler::new()),
            random: RefCell::new(Random::new(seed)),
            disk: RefCell::new(Disk::new(options.disk_bytes)),
            options,
            boot: Cell::new(0),
            running: Cell::new(false),
            fuse: Cell::new(Fuse::Never),
            events_before: Cell::new(0),
        };
        World { inner: Rc::new(inner) }
    }

    /// One boot: drives `main` and all tasks it starts until `main` ends or the fuse burns.
    ///
    /// # Panics
    /// If this world is running already.
    pub fn run<T>(&self, main: impl Future<Output = T>, fuse: Fuse) -> Outcome<T> {
        assert!(!self.inner.running.replace(true), "a world runs one process at a time");
        let _here = Here::enter(self);
        self.inner.boot.set(self.inner.boot.get() + 1);
        self.inner.fuse.set(fuse);
        let scheduler = &self.inner.scheduler;
        let mut main = Box::pin(main);
        let main_task = scheduler.admit(None);
        let outcome = loop {
            match self.inner.fuse.get() {
                Fuse::PowerCut { after_events } if scheduler.events() >= after_events => break Outcome::Cut,
                Fuse::Kill { after_events } if scheduler.events() >= after_events => break Outcome::Killed,
                _ => (),
            }
            let step = scheduler.step(&mut self.random());
            match step {
                Step::Poll(task) if task == main_task => {
                    let Some(waker) = scheduler.waker(task) else { break Outcome::Stuck };
                    if let Poll::Ready(value) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                        break Outcome::Done(value);
                    }
                }
                Step::Poll(task) => scheduler.poll(task),
                Step::Due => (),
                Step::Nothing => break Outcome::Stuck,
            }
        };
        drop(main);
        self.end_process(if matches!(outcome, Outcome::Cut) { Crash::PowerCut } else { Crash::Exit });
        outcome
    }

    /// Puts another fuse to the process under way; its events are counted from the process's beginning, as
    /// [`World::events`] counts them. A test that cuts after a certain achievement lights the fuse then.
    ///
    /// # Panics
    /// If no process is running.
    pub fn light(&self, fuse: Fuse) {
        assert!(self.inner.running.get(), "only what runs has a fuse");
        self.inner.fuse.set(fuse);
    }

    /// Drops what still runs, lets the disk fall into the state that the crash leaves, and lets some time pass.
    fn end_process(&self, crash: Crash) {
        let scheduler = &self.inner.scheduler;
        self.inner.events_before.set(scheduler.events());
        scheduler.clear();
        let mut random = self.random();
        self.disk().crash(crash, &mut random);
        scheduler.advance_to(scheduler.now() + random.below(DOWN_NS_MAX));
        self.inner.running.set(false);
    }

    /// Events of the run under way, or of the last one.
    #[must_use]
    pub fn events(&self) -> u64 {
        if self.inner.running.get() { self.inner.scheduler.events() } else { self.inner.events_before.get() }
    }

    /// A hash of every step since the world began: two runs with the same trace were the same run.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.inner.scheduler.trace()
    }

    /// Starts a task.
    ///
    /// # Panics
    /// If no process is running: the task would never run.
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        assert!(self.inner.running.get(), "tasks belong to a process");
        let (task, work) = task(future);
        self.inner.scheduler.admit(Some(work));
        task
    }

    /// Waits in virtual time.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        self.inner.scheduler.pause(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Virtual nanoseconds; they go on through crashes.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.inner.scheduler.now()
    }

    /// The virtual wall clock.
    #[must_use]
    pub fn wall_ms(&self) -> u64 {
        EPOCH_MS + self.now() / 1_000_000
    }

    /// Bytes that the seed determines.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        self.random().fill(bytes);
    }

    /// Runs `work` after a little while, as a helper thread would.
    pub async fn help<T, F>(&self, work: F) -> T
    where
        F: FnOnce() -> T,
    {
        self.helper_pause().await;
        work()
    }

    /// The directories of this world.
    #[must_use]
    pub fn directory(&self) -> Directory {
        Directory::new(self.clone())
    }

    /// The time that a helper takes to begin or to answer.
    pub(super) fn helper_pause(&self) -> Pause {
        self.inner.scheduler.pause(self.random().within(&self.inner.options.help_ns))
    }

    /// The times from the submission of a call until it lands, and from there until it ends.
    pub(super) fn pauses(&self, takes_ns: &RangeInclusive<u64>) -> (u64, u64) {
        let mut random = self.random();
        let whole = random.within(takes_ns);
        let first = random.below(whole + 1);
        (first, whole - first)
    }

    pub(super) fn pause(&self, delay_ns: u64) -> Pause {
        self.inner.scheduler.pause(delay_ns)
    }

    pub(super) fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(super) fn boot(&self) -> u64 {
        self.inner.boot.get()
    }

    pub(super) fn is_running(&self) -> bool {
        self.inner.running.get()
    }

    pub(super) fn advance_to(&self, moment: u64) {
        self.inner.scheduler.advance_to(moment);
    }

    /// The disk; never held while a future is polled or dropped.
    pub(super) fn disk(&self) -> RefMut<'_, Disk> {
        self.inner.disk.borrow_mut()
    }

    pub(super) fn random(&self) -> RefMut<'_, Random> {
        self.inner.random.borrow_mut()
    }
}

/// Makes a world the current one of this thread until it is dropped.
struct Here {
    before: Option<World>,
}

impl Here {
    fn enter(world: &World) -> Here {
        Here { before: CURRENT.replace(Some(world.clone())) }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}
