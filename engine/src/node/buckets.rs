//! Buckets: decided by shard 0, told to every core.
//!
//! What must hold: a change is answered when every core runs with it. A bucket is deleted behind a fence on all cores,
//! so that no write into it is acknowledged after it was found empty.

use crate::error::Error;
use crate::index::{Item, PageRequest, merge};
use crate::limits::LIST_PAGE_MAX;
use crate::node::store::Store;
use crate::rt;
use crate::shard::{Answer, Bucket, Intent, Question};
use crate::types::{BucketId, BucketName, CoreId, ShardId};

impl Store {
    /// Creates a bucket.
    ///
    /// # Errors
    /// `BucketExists`, or why it was not done.
    pub async fn create_bucket(&self, name: &BucketName) -> Result<Bucket, Error> {
        let (store, name) = (self.clone(), name.clone());
        // In a task of its own: a caller that gives up must not leave cores that do not know the bucket.
        let created = rt::spawn(async move {
            let answer = store.decide_bucket(BucketId(0), Intent::BucketCreate(name.clone())).await?;
            store.tell().await?;
            Ok(Bucket { id: BucketId(answer.sequence.0), name, created_ms: answer.time_ms })
        });
        created.await
    }

    /// Deletes an empty bucket. Its open uploads end with it.
    ///
    /// # Errors
    /// `NoSuchBucket`, `BucketNotEmpty`, or why it was not done.
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<(), Error> {
        let (store, name) = (self.clone(), name.clone());
        // In a task of its own: a caller that gives up must not leave a fence behind.
        rt::spawn(async move { store.delete_behind_fence(&name).await }).await
    }

    async fn delete_behind_fence(&self, name: &BucketName) -> Result<(), Error> {
        let bucket = self.bucket_id(name)?;
        let mut fenced = Vec::new();
        let mut empty = Ok(());
        for core in self.inner.peers.cores() {
            fenced.push(core);
            empty = match self.inner.peers.ask(core, |slot| Question::Fence(bucket, slot)).await {
                Ok(0) => Ok(()),
                Ok(_) => Err(Error::BucketNotEmpty),
                Err(why) => Err(why),
            };
            if empty.is_err() {
                break;
            }
        }
        let deleted = match empty {
            Ok(()) => self.delete_fenced(bucket, name).await,
            Err(why) => Err(why),
        };
        let told = if deleted.is_ok() { self.tell().await } else { Ok(()) };
        // Every fence that was set is lifted, whatever came, and no other: those who wait see the bucket gone, or go
        // on.
        for core in fenced {
            // A core that does not answer has stopped, and its fences with it.
            drop(self.inner.peers.ask(core, |slot| Question::Lift(bucket, slot)).await);
        }
        deleted.and(told)
    }

    /// Ends the open uploads of an empty, fenced bucket, and then the bucket.
    async fn delete_fenced(&self, bucket: BucketId, name: &BucketName) -> Result<(), Error> {
        loop {
            // By its id: the name may be another bucket's by now.
            let request =
                PageRequest { bucket, prefix: Vec::new(), delimiter: None, after: None, limit: LIST_PAGE_MAX };
            let pages = self.inner.peers.ask_all(|slot| Question::Uploads(request.clone(), slot)).await?;
            let page = merge(pages, LIST_PAGE_MAX);
            for item in page.items {
                let Item::Upload { key, upload, .. } = item else { continue };
                let shard = self.shard_of(bucket, &key);
                let owner = self.inner.peers.owner_of(shard);
                let intent = Box::new(Intent::UploadAbort { bucket, key, upload });
                // It goes behind the fence: nothing else gets there.
                match self.inner.peers.ask(owner, |slot| Question::Decide(shard, BucketId(0), intent, slot)).await {
                    // Another deletion of the same bucket was here before.
                    Ok(_) | Err(Error::NoSuchUpload) => {}
                    Err(why) => return Err(why),
                }
            }
            if !page.more {
                return self.decide_bucket(BucketId(0), Intent::BucketDelete(name.clone(), bucket)).await.map(|_| ());
            }
        }
    }

    async fn decide_bucket(&self, fence: BucketId, intent: Intent) -> Result<Answer, Error> {
        self.inner.peers.decide(ShardId(0), fence, intent).await
    }

    /// Gives every core the buckets as shard 0 has them now.
    async fn tell(&self) -> Result<(), Error> {
        let buckets = self.inner.peers.ask(CoreId(0), Question::Snapshot).await?;
        self.inner.peers.ask_all(|slot| Question::Adopt(std::sync::Arc::clone(&buckets), slot)).await.map(|_| ())
    }
}
