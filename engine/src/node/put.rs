//! Putting: a small body goes into its record, a large one streams into runs first. Parts always lie in runs.

use crate::error::Error;
use crate::limits::PART_BYTES_MAX;
use crate::log::{Attribute, Body, BodyWriter, Manifest, RunOwner};
use crate::node::store::Store;
use crate::rt;
use crate::shard::{Answer, Conditions, Intent, PutBody, check_attributes};
use crate::types::{BucketId, BucketName, Note, ObjectKey, UploadId};

/// What comes with a body.
#[derive(Clone, Debug, Default)]
pub struct PutOptions {
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// When it is made at all.
    pub conditions: Conditions,
    /// The MD5 that the body must have.
    pub expected_md5: Option<[u8; 16]>,
    /// On a part: what is to be found with it again.
    pub note: Note,
}

/// A body that is coming in.
pub struct Upload {
    store: Store,
    bucket: BucketId,
    key: ObjectKey,
    part: Option<(UploadId, u16)>,
    expected: Option<u64>,
    size: u64,
    held: Vec<u8>,
    runs: Option<BodyWriter>,
    /// It has written runs, and a record names them.
    has_runs: bool,
    named: bool,
}

impl Store {
    /// Puts a whole body.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn put(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        body: &[u8],
        options: PutOptions,
    ) -> Result<Answer, Error> {
        let mut upload = self.upload(bucket, key, Some(body.len() as u64))?;
        upload.write(body).await?;
        upload.finish(options).await
    }

    /// Begins a body that comes in pieces, of `expected` bytes if that is known.
    ///
    /// # Errors
    /// `NoSuchBucket`, `TooLarge`.
    pub fn upload(&self, bucket: &BucketName, key: &ObjectKey, expected: Option<u64>) -> Result<Upload, Error> {
        let bucket = self.bucket_id(bucket)?;
        Upload::new(self, bucket, key, None, expected)
    }
}

impl Upload {
    pub(super) fn new(
        store: &Store,
        bucket: BucketId,
        key: &ObjectKey,
        part: Option<(UploadId, u16)>,
        expected: Option<u64>,
    ) -> Result<Upload, Error> {
        if expected.is_some_and(|expected| expected > PART_BYTES_MAX) {
            return Err(Error::TooLarge);
        }
        // Runs that no record can name must not even be begun.
        if let Some(why) = store.inner.peers.me().refusal() {
            return Err(why);
        }
        let (store, key) = (store.clone(), key.clone());
        Ok(Upload {
            store,
            bucket,
            key,
            part,
            expected,
            size: 0,
            held: Vec::new(),
            runs: None,
            has_runs: false,
            named: false,
        })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// The body is then lost; nothing of it was stored.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        if self.size > self.expected.unwrap_or(PART_BYTES_MAX) {
            return Err(if self.expected.is_some() { Error::WrongLength } else { Error::TooLarge });
        }
        let inline_max = self.store.inner.options.inline_bytes_max;
        let may_be_small = self.part.is_none() && self.expected.is_none_or(|expected| expected <= inline_max as u64);
        if self.runs.is_none() && may_be_small && self.held.len() + bytes.len() <= inline_max {
            if self.held.is_empty() {
                let expected = self.expected.and_then(|expected| usize::try_from(expected).ok());
                self.held.reserve_exact(expected.unwrap_or(0));
            }
            self.held.extend_from_slice(bytes);
            return Ok(());
        }
        if self.runs.is_none() {
            let (upload, part) = self.part.unwrap_or_default();
            let owner = RunOwner { bucket: self.bucket, key: self.key.as_bytes().to_vec(), upload, part };
            let mut runs = self.store.inner.data.body(owner, self.expected);
            self.has_runs = true;
            runs.write(&std::mem::take(&mut self.held)).await?;
            self.runs = Some(runs);
        }
        if let Some(runs) = self.runs.as_mut() {
            runs.write(bytes).await?;
        }
        Ok(())
    }

    /// Makes it an object, or a part.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn finish(mut self, options: PutOptions) -> Result<Answer, Error> {
        if self.expected.is_some_and(|expected| expected != self.size) {
            return Err(Error::WrongLength);
        }
        check_attributes(&options.attributes)?;
        if self.runs.is_none() && self.part.is_some() {
            // An empty part has a manifest without runs.
            let owner = RunOwner::default();
            self.runs = Some(self.store.inner.data.body(owner, Some(0)));
        }
        let Some(runs) = self.runs.take() else {
            if self.held.len() as u64 != self.size {
                // A piece whose writing failed or was given up is missing.
                return Err(Error::WrongLength);
            }
            let body = PutBody::Inline {
                bytes: std::mem::take(&mut self.held),
                expected_md5: options.expected_md5,
                md5: [0; 16],
            };
            let PutOptions { attributes, conditions, .. } = options;
            let (bucket, key) = (self.bucket, self.key.clone());
            let intent = Intent::Put { bucket, key: key.clone(), body, attributes, conditions };
            return self.store.decide(bucket, &key, intent).await;
        };
        let store = self.store.clone();
        let (key, part, expected) = (self.key.clone(), self.part, self.size);
        let bucket = self.bucket;
        let Body { runs, size, md5, hold } = runs.finish().await?;
        if options.expected_md5.is_some_and(|expected| expected != md5) {
            return Err(Error::BadDigest);
        }
        let manifest = Manifest { parts: Vec::new(), runs };
        if size != expected || manifest.size() != size {
            // A piece whose writing was given up half way is missing.
            return Err(Error::WrongLength);
        }
        let manifest = manifest.encode().ok_or(Error::TooLarge)?;
        let PutOptions { attributes, conditions, note, .. } = options;
        let intent = match part {
            Some((upload, number)) => {
                Intent::Part { bucket, key: key.clone(), upload, number, manifest, size, md5, note }
            }
            None => {
                let body = PutBody::Large { manifest, size, md5 };
                Intent::Put { bucket, key: key.clone(), body, attributes, conditions }
            }
        };
        // In a task of its own: a caller that gives up must not let go of the segments before the record is decided, or
        // upkeep could find nothing that names them and free them under it.
        let decided = rt::spawn(async move {
            let answer = store.decide(bucket, &key, intent).await;
            drop(hold);
            answer
        });
        let answer = decided.await;
        self.named = answer.is_ok();
        answer
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.has_runs && !self.named {
            self.store.inner.peers.me().note_dead_runs();
        }
    }
}
