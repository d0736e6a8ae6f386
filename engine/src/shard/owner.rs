//! The shards of one core: their index, their log, their queue. One per core, and everything in it stays on that core.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::disk::Segments;
use crate::error::Error;
use crate::index::{Layers, Position};
use crate::limits::{INTENTS_MAX, SLOW_DOWN_MS};
use crate::log::LogReader;
use crate::rt::{self, Event, Gate, reply};
use crate::shard::buckets::Buckets;
use crate::shard::intent::{Answer, Intent, Queued};
use crate::types::{BucketId, CoreId, GroupNumber, Location, SegmentId, Sequence, ShardId};

/// What a simulation sets smaller than the product.
#[derive(Clone, Copy, Debug)]
pub struct OwnerOptions {
    /// A memtable is frozen at this many changed keys.
    pub memtable_keys_max: usize,
    /// A memtable is frozen at this many bytes.
    pub memtable_bytes_max: usize,
    /// While the stores together are at most so large, their pages are taken to be in memory and lookups run on the
    /// core.
    pub index_resident_bytes: u64,
    /// What every part of an upload but the last must have.
    pub part_bytes_min: u64,
    /// All shards are checkpointed after this much log.
    pub checkpoint_log_bytes: u64,
}

/// A newest checkpoint record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confirmed {
    /// What it confirms.
    pub sequence: Sequence,
    /// Where it lies.
    pub location: Location,
}

/// What a core begins with.
pub struct Start {
    /// Its stores, and in the memtable what they do not hold yet.
    pub layers: Layers,
    /// The largest sequence in the store.
    pub last: Sequence,
    /// The newest checkpoint records of its shards.
    pub confirmed: BTreeMap<ShardId, Confirmed>,
    /// The buckets.
    pub buckets: Arc<Buckets>,
    /// The oldest segment that a start must look at.
    pub floor: SegmentId,
}

/// The shards of one core.
pub struct Owner {
    pub(super) core: CoreId,
    pub(super) options: OwnerOptions,
    pub(super) disk: Rc<Segments>,
    pub(super) reader: LogReader,
    pub(super) layers: RefCell<Layers>,
    pub(super) buckets: RefCell<Arc<Buckets>>,
    pub(super) last: RefCell<BTreeMap<ShardId, Sequence>>,
    pub(super) confirmed: RefCell<BTreeMap<ShardId, Confirmed>>,
    pub(super) queue: RefCell<VecDeque<Queued>>,
    pub(super) arrived: Event,
    pub(super) taken: Event,
    pub(super) checkpoint_wanted: Event,
    pub(super) checkpointed: Event,
    /// How far each shard had come when the frozen memtable was frozen.
    pub(super) frozen_positions: RefCell<BTreeMap<ShardId, Position>>,
    /// The last checkpoint found no room for the index.
    pub(super) index_full: Cell<bool>,
    /// The stores may be larger than memory: a lookup goes to a helper first.
    pub(super) may_fault: Cell<bool>,
    /// The shards whose stores have the frozen memtable already: a checkpoint tried again must not add its sums twice.
    pub(super) frozen_committed: RefCell<BTreeSet<ShardId>>,
    pub(super) checkpoint_turn: Gate,
    pub(super) checkpoints: Cell<u64>,
    pub(super) moved: Cell<u64>,
    pub(super) log_bytes: Cell<u64>,
    pub(super) tip: Cell<(SegmentId, GroupNumber)>,
    pub(super) floor: Cell<SegmentId>,
    pub(super) stopped: RefCell<Option<Error>>,
    pub(super) closing: Cell<bool>,
    pub(super) fences: RefCell<BTreeMap<BucketId, (usize, Rc<Event>)>>,
    /// How far each shard's uploads were looked at for those to be forgotten.
    pub(super) forget_cursors: RefCell<BTreeMap<ShardId, Box<[u8]>>>,
    /// Something in a data segment has died since upkeep last looked.
    pub(super) runs_died: Cell<bool>,
}

impl Owner {
    /// The shards of `start`, replayed.
    #[must_use]
    pub fn new(core: CoreId, options: OwnerOptions, disk: Rc<Segments>, reader: LogReader, start: Start) -> Rc<Owner> {
        let Start { layers, last, confirmed, buckets, floor } = start;
        let shards: Vec<ShardId> = layers.stores().keys().copied().collect();
        let owner = Rc::new(Owner {
            core,
            options,
            disk,
            reader,
            layers: RefCell::new(layers),
            buckets: RefCell::new(buckets),
            last: RefCell::new(shards.into_iter().map(|shard| (shard, last)).collect()),
            confirmed: RefCell::new(confirmed),
            queue: RefCell::default(),
            arrived: Event::default(),
            taken: Event::default(),
            checkpoint_wanted: Event::default(),
            checkpointed: Event::default(),
            frozen_positions: RefCell::default(),
            index_full: Cell::default(),
            may_fault: Cell::default(),
            frozen_committed: RefCell::default(),
            checkpoint_turn: Gate::new(1),
            checkpoints: Cell::default(),
            moved: Cell::default(),
            log_bytes: Cell::default(),
            tip: Cell::default(),
            floor: Cell::new(floor),
            stopped: RefCell::default(),
            closing: Cell::default(),
            fences: RefCell::default(),
            forget_cursors: RefCell::default(),
            runs_died: Cell::new(true),
        });
        owner.weigh_index();
        owner
    }

    /// Decides whether lookups may still run on the core. A store that does not say its size counts as too large.
    pub(super) fn weigh_index(&self) {
        let layers = self.layers.borrow();
        let bytes = layers.stores().values().map(|store| store.bytes().unwrap_or(u64::MAX));
        let total = bytes.fold(0_u64, u64::saturating_add);
        self.may_fault.set(total > self.options.index_resident_bytes);
    }

    /// The core it lives on.
    #[must_use]
    pub fn core(&self) -> CoreId {
        self.core
    }

    /// The buckets as this core knows them.
    #[must_use]
    pub fn buckets(&self) -> Arc<Buckets> {
        Arc::clone(&self.buckets.borrow())
    }

    /// Takes a snapshot of the buckets, unless it has a newer one: two changes may be told in either order.
    pub fn adopt(&self, buckets: Arc<Buckets>) {
        let mut held = self.buckets.borrow_mut();
        if buckets.version() > held.version() {
            *held = buckets;
        }
    }

    /// Queues an intent and gives its answer, which comes when all that it rests on is durable. It waits while its
    /// bucket is fenced.
    ///
    /// # Errors
    /// Why it is refused, or why nothing can be said of it.
    pub async fn decide(&self, shard: ShardId, bucket: BucketId, intent: Intent) -> Result<Answer, Error> {
        self.warm_intent(shard, &intent).await;
        loop {
            self.room().await?;
            // From here to the queue nothing waits: what is behind a fence is in the queue before its barrier, or not
            // at all.
            let Some(fence) = self.fence_of(bucket) else { break };
            // Not longer than anything else waits: those who lift the fence may need what is held up here.
            let lifted = rt::timeout(Duration::from_millis(SLOW_DOWN_MS), fence.wait());
            lifted.await.ok_or(Error::SlowDown)?;
        }
        self.admit(shard, intent)?.await.unwrap_or(Err(Error::WritesStopped))
    }

    /// Queues an intent.
    pub(super) fn admit(&self, shard: ShardId, intent: Intent) -> Result<rt::Reply<Result<Answer, Error>>, Error> {
        if let Some(why) = self.stopped.borrow().clone() {
            return Err(why);
        }
        if self.closing.get() {
            return Err(Error::Stopping);
        }
        let (slot, answer) = reply();
        self.queue.borrow_mut().push_back(Queued { shard, intent, answer: slot });
        self.arrived.notify();
        Ok(answer)
    }

    /// Waits while the queue or both memtables are full, for a second.
    pub(super) async fn room(&self) -> Result<(), Error> {
        if self.queue.borrow().len() < INTENTS_MAX && !self.memtables_full() {
            // Nearly always: an alarm that nobody hears costs more than the look.
            return Ok(());
        }
        let waiting = async {
            loop {
                let taken = self.taken.wait();
                let checkpointed = self.checkpointed.wait();
                let queue_full = self.queue.borrow().len() >= INTENTS_MAX;
                let memtables_full = self.memtables_full();
                match (queue_full, memtables_full) {
                    (false, false) => return,
                    (true, _) => taken.await,
                    (false, true) => {
                        self.checkpoint_wanted.notify();
                        checkpointed.await;
                    }
                }
            }
        };
        let waited = rt::timeout(Duration::from_millis(SLOW_DOWN_MS), waiting).await;
        // What a checkpoint found meanwhile counts.
        waited.ok_or(if self.index_full.get() { Error::NoSpace } else { Error::SlowDown })
    }

    /// Changed keys that the stores do not hold yet.
    #[must_use]
    pub fn pending_keys(&self) -> usize {
        let layers = self.layers.borrow();
        layers.active().keys() + layers.frozen().map_or(0, |frozen| frozen.keys())
    }

    fn memtables_full(&self) -> bool {
        let layers = self.layers.borrow();
        layers.frozen().is_some()
            && layers.active().is_full(self.options.memtable_keys_max, self.options.memtable_bytes_max)
    }

    /// Writes of this core are over: what is queued and what comes gets `why`.
    pub(super) fn stop(&self, why: &Error) {
        self.stopped.borrow_mut().get_or_insert_with(|| why.clone());
        for queued in self.queue.take() {
            drop(queued.answer.answer(Err(why.clone())));
        }
        self.taken.notify();
        self.checkpointed.notify();
    }

    /// Notes that runs were written which no record will name, so that upkeep looks for them.
    pub fn note_dead_runs(&self) {
        self.runs_died.set(true);
    }

    /// Why this core takes no writes, if it takes none.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        self.stopped.borrow().clone()
    }

    /// Refuses every write from the start: there is damage that was not accepted.
    pub fn read_only(&self) {
        self.stop(&Error::ReadOnly);
    }

    fn fence_of(&self, bucket: BucketId) -> Option<Rc<Event>> {
        self.fences.borrow().get(&bucket).map(|(_, lifted)| Rc::clone(lifted))
    }

    /// Lets nothing more into a bucket, and waits until all that was on its way is decided. Gives how many objects it
    /// holds here. Fences of one bucket add up: each is lifted once.
    ///
    /// # Errors
    /// If what was on its way cannot be decided, or the index fails. The fence stands all the same.
    pub async fn fence(&self, bucket: BucketId) -> Result<u64, Error> {
        self.fences.borrow_mut().entry(bucket).or_default().0 += 1;
        let shard = self.shards().first().copied().unwrap_or_default();
        // All that was admitted before is before this one in the queue: its answer comes when their group is durable.
        self.admit(shard, Intent::Barrier)?.await.unwrap_or(Err(Error::WritesStopped))?;
        self.objects(bucket)
    }

    /// Lifts one fence of a bucket.
    pub fn lift(&self, bucket: BucketId) {
        let mut fences = self.fences.borrow_mut();
        let Some((count, lifted)) = fences.get_mut(&bucket) else { return };
        *count -= 1;
        if *count == 0 {
            lifted.notify();
            fences.remove(&bucket);
        }
    }

    /// The objects of a bucket in this core's shards.
    ///
    /// # Errors
    /// The index's.
    pub fn objects(&self, bucket: BucketId) -> Result<u64, Error> {
        let layers = self.layers.borrow();
        let mut objects = 0;
        for shard in layers.stores().keys() {
            objects += layers.counts(bucket, *shard)?.objects;
        }
        Ok(objects)
    }

    /// Objects and bytes of a bucket in this core's shards.
    ///
    /// # Errors
    /// The index's.
    pub fn counts(&self, bucket: BucketId) -> Result<(u64, u64), Error> {
        let layers = self.layers.borrow();
        let mut sums = (0, 0);
        for shard in layers.stores().keys() {
            let counts = layers.counts(bucket, *shard)?;
            sums = (sums.0 + counts.objects, sums.1 + counts.bytes);
        }
        Ok(sums)
    }

    /// Checkpoints that have been confirmed since the start.
    #[must_use]
    pub fn checkpoints(&self) -> u64 {
        self.checkpoints.get()
    }

    /// Records of this core that compaction has moved since the start.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.moved.get()
    }

    /// The shards of this core.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardId> {
        self.layers.borrow().stores().keys().copied().collect()
    }

    /// Ends the committer and the checkpointer once the queue is empty.
    pub fn close(&self) {
        self.closing.set(true);
        self.arrived.notify();
        self.checkpoint_wanted.notify();
    }
}
