//! An intent: a change that waits for its group, and the answer it gets.

use crate::error::Error;
use crate::log::{Attribute, Record};
use crate::rt::ReplySlot;
use crate::shard::conditions::Conditions;
use crate::types::{BucketId, BucketName, Etag, Location, Note, ObjectKey, SegmentId, Sequence, ShardId, UploadId};

/// A body as its record will hold it.
#[derive(Debug)]
pub enum PutBody {
    /// In the record. Its MD5 is computed when the group closes.
    Inline {
        /// The bytes.
        bytes: Vec<u8>,
        /// The MD5 that the client said it has.
        expected_md5: Option<[u8; 16]>,
        /// The MD5, once computed.
        md5: [u8; 16],
    },
    /// In data segments, durable already.
    Large {
        /// The manifest's stored form.
        manifest: Vec<u8>,
        /// Bytes of the body.
        size: u64,
        /// Its MD5.
        md5: [u8; 16],
    },
}

/// A change that somebody wants.
#[derive(Debug)]
pub enum Intent {
    /// An object.
    Put {
        /// Its bucket.
        bucket: BucketId,
        /// Its key.
        key: ObjectKey,
        /// Its body.
        body: PutBody,
        /// Its attributes.
        attributes: Vec<Attribute>,
        /// When it is made at all.
        conditions: Conditions,
    },
    /// The end of an object.
    Delete {
        /// Its bucket.
        bucket: BucketId,
        /// Its key.
        key: ObjectKey,
        /// When it is done at all.
        conditions: Conditions,
    },
    /// A new upload.
    UploadCreate {
        /// Its bucket.
        bucket: BucketId,
        /// The key it will make.
        key: ObjectKey,
        /// The attributes of the object to be.
        attributes: Vec<Attribute>,
    },
    /// A part, its body durable already.
    Part {
        /// Its bucket.
        bucket: BucketId,
        /// The key of its upload.
        key: ObjectKey,
        /// Its upload.
        upload: UploadId,
        /// Its number.
        number: u16,
        /// The manifest's stored form.
        manifest: Vec<u8>,
        /// Its bytes.
        size: u64,
        /// Its MD5.
        md5: [u8; 16],
        /// The caller's note on it.
        note: Note,
    },
    /// An object made of parts.
    Complete {
        /// Its bucket.
        bucket: BucketId,
        /// Its key.
        key: ObjectKey,
        /// The upload.
        upload: UploadId,
        /// The parts it is made of, each with the sequence it had when the manifest was made.
        parts: Vec<(u16, Sequence)>,
        /// The manifest's stored form.
        manifest: Vec<u8>,
        /// Bytes of the body.
        size: u64,
        /// Its entity tag.
        etag: Etag,
        /// Its attributes: those of the upload, and what came with the completion.
        attributes: Vec<Attribute>,
        /// When it is made at all.
        conditions: Conditions,
    },
    /// The end of an upload without an object.
    UploadAbort {
        /// Its bucket.
        bucket: BucketId,
        /// Its key.
        key: ObjectKey,
        /// The upload.
        upload: UploadId,
    },
    /// A new bucket.
    BucketCreate(BucketName),
    /// The end of a bucket that is known to be empty and fenced.
    BucketDelete(BucketName, BucketId),
    /// The index holds this shard up to a position.
    Checkpoint {
        /// The position.
        sequence: Sequence,
        /// The oldest segment that may hold a record above it.
        floor: SegmentId,
    },
    /// A record that compaction wants out of its segment.
    Move {
        /// Where it lies.
        from: Location,
        /// The record.
        record: Box<Record>,
        /// Its payload.
        payload: Vec<u8>,
    },
    /// Nothing: its answer says that all before it are decided.
    Barrier,
}

impl Intent {
    /// The payload of the record it becomes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        match self {
            Intent::Put { body: PutBody::Inline { bytes, .. }, .. } => bytes,
            Intent::Put { body: PutBody::Large { manifest, .. }, .. }
            | Intent::Part { manifest, .. }
            | Intent::Complete { manifest, .. } => manifest,
            Intent::Move { payload, .. } => payload,
            _ => &[],
        }
    }

    /// True if it is still done when the disk is full: it frees space, or is needed to.
    #[must_use]
    pub fn may_use_reserve(&self) -> bool {
        match self {
            Intent::Delete { .. }
            | Intent::UploadAbort { .. }
            | Intent::BucketDelete(..)
            | Intent::Checkpoint { .. }
            | Intent::Move { .. }
            | Intent::Barrier => true,
            Intent::Put { .. }
            | Intent::UploadCreate { .. }
            | Intent::Part { .. }
            | Intent::Complete { .. }
            | Intent::BucketCreate(_) => false,
        }
    }
}

/// What became of an intent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The sequence of the record, 0 if none was needed.
    pub sequence: Sequence,
    /// The time of the record.
    pub time_ms: u64,
    /// The entity tag of what it made.
    pub etag: Etag,
    /// Bytes of what it made.
    pub size: u64,
    /// The upload it made.
    pub upload: UploadId,
    /// True if there was an object before.
    pub existed: bool,
}

/// An intent in its queue.
pub(super) struct Queued {
    /// The shard of its key.
    pub shard: ShardId,
    /// What is wanted.
    pub intent: Intent,
    /// Where the answer goes.
    pub answer: ReplySlot<Result<Answer, Error>>,
}
