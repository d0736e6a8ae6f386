//! The committer: one task per core that turns queued intents into groups, one group in flight.
//!
//! ```text
//!  take what is queued -> hash -> judge in order -> append (durable) -> publish -> answer
//! ```
//!
//! What must hold: nothing is published before its group is durable, nothing is answered before it is published; a
//! refusal too may rest on a record of the same group, so it waits with the others. A failed append ends the core's
//! writes.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::index::Memtable;
use crate::limits::{GROUP_BYTES_MAX, IDLE_GROUP_MS};
use crate::log::{Change, Record};
use crate::log::{GroupBuilder, LogError, LogWriter};
use crate::rt::{self, ReplySlot};
use crate::shard::buckets::{Bucket, Buckets};
use crate::shard::effects::effects;
use crate::shard::hashing::hash_bodies;
use crate::shard::intent::{Answer, Queued};
use crate::shard::judge::{Court, Judged};
use crate::shard::owner::{Confirmed, Owner};
use crate::shard::reading::Reading;
use crate::types::{BucketId, BucketName, Location, Sequence, ShardId};

/// What a group being filled will do when it is durable.
struct Closing {
    staged: Memtable,
    /// The buckets as they will be.
    buckets: Arc<Buckets>,
    records: Vec<(Record, Location)>,
    killed_runs: bool,
    answers: Answers,
}

/// Runs until the owner closes or its log ends.
pub async fn run(owner: Rc<Owner>, mut log: LogWriter) {
    loop {
        wait_for_work(&owner, &log).await;
        if owner.queue.borrow().is_empty() {
            if owner.closing.get() && !log.uncovered() {
                return;
            }
            if !log.uncovered() {
                continue;
            }
        }
        if let Err(why) = one_group(&owner, &mut log).await {
            owner.stop(&why);
            return;
        }
        owner.taken.notify();
    }
}

/// Waits for an intent, or until the last group wants to be covered, or for the end.
async fn wait_for_work(owner: &Owner, log: &LogWriter) {
    while owner.queue.borrow().is_empty() && !owner.closing.get() {
        let arrived = owner.arrived.wait();
        if log.uncovered() {
            // An empty group after an idle moment says that the last acknowledged one was durable.
            if rt::timeout(Duration::from_millis(IDLE_GROUP_MS), arrived).await.is_none() {
                return;
            }
        } else {
            arrived.await;
        }
    }
}

async fn one_group(owner: &Rc<Owner>, log: &mut LogWriter) -> Result<(), Error> {
    let Some(mut group) = log.begin() else { return turn(owner, log).await };
    let only_reserve = log.only_reserve().await;
    let segment = group.segment();
    let mut closing = Closing {
        staged: Memtable::new(),
        buckets: owner.buckets(),
        records: Vec::new(),
        killed_runs: false,
        answers: Vec::new(),
    };
    let mut queued = take_a_groupful(owner);
    hash_bodies(&mut queued);
    let mut waiting = VecDeque::from(queued);
    while let Some(next) = waiting.pop_front() {
        if only_reserve && !next.intent.may_use_reserve() {
            closing.answers.push((next.answer, Err(Error::NoSpace)));
        } else if let Some(back) = closing.take(owner, &mut group, next) {
            waiting.push_front(back);
            break;
        }
    }
    // What did not fit goes before what has come meanwhile.
    let full = !waiting.is_empty();
    while let Some(back) = waiting.pop_back() {
        owner.queue.borrow_mut().push_front(back);
    }
    if group.is_empty() && full {
        log.put_back(group);
        answer_all(closing.answers);
        if log.is_fresh() {
            // Not even an empty segment has room for it.
            if let Some(refused) = owner.queue.borrow_mut().pop_front() {
                drop(refused.answer.answer(Err(Error::TooLarge)));
            }
            return Ok(());
        }
        return turn(owner, log).await;
    }
    if group.is_empty() && !log.uncovered() {
        log.put_back(group);
        // Every answer rests on groups that are durable already.
        answer_all(closing.answers);
        return Ok(());
    }
    match log.append(group).await {
        Ok(appended) => {
            owner.log_bytes.set(owner.log_bytes.get() + appended.bytes);
            owner.tip.set((segment, appended.group));
            owner.floor.set(log.oldest_unsealed().unwrap_or(segment));
            answer_all(closing.publish(owner));
            want_checkpoint(owner);
            Ok(())
        }
        Err(_) => {
            // First of all nobody may conclude anything from what is published any more.
            owner.stop(&Error::WritesStopped);
            let undecided = closing.answers.into_iter().map(|(slot, _)| (slot, Err(Error::WritesStopped))).collect();
            answer_all(undecided);
            Err(Error::WritesStopped)
        }
    }
}

/// Takes from the queue what one group can hold: bodies that wait longer are not hashed yet.
fn take_a_groupful(owner: &Owner) -> Vec<Queued> {
    let mut queue = owner.queue.borrow_mut();
    let mut bytes = 0;
    let mut taken = Vec::new();
    while bytes < GROUP_BYTES_MAX
        && let Some(next) = queue.pop_front()
    {
        bytes += next.intent.payload().len();
        taken.push(next);
    }
    taken
}

/// The next segment. A full disk ends nothing, nor does the want of a descriptor: those who wait are told.
async fn turn(owner: &Owner, log: &mut LogWriter) -> Result<(), Error> {
    match log.turn().await {
        Ok(()) => {
            owner.floor.set(log.oldest_unsealed().unwrap_or_default());
            Ok(())
        }
        Err(LogError::Segment(why)) if why.passes() => {
            let refusal = Error::from(why);
            for queued in owner.queue.take() {
                drop(queued.answer.answer(Err(refusal.clone())));
            }
            // What is left to do alone, covering the last group, can wait for room.
            rt::sleep(Duration::from_millis(IDLE_GROUP_MS)).await;
            Ok(())
        }
        Err(_) => Err(Error::WritesStopped),
    }
}

/// Answers, each with the slot it goes into when its group is durable.
type Answers = Vec<Reckoned>;
type Reckoned = (ReplySlot<Result<Answer, Error>>, Result<Answer, Error>);

fn answer_all(answers: Answers) {
    for (slot, answer) in answers {
        // Nobody waits any more: the client has gone, and what it asked for is done or refused all the same.
        drop(slot.answer(answer));
    }
}

fn want_checkpoint(owner: &Owner) {
    let layers = owner.layers.borrow();
    let full = layers.active().is_full(owner.options.memtable_keys_max, owner.options.memtable_bytes_max);
    if full || owner.log_bytes.get() >= owner.options.checkpoint_log_bytes {
        owner.checkpoint_wanted.notify();
    }
}

impl Closing {
    /// Judges an intent and puts its record into the group. Gives it back if the group has no room for it.
    fn take(&mut self, owner: &Owner, group: &mut GroupBuilder, queued: Queued) -> Option<Queued> {
        let layers = owner.layers.borrow();
        let sequence = self.last(owner, queued.shard).next();
        let court = Court {
            reading: Reading::appended(&self.staged, &layers),
            catalog: owner.disk.catalog(),
            buckets: &self.buckets,
            shard: queued.shard,
            sequence,
            time_ms: rt::wall_ms(),
        };
        let (record, answer) = match court.judge(&queued.intent) {
            Ok(Judged::Append(record, answer)) => (record, answer),
            Ok(Judged::Nothing(answer)) => {
                self.answers.push((queued.answer, Ok(answer)));
                return None;
            }
            Err(why) => {
                self.answers.push((queued.answer, Err(why)));
                return None;
            }
        };
        // Of a record that compaction moves the payload may stay behind.
        let payload = if record.payload_bytes == 0 { &[] } else { queued.intent.payload() };
        let Some(placed) = group.place(&record, payload) else { return Some(queued) };
        match effects(&Reading::appended(&self.staged, &layers), &record, placed.location) {
            Ok(effects) => {
                let location = group.add(placed, payload);
                self.killed_runs |= effects.killed_runs;
                effects.store(&mut self.staged);
                change_buckets(&mut self.buckets, &record);
                self.records.push((*record, location));
                self.answers.push((queued.answer, Ok(answer)));
            }
            Err(why) => self.answers.push((queued.answer, Err(why.into()))),
        }
        None
    }

    /// The newest sequence of a shard, this group included.
    fn last(&self, owner: &Owner, shard: ShardId) -> Sequence {
        let staged = self.staged.last().get(&shard).copied();
        staged.or_else(|| owner.last.borrow().get(&shard).copied()).unwrap_or_default()
    }

    /// Makes the durable group visible, and gives the answers that may leave now.
    fn publish(self, owner: &Owner) -> Answers {
        owner.last.borrow_mut().extend(self.staged.last());
        owner.layers.borrow_mut().active_mut().absorb(self.staged);
        for (record, location) in self.records {
            owner.moved.set(owner.moved.get() + u64::from(record.position != record.sequence));
            if let Some((sequence, _)) = record.meta.change.confirmed() {
                let mut confirmed = owner.confirmed.borrow_mut();
                let newest = confirmed.entry(record.shard).or_default();
                if sequence >= newest.sequence {
                    *newest = Confirmed { sequence, location };
                }
            }
            change_buckets(&mut owner.buckets.borrow_mut(), &record);
        }
        if self.killed_runs {
            owner.runs_died.set(true);
        }
        self.answers
    }
}

fn change_buckets(buckets: &mut Arc<Buckets>, record: &Record) {
    if record.position != record.sequence {
        return;
    }
    let name = || std::str::from_utf8(&record.key).ok().and_then(BucketName::new);
    match record.meta.change {
        Change::BucketCreate => {
            let Some(name) = name() else { return };
            let id = BucketId(record.sequence.0);
            Arc::make_mut(buckets).add(Bucket { id, name, created_ms: record.time_ms });
        }
        Change::BucketDelete => {
            let Some(name) = name() else { return };
            Arc::make_mut(buckets).remove(&name);
        }
        _ => {}
    }
}
