//! Stories of one disk in the simulation: full, grown, damaged, in use, failed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::opening::tests::{STORE, options};
use super::{Disk, DiskError, DiskOptions, Geometry, Unreadable, open};
use crate::codec::seal;
use crate::limits::BLOCK_BYTES;
use crate::rt::sim::{Fuse, Options, Outcome, World};
use crate::rt::{self, Buffer, File, OpenMode, directory};
use crate::types::SegmentKind;
use crate::types::{CoreId, SegmentId};

const CORE: CoreId = CoreId(0);
const STRIDE: u64 = 4096;
const TABLE_BYTES: u64 = 8192;

fn world() -> World {
    World::new(7, Options::default())
}

fn run<T: std::fmt::Debug>(world: &World, main: impl Future<Output = T>) -> T {
    match world.run(main, Fuse::Never) {
        Outcome::Done(value) => value,
        other => panic!("the run did not end: {other:?}"),
    }
}

fn container(ordinal: u32) -> PathBuf {
    super::container::path(&Path::new(STORE).join("disk-0"), ordinal)
}

async fn opened() -> Disk {
    open(Path::new(STORE), &options()).await.expect("the store opens")
}

async fn refusal() -> Option<DiskError> {
    open(Path::new(STORE), &options()).await.err()
}

/// A store with one live segment.
fn made(world: &World) -> SegmentId {
    run(world, async {
        let disk = opened().await;
        let grant = disk.owner().allocate(SegmentKind::Log, CORE, false).await.expect("there is room");
        disk.owner().make_live(grant.segment).await.expect("the disk works");
        grant.segment
    })
}

fn live(world: &World) -> Vec<SegmentId> {
    run(world, async { opened().await.owner().live_segments().iter().map(|slot| slot.segment).collect() })
}

#[test]
fn what_was_written_to_a_slot_is_there_after_a_restart() {
    let world = world();
    let offset = 8192;
    let slot = run(&world, async {
        let disk = opened().await;
        let grant = disk.owner().allocate(SegmentKind::Log, CORE, false).await.expect("there is room");
        disk.owner().make_live(grant.segment).await.expect("the disk works");
        let containers = disk.containers(CORE);
        let mut buffer = Buffer::zeroed(BLOCK_BYTES);
        buffer.fill(0xab);
        let (answer, buffer) = containers.write_at(grant.slot, offset, buffer).await;
        assert_eq!(answer, Ok(()));
        assert_eq!(containers.flush(grant.slot).await, Ok(()));
        let (answer, _) = containers.write_durable_at(grant.slot, 0, buffer).await;
        assert_eq!(answer, Ok(()));
        grant.slot
    });
    run(&world, async {
        let containers = opened().await.containers(CORE);
        for at in [0, offset] {
            let (answer, buffer) = containers.read_at(slot, at, Buffer::zeroed(BLOCK_BYTES)).await;
            assert_eq!(answer, Ok(()));
            assert!(buffer.iter().all(|byte| *byte == 0xab));
        }
    });
}

#[test]
fn two_tasks_that_open_a_container_at_once_share_its_descriptor() {
    run(&world(), async {
        let disk = opened().await;
        let containers = std::rc::Rc::new(disk.containers(CORE));
        let other = std::rc::Rc::clone(&containers);
        let other = rt::spawn(async move { other.file(0).await.map(|_| ()) });
        assert_eq!(containers.file(0).await.map(|_| ()), Ok(()));
        assert_eq!(other.await, Ok(()));
        // Another core has a lock byte, and so a descriptor, of its own.
        assert_eq!(disk.containers(CoreId(1)).file(0).await.map(|_| ()), Ok(()));
    });
}

#[test]
fn a_full_disk_gives_its_last_slots_only_to_those_that_make_room() {
    let world = world();
    let bytes_max = Some(options().geometry.container_bytes() * 2);
    let limited = DiskOptions { bytes_max, ..options() };
    run(&world, async {
        let disk = open(Path::new(STORE), &limited).await.expect("the store opens");
        let owner = disk.owner();
        let mut segments = Vec::new();
        for _ in 0..3 {
            segments.push(owner.allocate(SegmentKind::Log, CORE, false).await.expect("there is room").segment);
        }
        assert_eq!(owner.allocate(SegmentKind::Log, CORE, false).await, Err(DiskError::Full));
        assert!(owner.full());
        assert_eq!(owner.growth_refusal(), Some(DiskError::Full));
        segments.push(owner.allocate(SegmentKind::Log, CORE, true).await.expect("the reserve is for this").segment);
        assert_eq!(owner.allocate(SegmentKind::Log, CORE, true).await, Err(DiskError::Full));
        owner.free(&segments).await.expect("the disk works");
        assert!(!owner.full());
        assert!(owner.allocate(SegmentKind::Log, CORE, false).await.is_ok());
    });
}

#[test]
fn a_disk_grows_before_it_is_needed_and_not_into_the_reserve_of_the_index() {
    let world = world();
    let container_bytes = options().geometry.container_bytes();
    world.disk_capacity(2 * container_bytes + options().index_reserve_bytes + 65536);
    run(&world, async {
        let disk = opened().await;
        let owner = disk.owner();
        for _ in 0..2 {
            assert!(owner.allocate(SegmentKind::Log, CORE, true).await.is_ok());
        }
        rt::sleep(Duration::from_secs(1)).await;
        assert_eq!((owner.container_count(), owner.free_slots()), (2, 2));
        for _ in 0..2 {
            assert!(owner.allocate(SegmentKind::Log, CORE, true).await.is_ok());
        }
        assert_eq!(owner.allocate(SegmentKind::Log, CORE, true).await, Err(DiskError::Full));
        rt::sim::current().expect("this is a simulation").disk_capacity(8 * container_bytes);
        rt::sleep(Duration::from_secs(11)).await;
        assert!(owner.allocate(SegmentKind::Log, CORE, true).await.is_ok(), "room that came later is found");
    });
}

#[test]
fn what_a_crash_left_of_growth_is_removed_and_nothing_else() {
    let world = world();
    let segment = made(&world);
    let stranger = Path::new(STORE).join("disk-0/container-1");
    run(&world, async {
        for path in [&container(1), &container(5), &stranger] {
            File::open(path, OpenMode::Create).await.map(|_| ()).expect("the name is free");
        }
    });
    assert_eq!(live(&world), [segment]);
    let paths: Vec<PathBuf> = world.files().into_iter().map(|(path, _)| path).collect();
    assert!(paths.contains(&stranger) && paths.contains(&container(0)));
    assert!(!paths.contains(&container(1)) && !paths.contains(&container(5)));
}

#[test]
fn one_torn_copy_of_the_table_is_healed_and_two_are_damage() {
    for copy in [0, 1] {
        let world = world();
        let segment = made(&world);
        let table = |copy| 4 * STRIDE + copy * TABLE_BYTES;
        world.rot(&container(0), table(copy) + 100, 8);
        assert_eq!(live(&world), [segment]);
        // The opening wrote both copies: now the other one may go.
        world.rot(&container(0), table(1 - copy) + 100, 8);
        assert_eq!(live(&world), [segment]);
        world.rot(&container(0), table(0), 64);
        world.fail_reads(&container(0), table(1), 4096);
        assert_eq!(run(&world, refusal()), Some(DiskError::TableDamaged));
    }
}

#[test]
fn one_whole_superblock_suffices_and_none_is_never_formatted() {
    let world = world();
    let segment = made(&world);
    for copy in 0..3 {
        world.rot(&container(0), copy * STRIDE + 40, 8);
        assert_eq!(live(&world), [segment]);
    }
    world.rot(&container(0), 3 * STRIDE, 4096);
    let before = world.contents(&container(0));
    let damaged = DiskError::Container { ordinal: 0, why: Unreadable::Damaged };
    assert_eq!(run(&world, refusal()), Some(damaged));
    assert_eq!(world.contents(&container(0)), before);
}

#[test]
fn a_missing_container_that_the_table_counts_is_damage() {
    let world = world();
    run(&world, async {
        let disk = opened().await;
        for _ in 0..2 {
            assert!(disk.owner().allocate(SegmentKind::Log, CORE, true).await.is_ok());
        }
        rt::sleep(Duration::from_secs(1)).await;
        assert_eq!(disk.owner().container_count(), 2);
    });
    run(&world, async { directory::remove(&container(1)).await.expect("it is there") });
    let missing = DiskError::Container { ordinal: 1, why: Unreadable::Damaged };
    assert_eq!(run(&world, refusal()), Some(missing));
}

#[test]
fn an_unknown_incompatible_feature_is_refused_and_named() {
    let world = world();
    made(&world);
    run(&world, async {
        let file = File::open(&container(0), OpenMode::Existing).await.expect("it is there");
        let (answer, mut block) = file.read_at(0, Buffer::zeroed(BLOCK_BYTES)).await;
        assert_eq!(answer, Ok(()));
        block[24] |= 1 << 5;
        seal(&mut block);
        assert_eq!(file.write_at(0, block).await.0, Ok(()));
    });
    let unknown = DiskError::Container { ordinal: 0, why: Unreadable::Features(1 << 5) };
    assert_eq!(run(&world, refusal()), Some(unknown));
}

#[test]
fn a_store_in_use_says_by_whom_and_is_waited_for() {
    let world = world();
    run(&world, async {
        let first = opened().await;
        let began = rt::now();
        assert_eq!(refusal().await, Some(DiskError::InUse { pid: Some(std::process::id()) }));
        assert!(rt::now() - began >= 10_000_000_000);
        let leaving = rt::spawn(async move {
            rt::sleep(Duration::from_secs(3)).await;
            drop(first);
        });
        assert_eq!(refusal().await, None, "a process that leaves in time is no error");
        leaving.await;
    });
}

/// A process was killed, and the kernel had yet to end its last write after ten seconds: the next start gave up.
#[test]
fn the_last_write_of_a_process_that_has_gone_is_waited_for_longer() {
    let world = world();
    made(&world);
    run(&world, async {
        let last_write = File::open(&container(0), OpenMode::Existing).await.expect("it was made");
        last_write.lock(0, 1).await.expect("nobody else has it");
        let ending = rt::spawn(async move {
            rt::sleep(Duration::from_secs(50)).await;
            drop(last_write);
        });
        assert_eq!(refusal().await, None, "it ended in time");
        ending.await;
    });
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let world = world();
    let photos = Path::new(STORE).join("photos");
    run(&world, async {
        directory::create(Path::new(STORE)).await.expect("there is nothing yet");
        directory::write(&photos, b"many").await.expect("there is room");
    });
    assert_eq!(run(&world, refusal()), Some(DiskError::Foreign(PathBuf::from(STORE))));
    assert_eq!(world.files(), [(photos, 4)]);
}

#[test]
fn a_failed_flush_of_the_table_ends_all_changes_but_no_reads() {
    let world = world();
    let segment = made(&world);
    run(&world, async {
        let disk = opened().await;
        let owner = disk.owner();
        rt::sim::current().expect("this is a simulation").fail_flush_after(Some(&container(0)), 1);
        assert_eq!(owner.allocate(SegmentKind::Log, CORE, false).await, Err(DiskError::Failed));
        assert_eq!(owner.free(&[segment]).await, Err(DiskError::Failed));
        assert_eq!(owner.make_live(segment).await, Err(DiskError::Failed));
        let slot = owner.live_segments().first().expect("one is live").slot;
        let (answer, _) = disk.containers(CORE).read_at(slot, 0, Buffer::zeroed(BLOCK_BYTES)).await;
        assert_eq!(answer, Ok(()));
    });
    assert_eq!(live(&world), [segment]);
}

#[test]
fn changes_that_come_together_share_one_write_of_the_table() {
    let world = world();
    let geometry = Geometry::new(256 * 1024, 16, 8192, 4096).expect("sound");
    let roomy = DiskOptions { geometry, ..options() };
    run(&world, async {
        let disk = open(Path::new(STORE), &roomy).await.expect("the store opens");
        let before = rt::sim::current().expect("this is a simulation").stats().flushes;
        let asked: Vec<_> = (0..8)
            .map(|core| {
                let owner = std::rc::Rc::clone(disk.owner());
                rt::spawn(async move { owner.allocate(SegmentKind::Log, CoreId(core), true).await.map(|_| ()) })
            })
            .collect();
        for asked in asked {
            assert_eq!(asked.await, Ok(()));
        }
        let flushes = rt::sim::current().expect("this is a simulation").stats().flushes - before;
        assert!(flushes <= 2 * 2, "eight changes at once cost at most two writes of two copies: {flushes}");
    });
}
