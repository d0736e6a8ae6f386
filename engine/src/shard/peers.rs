//! The cores of a node to each other: a question, the credit it holds, and the owner that answers it.
//!
//! What must hold: a core drains its mailbox without waiting. Each question runs as a task of its own; their number is
//! bounded by the credits of those who ask. A core asks itself without a mailbox.

use std::rc::Rc;
use std::sync::Arc;

use crate::error::Error;
use crate::index::{
    self, BucketEntry, Entry, Layers, Page, PageRequest, PartsPage, Store, Table, UploadEntry, UploadsWalk, keys,
};
use crate::limits::{CREDITS_PER_CORE, WALK_UPLOADS};
use crate::log::RunOwner;
use crate::rt::{self, Gate, Mailbox, Postman, ReplySlot, reply};
use crate::shard::buckets::Buckets;
use crate::shard::complete::Completion;
use crate::shard::evacuate::Evacuated;
use crate::shard::intent::{Answer, Intent};
use crate::shard::owner::Owner;
use crate::shard::reading::Reading;
use crate::types::{BucketId, BucketName, CoreId, ObjectKey, SegmentId, ShardId, UploadId};

type Slot<T> = ReplySlot<Result<T, Error>>;

/// A question to the owner of a shard, or to every core.
pub enum Question {
    /// Carry out a change. The bucket is the one whose fence it must pass.
    Decide(ShardId, BucketId, Box<Intent>, Slot<Answer>),
    /// Complete an upload.
    Complete(ShardId, BucketId, ObjectKey, UploadId, Completion, Slot<Answer>),
    /// The object of a key.
    Entry(ShardId, BucketId, ObjectKey, Slot<Option<Entry>>),
    /// An upload.
    Upload(ShardId, BucketId, ObjectKey, UploadId, Slot<Option<UploadEntry>>),
    /// A bucket as shard 0 has it.
    Bucket(BucketName, Slot<Option<BucketEntry>>),
    /// A page of this core's objects.
    Objects(PageRequest, Slot<Page>),
    /// A page of this core's open uploads.
    Uploads(PageRequest, Slot<Page>),
    /// A page of the parts of an upload.
    Parts(BucketId, ObjectKey, UploadId, u16, usize, Slot<PartsPage>),
    /// Objects and bytes of a bucket on this core.
    Counts(BucketId, Slot<(u64, u64)>),
    /// Let nothing more into a bucket; how many objects it has here.
    Fence(BucketId, Slot<u64>),
    /// Let writes into a bucket again.
    Lift(BucketId, Slot<()>),
    /// The buckets as this core knows them.
    Snapshot(Slot<Arc<Buckets>>),
    /// Run with these buckets from now on.
    Adopt(Arc<Buckets>, Slot<()>),
    /// Bring what is published into the stores.
    Checkpoint(Slot<()>),
    /// Move what is live out of a log segment.
    Evacuate(SegmentId, Slot<Evacuated>),
    /// How many bytes of each log segment are live here, about.
    LiveBytes(Slot<Vec<(SegmentId, i64)>>),
    /// Forget the completed uploads that are remembered no longer.
    ForgetCompleted(Slot<()>),
    /// Whether runs of bodies have died here since this was last asked.
    RunsDied(Slot<bool>),
    /// Whether what owns a run still names this data segment.
    NamesSegment(ShardId, RunOwner, SegmentId, Slot<bool>),
}

/// The cores of a node, from one of them.
pub struct Peers {
    me: Rc<Owner>,
    posts: Vec<Postman<Question>>,
    credits: Vec<Gate>,
    salt: [u8; 16],
    shards: u16,
}

impl Peers {
    /// The cores behind `posts`, by number.
    #[must_use]
    pub fn new(me: Rc<Owner>, posts: Vec<Postman<Question>>, salt: [u8; 16], shards: u16) -> Peers {
        let credits = posts.iter().map(|_| Gate::new(CREDITS_PER_CORE)).collect();
        Peers { me, posts, credits, salt, shards }
    }

    /// This core's own shards.
    #[must_use]
    pub fn me(&self) -> &Rc<Owner> {
        &self.me
    }

    /// Every core.
    pub fn cores(&self) -> impl Iterator<Item = CoreId> + use<> {
        let cores = u16::try_from(self.posts.len()).expect("cores are limited");
        (0..cores).map(CoreId)
    }

    /// The shard of a key.
    #[must_use]
    pub fn shard_of(&self, bucket: BucketId, key: &[u8]) -> ShardId {
        crate::digest::shard_of(&self.salt, bucket, key, self.shards)
    }

    /// The core that owns a shard.
    #[must_use]
    pub fn owner_of(&self, shard: ShardId) -> CoreId {
        owner_of(shard, self.posts.len())
    }

    /// Carries out a change on the shard's owner; on this core without a question.
    ///
    /// # Errors
    /// Why it is not done; `Stopping` if the owner has stopped.
    pub async fn decide(&self, shard: ShardId, bucket: BucketId, intent: Intent) -> Result<Answer, Error> {
        let owner = self.owner_of(shard);
        if owner == self.me.core() {
            return self.me.decide(shard, bucket, intent).await;
        }
        self.ask(owner, |slot| Question::Decide(shard, bucket, Box::new(intent), slot)).await
    }

    /// The object of a key, from the shard's owner; on this core without a question.
    ///
    /// # Errors
    /// The index's; `Stopping` if the owner has stopped.
    pub async fn entry(&self, shard: ShardId, bucket: BucketId, key: &ObjectKey) -> Result<Option<Entry>, Error> {
        let owner = self.owner_of(shard);
        if owner == self.me.core() {
            return self.me.entry(shard, bucket, key).await;
        }
        self.ask(owner, |slot| Question::Entry(shard, bucket, key.clone(), slot)).await
    }

    /// Asks a core.
    ///
    /// # Errors
    /// What it answers; `Stopping` if it has stopped.
    pub async fn ask<T: 'static>(&self, core: CoreId, question: impl FnOnce(Slot<T>) -> Question) -> Result<T, Error> {
        let (slot, answer) = reply();
        if core == self.me.core() {
            answer_question(Rc::clone(&self.me), question(slot)).await;
        } else {
            let at = usize::from(core.0);
            let (Some(post), Some(gate)) = (self.posts.get(at), self.credits.get(at)) else {
                return Err(Error::Stopping);
            };
            let (credit, post, question) = (gate.enter().await, post.clone(), question(slot));
            // In a task of its own: the credit comes back when the question is answered, not when the asker gives up.
            let asked = rt::spawn(async move {
                let _credit = credit;
                if post.post(question).await.is_err() {
                    return Err(Error::Stopping);
                }
                answer.await.unwrap_or(Err(Error::Stopping))
            });
            return asked.await;
        }
        answer.await.unwrap_or(Err(Error::Stopping))
    }

    /// Asks every core, one after the other, and gives their answers in order.
    ///
    /// # Errors
    /// The first core's that does not answer well.
    pub async fn ask_all<T: 'static>(&self, question: impl Fn(Slot<T>) -> Question) -> Result<Vec<T>, Error> {
        let mut answers = Vec::new();
        for core in self.cores() {
            answers.push(self.ask(core, &question).await?);
        }
        Ok(answers)
    }
}

/// The core that owns `shard` among `cores`: shards are dealt round robin.
#[must_use]
pub fn owner_of(shard: ShardId, cores: usize) -> CoreId {
    let core = usize::from(shard.0) % cores.max(1);
    CoreId(u16::try_from(core).expect("cores are limited"))
}

/// Answers what other cores ask, until all of them are gone.
pub async fn answer_all(owner: Rc<Owner>, questions: Mailbox<Question>) {
    while let Some(question) = questions.next().await {
        drop(rt::spawn(answer_question(Rc::clone(&owner), question)));
    }
}

async fn answer_question(owner: Rc<Owner>, question: Question) {
    // An answer that nobody waits for any more is dropped: who asked has gone.
    match question {
        Question::Decide(shard, bucket, intent, slot) => {
            drop(slot.answer(owner.decide(shard, bucket, *intent).await));
        }
        Question::Complete(shard, bucket, key, upload, completion, slot) => {
            drop(slot.answer(owner.complete(shard, bucket, key, upload, completion).await));
        }
        Question::Entry(shard, bucket, key, slot) => {
            drop(slot.answer(owner.entry(shard, bucket, &key).await));
        }
        Question::Upload(shard, bucket, key, upload, slot) => {
            let key = keys::upload(bucket, &key, upload);
            owner.warm(shard, Table::Uploads, &key).await;
            let entry = owner.read(|reading| reading.upload(shard, &key));
            drop(slot.answer(entry));
        }
        Question::Bucket(name, slot) => {
            let key = keys::bucket(&name);
            owner.warm(ShardId(0), Table::Buckets, &key).await;
            drop(slot.answer(owner.read(|reading| reading.bucket(ShardId(0), &key))));
        }
        Question::Objects(request, slot) => {
            let same = request.clone();
            owner.warm_by(move |stores| index::objects(stores, &same)).await;
            drop(slot.answer(index::objects(&owner.layers.borrow(), &request).map_err(Error::from)));
        }
        Question::Uploads(request, slot) => drop(slot.answer(owner.uploads(request).await)),
        Question::Parts(bucket, key, upload, after, limit, slot) => {
            let same = key.clone();
            owner.warm_by(move |stores| index::parts(stores, bucket, &same, upload, after, limit)).await;
            let page = index::parts(&owner.layers.borrow(), bucket, &key, upload, after, limit);
            drop(slot.answer(page.map_err(Error::from)));
        }
        Question::Counts(bucket, slot) => drop(slot.answer(owner.counts(bucket))),
        Question::Fence(bucket, slot) => drop(slot.answer(owner.fence(bucket).await)),
        Question::Lift(bucket, slot) => {
            owner.lift(bucket);
            drop(slot.answer(Ok(())));
        }
        Question::Snapshot(slot) => drop(slot.answer(Ok(owner.buckets()))),
        Question::Adopt(buckets, slot) => {
            owner.adopt(buckets);
            drop(slot.answer(Ok(())));
        }
        Question::Checkpoint(slot) => drop(slot.answer(owner.checkpoint_now().await)),
        Question::Evacuate(segment, slot) => drop(slot.answer(owner.evacuate(segment).await)),
        Question::LiveBytes(slot) => {
            let read = |stores: &Layers| stores.stores().values().map(Store::segments).all(|rows| rows.is_ok());
            owner.warm_by(read).await;
            drop(slot.answer(owner.live_bytes()));
        }
        Question::ForgetCompleted(slot) => drop(slot.answer(owner.forget_completed(rt::wall_ms()))),
        Question::RunsDied(slot) => drop(slot.answer(Ok(owner.runs_died.replace(false)))),
        Question::NamesSegment(shard, run, segment, slot) => {
            drop(slot.answer(owner.names_segment(shard, &run, segment).await));
        }
    }
}

impl Owner {
    async fn entry(&self, shard: ShardId, bucket: BucketId, key: &ObjectKey) -> Result<Option<Entry>, Error> {
        let key = keys::object(bucket, key);
        self.warm(shard, Table::Current, &key).await;
        self.read(|reading| reading.entry(shard, &key))
    }

    /// A page of open uploads. Others have their turn on the way to it, which may be long.
    async fn uploads(&self, request: PageRequest) -> Result<Page, Error> {
        let mut walk = UploadsWalk::new(request);
        loop {
            let mut same = walk.clone();
            self.warm_by(move |stores| same.step(stores, WALK_UPLOADS)).await;
            let whole = walk.step(&self.layers.borrow(), WALK_UPLOADS)?;
            if let Some(page) = whole {
                return Ok(page);
            }
            rt::yield_now().await;
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Reading<'_>) -> Result<T, index::IndexError>) -> Result<T, Error> {
        let layers = self.layers.borrow();
        look(&Reading::published(&layers)).map_err(Error::from)
    }
}
