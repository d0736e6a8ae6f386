//! The log in the simulation: what is appended survives a power cut, and every way a chain can end has its verdict.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::*;
use crate::codec::field_u32;
use crate::digest::crc32c;
use crate::disk::{self, Catalog, Column, DiskHealth, DiskOptions, Geometry, Segments, follow, serve};
use crate::limits::{BLOCK_BYTES, DSYNC_BYTES_MAX};
use crate::rt::sim::{Fuse, Outcome, World};
use crate::rt::{self, Buffer, BufferPool, File, OpenMode, mailbox};
use crate::types::{BucketId, CoreId, GroupNumber, KillList, SegmentId, SegmentKind, Sequence, ShardId};

const SLOT: u64 = 128 * 1024;
/// A slot has room for one of them.
const RECORDS_OF_A_LARGE_GROUP: u64 = 25;

/// A disk of one core, with its table's owner running.
struct Bench {
    segments: Rc<Segments>,
    reader: LogReader,
    _disk: disk::Disk,
}

async fn bench() -> Bench {
    bench_within(None).await
}

async fn bench_within(bytes_max: Option<u64>) -> Bench {
    let options = DiskOptions {
        geometry: Geometry::new(SLOT, 8, 8192, 4096).expect("a small geometry"),
        shards: 1,
        reserve_slots: 0,
        low_water_slots: 0,
        index_reserve_bytes: 0,
        bytes_max,
    };
    let disk = disk::open(Path::new("/store"), &options).await.expect("the disk opens");
    let catalog = Rc::new(Catalog::default());
    for live in disk.owner().live_segments() {
        catalog.add(Column { segment: live.segment, kind: live.kind, nonce: live.nonce, slot: live.slot });
    }
    let (post, requests) = mailbox(16);
    let (notes_post, notes) = mailbox(16);
    drop(rt::spawn(serve(Rc::clone(disk.owner()), requests, vec![notes_post])));
    drop(rt::spawn(follow(Rc::clone(&catalog), notes)));
    let containers = disk.containers(CoreId(0));
    let segments = Rc::new(Segments::new(containers, catalog, CoreId(0), post, |_| {}, DiskHealth::default()));
    let reader = LogReader::new(Rc::clone(&segments), BufferPool::new(4 << 20));
    Bench { segments, reader, _disk: disk }
}

fn record(number: u64, payload: &[u8]) -> Record {
    Record {
        shard: ShardId(0),
        bucket: BucketId(1),
        sequence: Sequence(number),
        position: Sequence(number),
        time_ms: number,
        key: format!("key-{number}").into_bytes(),
        meta: Meta::new(Change::Delete, &KillList::default()),
        payload_bytes: field_u32(payload.len()),
        payload_crc: crc32c(payload),
    }
}

/// Appends the records `numbers` as one group, turning if the segment has no room for it.
async fn append_together(log: &mut LogWriter, numbers: std::ops::Range<u64>) {
    let payload = vec![7; 3000];
    loop {
        if let Some(mut group) = log.begin() {
            let mut placed = 0;
            for number in numbers.clone() {
                let Some(place) = group.place(&record(number, &payload), &payload) else { break };
                group.add(place, &payload);
                placed += 1;
            }
            if placed == numbers.end - numbers.start {
                log.append(group).await.expect("a group is appended");
                return;
            }
            log.put_back(group);
        }
        log.turn().await.expect("there is a next segment");
    }
}

/// Appends the records `numbers`, one group each, turning where a segment is full. Gives where they are.
async fn append(log: &mut LogWriter, numbers: std::ops::Range<u64>) -> Vec<crate::types::Location> {
    let mut locations = Vec::new();
    for number in numbers {
        let payload = vec![7; 3000];
        loop {
            if let Some(mut group) = log.begin()
                && let Some(placed) = group.place(&record(number, &payload), &payload)
            {
                let location = group.add(placed, &payload);
                log.append(group).await.expect("a group is appended");
                locations.push(location);
                break;
            }
            log.turn().await.expect("there is a next segment");
        }
    }
    locations
}

async fn recovered(bench: &Bench, marks: &[IndexMark], accept: bool) -> Recovered {
    recover(&bench.segments, &bench.reader, marks, SegmentId(0), accept).await.expect("the disk can be read")
}

/// The sequences that replay would see, in order.
async fn sequences(bench: &Bench, recovered: &Recovered) -> Vec<u64> {
    let mut found = Vec::new();
    for segment in &recovered.log {
        let footer = match recovered.unwritten.get(segment) {
            Some(footer) => footer.clone(),
            None => {
                let column = bench.reader.column(*segment).expect("it is there");
                let Ending::Footer(tail) = bench.reader.ending(&column).await.expect("it reads") else {
                    panic!("segment {segment} has no footer")
                };
                bench.reader.footer(&column, tail).await.expect("the footer is whole")
            }
        };
        found.extend(footer.entries.iter().map(|(_, stored)| {
            let (record, _) = Record::decode(stored).expect("a footer holds records");
            record.sequence.0
        }));
    }
    found
}

fn done<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Done(value) => value,
        _ => panic!("the run ended early"),
    }
}

/// Runs `number` groups and a power cut, and gives the first log segment.
fn written(world: &World, groups: u64) -> SegmentId {
    let last = Rc::new(RefCell::new(SegmentId::NONE));
    let work = async {
        let bench = bench().await;
        let mut log = LogWriter::new(Rc::clone(&bench.segments), CoreId(0));
        let locations = append(&mut log, 1..groups + 1).await;
        *last.borrow_mut() = locations[0].segment;
    };
    done(world.run(work, Fuse::PowerCut { after_events: u64::MAX }));
    *last.borrow()
}

/// Where a block of a segment lies in the container file.
fn place(world: &World, segment: SegmentId, offset: u64) -> (PathBuf, u64) {
    let found = Rc::new(RefCell::new(0));
    let work = async {
        let bench = bench().await;
        *found.borrow_mut() = bench.segments.column(segment).expect("it is live").slot.offset;
    };
    done(world.run(work, Fuse::Never));
    (PathBuf::from("/store/disk-0/container-0000"), *found.borrow() + offset)
}

#[test]
fn every_acknowledged_group_survives_a_power_cut_at_any_event() {
    survives(1, 79);
}

/// A large group is written and then flushed; a small one is durable in one go.
#[test]
fn every_acknowledged_large_group_survives_a_power_cut_at_any_event() {
    const { assert!(RECORDS_OF_A_LARGE_GROUP * 3000 > DSYNC_BYTES_MAX as u64) };
    survives(RECORDS_OF_A_LARGE_GROUP, 12);
}

/// Appends `groups` groups of so many records each, cut at every few events.
fn survives(records: u64, groups: u64) {
    let mut after_events = 50;
    let mut cut = 0;
    loop {
        let world = World::new(after_events, crate::rt::sim::Options::default());
        let acknowledged = Rc::new(RefCell::new(0));
        let work = async {
            let bench = bench().await;
            let mut log = LogWriter::new(Rc::clone(&bench.segments), CoreId(0));
            for group in 0..groups {
                append_together(&mut log, group * records + 1..(group + 1) * records + 1).await;
                *acknowledged.borrow_mut() = (group + 1) * records;
            }
        };
        let ended = matches!(world.run(work, Fuse::PowerCut { after_events }), Outcome::Done(()));
        let check = async {
            let bench = bench().await;
            let found = recovered(&bench, &[], false).await;
            assert!(found.damage.is_empty(), "{:?} after {after_events} events", found.damage);
            let seen = sequences(&bench, &found).await;
            let expected: Vec<u64> = (1..=u64::try_from(seen.len()).expect("few")).collect();
            assert_eq!(seen, expected, "a prefix, in order");
            assert!(expected.len() as u64 >= *acknowledged.borrow(), "after {after_events} events");
            seen
        };
        // What recovery has shown once never disappears: cut again in the middle of the next recovery, then look.
        let first = done(world.run(check, Fuse::Never));
        let again = async {
            let bench = bench().await;
            recovered(&bench, &[], false).await
        };
        drop(world.run(again, Fuse::PowerCut { after_events: after_events % 60 }));
        let last = async {
            let bench = bench().await;
            let found = recovered(&bench, &[], false).await;
            sequences(&bench, &found).await
        };
        assert_eq!(done(world.run(last, Fuse::Never)), first);
        if ended {
            break;
        }
        cut += 1;
        after_events += if records == 1 { 37 } else { 5 };
    }
    assert!(cut > 20, "the run was cut {cut} times");
}

/// What a killed process wrote is readable, and may be gone after a power cut. A footer that names it must not come to
/// the disk before it does. The flush of the slot table, which a start makes first, is one of the first container only:
/// the log has gone on to the next.
#[test]
fn what_a_killed_process_left_is_durable_before_a_footer_names_it() {
    let mut cuts = 0;
    let work = || async {
        let bench = bench().await;
        let mut log = LogWriter::new(Rc::clone(&bench.segments), CoreId(0));
        for group in 0..12 {
            append_together(&mut log, group * 25 + 1..group * 25 + 26).await;
        }
    };
    let whole = World::new(0, crate::rt::sim::Options::default());
    done(whole.run(work(), Fuse::Never));
    let last = whole.events();
    for (seed, kill) in (last * 3 / 4..last).step_by(14).enumerate() {
        for cut in (150_u64..).step_by(3) {
            let world = World::new(seed as u64, crate::rt::sim::Options::default());
            assert_eq!(world.run(work(), Fuse::Kill { after_events: kill }), Outcome::Killed);
            let start = async {
                let bench = bench().await;
                recovered(&bench, &[], false).await
            };
            let ended = matches!(world.run(start, Fuse::PowerCut { after_events: cut }), Outcome::Done(_));
            let check = async {
                let bench = bench().await;
                let found = recovered(&bench, &[], false).await;
                assert!(found.damage.is_empty(), "{:?}, killed after {kill}, cut after {cut}", found.damage);
                for segment in &found.log {
                    let column = bench.reader.column(*segment).expect("it is there");
                    let Ending::Footer(tail) = bench.reader.ending(&column).await.expect("it reads") else {
                        panic!("segment {segment} has no footer")
                    };
                    for (offset, stored) in bench.reader.footer(&column, tail).await.expect("it is whole").entries {
                        let (record, _) = Record::decode(&stored).expect("a footer holds records");
                        let length = field_u32(stored.len()) + record.payload_bytes;
                        let location = crate::types::Location { segment: *segment, offset, length };
                        let read = bench.reader.record(location).await;
                        assert!(read.is_ok(), "{location:?}, killed after {kill}, cut after {cut}");
                    }
                }
            };
            done(world.run(check, Fuse::Never));
            if ended {
                break;
            }
            cuts += 1;
        }
    }
    assert!(cuts > 300, "the start was cut {cuts} times");
}

#[test]
fn a_rotten_group_before_a_later_one_is_damage_and_serves_what_is_before() {
    let world = World::new(3, crate::rt::sim::Options::default());
    let segment = written(&world, 6);
    let (path, offset) = place(&world, segment, 3 * BLOCK_BYTES as u64);
    world.rot(&path, offset, 8);
    let check = |accept| {
        let world = world.clone();
        let work = async move {
            let bench = bench().await;
            let found = recovered(&bench, &[], accept).await;
            let seen = sequences(&bench, &found).await;
            (found, seen)
        };
        done(world.run(work, Fuse::Never))
    };
    let (found, seen) = check(false);
    let lost = Damage::Groups { segment, first: GroupNumber(3), last: GroupNumber(5) };
    assert_eq!(found.damage, [lost]);
    assert_eq!(seen, [1, 2]);
    assert!(found.unwritten.contains_key(&segment), "nothing is written while damage is not accepted");
    let (found, _) = check(true);
    assert!(!found.damage.is_empty() && found.unwritten.is_empty());
    let (found, seen) = check(false);
    assert!(found.damage.is_empty(), "what was accepted is not told again");
    assert_eq!(seen, [1, 2]);
}

#[test]
fn the_last_group_is_lost_only_if_something_names_it() {
    let world = World::new(4, crate::rt::sim::Options::default());
    let segment = written(&world, 4);
    let (path, offset) = place(&world, segment, 4 * BLOCK_BYTES as u64);
    world.rot(&path, offset, 8);
    let snapshot = world.snapshot();
    let judge = |marks: Vec<IndexMark>| {
        world.restore(&snapshot);
        let work = async {
            let bench = bench().await;
            recovered(&bench, &marks, false).await.damage
        };
        done(world.run(work, Fuse::Never))
    };
    assert!(judge(vec![(segment, GroupNumber(3))]).is_empty(), "nothing says that group 4 was ever durable");
    let lost = Damage::Groups { segment, first: GroupNumber(4), last: GroupNumber(4) };
    assert_eq!(judge(vec![(segment, GroupNumber(4))]), [lost], "the index holds a record of it");
}

#[test]
fn a_whole_group_that_cannot_be_read_is_damage_and_no_torn_tail() {
    // A newer program's group ended the chain like a torn tail once: a footer without it was written, and the
    // acknowledged records in it were gone when the newer program came back.
    let world = World::new(10, crate::rt::sim::Options::default());
    let segment = written(&world, 4);
    let (path, offset) = place(&world, segment, 4 * BLOCK_BYTES as u64);
    let work = async {
        let file = File::open(&path, OpenMode::Existing).await.expect("it is there");
        let (read, mut block) = file.read_at(offset, Buffer::zeroed(BLOCK_BYTES)).await;
        read.expect("it reads");
        let unknown_kind = 96;
        crate::codec::put(&mut block, 64 + 5, &[unknown_kind]);
        crate::codec::put(&mut block, 60, &[0; 4]);
        let crc = crate::digest::crc32c(&block);
        crate::codec::put(&mut block, 60, &crc.to_le_bytes());
        file.write_at(offset, block).await.0.expect("it is written");
        file.flush().await.expect("it is durable");
        drop(file);
        let bench = bench().await;
        recovered(&bench, &[], false).await
    };
    let found = done(world.run(work, Fuse::Never));
    assert_eq!(found.damage, [Damage::Groups { segment, first: GroupNumber(4), last: GroupNumber(4) }]);
    assert!(found.unwritten.contains_key(&segment), "no footer says that the group is not there");
}

#[test]
fn a_medium_error_where_the_chain_ends_is_damage() {
    let world = World::new(5, crate::rt::sim::Options::default());
    let segment = written(&world, 4);
    let (path, offset) = place(&world, segment, 5 * BLOCK_BYTES as u64);
    world.fail_reads(&path, offset, BLOCK_BYTES as u64);
    let work = async {
        let bench = bench().await;
        recovered(&bench, &[], false).await.damage
    };
    let damage = done(world.run(work, Fuse::Never));
    assert_eq!(damage, [Damage::Groups { segment, first: GroupNumber(5), last: GroupNumber(5) }]);
}

#[test]
fn a_header_that_does_not_read_is_damage_and_is_mended_when_accepted() {
    let world = World::new(6, crate::rt::sim::Options::default());
    let segment = written(&world, 3);
    let (path, offset) = place(&world, segment, 0);
    world.rot(&path, offset, 8);
    let check = |accept| {
        let work = async {
            let bench = bench().await;
            recovered(&bench, &[], accept).await.damage
        };
        done(world.run(work, Fuse::Never))
    };
    assert_eq!(check(false), [Damage::Header(segment)]);
    assert_eq!(check(true), [Damage::Header(segment)]);
    assert!(check(false).is_empty());
}

#[test]
fn a_damaged_footer_is_no_footer_and_the_chain_is_followed() {
    let world = World::new(7, crate::rt::sim::Options::default());
    let segment = written(&world, 40);
    let seal = async {
        let bench = bench().await;
        let found = recovered(&bench, &[], false).await;
        sequences(&bench, &found).await
    };
    let before = done(world.run(seal, Fuse::Never));
    let (path, offset) = place(&world, segment, SLOT - 2 * BLOCK_BYTES as u64);
    world.rot(&path, offset, 8);
    let again = async {
        let bench = bench().await;
        let found = recovered(&bench, &[], false).await;
        assert!(found.damage.is_empty(), "{:?}", found.damage);
        sequences(&bench, &found).await
    };
    assert_eq!(done(world.run(again, Fuse::Never)), before);
}

#[test]
fn a_group_of_a_former_life_is_never_followed() {
    let world = World::new(8, crate::rt::sim::Options::default());
    let segment = written(&world, 5);
    let work = async {
        let bench = bench().await;
        // The slot is freed and given out again: the old groups still lie in it, whole and chained.
        bench.segments.free(vec![segment]).await.expect("it is freed");
        let next = writer::prepare(Rc::clone(&bench.segments), SegmentKind::Log, CoreId(0), SegmentId::NONE, false);
        let again = next.await.expect("there is a slot").column;
        let block = Buffer::zeroed(BLOCK_BYTES);
        let (read, block) = bench.segments.read(&again, BLOCK_BYTES as u64, block).await;
        read.expect("it reads");
        (again.segment, group::GroupHeader::decode(&block).is_some())
    };
    let (again, old_group_is_there) = done(world.run(work, Fuse::Never));
    assert!(old_group_is_there, "the test is about groups that still lie there");
    let check = async {
        let bench = bench().await;
        recovered(&bench, &[], false).await
    };
    let found = done(world.run(check, Fuse::Never));
    assert!(found.empty.contains(&again) && found.damage.is_empty(), "{found:?}");
}

#[test]
fn bodies_are_durable_when_finished_and_their_segments_get_footers() {
    let world = World::new(9, crate::rt::sim::Options::default());
    let finished: Rc<RefCell<Vec<Vec<RunSpan>>>> = Rc::default();
    let text: Vec<u8> = (0..200_000_u32).map(|at| u8::try_from(at % 251).expect("small")).collect();
    let work = async {
        let bench = bench().await;
        let data = Rc::new(DataWriter::new(Rc::clone(&bench.segments), CoreId(0)));
        for length in [1, 4096, 65_536, 65_537, 200_000] {
            let owner = RunOwner { bucket: BucketId(1), key: b"k".to_vec(), ..RunOwner::default() };
            let expected = (length % 2 == 0).then_some(length as u64);
            let mut body = data.body(owner, expected);
            for piece in text[..length].chunks(10_000) {
                body.write(piece).await.expect("it is written");
            }
            let body = body.finish().await.expect("it is durable");
            assert_eq!(body.size, length as u64);
            finished.borrow_mut().push(body.runs);
        }
        std::future::pending::<()>().await;
    };
    assert!(!matches!(world.run(work, Fuse::PowerCut { after_events: 4000 }), Outcome::Done(())));
    assert_eq!(finished.borrow().len(), 5, "all bodies were finished before the cut");
    let check = async {
        let bench = bench().await;
        let found = recovered(&bench, &[], false).await;
        assert!(found.damage.is_empty());
        let finished = finished.borrow().clone();
        for runs in &finished {
            let mut read = Vec::new();
            for run in runs {
                let end = bench.reader.run_end(*run).await.expect("the run has its end");
                read.extend_from_slice(&bench.reader.run(*run, &end, 0, run.bytes).await.expect("the run reads"));
            }
            assert_eq!(read, text[..read.len()]);
            let last = runs.last().expect("a run");
            let (end, half) = (bench.reader.run_end(*last).await.expect("the run has its end"), last.bytes / 2);
            let middle = bench.reader.run(*last, &end, half, last.bytes - half).await.expect("a range reads");
            assert!(read.ends_with(&middle));
        }
        for column in bench.segments.catalog().of_kind(SegmentKind::Data) {
            assert!(matches!(bench.reader.ending(&column).await, Ok(Ending::Footer(_))));
        }
    };
    done(world.run(check, Fuse::Never));
}

/// The next segment is asked for when one is begun. If the disk was full then, that answer was kept until the turn, and
/// given to all who waited, though there was room by then.
#[test]
fn a_turn_asks_again_when_there_was_no_room_long_ago() {
    let world = World::new(3, crate::rt::sim::Options::default());
    let work = async {
        let bench = bench_within(Some(SLOT * 8 + 64 * 1024)).await;
        let mut log = LogWriter::new(Rc::clone(&bench.segments), CoreId(0));
        log.turn().await.expect("an empty disk has room");
        let mut taken = Vec::new();
        while let Ok(column) = bench.segments.allocate(SegmentKind::Data, true).await {
            taken.push(column.segment);
        }
        assert!(!taken.is_empty());
        log.turn().await.expect("it was made ready before");
        rt::sleep(std::time::Duration::from_secs(1)).await;
        bench.segments.free(taken).await.expect("they are free again");
        log.turn().await.expect("there is room again");
    };
    done(world.run(work, Fuse::Never));
}
