//! The crash harness: one world per seed, and in it start, inspection, work, crash, again and again.
//!
//! ```text
//!  cycle:  index left in some state -> start (often cut, and begun again) -> inspection -> work by several clients
//!            -> 20 changes of 3 kinds acknowledged -> a fuse is lit -> power cut, kill, exit or a good end ->
//! ledger.crash
//! ```
//!
//! What must hold: everything is decided by the seed. A failure names the seed and the cycle.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::index::Fate;
use stratum_engine::node::{Options, Store};
use stratum_engine::rt;
use stratum_engine::rt::sim::{self, Fuse, Outcome, World};

use crate::chance::Chance;
use crate::index_files::IndexFiles;
use crate::inspection::inspect;
use crate::ledger::Shared;
use crate::node::{self, SHARDS, SLOT_BYTES};
use crate::workload::{Habits, LASTING, client};

/// Changes that must be acknowledged before a crash counts.
const CHANGES_MIN: u64 = 20;
/// Kinds of them.
const KINDS_MIN: usize = 3;
/// A store that does not get so far in this time is full, or hangs.
const PATIENCE_NS: u64 = 20_000_000_000;

/// What a run has seen, so that a test can insist that it saw everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Power cuts after enough acknowledged changes. No other end counts.
    pub counted: u64,
    /// Ends before that, because the disk was full.
    pub starved: u64,
    /// Power cuts.
    pub power_cuts: u64,
    /// Kills, exits and good ends.
    pub exits: u64,
    /// Power cuts before a start had ended.
    pub recovery_cuts: u64,
    /// Starts that found no index of any shard.
    pub rebuilds: u64,
    /// Starts that found the index of some shard older, torn or gone.
    pub part_rebuilds: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Segments that were given out, over the lives of all stores.
    pub segments: u64,
    /// Segments that were freed again.
    pub freed: u64,
    /// Records that compaction moved.
    pub moved: u64,
    /// Changes acknowledged.
    pub acknowledged: u64,
    /// Deletions of buckets among them.
    pub bucket_deletes: u64,
    /// Completions of uploads among them.
    pub completions: u64,
    /// Operations refused for want of room.
    pub untouched: u64,
    /// Writes torn by a crash.
    pub torn: u64,
    /// A hash of every step of every world.
    pub trace: u64,
}

impl Totals {
    /// Adds another run's.
    pub fn add(&mut self, other: &Totals) {
        self.counted += other.counted;
        self.starved += other.starved;
        self.power_cuts += other.power_cuts;
        self.exits += other.exits;
        self.recovery_cuts += other.recovery_cuts;
        self.rebuilds += other.rebuilds;
        self.part_rebuilds += other.part_rebuilds;
        self.checkpoints += other.checkpoints;
        self.segments += other.segments;
        self.freed += other.freed;
        self.moved += other.moved;
        self.acknowledged += other.acknowledged;
        self.bucket_deletes += other.bucket_deletes;
        self.completions += other.completions;
        self.untouched += other.untouched;
        self.torn += other.torn;
        self.trace = self.trace.rotate_left(1) ^ other.trace;
    }
}

/// Runs so many cycles of a seed.
///
/// # Panics
/// If the store and the model differ.
#[must_use]
pub fn run(seed: u64, cycles: u64) -> Totals {
    run_on(IndexFiles::twins(SHARDS), seed, cycles)
}

/// Runs so many cycles of a seed with this index.
///
/// # Panics
/// If the store and the model differ.
#[must_use]
pub fn run_on(index: IndexFiles, seed: u64, cycles: u64) -> Totals {
    let mut run = Run::new(index, seed);
    for cycle in 0..cycles {
        run.place.cycle.set(cycle);
        run.cycle();
    }
    let seen = run.seen.get();
    run.totals.checkpoints = seen.checkpoints;
    run.totals.moved = seen.moved;
    run.totals.segments = seen.newest;
    run.totals.freed = seen.newest.saturating_sub(seen.live);
    run.totals.torn = run.world.stats().torn;
    run.totals.trace = run.world.trace();
    run.totals
}

struct Run {
    world: World,
    chance: Rc<Chance>,
    ledger: Shared,
    index: IndexFiles,
    options: Options,
    habits: Habits,
    clients: u64,
    /// Events of the last start and inspection: where the next is cut lies within.
    start_events: u64,
    totals: Totals,
    seen: Rc<Cell<Seen>>,
    place: Place,
}

/// What a process has seen of its store before it died.
#[derive(Clone, Copy, Default)]
struct Seen {
    checkpoints: u64,
    moved: u64,
    newest: u64,
    live: u64,
}

/// Where a failure happened, said when it unwinds.
struct Place {
    seed: u64,
    cycle: Cell<u64>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (seed, cycle) = (self.seed, self.cycle.get());
            let text = format!(
                "\nseed {seed} failed in cycle {cycle}; it replays exactly:\n  \
                 STRATUM_SEED={seed} cargo test -p stratum-tests power_cuts\n"
            );
            // If even this cannot be written there is nobody to tell.
            drop(std::io::stderr().write_all(text.as_bytes()));
        }
    }
}

impl Run {
    fn new(index: IndexFiles, seed: u64) -> Run {
        let chance = Chance::new(seed);
        let mut options = node::options(index.place());
        let container_bytes = options.disk.geometry.container_bytes();
        if chance.percent(30) {
            options.disk.bytes_max = Some(container_bytes * chance.pick(&[3, 4, 5]));
        }
        options.owner.memtable_keys_max = chance.pick(&[15, 30, 60]);
        options.upkeep_ms = chance.pick(&[2, 10, 40]);
        let habits = Habits {
            body_max: chance.pick(&[20_000, 100_000, SLOT_BYTES * 2]),
            large_percent: chance.pick(&[5, 20, 40]),
            delete_percent: chance.pick(&[15, 30, 45]),
        };
        Run {
            world: World::new(seed, sim::Options::default()),
            clients: 2 + chance.below(6),
            chance: Rc::new(chance),
            ledger: Shared::default(),
            index,
            options,
            habits,
            start_events: 0,
            totals: Totals::default(),
            seen: Rc::default(),
            place: Place { seed, cycle: Cell::new(0) },
        }
    }

    fn cycle(&mut self) {
        while self.start_events > 0 && self.chance.percent(25) {
            self.choose_cores();
            let fuse = Fuse::PowerCut { after_events: self.chance.below(self.start_events) };
            let start = self.start();
            let outcome = self.world.run(start, fuse);
            match outcome {
                Outcome::Cut => self.totals.recovery_cuts += 1,
                Outcome::Stuck => panic!("a start hangs"),
                Outcome::Done(_) | Outcome::Killed => {}
            }
            self.after_crash(outcome == Outcome::Cut);
        }
        self.choose_cores();
        let work = self.work();
        let outcome = self.world.run(work, Fuse::Never);
        match outcome {
            Outcome::Stuck => panic!("nothing goes on"),
            Outcome::Cut => self.totals.power_cuts += 1,
            Outcome::Done(_) | Outcome::Killed => self.totals.exits += 1,
        }
        let (changes, kinds) = self.ledger.borrow().achieved();
        let untouched = self.ledger.borrow().untouched;
        self.totals.acknowledged += changes;
        self.totals.untouched += untouched;
        let of_kind = |kind| self.ledger.borrow().acknowledged.get(kind).copied().unwrap_or(0);
        self.totals.bucket_deletes += of_kind("delete bucket");
        self.totals.completions += of_kind("complete");
        if changes >= CHANGES_MIN && kinds >= KINDS_MIN {
            self.totals.counted += u64::from(matches!(outcome, Outcome::Cut));
        } else {
            assert!(
                untouched > 0,
                "only {changes} changes of {kinds} kinds were acknowledged, and the disk is not full"
            );
            self.totals.starved += 1;
        }
        self.after_crash(matches!(outcome, Outcome::Cut));
    }

    fn choose_cores(&mut self) {
        node::set_cores(&mut self.options, self.chance.pick(&[1, 2, 2, 4]));
    }

    /// A start, and what it shows.
    fn start(&self) -> impl Future<Output = ()> + use<> {
        let (options, ledger, chance) = (self.options.clone(), Rc::clone(&self.ledger), Rc::clone(&self.chance));
        async move {
            let stores = node::open(&options).await.expect("the store opens");
            let shows = chance.below(stores.len() as u64);
            let store = &stores[usize::try_from(shows).expect("few cores")];
            assert_eq!(store.damage(), [], "a crash alone damages nothing");
            if !ledger.borrow().lasting_buckets().is_empty() {
                inspect(store, &ledger, &chance).await;
            }
        }
    }

    /// A start, an inspection, and work until enough is acknowledged and a fuse is lit.
    fn work(&mut self) -> impl Future<Output = ()> + use<> {
        let (options, ledger, chance) = (self.options.clone(), Rc::clone(&self.ledger), Rc::clone(&self.chance));
        let (world, clients, habits) = (self.world.clone(), self.clients, self.habits.clone());
        let seen = Rc::clone(&self.seen);
        async move {
            let stores = node::open(&options).await.expect("the store opens");
            let shows = chance.below(stores.len() as u64);
            let store = &stores[usize::try_from(shows).expect("few cores")];
            assert_eq!(store.damage(), [], "a crash alone damages nothing");
            let begins = ledger.borrow().lasting_buckets().is_empty();
            if begins {
                store.create_bucket(&crate::client::bucket_name(LASTING)).await.expect("the first bucket");
                ledger.borrow_mut().lasting(LASTING);
            }
            inspect(store, &ledger, &chance).await;
            for number in 0..clients {
                let at = usize::try_from(number).expect("few clients") % stores.len();
                let own =
                    client(number / 2, stores[at].clone(), Rc::clone(&ledger), Rc::clone(&chance), habits.clone());
                drop(rt::spawn(own));
            }
            achieve(&ledger).await;
            let (newest, live) = store.segments();
            let checkpoints = seen.get().checkpoints + stores.iter().map(Store::checkpoints).sum::<u64>();
            let moved = seen.get().moved + stores.iter().map(Store::moved).sum::<u64>();
            seen.set(Seen { checkpoints, moved, newest: newest.0, live: live as u64 });
            match chance.below(20) {
                0 => {
                    ledger.borrow_mut().ending = true;
                    for store in &stores {
                        match store.close().await {
                            Ok(()) | Err(Error::NoSpace) => {}
                            Err(why) => panic!("a good end: {why}"),
                        }
                    }
                    return;
                }
                1 => return,
                2 => world.light(Fuse::Kill { after_events: world.events() + chance.below(2000) }),
                _ => world.light(Fuse::PowerCut { after_events: world.events() + chance.below(2000) }),
            }
            std::future::pending().await
        }
    }

    /// The ledger learns of the crash, and the index is left in some state.
    fn after_crash(&mut self, power_cut: bool) {
        self.start_events = self.world.events().clamp(1, 4000);
        self.ledger.borrow_mut().crash();
        if !power_cut {
            self.index.after_crash(|| Fate::Last);
            return;
        }
        if self.chance.percent(15) {
            self.index.after_crash(|| Fate::Gone);
            self.totals.rebuilds += 1;
            return;
        }
        let mut others = 0;
        let (chance, index) = (&self.chance, &self.index);
        index.after_crash(|| {
            let fate = match chance.below(20) {
                0 | 1 => Fate::Older(1 + usize::try_from(chance.below(4)).expect("small")),
                2 => Fate::Gone,
                3 => Fate::Torn,
                _ => Fate::Last,
            };
            others += u64::from(fate != Fate::Last);
            fate
        });
        self.totals.part_rebuilds += u64::from(others > 0);
    }
}

/// Waits until enough is acknowledged, or for so long that the disk must be full.
async fn achieve(ledger: &Shared) {
    let begun = rt::now();
    while rt::now() - begun < PATIENCE_NS {
        rt::sleep(Duration::from_millis(1)).await;
        let (changes, kinds) = ledger.borrow().achieved();
        if changes >= CHANGES_MIN && kinds >= KINDS_MIN {
            return;
        }
    }
}
