//! Uploads, and what a rebuild makes of them after compaction has moved their records about. Three bugs that the power
//! cuts found live here: a part whose upload's creation was moved behind it was dropped; an upload came back as open
//! when the object that it was completed to had been replaced; and its completion was forgotten.

use std::time::Duration;

use stratum_engine::rt;
use stratum_tests::history::Heard;
use stratum_tests::model::{Answer, Op, Refusal};
use stratum_tests::stage::Stage;

/// Overwrites one key until every segment of before has been emptied.
async fn churn(stage: &Stage, store: &stratum_engine::node::Store) {
    let (begun, _) = store.segments();
    while store.segments().0.0 < begun.0 + 8 {
        for number in 0..40 {
            stage.put(store, &format!("churn/{}", number % 7), 3500).await;
        }
        rt::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn an_open_upload_keeps_its_parts_through_compaction_and_rebuild() {
    let stage = Stage::new(21, 2, |_| {});
    stage.act(async |stores| {
        let upload = stage.upload(&stores[0], "film").await;
        let first = stage.part(&stores[0], "film", upload, 1, 70_000).await;
        churn(&stage, &stores[0]).await;
        stage.part(&stores[1], "film", upload, 1, 50_000).await;
        stage.part(&stores[1], "film", upload, 3, 10).await;
        churn(&stage, &stores[1]).await;
        let complete = |parts| Op::Complete { key: "film".to_owned(), upload, parts };
        let replaced = stage.ask(&stores[0], complete(vec![first])).await;
        assert!(matches!(replaced, Heard::Answer(Answer::Refused(Refusal::InvalidPart))));
        stage.inspect_from(&stores[0]).await;
    });
    stage.lose_index();
    stage.inspect();
}

#[test]
fn a_completed_upload_stays_completed_when_its_object_is_gone() {
    for (seed, deleted) in [(31, true), (32, false)] {
        let stage = Stage::new(seed, 2, |_| {});
        let (upload, parts) = stage.act(async |stores| {
            let upload = stage.upload(&stores[0], "film").await;
            let mut parts = Vec::new();
            for number in 1..4 {
                parts.push(stage.part(&stores[0], "film", upload, number, 40_000).await);
            }
            stage.ask(&stores[1], Op::Complete { key: "film".to_owned(), upload, parts: parts.clone() }).await;
            match deleted {
                true => stage.delete(&stores[0], "film").await,
                false => stage.put(&stores[0], "film", 99).await,
            };
            churn(&stage, &stores[0]).await;
            (upload, parts)
        });
        stage.lose_index();
        stage.act(async |stores| {
            stage.inspect_from(&stores[0]).await;
            let again = Op::Complete { key: "film".to_owned(), upload, parts };
            assert!(matches!(stage.ask(&stores[0], again).await, Heard::Answer(Answer::Made(_))));
            let abort = stage.ask(&stores[1], Op::Abort { key: "film".to_owned(), upload }).await;
            assert!(matches!(abort, Heard::Answer(Answer::Refused(Refusal::NoSuchUpload))));
            stage.inspect_from(&stores[0]).await;
        });
    }
}
