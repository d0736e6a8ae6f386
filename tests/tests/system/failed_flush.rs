//! A flush fails. It is never tried again: writes stop with a clear error, reads go on, and after a restart everything
//! that was acknowledged is there; what was on its way is there or is not.

use stratum_engine::error::Error;
use stratum_engine::node::PutOptions;
use stratum_tests::client::{bucket_name, object_key};
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
