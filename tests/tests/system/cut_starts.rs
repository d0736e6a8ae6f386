//! The power is cut within a start, at every few events of it, and the next start shows everything. The bug behind it:
//! a rebuild put the rows of buckets into the memtable before all others; when the memtable was full it was committed
//! with their position, and after a cut the records below that position were never applied.

use stratum_engine::rt::sim::Fuse;
use stratum_tests::client::{AT_ONCE, perform};
use stratum_tests::model::Op;
use stratum_tests::stage::Stage;

#[test]
fn a_rebuild_that_is_cut_at_any_event_is_finished_by_the_next_start() {
    let stage = Stage::new(41, 1, |options| {
        options.owner.memtable_keys_max = 8;
        options.upkeep_ms = 0;
    });
    for _ in 0..6 {
        stage.act(async |stores| {
            for number in 0..15 {
                stage.put(&stores[0], &format!("key/{number}"), 100).await;
            }
        });
    }
    stage.act(async |stores| {
        perform(&stores[0], &stage.shared(), "newest", &Op::CreateBucket, AT_ONCE).await;
    });
    let before = stage.world.snapshot();
    stage.lose_index();
    stage.inspect();
    let events = stage.world.events();
    for after_events in (1..events).step_by(7) {
        stage.world.restore(&before);
        stage.lose_index();
        stage.act_until(Fuse::PowerCut { after_events }, async |stores| stage.inspect_from(&stores[0]).await);
        stage.inspect();
    }
}

#[test]
fn records_of_a_bucket_long_deleted_are_no_damage_to_a_rebuild() {
    let stage = Stage::new(42, 2, |_| {});
    stage.act(async |stores| {
        let ledger = stage.shared();
        for round in 0..6 {
            perform(&stores[0], &ledger, "fleeting", &Op::CreateBucket, AT_ONCE).await;
            for number in 0..30 {
                stage.put(&stores[1], &format!("key/{round}/{}", number % 5), 3000).await;
            }
            perform(&stores[1], &ledger, "fleeting", &Op::DeleteBucket, AT_ONCE).await;
        }
    });
    stage.lose_index();
    stage.inspect();
}
