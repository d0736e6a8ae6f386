//! There is damage that the operator has not accepted: the store shows what it can and proves nothing. A start like
//! that brought what it had replayed into the index, with positions past the records that it could not read. When the
//! medium gave them again, the next start passed them over, and compaction took them for dead.

use stratum_engine::error::Error;
use stratum_engine::node::PutOptions;
use stratum_tests::client::{AT_ONCE, bucket_name, object_key, perform};
use stratum_tests::history::Heard;
use stratum_tests::model::Op;
use stratum_tests::node::SLOT_BYTES;
use stratum_tests::stage::{BUCKET, Stage};

/// A slot that does not read today is there tomorrow.
fn a_slot_comes_back(seed: u64, memtable_keys: usize) {
    let stage = Stage::new(seed, 2, |options| {
        options.owner.memtable_keys_max = memtable_keys;
        options.upkeep_ms = 0;
    });
    for round in 0..4 {
        stage.act(async |stores| {
            for number in 0..60 {
                stage.put(&stores[number % 2], &format!("key/{round}/{number}"), 2000).await;
            }
        });
    }
    // This start seals what the last act left.
    stage.inspect();
    let (path, offset) = stage.blocks_with(b"key/1/30").first().cloned().expect("it was written");
    let first_slot = stage.options.disk.geometry.container_bytes() - SLOT_BYTES * 8;
    let slot = first_slot + (offset - first_slot) / SLOT_BYTES * SLOT_BYTES;
    stage.lose_index();
    stage.world.fail_reads(&path, slot, SLOT_BYTES);
    for _ in 0..2 {
        stage.act(async |stores| {
            assert!(!stores[0].damage().is_empty(), "what does not read is named");
            let new = stores[1].put(&bucket_name(BUCKET), &object_key("new"), b"x", PutOptions::default()).await;
            assert_eq!(new.err(), Some(Error::ReadOnly));
        });
    }
    stage.world.mend(&path);
    stage.act(async |stores| {
        assert_eq!(stores[0].damage(), [], "a disk that reads again has lost nothing");
        stage.inspect_from(&stores[0]).await;
    });
    stage.inspect();
}

#[test]
fn what_a_read_only_start_could_not_read_is_there_when_the_medium_reads_again() {
    // With the smallest memtable even such a start must commit on its way.
    for (seed, memtable_keys) in [(81, 4), (82, 4), (83, 30), (84, 400)] {
        a_slot_comes_back(seed, memtable_keys);
    }
}

/// Records name a bucket whose making was lost. Only the cores that own such records knew of it and took no writes; the
/// others went on.
#[test]
fn records_of_an_unknown_bucket_make_every_core_read_only() {
    for seed in 0..6 {
        let mut stage = Stage::new(seed, 2, |options| options.upkeep_ms = 0);
        stage.act(async |stores| {
            let ledger = stage.shared();
            perform(&stores[0], &ledger, "second-bucket", &Op::CreateBucket, AT_ONCE).await;
            let (bucket, key) = (bucket_name("second-bucket"), object_key(&format!("lonely/{seed}")));
            stores[1].put(&bucket, &key, b"x", PutOptions::default()).await.expect("a put");
        });
        let (path, offset) = stage.blocks_with(b"second-bucket").first().cloned().expect("it was written");
        stage.world.rot(&path, offset, 64);
        stage.options.accept_damage = true;
        stage.act(async |stores| assert!(!stores[0].damage().is_empty(), "the making is lost"));
        stage.options.accept_damage = false;
        stage.lose_index();
        let refusals = stage.act(async |stores| {
            let mut refusals = Vec::new();
            for number in 0..16 {
                let key = object_key(&format!("new/{number}"));
                let put = stores[number % 2].put(&bucket_name(BUCKET), &key, b"x", PutOptions::default()).await;
                refusals.push(put.err());
            }
            refusals
        });
        // If the put lay in the same log it was lost with the making, and nothing is unknown.
        let refused = refusals.iter().filter(|refusal| **refusal == Some(Error::ReadOnly)).count();
        assert!(refused == 0 || refused == 16, "seed {seed}: {refusals:?}");
        SEEN.set(SEEN.get() + refused / 16);
    }
    assert!(SEEN.get() > 0, "no put lay in the other log");
}

thread_local! {
    static SEEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[test]
fn a_store_that_was_read_only_takes_writes_once_the_damage_is_accepted() {
    let mut stage = Stage::new(85, 1, |options| {
        options.owner.memtable_keys_max = 4;
        options.upkeep_ms = 0;
    });
    stage.act(async |stores| {
        for number in 0..80 {
            stage.put(&stores[0], &format!("key/{number}"), 2000).await;
        }
    });
    let (path, offset) = stage.blocks_with(b"key/70").last().cloned().expect("it was written");
    stage.world.rot(&path, offset, 64);
    stage.lose_index();
    stage.act(async |stores| assert!(!stores[0].damage().is_empty()));
    stage.options.accept_damage = true;
    stage.act(async |stores| {
        assert!(stores[0].get(&bucket_name(BUCKET), &object_key("key/1")).await.is_ok());
        assert!(matches!(stage.put(&stores[0], "new", 10).await, Heard::Answer(_)));
    });
}
