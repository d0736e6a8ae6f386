//! The workload: several clients on several cores, few keys, small slots, so that everything that can happen to a slot
//! happens soon.
//!
//! Each client has keys of its own, which it chooses operations for by what it knows of them; some keys, and the bucket
//! that comes and goes, are everybody's.

use std::rc::Rc;
use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::node::Store;
use stratum_engine::rt;

use crate::chance::Chance;
use crate::client::{AT_ONCE, Pace, perform};
use crate::inspection::{list_meanwhile, open_uploads};
use crate::ledger::Shared;
use crate::model::{Attributes, Condition, Op, OpId, Piece, Slot};

/// The bucket whose keys are judged one by one.
pub const LASTING: &str = "lasting";
/// The bucket that comes and goes.
pub const FLEETING: &str = "fleeting";
/// A name that is taken as soon as it is free.
const OWN_KEYS: u64 = 6;
const SHARED_KEYS: u64 = 2;

/// What a client is like.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The largest body, in bytes.
    pub body_max: u64,
    /// Of 100 bodies so many are large.
    pub large_percent: u64,
    /// Of 100 operations so many are deletes, more or less.
    pub delete_percent: u64,
}

/// One client, until the process dies.
pub async fn client(number: u64, store: Store, ledger: Shared, chance: Rc<Chance>, habits: Habits) {
    loop {
        if chance.percent(20) {
            rt::sleep(Duration::from_micros(chance.below(20_000))).await;
        }
        match chance.below(100) {
            0..10 => fleeting(&store, &ledger, &chance, &habits).await,
            10..22 => shared(&store, &ledger, &chance, &habits).await,
            22..24 => list_meanwhile(&store, &ledger, LASTING, usize::from(chance.percent(50)) * 900 + 3).await,
            24..25 => match store.checkpoint().await {
                Ok(()) | Err(Error::SlowDown | Error::NoSpace) => {}
                Err(Error::Stopping | Error::WritesStopped) if ledger.borrow().ending => return,
                Err(why) => panic!("a checkpoint: {why}"),
            },
            _ => own(number, &store, &ledger, &chance, &habits).await,
        }
    }
}

async fn own(number: u64, store: &Store, ledger: &Shared, chance: &Chance, habits: &Habits) {
    // Two clients with the same number work on the same keys.
    let key = format!("{}{number}/{}", chance.pick(&["a", "b"]), chance.below(OWN_KEYS));
    let slot = ledger.borrow().slot(LASTING, &key);
    let Some(slot) = slot else { return };
    let op = choose(key, &slot, ledger, chance, habits);
    perform(store, ledger, LASTING, &op, pace(chance)).await;
}

/// A sensible operation on a key that is known to be so.
fn choose(key: String, slot: &Slot, ledger: &Shared, chance: &Chance, habits: &Habits) -> Op {
    let known = |op: &OpId| ledger.borrow().upload_ids.contains_key(op);
    let open: Vec<OpId> = open_uploads(slot).into_iter().filter(known).collect();
    if let Some(upload) = open.first().copied()
        && chance.percent(60)
    {
        let parts = &slot.uploads[&upload].parts;
        return match chance.below(10) {
            0..6 => part(key, upload, chance, habits),
            6 => Op::Abort { key, upload },
            _ if parts.is_empty() => part(key, upload, chance, habits),
            _ => complete(key, slot, upload, chance),
        };
    }
    let ended: Vec<OpId> =
        slot.uploads.iter().filter(|(op, upload)| upload.completed.is_some() && known(op)).map(|(op, _)| *op).collect();
    match chance.below(100) {
        0..8 if open.is_empty() => Op::CreateUpload { attributes: attributes(&key), key },
        8..10 if !ended.is_empty() => {
            let upload = chance.pick(&ended);
            match chance.below(3) {
                0 => Op::Complete { key, upload, parts: vec![(1, [0; 16])] },
                1 => Op::Abort { key, upload },
                _ => part(key, upload, chance, habits),
            }
        }
        10..20 => Op::Get { key },
        _ if chance.percent(habits.delete_percent) => Op::Delete { condition: condition(slot, chance), key },
        _ => put(key, condition(slot, chance), chance, habits),
    }
}

fn complete(key: String, slot: &Slot, upload: OpId, chance: &Chance) -> Op {
    let all = slot.uploads[&upload].parts.iter();
    let mut parts: Vec<(u16, [u8; 16])> =
        all.filter(|_| !chance.percent(15)).map(|(number, piece)| (*number, piece.md5)).collect();
    if parts.is_empty() || chance.percent(5) {
        parts.push((99, [7; 16]));
    }
    Op::Complete { key, upload, parts }
}

/// An operation on a key that is everybody's: creations that only one can win, overwrites, deletes.
async fn shared(store: &Store, ledger: &Shared, chance: &Chance, habits: &Habits) {
    let key = format!("shared/{}", chance.below(SHARED_KEYS));
    let op = match chance.below(10) {
        0..5 => put(key, Condition::IfNone, chance, habits),
        5 => put(key, Condition::None, chance, habits),
        6..9 => Op::Delete { key, condition: Condition::None },
        _ => Op::Get { key },
    };
    perform(store, ledger, LASTING, &op, AT_ONCE).await;
}

/// An operation on the bucket that comes and goes.
async fn fleeting(store: &Store, ledger: &Shared, chance: &Chance, habits: &Habits) {
    let key = format!("f/{}", chance.below(3));
    let slot = ledger.borrow().slot(FLEETING, &key);
    // Few uploads: a deletion that is cut ends any of them, and each choice is a possible truth.
    let uploads = ledger.borrow().known(FLEETING).map(|keys| keys.values().map(|slot| open_uploads(slot).len()).sum());
    let few = uploads.is_some_and(|uploads: usize| uploads < 3);
    let op = match (chance.below(20), slot) {
        (0..3, _) => Op::CreateBucket,
        (3..7, _) => Op::DeleteBucket,
        (7..12, _) => put(key, Condition::None, chance, habits),
        (12..13, _) if few => Op::CreateUpload { attributes: attributes(&key), key },
        (13..15, Some(slot)) => choose(key, &slot, ledger, chance, habits),
        (15..16, _) => Op::Get { key },
        _ => Op::Delete { key, condition: Condition::None },
    };
    perform(store, ledger, FLEETING, &op, pace(chance)).await;
}

fn put(key: String, condition: Condition, chance: &Chance, habits: &Habits) -> Op {
    let attributes = vec![("number".to_owned(), chance.number().to_string()); usize::from(chance.percent(60))];
    // A part must have a byte, an object need not.
    let piece = if chance.percent(7) { Piece::new(0, 0) } else { piece(chance, habits) };
    Op::Put { key, piece, attributes, condition }
}

fn part(key: String, upload: OpId, chance: &Chance, habits: &Habits) -> Op {
    let number = u16::try_from(1 + chance.below(4)).expect("small");
    Op::Part { key, upload, number, piece: piece(chance, habits) }
}

fn piece(chance: &Chance, habits: &Habits) -> Piece {
    let large = chance.percent(habits.large_percent);
    let len = match (large, chance.below(10)) {
        (true, _) => 4097 + chance.below(habits.body_max),
        (false, 0) => 4096,
        (false, _) => 1 + chance.below(4000),
    };
    Piece::new(chance.number(), usize::try_from(len).expect("small"))
}

/// The attributes of every upload to a key are the same: of one whose answer is lost they are known all the same.
fn attributes(key: &str) -> Attributes {
    vec![("upload-to".to_owned(), key.to_owned())]
}

fn condition(slot: &Slot, chance: &Chance) -> Condition {
    match (&slot.object, chance.below(10)) {
        (Some(object), 0) => Condition::IfMatch(object.etag),
        (_, 1) => Condition::IfMatch(([1; 16], 0)),
        _ => Condition::None,
    }
}

fn pace(chance: &Chance) -> Pace {
    if chance.percent(70) {
        return AT_ONCE;
    }
    let bytes = usize::try_from(1 + chance.below(60_000)).expect("small");
    Pace { bytes: bytes.max(4000), pause: Duration::from_micros(chance.below(30_000)) }
}
