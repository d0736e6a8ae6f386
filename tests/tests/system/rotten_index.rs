//! A value of the index rots. Nothing is lost, for the log has everything; but the store went on with that value for
//! ever: its key, and every listing over it, failed at each start anew, a checkpoint that met it ended the core's
//! writes, and if the key was in the tail of the log the next start met it too and there was none. Now whoever meets it
//! leaves a mark, and a start that meets it builds that index anew at once.

use std::cell::RefCell;

use stratum_engine::error::Error;
use stratum_engine::index::{Fate, IndexError, keys};
use stratum_engine::node::Store;
use stratum_engine::types::BucketId;
use stratum_tests::client::{bucket_name, object_key};
use stratum_tests::index_files::IndexFiles;
use stratum_tests::node::SHARDS;
use stratum_tests::stage::{BUCKET, Stage};

const KEYS: usize = 40;
/// The bytes of a bucket's counts: objects, bytes, checksum.
const COUNTS_BYTES: usize = 8 + 8 + 4;

thread_local! {
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A store of two cores whose objects are all in the index, killed; and its bucket.
fn filled(index: IndexFiles, seed: u64) -> (Stage, BucketId) {
    TOLD.take();
    let stage = Stage::on(index, seed, 2, |options| {
        options.upkeep_ms = 0;
        options.owner.memtable_keys_max = 1000;
        options.notice = |text| TOLD.with_borrow_mut(|told| told.push(text.to_owned()));
    });
    let bucket = stage.act(async |stores| {
        for number in 0..KEYS {
            stage.put(&stores[number % 2], &format!("key/{number}"), 100 + number).await;
        }
        stores[0].checkpoint().await.expect("there is room");
        stores[0].bucket(&bucket_name(BUCKET)).expect("it is there").id
    });
    assert_eq!(TOLD.take(), Vec::<String>::new());
    (stage, bucket)
}

/// Flips a bit in every copy of the value of a key, old pages included.
fn rot_value(stage: &Stage, bucket: BucketId, key: &str) {
    let row = keys::object(bucket, &object_key(key));
    let mut rotten = 0;
    for (shard, bytes) in stage.index.bytes().iter().enumerate() {
        for (at, _) in bytes.windows(row.len()).enumerate().filter(|(_, window)| **window == *row) {
            stage.index.rot(shard, at + row.len() + 12);
            rotten += 1;
        }
    }
    assert!(rotten > 0, "the key is in the index");
}

/// Flips a bit in the checksum of every row of one shard that counts the bucket.
fn rot_counts(stage: &Stage, bucket: BucketId) {
    let key = bucket.0.to_be_bytes();
    let mut rotten = 0;
    for (shard, bytes) in stage.index.bytes().iter().enumerate() {
        let row = key.len() + COUNTS_BYTES;
        let counts = |row: &[u8]| {
            let number = |at: usize| u64::from_le_bytes(row[at..at + 8].try_into().expect("eight bytes"));
            row.starts_with(&key) && (1..=KEYS as u64).contains(&number(8)) && (1..100_000).contains(&number(16))
        };
        for (at, _) in bytes.windows(row).enumerate().filter(|(_, window)| counts(window)) {
            stage.index.rot(shard, at + row - 1);
            rotten += 1;
        }
        if rotten > 0 {
            return;
        }
    }
    panic!("the bucket is counted somewhere");
}

/// Everything is there, and the next start has nothing to tell.
fn is_whole_again(stage: &Stage) {
    stage.inspect();
    TOLD.take();
    stage.inspect();
    assert_eq!(TOLD.take(), Vec::<String>::new(), "it is built anew once");
}

fn told_of_damage() -> usize {
    TOLD.take().iter().filter(|line| line.contains("is damaged: nothing is lost")).count()
}

async fn read(store: &Store, key: &str) -> Result<u64, Error> {
    store.get(&bucket_name(BUCKET), &object_key(key)).await.map(|object| object.head.size)
}

#[test]
fn a_rotten_value_that_the_start_itself_meets_is_no_end_of_it() {
    let (stage, bucket) = filled(IndexFiles::lmdb(SHARDS), 71);
    stage.act(async |stores| stage.put(&stores[0], "key/7", 9).await);
    rot_value(&stage, bucket, "key/7");
    stage.inspect();
    assert_eq!(told_of_damage(), 1, "it is told once");
    is_whole_again(&stage);
}

/// A start that begins one index anew looks at all of them again, and may find another one that a core has brought half
/// of its log into: that one was begun anew while the core had it open, and there was no start.
#[test]
fn a_start_may_begin_the_indexes_of_two_cores_anew() {
    TOLD.take();
    let stage = Stage::on(IndexFiles::lmdb(SHARDS), 74, 2, |options| {
        options.upkeep_ms = 0;
        // So few that a replay brings into an index what one segment has for it, and keeps the rest in memory.
        options.owner.memtable_keys_max = 8;
        options.notice = |text| TOLD.with_borrow_mut(|told| told.push(text.to_owned()));
    });
    // Each start writes into segments of its own: in the first ones every shard has more than that, in the last ones
    // less.
    let fill = async |store: &Store, folder: &str, keys: usize| {
        for number in 0..keys {
            stage.put(store, &format!("{folder}/{number}"), 100 + number).await;
        }
    };
    stage.act(async |stores| fill(&stores[0], "key", 2 * KEYS).await);
    let bucket = stage.act(async |stores| {
        fill(&stores[1], "more", KEYS / 4).await;
        stores[0].checkpoint().await.expect("there is room");
        stage.put(&stores[0], "key/7", 9).await;
        stores[0].bucket(&bucket_name(BUCKET)).expect("it is there").id
    });
    let row = keys::object(bucket, &object_key("key/7"));
    let holds = |bytes: &Vec<u8>| bytes.windows(row.len()).any(|window| *window == *row);
    let rotten = stage.index.bytes().iter().position(holds).expect("the key is in the index");
    rot_value(&stage, bucket, "key/7");
    // The next shard is another core's.
    let gone = (rotten + 1) % usize::from(SHARDS);
    let mut shard = 0..;
    stage.index.after_crash(|| if shard.next() == Some(gone) { Fate::Gone } else { Fate::Last });
    stage.inspect();
    let told = TOLD.take();
    assert!(told.iter().any(|line| line.contains("is older than its log confirms")), "{told:?}");
    // What was built anew is confirmed by the next checkpoint.
    stage.act(async |stores| stores[0].checkpoint().await.expect("there is room"));
    is_whole_again(&stage);
}

#[test]
fn a_rotten_value_that_a_reader_meets_is_gone_after_the_next_start() {
    let (stage, bucket) = filled(IndexFiles::lmdb(SHARDS), 72);
    rot_value(&stage, bucket, "key/7");
    stage.act(async |stores| {
        for _ in 0..3 {
            assert_eq!(read(&stores[0], "key/7").await, Err(Error::Index(IndexError::Corrupt)));
        }
        assert_eq!(read(&stores[0], "key/8").await, Ok(108));
    });
    assert_eq!(told_of_damage(), 1, "it is told once");
    is_whole_again(&stage);
}

#[test]
fn a_rotten_row_of_the_sums_that_a_checkpoint_meets_is_gone_after_the_next_start() {
    let (stage, bucket) = filled(IndexFiles::lmdb(SHARDS), 73);
    rot_counts(&stage, bucket);
    stage.act(async |stores| {
        // New keys in every shard: the checkpoint changes all of the sums.
        for number in 0..20 {
            stage.put(&stores[0], &format!("more/{number}"), 10).await;
        }
        assert_eq!(stores[0].checkpoint().await, Err(Error::Index(IndexError::Corrupt)));
    });
    assert_eq!(told_of_damage(), 1, "it is told once");
    is_whole_again(&stage);
}

#[test]
fn an_index_of_which_every_value_is_rotten_is_built_anew_in_one_start() {
    let index = IndexFiles::twins(SHARDS);
    let IndexFiles::Twins(twins) = &index else { panic!("they are twins") };
    let twins = twins.clone();
    for seed in 0..8 {
        let (stage, _) = filled(IndexFiles::Twins(twins.clone()), seed);
        // So many keys that the start meets rows of every shard.
        stage.act(async |stores| {
            for number in 0..KEYS {
                stage.put(&stores[0], &format!("key/{number}"), number).await;
            }
        });
        assert!(twins.iter().map(|twin| twin.rot()).sum::<usize>() >= KEYS, "all rows are rotten");
        stage.inspect();
        assert!((1..=usize::from(SHARDS)).contains(&told_of_damage()), "each index is told of once");
        is_whole_again(&stage);
        twins.iter().for_each(|twin| twin.erase());
    }
}
