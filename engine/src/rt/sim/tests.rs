//! Stories of whole runs, told through the seam as the engine uses it: replay, time, files, crashes, faults.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::limits::BLOCK_BYTES;
use crate::rt::{Buffer, Event, File, Helper, IoError, IoKind, OpenMode, directory, help, now, random_bytes};
use crate::rt::{sleep, spawn, wall_ms, yield_now};

const BLOCK: u64 = BLOCK_BYTES as u64;

fn path() -> &'static Path {
    Path::new("/store/log")
}

fn world(seed: u64) -> World {
    World::new(seed, Options::default())
}

fn done<T>(outcome: Outcome<T>) -> T {
    let Outcome::Done(value) = outcome else { panic!("the run did not come to its end") };
    value
}

fn filled(byte: u8) -> Buffer {
    let mut buffer = Buffer::zeroed(BLOCK_BYTES);
    buffer.fill(byte);
    buffer
}

async fn write(file: &File, block: u64, byte: u8) -> Result<(), IoError> {
    file.write_at(block * BLOCK, filled(byte)).await.0
}

async fn read(file: &File, block: u64) -> Result<u8, IoError> {
    let (result, buffer) = file.read_at(block * BLOCK, Buffer::zeroed(BLOCK_BYTES)).await;
    result.map(|()| buffer[0])
}

/// A file of eight durable blocks of ones, with durable names.
async fn prepared() -> File {
    directory::create(Path::new("/store")).await.expect("there is room");
    let file = File::open(path(), OpenMode::Create).await.expect("the file is new");
    file.allocate(8 * BLOCK).await.expect("there is room");
    for block in 0..8 {
        write(&file, block, 1).await.expect("the disk works");
    }
    file.flush().await.expect("the disk works");
    directory::flush(Path::new("/store")).await.expect("the disk works");
    directory::flush(Path::new("/")).await.expect("the disk works");
    file
}

/// The first byte of each block of the file; `None` if there is no file.
fn bytes(world: &World) -> Option<Vec<u8>> {
    world.contents(path()).map(|bytes| bytes.chunks(BLOCK_BYTES).map(|block| block[0]).collect())
}

/// Many writers that flush now and then, with a log of what they saw.
async fn busy(log: Rc<RefCell<Vec<(u64, u64)>>>) {
    let file = prepared().await;
    let tasks: Vec<_> = (0..6_u8)
        .map(|writer| {
            let (file, log) = (file.clone(), Rc::clone(&log));
            spawn(async move {
                for round in 0..5 {
                    let block = u64::from_le_bytes(random_bytes()) % 8;
                    write(&file, block, writer * 10 + round).await.expect("the disk works");
                    if round % 2 == 0 {
                        file.flush().await.expect("the disk works");
                    }
                    help(Helper::General, || ()).await;
                    log.borrow_mut().push((u64::from(writer), now()));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
}

/// All that can be seen of a run.
#[derive(Debug, PartialEq)]
struct Seen {
    log: Vec<(u64, u64)>,
    trace: u64,
    events: u64,
    contents: Option<Vec<u8>>,
}

fn run_busy(seed: u64, fuse: Fuse) -> Seen {
    let (world, log) = (world(seed), Rc::new(RefCell::default()));
    world.run(busy(Rc::clone(&log)), fuse);
    Seen { log: log.take(), trace: world.trace(), events: world.events(), contents: world.contents(path()) }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        for fuse in [Fuse::Never, Fuse::PowerCut { after_events: 300 }, Fuse::Kill { after_events: 300 }] {
            assert_eq!(run_busy(seed, fuse), run_busy(seed, fuse));
        }
    }
    assert_ne!(run_busy(1, Fuse::Never).trace, run_busy(2, Fuse::Never).trace);
}

#[test]
fn a_fuse_changes_nothing_before_it_burns() {
    let whole = run_busy(5, Fuse::Never);
    for after_events in [0, 1, 100, whole.events - 1] {
        let cut_short = run_busy(5, Fuse::Kill { after_events });
        assert_eq!(cut_short.events, after_events);
        assert!(whole.log.starts_with(&cut_short.log));
    }
}

#[test]
fn tasks_run_in_an_order_that_the_seed_chooses() {
    let order = |seed| {
        let order = Rc::new(RefCell::new(Vec::new()));
        done(world(seed).run(
            async {
                let start = |number: u32| {
                    let order = Rc::clone(&order);
                    spawn(async move { order.borrow_mut().push(number) })
                };
                let tasks: Vec<_> = (0..3).map(start).collect();
                for task in tasks {
                    task.await;
                }
            },
            Fuse::Never,
        ));
        order.take()
    };
    assert_eq!((0..100).map(order).collect::<BTreeSet<_>>().len(), 6);
}

#[test]
fn time_jumps_and_never_goes_back() {
    let world = world(1);
    let (before, wall) = done(world.run(
        async {
            let began = now();
            sleep(Duration::from_hours(1)).await;
            assert!((3_600_000_000_000..3_600_001_000_000).contains(&(now() - began)));
            (now(), wall_ms())
        },
        Fuse::Never,
    ));
    done(world.run(async { assert!(now() > before && wall_ms() >= wall) }, Fuse::Never));
}

#[test]
fn a_task_that_only_yields_does_not_hold_up_time() {
    let over = Rc::new(Cell::new(false));
    let world = world(1);
    done(world.run(
        async {
            let told = Rc::clone(&over);
            spawn(async move {
                sleep(Duration::from_millis(1)).await;
                told.set(true);
            });
            while !over.get() {
                yield_now().await;
            }
        },
        Fuse::Never,
    ));
}

#[test]
fn waiting_for_nothing_is_stuck() {
    let event = Event::default();
    assert_eq!(world(1).run(event.wait(), Fuse::Never), Outcome::Stuck);
}

#[test]
fn a_run_leaves_no_task_and_no_current_world() {
    let (world, ran_on) = (world(1), Rc::new(Cell::new(false)));
    let told = Rc::clone(&ran_on);
    done(world.run(
        async move {
            spawn(async move {
                sleep(Duration::from_secs(1)).await;
                told.set(true);
            });
        },
        Fuse::Never,
    ));
    assert_eq!(Rc::strong_count(&ran_on), 1, "what still ran was dropped");
    assert!(current().is_none());
    done(world.run(sleep(Duration::from_secs(5)), Fuse::Never));
    assert!(!ran_on.get());
}

/// Calls into the world when it is dropped, as permits and pins of the engine do.
struct Talkative;

impl Drop for Talkative {
    fn drop(&mut self) {
        spawn(async { yield_now().await });
        assert!(now() > 0 && random_bytes::<4>().len() == 4);
    }
}

#[test]
fn destructors_may_call_into_the_world_while_it_ends() {
    for fuse in [Fuse::Never, Fuse::PowerCut { after_events: 40 }, Fuse::Kill { after_events: 40 }] {
        let world = world(3);
        world.run(
            async {
                let file = prepared().await;
                spawn(async move {
                    let (_talkative, file) = (Talkative, file);
                    sleep(Duration::from_secs(9)).await;
                    drop(file);
                });
                yield_now().await;
            },
            fuse,
        );
    }
}

#[test]
fn a_write_whose_caller_is_gone_still_happens() {
    let world = world(4);
    let seen = done(world.run(
        async {
            let file = prepared().await;
            let waiting = spawn({
                let file = file.clone();
                async move {
                    let mut writing = Box::pin(write(&file, 0, 9));
                    // Polled once and dropped: submitted, and nobody waits for it.
                    let first = std::future::poll_fn(|context| std::task::Poll::Ready(writing.as_mut().poll(context)));
                    assert!(first.await.is_pending());
                }
            });
            waiting.await;
            sleep(Duration::from_millis(1)).await;
            read(&file, 0).await
        },
        Fuse::Never,
    ));
    assert_eq!(seen, Ok(9));
}

/// What the blocks are after each of many crashes that find `story` waiting at its end.
fn outcomes<F: Future<Output = ()>>(story: fn(File) -> F, crash: fn(u64) -> Fuse) -> BTreeSet<Vec<u8>> {
    // Writes are far shorter than flushes, so that what is under way when a flush is called has ended before it lands.
    let options = Options { write_ns: 10_000..=20_000, flush_ns: 4_000_000..=5_000_000, ..Options::default() };
    let outcome = |seed| {
        let world = World::new(seed, options.clone());
        done(world.run(async { drop(prepared().await) }, Fuse::Never));
        let waiting = async {
            story(File::open(path(), OpenMode::Existing).await.expect("the file is there")).await;
            loop {
                yield_now().await;
            }
        };
        // By then every story is over: only yields are that many.
        world.run(waiting, crash(100_000));
        bytes(&world).expect("the names were flushed")
    };
    (0..40).map(outcome).collect()
}

fn cut(after_events: u64) -> Fuse {
    Fuse::PowerCut { after_events }
}

fn kill(after_events: u64) -> Fuse {
    Fuse::Kill { after_events }
}

fn ones_but(first: u8) -> Vec<u8> {
    [&[first][..], &[1; 7]].concat()
}

#[test]
fn power_cut_keeps_a_flushed_write() {
    async fn story(file: File) {
        write(&file, 0, 2).await.expect("the disk works");
        file.flush().await.expect("the disk works");
    }
    assert_eq!(outcomes(story, cut), BTreeSet::from([ones_but(2)]));
}

#[test]
fn power_cut_may_take_an_unflushed_write_and_a_kill_does_not() {
    async fn story(file: File) {
        write(&file, 0, 2).await.expect("the disk works");
    }
    assert_eq!(outcomes(story, cut), BTreeSet::from([ones_but(1), ones_but(2)]));
    assert_eq!(outcomes(story, kill), BTreeSet::from([ones_but(2)]));
}

#[test]
fn power_cut_may_take_a_write_that_had_not_ended_when_the_flush_was_called() {
    async fn story(file: File) {
        let writer = file.clone();
        let writing = spawn(async move { write(&writer, 0, 2).await });
        yield_now().await;
        file.flush().await.expect("the disk works");
        writing.await.expect("the disk works");
    }
    assert!(outcomes(story, cut).contains(&ones_but(1)));
}

#[test]
fn a_durable_write_is_durable_alone_and_nothing_older_comes_back_over_it() {
    async fn story(file: File) {
        write(&file, 0, 2).await.expect("the disk works");
        write(&file, 1, 2).await.expect("the disk works");
        file.write_durable_at(0, filled(3)).await.0.expect("the disk works");
    }
    let outcomes = outcomes(story, cut);
    assert!(outcomes.iter().all(|blocks| blocks[0] == 3));
    assert_eq!(outcomes.iter().map(|blocks| blocks[1]).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2]));
}

#[test]
fn a_flush_holds_however_many_writes_follow_it() {
    async fn story(file: File) {
        write(&file, 0, 2).await.expect("the disk works");
        let flushed = spawn({
            let file = file.clone();
            async move { file.flush().await }
        });
        for byte in 3..40 {
            write(&file, 0, byte).await.expect("the disk works");
        }
        flushed.await.expect("the disk works");
    }
    assert!(outcomes(story, cut).iter().all(|blocks| blocks[0] >= 2));
}

#[test]
fn a_failed_flush_leaves_its_writes_undecided_whatever_follows() {
    async fn story(file: File) {
        write(&file, 0, 2).await.expect("the disk works");
        current().expect("this is a simulation").fail_flush_after(Some(path()), 1);
        assert_eq!(file.flush().await.map_err(|error| error.kind), Err(IoKind::Media));
        write(&file, 1, 2).await.expect("the disk works");
        file.flush().await.expect("only one flush fails");
    }
    let outcomes = outcomes(story, cut);
    assert!(outcomes.iter().all(|blocks| blocks[1] == 2));
    assert_eq!(outcomes.iter().map(|blocks| blocks[0]).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2]));
}

#[test]
fn a_disk_that_lies_loses_what_it_flushed() {
    async fn story(file: File) {
        current().expect("this is a simulation").lie_about_flush(true);
        write(&file, 0, 2).await.expect("the disk works");
        file.flush().await.expect("it says so");
        file.write_durable_at(BLOCK, filled(2)).await.0.expect("it says so");
    }
    let outcomes = outcomes(story, cut);
    assert!(outcomes.iter().any(|blocks| blocks[0] == 1) && outcomes.iter().any(|blocks| blocks[1] == 1));
}

#[test]
fn a_flushed_file_without_a_flushed_name_may_vanish() {
    let there = |seed| {
        let world = world(seed);
        let story = async {
            let file = File::open(path().parent().expect("it has one"), OpenMode::Create).await.expect("it is new");
            write(&file, 0, 7).await.expect("the disk works");
            file.flush().await.expect("the disk works");
            loop {
                yield_now().await;
            }
        };
        assert_eq!(world.run(story, cut(100_000)), Outcome::Cut);
        world.contents(Path::new("/store")).map(|bytes| bytes[0])
    };
    assert_eq!((0..40).map(there).collect::<BTreeSet<_>>(), BTreeSet::from([None, Some(7)]));
}

#[test]
fn a_small_file_is_the_old_or_the_new_at_every_cut() {
    let file = Path::new("/conf");
    let mut seen = BTreeSet::new();
    for seed in 0..600 {
        let world = world(seed);
        let old = async {
            directory::write(file, b"old").await.expect("there is room");
            directory::flush(Path::new("/")).await.expect("the disk works");
        };
        done(world.run(old, Fuse::Never));
        let new = async { directory::write(file, b"new, and longer").await.expect("there is room") };
        world.run(new, cut(seed % 30));
        let read = done(world.run(async { directory::read(file).await }, Fuse::Never));
        seen.insert(read.expect("the disk works").expect("never neither"));
    }
    assert_eq!(seen, BTreeSet::from([b"old".to_vec(), b"new, and longer".to_vec()]));
}

#[test]
fn directories_answer_as_the_seam_says() {
    let (one, two) = (Path::new("/a/b/one"), Path::new("/a/b/two"));
    let story = async {
        assert_eq!(directory::entries(Path::new("/a/b")).await, Ok(None));
        directory::create(Path::new("/a/b")).await?;
        directory::create(Path::new("/a/b")).await?;
        assert_eq!(directory::read(one).await, Ok(None));
        directory::write(one, b"1").await?;
        directory::write(two, b"2").await?;
        assert_eq!(directory::entries(Path::new("/a/b")).await?, Some(vec!["one".into(), "two".into()]));
        directory::rename(two, one).await?;
        assert_eq!(directory::read(one).await?, Some(b"2".to_vec()));
        assert_eq!(directory::rename(two, one).await.map_err(|error| error.kind), Err(IoKind::NotFound));
        assert_eq!(directory::rename(one, Path::new("/a")).await.map_err(|error| error.kind), Err(IoKind::Exists));
        directory::rename(Path::new("/a/b"), Path::new("/a/c")).await?;
        assert_eq!(directory::entries(Path::new("/a/c")).await?, Some(vec!["one".into()]));
        directory::remove(Path::new("/a")).await?;
        directory::remove(Path::new("/a")).await?;
        assert_eq!(directory::entries(Path::new("/a")).await?, None);
        Ok::<(), IoError>(())
    };
    assert_eq!(done(world(1).run(story, Fuse::Never)), Ok(()));
}

#[test]
fn locks_keep_others_out_until_the_descriptor_or_the_process_ends() {
    let world = world(1);
    let kind = |result: Result<(), IoError>| result.map_err(|error| error.kind);
    let outlives = RefCell::new(None);
    let first = async {
        drop(prepared().await);
        let [one, two] = [
            File::open(path(), OpenMode::Existing).await.expect("it is there"),
            File::open(path(), OpenMode::Existing).await.expect("it is there"),
        ];
        assert_eq!(kind(one.lock(0, 10).await), Ok(()));
        assert_eq!(kind(two.lock(9, 1).await), Err(IoKind::Busy));
        assert_eq!(kind(two.lock(10, 5).await), Ok(()));
        let clone = one.clone();
        drop(one);
        assert_eq!(kind(two.lock(0, 1).await), Err(IoKind::Busy), "a clone holds the lock too");
        drop(clone);
        assert_eq!(kind(two.lock(0, 1).await), Ok(()));
        outlives.replace(Some(two));
        loop {
            yield_now().await;
        }
    };
    assert_eq!(world.run(first, Fuse::Kill { after_events: 1000 }), Outcome::<()>::Killed);
    let second = async { File::open(path(), OpenMode::Existing).await.expect("it is there").lock(0, 100).await };
    assert!(outlives.borrow().is_some(), "a descriptor that a test holds on to is no process");
    assert_eq!(kind(done(world.run(second, Fuse::Never))), Ok(()));
}

#[test]
fn a_full_disk_refuses_to_grow_and_goes_on() {
    let world = world(1);
    world.disk_capacity(10 * BLOCK);
    let story = async {
        let file = prepared().await;
        assert_eq!(directory::free_bytes(path()).await, Ok(2 * BLOCK));
        assert_eq!(file.allocate(11 * BLOCK).await.map_err(|error| error.kind), Err(IoKind::NoSpace));
        assert_eq!(write(&file, 10, 1).await.map_err(|error| error.kind), Err(IoKind::NoSpace));
        assert_eq!(file.length().await, Ok(8 * BLOCK));
        assert_eq!(write(&file, 7, 2).await, Ok(()));
        assert_eq!(file.allocate(10 * BLOCK).await, Ok(()));
        assert_eq!(read(&file, 9).await, Ok(0));
        assert_eq!(read(&file, 10).await.map_err(|error| error.kind), Err(IoKind::Short));
    };
    done(world.run(story, Fuse::Never));
}

#[test]
fn damage_is_seen_where_a_test_put_it_and_nowhere_else() {
    let world = world(1);
    let story = async {
        let file = prepared().await;
        let world = current().expect("this is a simulation");
        world.fail_reads(path(), BLOCK, 1);
        world.rot(path(), 2 * BLOCK, 1);
        assert_eq!(read(&file, 1).await.map_err(|error| error.kind), Err(IoKind::Media));
        assert_eq!(read(&file, 2).await, Ok(0));
        assert_eq!(read(&file, 3).await, Ok(1));
        world.fail_writes(path());
        assert_eq!(write(&file, 3, 2).await.map_err(|error| error.kind), Err(IoKind::Media));
        world.mend(path());
        assert_eq!(read(&file, 1).await, Ok(1));
        assert_eq!(write(&file, 3, 2).await, Ok(()));
    };
    done(world.run(story, Fuse::Never));
    assert_eq!(world.stats().failures, 2);
}

#[test]
fn one_disk_is_cut_at_every_event() {
    let base = world(1);
    done(base.run(async { drop(prepared().await) }, Fuse::Never));
    let snapshot = base.snapshot();
    let mut totals = Stats::default();
    for after_events in 0..200 {
        let world = world(after_events);
        world.restore(&snapshot);
        assert_eq!(bytes(&world), bytes(&base));
        let acknowledged = Cell::new(1);
        let story = async {
            let file = File::open(path(), OpenMode::Existing).await.expect("the file is there");
            for byte in 2..9 {
                write(&file, 0, byte).await.expect("the disk works");
                file.flush().await.expect("the disk works");
                acknowledged.set(byte);
            }
        };
        world.run(story, Fuse::PowerCut { after_events });
        let bytes = world.contents(path()).expect("the names are durable");
        let sectors: Vec<u8> = bytes.chunks(512).map(|sector| sector[0]).take(8).collect();
        let allowed = acknowledged.get()..=acknowledged.get() + 1;
        assert!(sectors.iter().all(|byte| allowed.contains(byte)), "{sectors:?} after {}", acknowledged.get());
        totals.torn += world.stats().torn;
        totals.dropped += world.stats().dropped;
        totals.kept += world.stats().kept;
    }
    assert!(totals.torn > 5 && totals.dropped > 5 && totals.kept > 5, "{totals:?}");
}

#[test]
#[should_panic(expected = "whole blocks")]
fn misaligned_access_is_our_own_fault() {
    let misaligned = async { drop(prepared().await.read_at(1, Buffer::zeroed(BLOCK_BYTES)).await) };
    done(world(1).run(misaligned, Fuse::Never));
}
