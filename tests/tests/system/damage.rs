//! Bytes that were acknowledged rot. It is never taken for emptiness: the store names what is lost and is read-only
//! until the operator accepts it. Where another copy of the knowledge is left, nothing is lost and nothing is said.

use stratum_engine::error::Error;
use stratum_engine::node::PutOptions;
use stratum_tests::client::{bucket_name, object_key};
use stratum_tests::history::Heard;
use stratum_tests::stage::{BUCKET, Stage};

/// A store with a few acknowledged objects, killed.
fn store() -> Stage {
    let stage = Stage::new(51, 1, |options| options.upkeep_ms = 0);
    stage.act(async |stores| {
        for number in 0..6 {
            stage.put(&stores[0], &format!("victim-{number}"), 200).await;
        }
    });
    stage
}

#[test]
fn a_rotten_group_in_the_middle_makes_the_store_read_only_until_it_is_accepted() {
    let mut stage = store();
    let (path, offset) = stage.blocks_with(b"victim-2").first().cloned().expect("it was written");
    stage.world.rot(&path, offset, 64);
    stage.act(async |stores| {
        assert!(!stores[0].damage().is_empty(), "what is lost is named");
        let refused = stores[0].put(&bucket_name(BUCKET), &object_key("new"), b"x", PutOptions::default()).await;
        assert_eq!(refused.err(), Some(Error::ReadOnly));
        assert!(stores[0].get(&bucket_name(BUCKET), &object_key("victim-1")).await.is_ok());
    });
    stage.options.accept_damage = true;
    stage.act(async |stores| {
        assert!(matches!(stage.put(&stores[0], "new", 10).await, Heard::Answer(_)));
        assert!(stores[0].get(&bucket_name(BUCKET), &object_key("victim-1")).await.is_ok());
    });
    stage.options.accept_damage = false;
    stage.act(async |stores| {
        assert_eq!(stores[0].damage(), [], "what was accepted is not said again");
        assert!(stores[0].get(&bucket_name(BUCKET), &object_key("new")).await.is_ok());
    });
}

#[test]
fn a_rotten_footer_is_no_loss_while_the_chain_is_there() {
    let stage = store();
    // A start writes the footers of what was left.
    stage.inspect();
    let places = stage.blocks_with(b"victim-3");
    let (path, offset) = places.last().cloned().expect("record and footer name it");
    assert!(places.len() > 1, "the footer names it too");
    stage.world.rot(&path, offset, 64);
    stage.lose_index();
    stage.act(async |stores| {
        assert_eq!(stores[0].damage(), []);
        stage.inspect_from(&stores[0]).await;
    });
}
