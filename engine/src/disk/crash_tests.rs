//! Crashes at every event of a disk's life: while it is made, while its table changes, while it grows, and while it
//! recovers.
//!
//! What must hold after each: the store opens; what was reported live is live, with its nonce and place; what was
//! reported free is not; no id and no nonce is given twice.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use super::opening::tests::{STORE, options};
use super::{Disk, Grant, TableOwner, open};
use crate::rt;
use crate::rt::sim::{Fuse, Options, Outcome, World};
use crate::types::SegmentKind;
use crate::types::{CoreId, SegmentId};

/// What the application was told.
#[derive(Default)]
struct Told {
    /// All grants there ever were.
    grants: BTreeMap<SegmentId, Grant>,
    /// Segments of which it was asked that they become live.
    asked_live: BTreeSet<SegmentId>,
    /// Segments reported live, and not asked to be freed since.
    live: BTreeSet<SegmentId>,
    /// Segments reported free.
    freed: BTreeSet<SegmentId>,
}

type Ledger = Rc<RefCell<Told>>;

async fn allocate(owner: Rc<TableOwner>, ledger: Ledger, kind: SegmentKind, core: u16) -> SegmentId {
    let grant = owner.allocate(kind, CoreId(core), false).await.expect("the disk is neither full nor broken");
    let mut told = ledger.borrow_mut();
    assert!(told.grants.values().all(|other| other.nonce != grant.nonce), "a nonce is secret because it is new");
    assert!(told.grants.insert(grant.segment, grant).is_none(), "an id is given once");
    grant.segment
}

async fn make_live(owner: &Rc<TableOwner>, ledger: &Ledger, segment: SegmentId) {
    ledger.borrow_mut().asked_live.insert(segment);
    owner.make_live(segment).await.expect("the disk is not broken");
    ledger.borrow_mut().live.insert(segment);
}

async fn free(owner: &Rc<TableOwner>, ledger: &Ledger, segments: &[SegmentId]) {
    segments.iter().for_each(|segment| {
        ledger.borrow_mut().live.remove(segment);
    });
    owner.free(segments).await.expect("the disk is not broken");
    ledger.borrow_mut().freed.extend(segments);
}

/// Two cores take segments at the same time, the disk grows, one segment goes and its slot is taken again.
async fn workload(ledger: Ledger) {
    let disk = open(Path::new(STORE), &options()).await.expect("a store that crashed opens");
    compare(&disk, &ledger);
    let owner = disk.owner();
    let second = rt::spawn(allocate(Rc::clone(owner), Rc::clone(&ledger), SegmentKind::Data, 1));
    let first = allocate(Rc::clone(owner), Rc::clone(&ledger), SegmentKind::Log, 0).await;
    make_live(owner, &ledger, first).await;
    let second = second.await;
    make_live(owner, &ledger, second).await;
    let third = allocate(Rc::clone(owner), Rc::clone(&ledger), SegmentKind::Log, 0).await;
    let before = *ledger.borrow().live.first().unwrap_or(&first);
    free(owner, &ledger, &[before, third]).await;
    let fourth = allocate(Rc::clone(owner), Rc::clone(&ledger), SegmentKind::Data, 2).await;
    make_live(owner, &ledger, fourth).await;
}

fn compare(disk: &Disk, ledger: &Ledger) {
    let told = ledger.borrow();
    let found = disk.owner().live_segments();
    for segment in &told.live {
        let slot = found.iter().find(|slot| slot.segment == *segment).expect("what was reported live is live");
        let grant = told.grants.get(segment).expect("what is live was granted");
        assert_eq!((slot.nonce, slot.slot), (grant.nonce, grant.slot));
    }
    for slot in &found {
        assert!(told.asked_live.contains(&slot.segment), "nothing is live that nobody asked for");
        assert!(!told.freed.contains(&slot.segment), "what was reported free stays free");
    }
    let places: BTreeSet<_> = found.iter().map(|slot| slot.slot).collect();
    assert_eq!(places.len(), found.len(), "no two segments share a slot");
    assert!(told.grants.keys().all(|granted| *granted < disk.owner().next_segment()), "ids only grow");
}

fn fuse(power: bool, after_events: u64) -> Fuse {
    if power { Fuse::PowerCut { after_events } } else { Fuse::Kill { after_events } }
}

/// Runs the workload whole, from whatever there is.
fn finish(world: &World, ledger: &Ledger) {
    let outcome = world.run(workload(Rc::clone(ledger)), Fuse::Never);
    assert_eq!(outcome, Outcome::Done(()));
}

/// Crashes at event after event of a workload that begins on the disk that `prepare` leaves, and again in the recovery.
fn crash_at_every_event(seed: u64, prepare: impl Fn(&World) -> Ledger) {
    let world = World::new(seed, Options::default());
    let ledger = prepare(&world);
    finish(&world, &ledger);
    let events = world.events();
    for after in 1..events {
        for (first, second) in [(true, true), (false, true), (false, false)] {
            let world = World::new(seed, Options::default());
            let ledger = prepare(&world);
            world.run(workload(Rc::clone(&ledger)), fuse(first, after));
            // Another place of the recovery every time, so that all of them are met.
            world.run(workload(Rc::clone(&ledger)), fuse(second, 1 + after * 7 % events));
            finish(&world, &ledger);
            finish(&world, &ledger);
        }
    }
}

#[test]
fn a_crash_while_a_store_is_made_leaves_one_that_opens() {
    crash_at_every_event(1, |_| Ledger::default());
}

/// A killed process leaves bytes that can be read and still be lost: whoever takes them up must flush them first. An
/// opening that did not wrote its table over the one durable copy, and a power cut then left none.
#[test]
fn what_a_killed_making_left_is_durable_before_it_is_relied_on() {
    let opened = || async { open(Path::new(STORE), &options()).await.map(|_| ()) };
    let world = World::new(1, Options::default());
    assert_eq!(world.run(opened(), Fuse::Never), Outcome::Done(Ok(())));
    let events = world.events();
    for killed in 1..events {
        for cut in 1..events {
            let world = World::new(1, Options::default());
            world.run(opened(), fuse(false, killed));
            world.run(opened(), fuse(true, cut));
            assert_eq!(world.run(opened(), Fuse::Never), Outcome::Done(Ok(())), "killed at {killed}, cut at {cut}");
        }
    }
}

#[test]
fn a_store_that_was_opened_is_never_again_marked_as_being_made() {
    for seed in 0..50 {
        let world = World::new(seed, Options::default());
        let opened = world.run(open(Path::new(STORE), &options()), Fuse::Never);
        assert!(matches!(opened, Outcome::Done(Ok(_))));
        assert_eq!(world.run(std::future::pending::<()>(), fuse(true, 0)), Outcome::Cut);
        assert!(world.files().iter().all(|(path, _)| !path.ends_with("creating")), "{seed}");
    }
}

#[test]
fn a_crash_while_the_table_changes_loses_nothing_that_was_reported() {
    let prepare = |world: &World| {
        let ledger = Ledger::default();
        finish(world, &ledger);
        ledger
    };
    for seed in 2..5 {
        crash_at_every_event(seed, prepare);
    }
}

/// The suite must notice a disk that lies, or it proves nothing.
#[test]
fn a_disk_that_lies_about_flushes_is_found_out() {
    let lost = (0..200).any(|seed| {
        let world = World::new(seed, Options::default());
        let ledger = Ledger::default();
        finish(&world, &ledger);
        world.lie_about_flush(true);
        world.run(workload(Rc::clone(&ledger)), fuse(true, 100 + seed * 2));
        let found = world.run(open(Path::new(STORE), &options()), Fuse::Never);
        let Outcome::Done(Ok(disk)) = found else { return true };
        let live: BTreeSet<_> = disk.owner().live_segments().iter().map(|slot| slot.segment).collect();
        let told = ledger.borrow();
        !told.live.is_subset(&live)
    });
    assert!(lost);
}
