//! A write or a flush fails. It is never tried again: writes stop with a clear error, on every core, reads go on, and
//! after a restart everything that was acknowledged is there; what was on its way is there or is not.

use stratum_engine::error::Error;
use stratum_engine::node::{PutOptions, Store};
use stratum_tests::client::{bucket_name, object_key};
use stratum_tests::history::Heard;
use stratum_tests::stage::{BUCKET, Stage};

#[test]
fn a_failed_flush_stops_writes_and_loses_nothing_acknowledged() {
    for seed in 0..40 {
        let stage = Stage::new(seed, 1 + u16::try_from(seed % 3).expect("a small number"), |options| {
            options.upkeep_ms = 0;
        });
        stage.act(async |stores| {
            for number in 0..10 {
                stage.put(&stores[0], &format!("before/{number}"), 500 * number).await;
            }
            stage.ledger.borrow_mut().ending = true;
            stage.world.fail_flush_after(None, 1 + seed % 4);
            // Large bodies flush their runs; their records go with durable writes.
            for number in 0..10 {
                stage.put(&stores[0], &format!("after/{number}"), 9000).await;
            }
            // One core heard of it; none of them acknowledges anything any more.
            for number in 0..16 {
                let key = object_key(&format!("never/{number}"));
                let store = &stores[number % stores.len()];
                let refused = store.put(&bucket_name(BUCKET), &key, b"x", PutOptions::default()).await;
                assert_eq!(refused.err(), Some(Error::WritesStopped), "seed {seed}, {number}");
            }
            for number in 0..10 {
                let object = stores[0].get(&bucket_name(BUCKET), &object_key(&format!("before/{number}"))).await;
                assert!(object.is_ok(), "seed {seed}: reads go on");
            }
        });
        // What was asked outside of the ledger must not have been done.
        stage.inspect();
        stage.lose_index();
        stage.inspect();
    }
}

/// Whichever core is asked, it takes nothing.
async fn no_core_writes(stores: &[Store], why: &str) {
    for number in 0..16 {
        let key = object_key(&format!("never/{number}"));
        let refused = stores[number % stores.len()].put(&bucket_name(BUCKET), &key, b"x", PutOptions::default()).await;
        assert_eq!(refused.err(), Some(Error::WritesStopped), "{why}, {number}");
    }
}

/// A large group goes as a plain write with a flush behind it. When that write failed only the core that had made it
/// stopped. The bytes may be there all the same, for instance those that delete a bucket: the fences were lifted, and
/// the other cores acknowledged puts into it, which the next start dropped.
#[test]
fn a_failed_write_of_a_large_group_stops_every_core() {
    for seed in 0..12 {
        let stage = Stage::new(seed, 2 + u16::try_from(seed % 3).expect("a small number"), |options| {
            options.inline_bytes_max = 128 * 1024;
            options.upkeep_ms = 0;
        });
        stage.act(async |stores| {
            for number in 0..10 {
                stage.put(&stores[0], &format!("before/{number}"), 500 * number).await;
            }
            stage.ledger.borrow_mut().ending = true;
            let containers: Vec<_> = stage.world.files().into_iter().map(|(path, _)| path).collect();
            let containers = containers.iter().filter(|path| path.to_string_lossy().contains("container-"));
            containers.clone().for_each(|path| stage.world.fail_writes(path));
            stage.put(&stores[0], "large", 100_000).await;
            // The disk works again; what it did with the group nobody knows.
            containers.for_each(|path| stage.world.mend(path));
            no_core_writes(stores, &format!("seed {seed}")).await;
        });
        stage.inspect();
        stage.lose_index();
        stage.inspect();
    }
}

/// The flush that fails may be one of the slot table's, while a core turns to its next segment. The table lies in a
/// file with everybody's segments, and nobody but that core heard of it.
#[test]
fn a_failed_flush_of_the_slot_table_stops_every_core() {
    for (seed, flush) in (1..=12).enumerate() {
        let stage = Stage::new(seed as u64, 2 + u16::try_from(seed % 3).expect("a small number"), |options| {
            options.upkeep_ms = 0;
        });
        stage.act(async |stores| {
            let mut files = stage.world.files().into_iter();
            let (first, _) = files.find(|(path, _)| path.ends_with("container-0000")).expect("there is one");
            stage.ledger.borrow_mut().ending = true;
            stage.world.fail_flush_after(Some(&first), flush);
            let mut taken = 0;
            // Small groups need no flush: only turns to new segments do.
            for number in 0..800 {
                taken += 1;
                let put = stage.put(&stores[number % stores.len()], &format!("key/{}", number % 50), 4000).await;
                if matches!(put, Heard::Untouched) {
                    break;
                }
            }
            assert!(taken < 800, "flush {flush}: no core turned");
            no_core_writes(stores, &format!("flush {flush}")).await;
        });
        stage.inspect();
        stage.lose_index();
        stage.inspect();
    }
}
