//! Clients want the same at the same time: one creation of many wins, a bucket goes only when no put into it is
//! acknowledged, a listing skips nothing that was there throughout.

use std::rc::Rc;

use stratum_engine::rt;
use stratum_tests::client::{AT_ONCE, perform};
use stratum_tests::history::Heard;
use stratum_tests::inspection::list_meanwhile;
use stratum_tests::model::{Answer, Condition, Op, Piece};
use stratum_tests::stage::{BUCKET, Stage};

fn put(key: &str, seed: u64, condition: Condition) -> Op {
    Op::Put { key: key.to_owned(), piece: Piece::new(seed, 300), attributes: Vec::new(), condition }
}

#[test]
fn of_many_creations_of_one_key_exactly_one_wins() {
    for seed in 0..30 {
        let stage = Stage::new(seed, 4, |_| {});
        stage.act(async |stores| {
            let creations: Vec<_> = (0..8)
                .map(|number| {
                    let (store, ledger) = (stores[number % 4].clone(), stage.shared());
                    let op = put("one", seed * 100 + number as u64, Condition::IfNone);
                    rt::spawn(async move { perform(&store, &ledger, BUCKET, &op, AT_ONCE).await })
                })
                .collect();
            let mut won = 0;
            for creation in creations {
                won += usize::from(matches!(creation.await, Heard::Answer(Answer::Made(_))));
            }
            assert_eq!(won, 1, "seed {seed}");
        });
        stage.inspect();
    }
}

#[test]
fn no_put_is_acknowledged_into_a_bucket_that_is_deleted() {
    for seed in 0..60 {
        let stage = Stage::new(seed, 4, |_| {});
        stage.act(async |stores| {
            let ledger = stage.shared();
            perform(&stores[0], &ledger, "fleeting", &Op::CreateBucket, AT_ONCE).await;
            let mut tasks = Vec::new();
            for number in 0..8_u64 {
                let (store, ledger) = (stores[usize::try_from(number % 4).expect("small")].clone(), Rc::clone(&ledger));
                let op = match number {
                    3 | 6 => Op::DeleteBucket,
                    _ => put(&format!("k{}", number % 3), seed * 100 + number, Condition::None),
                };
                tasks.push(rt::spawn(async move { perform(&store, &ledger, "fleeting", &op, AT_ONCE).await }));
            }
            for task in tasks {
                task.await;
            }
            stage.inspect_from(&stores[2]).await;
        });
        stage.inspect();
    }
}

#[test]
fn a_listing_skips_nothing_that_was_there_throughout() {
    for seed in 0..10 {
        let stage = Stage::new(seed, 4, |_| {});
        stage.act(async |stores| {
            for number in 0..60 {
                stage.put(&stores[0], &format!("still/{number:02}"), 100).await;
            }
            let ledger = stage.shared();
            let writers: Vec<_> = (0..4_u64)
                .map(|number| {
                    let (store, ledger) = (stores[1].clone(), Rc::clone(&ledger));
                    rt::spawn(async move {
                        for round in 0..30 {
                            let key = format!("still/{:02}x{number}", round * 2);
                            perform(&store, &ledger, BUCKET, &put(&key, round, Condition::None), AT_ONCE).await;
                            let delete = Op::Delete { key, condition: Condition::None };
                            perform(&store, &ledger, BUCKET, &delete, AT_ONCE).await;
                        }
                    })
                })
                .collect();
            for limit in [1, 2, 7, 1000] {
                list_meanwhile(&stores[3], &ledger, BUCKET, limit).await;
            }
            for writer in writers {
                writer.await;
            }
        });
        stage.inspect();
    }
}
