//! The header of a live segment does not read. The slot is damage and never space: the store names the segment and is
//! read-only until the operator accepts it. All that a header says stands in the slot table too, so nothing is lost:
//! what was acknowledged is served meanwhile, also while the index is built anew, and accepting mends the header.

use std::cell::RefCell;
use std::path::PathBuf;

use stratum_engine::error::Error;
use stratum_engine::log::Damage;
use stratum_engine::node::{PutOptions, Store};
use stratum_engine::shard::Conditions;
use stratum_engine::types::{SegmentId, SegmentKind};
use stratum_tests::client::{bucket_name, object_key};
use stratum_tests::history::Heard;
use stratum_tests::stage::{BLOCK_BYTES, BUCKET, Stage};

/// How a header begins.
const MAGIC: &[u8] = b"SSEG";
/// Longer than what lies in a record.
const LARGE: usize = 20_000;

thread_local! {
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The header of a segment.
struct Header {
    path: PathBuf,
    offset: u64,
    segment: SegmentId,
}

/// A store of two cores with acknowledged objects, small and large, killed.
fn store() -> Stage {
    let stage = Stage::new(61, 2, |options| {
        options.upkeep_ms = 0;
        options.notice = |text| TOLD.with_borrow_mut(|told| told.push(text.to_owned()));
    });
    stage.act(async |stores| {
        for number in 0..6 {
            stage.put(&stores[number % 2], &format!("small-{number}"), 200).await;
            stage.put(&stores[number % 2], &format!("large-{number}"), LARGE).await;
        }
    });
    stage
}

/// The header of the segment of this kind in which the key stands: the last one before the key.
fn header(stage: &Stage, kind: SegmentKind, key: &str) -> Header {
    let headers: Vec<(PathBuf, u64)> = stage.blocks_with(MAGIC);
    let nearest = stage.blocks_with(key.as_bytes()).into_iter().filter_map(|(path, offset)| {
        let before = headers.iter().filter(|(file, start)| *file == path && *start <= offset);
        let (_, start) = before.max_by_key(|(_, start)| *start)?;
        let bytes = stage.world.contents(&path)?;
        let block = &bytes[usize::try_from(*start).ok()?..][..BLOCK_BYTES];
        let segment = SegmentId(u64::from_le_bytes(block[8..16].try_into().ok()?));
        (block.starts_with(MAGIC) && block[5] == kind as u8).then_some(Header { path, offset: *start, segment })
    });
    nearest.last().expect("what was acknowledged is on the disk")
}

/// The segment is named, nobody can change anything, and everything is there.
async fn is_read_only(stage: &Stage, stores: &[Store], segment: SegmentId) {
    let said = format!("damage: the header of segment {segment} does not read");
    assert_eq!(TOLD.take().iter().filter(|line| **line == said).count(), 1, "the operator is told");
    let before = disk(stage);
    for store in stores {
        assert_eq!(store.damage(), [Damage::Header(segment)]);
        let bucket = bucket_name(BUCKET);
        for number in 0..12 {
            // Keys of every shard, so that every core is asked.
            let key = object_key(&format!("new-{number}"));
            let put = store.put(&bucket, &key, b"x", PutOptions::default()).await;
            assert_eq!(put.err(), Some(Error::ReadOnly));
            let large = store.put(&bucket, &key, &[7; LARGE], PutOptions::default()).await;
            assert_eq!(large.err(), Some(Error::ReadOnly));
        }
        let delete = store.delete(&bucket, &object_key("small-1"), Conditions::default()).await;
        assert_eq!(delete.err(), Some(Error::ReadOnly));
        assert_eq!(store.create_bucket(&bucket_name("second")).await.err(), Some(Error::ReadOnly));
    }
    assert!(disk(stage) == before, "not a byte is changed");
    stage.inspect_from(&stores[0]).await;
}

/// Every byte of the disk.
fn disk(stage: &Stage) -> Vec<Option<Vec<u8>>> {
    stage.world.files().iter().map(|(path, _)| stage.world.contents(path)).collect()
}

/// One unreadable header from beginning to end.
fn rots(kind: SegmentKind, key: &str) {
    let mut stage = store();
    let Header { path, offset, segment } = header(&stage, kind, key);
    stage.world.rot(&path, offset, 64);
    stage.act(async |stores| is_read_only(&stage, stores, segment).await);
    stage.lose_index();
    stage.act(async |stores| is_read_only(&stage, stores, segment).await);

    stage.options.accept_damage = true;
    stage.act(async |stores| {
        assert_eq!(stores[0].damage(), [Damage::Header(segment)], "it is said once more what is accepted");
        // More than a segment holds: if the slot were taken for space, this would fill it.
        for number in 0..30 {
            assert!(matches!(stage.put(&stores[number % 2], &format!("new-{number}"), LARGE).await, Heard::Answer(_)));
        }
        stage.inspect_from(&stores[1]).await;
    });
    stage.options.accept_damage = false;
    TOLD.take();
    for lose_index in [false, true] {
        if lose_index {
            stage.lose_index();
        }
        stage.act(async |stores| {
            assert_eq!(stores[0].damage(), [], "the header is mended");
            assert!(TOLD.take().iter().all(|line| !line.contains("damage")));
            stage.inspect_from(&stores[0]).await;
        });
    }
    assert!(matches!(stage.act(async |stores| stage.put(&stores[0], "last", 10).await), Heard::Answer(_)));
}

#[test]
fn a_log_segment_with_a_rotten_header_is_named_and_nothing_changes_until_it_is_accepted() {
    rots(SegmentKind::Log, "small-2");
}

#[test]
fn a_data_segment_with_a_rotten_header_is_named_and_nothing_changes_until_it_is_accepted() {
    rots(SegmentKind::Data, "large-2");
}

#[test]
fn a_header_that_the_medium_does_not_give_is_damage_for_as_long_as_it_does_not() {
    let stage = store();
    let Header { path, offset, segment } = header(&stage, SegmentKind::Log, "small-2");
    stage.world.fail_reads(&path, offset, 1);
    for _ in 0..2 {
        stage.act(async |stores| is_read_only(&stage, stores, segment).await);
    }
    stage.world.mend(&path);
    stage.act(async |stores| {
        assert_eq!(stores[0].damage(), [], "a disk that reads again has lost nothing");
        assert!(matches!(stage.put(&stores[0], "new", 10).await, Heard::Answer(_)));
        stage.inspect_from(&stores[1]).await;
    });
}
