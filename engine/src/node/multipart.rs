//! Multipart uploads: begun, filled part by part, completed without copying, or aborted.

use crate::error::Error;
use crate::index::{PartsPage, UploadState};
use crate::limits::{LIST_PAGE_MAX, PARTS_MAX};
use crate::log::{Attribute, Change, ReadError};
use crate::node::put::Upload;
use crate::node::store::Store;
use crate::shard::{Answer, Completion, Intent, Question, check_attributes};
use crate::types::{BucketName, Location, ObjectKey, UploadId};

/// A page of the parts of an upload.
pub type PartList = PartsPage;

impl Store {
    /// Begins an upload.
    ///
    /// # Errors
    /// Why it was not begun.
    pub async fn create_upload(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        attributes: Vec<Attribute>,
    ) -> Result<UploadId, Error> {
        check_attributes(&attributes)?;
        let id = self.bucket_id(bucket)?;
        let intent = Intent::UploadCreate { bucket: id, key: key.clone(), attributes };
        self.decide(id, key, intent).await.map(|answer| answer.upload)
    }

    /// Begins a part, of `expected` bytes if that is known. A part put again replaces the one before.
    ///
    /// # Errors
    /// `NoSuchUpload`, `InvalidPart` for a number that no part may have.
    pub async fn upload_part(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: UploadId,
        number: u16,
        expected: Option<u64>,
    ) -> Result<Upload, Error> {
        if number == 0 || number > PARTS_MAX {
            return Err(Error::InvalidPart);
        }
        let id = self.bucket_id(bucket)?;
        self.open_upload(bucket, key, upload).await?;
        Upload::new(self, id, key, Some((upload, number)), expected)
    }

    /// A page of the parts of an open upload, after part `after`.
    ///
    /// # Errors
    /// `NoSuchUpload`, or the index's.
    pub async fn list_parts(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: UploadId,
        after: u16,
        limit: usize,
    ) -> Result<PartList, Error> {
        self.open_upload(bucket, key, upload).await?;
        let id = self.bucket_id(bucket)?;
        let owner = self.inner.peers.owner_of(self.shard_of(id, key));
        let limit = limit.min(LIST_PAGE_MAX);
        self.inner.peers.ask(owner, |slot| Question::Parts(id, key.clone(), upload, after, limit, slot)).await
    }

    /// Makes an object of the named parts, without copying their bytes. Repeated, it succeeds again.
    ///
    /// # Errors
    /// What is wrong with the parts, the upload or the conditions.
    pub async fn complete_upload(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: UploadId,
        completion: Completion,
    ) -> Result<Answer, Error> {
        let id = self.bucket_id(bucket)?;
        let shard = self.shard_of(id, key);
        let owner = self.inner.peers.owner_of(shard);
        let key = key.clone();
        self.inner.peers.ask(owner, |slot| Question::Complete(shard, id, key, upload, completion, slot)).await
    }

    /// Ends an upload without an object.
    ///
    /// # Errors
    /// `NoSuchUpload`, or why it was not done.
    pub async fn abort_upload(&self, bucket: &BucketName, key: &ObjectKey, upload: UploadId) -> Result<(), Error> {
        let id = self.bucket_id(bucket)?;
        let intent = Intent::UploadAbort { bucket: id, key: key.clone(), upload };
        self.decide(id, key, intent).await.map(|_| ())
    }

    /// The attributes that an open upload began with.
    ///
    /// # Errors
    /// `NoSuchUpload`, or why they cannot be read.
    pub async fn upload_attributes(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        upload: UploadId,
    ) -> Result<Vec<Attribute>, Error> {
        // The pin comes before the lookup: the segment that the answer names is not freed while it is held.
        let _pin = self.inner.disk.pin();
        let created = self.open_upload(bucket, key, upload).await?;
        let record = self.inner.reader.record(created).await?.record;
        match record.meta.change {
            Change::UploadCreate { attributes }
                if UploadId::new(record.time_ms, record.shard, record.sequence) == upload =>
            {
                Ok(attributes)
            }
            _ => Err(ReadError::Damaged(created.segment, u64::from(created.offset)).into()),
        }
    }

    /// Where the record lies that began an open upload.
    async fn open_upload(&self, bucket: &BucketName, key: &ObjectKey, upload: UploadId) -> Result<Location, Error> {
        let id = self.bucket_id(bucket)?;
        let shard = self.shard_of(id, key);
        let owner = self.inner.peers.owner_of(shard);
        let question = |slot| Question::Upload(shard, id, key.clone(), upload, slot);
        let entry = self.inner.peers.ask(owner, question).await?;
        let open = entry.filter(|entry| entry.state == UploadState::Open);
        open.map(|entry| entry.location).ok_or(Error::NoSuchUpload)
    }
}
