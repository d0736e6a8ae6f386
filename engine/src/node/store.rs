//! The store as one core uses it: names, keys and bytes. A cheap handle; clones are the same store.

use std::rc::Rc;
use std::sync::Arc;

use crate::disk::Segments;
use crate::error::Error;
use crate::index::Entry;
use crate::limits::OUTGOING_BYTES_PER_CORE;
use crate::log::{Attribute, Damage, DataWriter, LogReader, Recovered};
use crate::node::deal::FirstDisk;
use crate::node::options::Options;
use crate::rt::BufferPool;
use crate::shard::{Answer, Bucket, Buckets, Conditions, Intent, Peers, Question};
use crate::types::{BucketId, BucketName, CoreId, Etag, ObjectKey, SegmentId, SegmentKind, ShardId};

/// The store, from one core.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Rc<Inner>,
}

pub(super) struct Inner {
    pub(super) peers: Rc<Peers>,
    pub(super) disk: Rc<Segments>,
    pub(super) reader: LogReader,
    /// Reads what goes to clients.
    pub(super) outgoing: LogReader,
    pub(super) data: Rc<DataWriter>,
    pub(super) options: Options,
    recovered: Arc<Recovered>,
    _first: Option<FirstDisk>,
}

/// What is known of an object without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the body.
    pub size: u64,
    /// Its entity tag.
    pub etag: Etag,
    /// When it was made.
    pub time_ms: u64,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Store {
    pub(super) fn new(
        peers: Rc<Peers>,
        disk: Rc<Segments>,
        reader: LogReader,
        data: Rc<DataWriter>,
        options: Options,
        first: Option<FirstDisk>,
        recovered: Arc<Recovered>,
    ) -> Store {
        let outgoing = reader.with_pool(BufferPool::new(OUTGOING_BYTES_PER_CORE));
        Store { inner: Rc::new(Inner { peers, disk, reader, outgoing, data, options, recovered, _first: first }) }
    }

    /// The core this handle lives on.
    #[must_use]
    pub fn core(&self) -> CoreId {
        self.inner.peers.me().core()
    }

    /// What the start found to be lost. Unless it was accepted, the store is read-only.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.inner.recovered.damage
    }

    /// Checkpoints of this core since the start.
    #[must_use]
    pub fn checkpoints(&self) -> u64 {
        self.inner.peers.me().checkpoints()
    }

    /// Records of this core that compaction has moved since the start.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.inner.peers.me().moved()
    }

    /// The id of the newest segment, and how many segments there are: ids are given once, so the others have been
    /// freed.
    #[must_use]
    pub fn segments(&self) -> (SegmentId, usize) {
        let catalog = self.inner.disk.catalog();
        let live = catalog.of_kind(SegmentKind::Log).len() + catalog.of_kind(SegmentKind::Data).len();
        (catalog.ends().map_or(SegmentId::NONE, |(_, newest)| newest), live)
    }

    /// The bucket with this name.
    #[must_use]
    pub fn bucket(&self, name: &BucketName) -> Option<Bucket> {
        self.snapshot().named(name).cloned()
    }

    /// All buckets by name.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        self.snapshot().iter().cloned().collect()
    }

    /// Objects and bytes of a bucket, exact at some moment of this call on each core.
    ///
    /// # Errors
    /// `NoSuchBucket`, or the index's.
    pub async fn counts(&self, bucket: &BucketName) -> Result<(u64, u64), Error> {
        let bucket = self.bucket_id(bucket)?;
        let all = self.inner.peers.ask_all(|slot| Question::Counts(bucket, slot)).await?;
        Ok(all.into_iter().fold((0, 0), |sum, counts: (u64, u64)| (sum.0 + counts.0, sum.1 + counts.1)))
    }

    /// Deletes an object. Deleting what is not there is no error.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn delete(&self, bucket: &BucketName, key: &ObjectKey, conditions: Conditions) -> Result<Answer, Error> {
        let id = self.bucket_id(bucket)?;
        self.decide(id, key, Intent::Delete { bucket: id, key: key.clone(), conditions }).await
    }

    /// Deletes many objects, each with its own answer, in order.
    pub async fn delete_many(
        &self,
        bucket: &BucketName,
        keys: &[(ObjectKey, Conditions)],
    ) -> Vec<Result<Answer, Error>> {
        let started: Vec<_> = keys
            .iter()
            .map(|(key, conditions)| {
                let (store, bucket, key, conditions) = (self.clone(), bucket.clone(), key.clone(), conditions.clone());
                // All at once: they share groups instead of waiting for one flush each.
                crate::rt::spawn(async move { store.delete(&bucket, &key, conditions).await })
            })
            .collect();
        let mut answers = Vec::with_capacity(started.len());
        for task in started {
            answers.push(task.await);
        }
        answers
    }

    /// Brings everything published into the index on every core.
    ///
    /// # Errors
    /// The first core's that cannot.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        self.inner.peers.ask_all(Question::Checkpoint).await.map(|_| ())
    }

    /// Ends this core's part: what is queued is decided, and the index holds all of it.
    ///
    /// # Errors
    /// If the checkpoint fails; nothing is lost, the next start replays.
    pub async fn close(&self) -> Result<(), Error> {
        let owner = self.inner.peers.me();
        let done = owner.checkpoint_now().await;
        owner.close();
        done
    }

    pub(super) fn snapshot(&self) -> Arc<Buckets> {
        self.inner.peers.me().buckets()
    }

    pub(super) fn bucket_id(&self, name: &BucketName) -> Result<BucketId, Error> {
        self.snapshot().named(name).map(|bucket| bucket.id).ok_or(Error::NoSuchBucket)
    }

    pub(super) fn shard_of(&self, bucket: BucketId, key: &ObjectKey) -> ShardId {
        self.inner.peers.shard_of(bucket, key.as_bytes())
    }

    pub(super) async fn decide(&self, bucket: BucketId, key: &ObjectKey, intent: Intent) -> Result<Answer, Error> {
        self.inner.peers.decide(self.shard_of(bucket, key), bucket, intent).await
    }

    pub(super) async fn entry(&self, bucket: BucketId, key: &ObjectKey) -> Result<Entry, Error> {
        self.inner.peers.entry(self.shard_of(bucket, key), bucket, key).await?.ok_or(Error::NoSuchKey)
    }
}
