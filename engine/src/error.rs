//! What the engine answers when it does not do what was asked. Data, for the layer that speaks to clients.
//!
//! Three kinds: the client's fault, a state of the node (full, slow, stopping), damage. Our own fault is a panic, and a
//! panic ends the process.

use std::fmt;

use crate::disk::DiskError;
use crate::index::IndexError;
use crate::log::ReadError;

/// A refused or failed operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no such bucket.
    NoSuchBucket,
    /// There is no such object.
    NoSuchKey,
    /// There is no such upload, or it has ended.
    NoSuchUpload,
    /// The bucket is there already.
    BucketExists,
    /// The bucket holds objects.
    BucketNotEmpty,
    /// There are as many buckets as a store may have.
    TooManyBuckets,
    /// A condition of the request does not hold.
    PreconditionFailed,
    /// The body is not the one whose checksum was given.
    BadDigest,
    /// The body, or the manifest of its pieces, is larger than may be.
    TooLarge,
    /// The attributes are more than may be.
    AttributesTooLarge,
    /// The body ended before or after the length that was said.
    WrongLength,
    /// A part that the completion names is not there, or has another entity tag.
    InvalidPart,
    /// The parts are not in ascending order.
    InvalidPartOrder,
    /// A part but the last is smaller than may be.
    PartTooSmall,
    /// The range begins at or after the end; the object's size.
    InvalidRange(u64),
    /// A limit on memory or work in hand was reached; nothing was done, and a later try may succeed.
    SlowDown,
    /// The disk is full: deletes work, writes do not.
    NoSpace,
    /// There is damage that the operator has not accepted: reads work, writes do not.
    ReadOnly,
    /// A write to the disk failed: whether this request was carried out is decided at the next start. Reads work.
    WritesStopped,
    /// The node is stopping.
    Stopping,
    /// Bytes that were acknowledged cannot be read.
    Damaged(ReadError),
    /// The index failed; the log has everything, and the next start rebuilds it.
    Index(IndexError),
    /// The disk failed.
    Disk(DiskError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Error::NoSuchBucket => "there is no such bucket",
            Error::NoSuchKey => "there is no such object",
            Error::NoSuchUpload => "there is no such upload",
            Error::BucketExists => "the bucket is there already",
            Error::BucketNotEmpty => "the bucket is not empty",
            Error::TooManyBuckets => "there are as many buckets as there may be",
            Error::PreconditionFailed => "a condition does not hold",
            Error::BadDigest => "the body does not match its checksum",
            Error::TooLarge => "the body is too large",
            Error::AttributesTooLarge => "the attributes are too large",
            Error::WrongLength => "the body has another length than was said",
            Error::InvalidPart => "a part is missing or has another entity tag",
            Error::InvalidPartOrder => "the parts are not in order",
            Error::PartTooSmall => "a part is too small",
            Error::InvalidRange(size) => return write!(f, "the range is outside of {size} bytes"),
            Error::SlowDown => "too much is under way; try again later",
            Error::NoSpace => "the disk is full",
            Error::ReadOnly => "there is damage that was not accepted; the store is read-only",
            Error::WritesStopped => "a write to the disk failed; writes have stopped",
            Error::Stopping => "the node is stopping",
            Error::Damaged(error) => return write!(f, "damage: {error}"),
            Error::Index(error) => return write!(f, "index: {error}"),
            Error::Disk(error) => return write!(f, "disk: {error}"),
        };
        f.write_str(text)
    }
}

impl std::error::Error for Error {}

impl From<IndexError> for Error {
    fn from(error: IndexError) -> Error {
        Error::Index(error)
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Error {
        match error {
            // Nothing was read, and nothing is wrong with what lies there.
            ReadError::Disk(_, error) if error.passes() => Error::SlowDown,
            error => Error::Damaged(error),
        }
    }
}

impl From<DiskError> for Error {
    fn from(error: DiskError) -> Error {
        match error {
            DiskError::Full => Error::NoSpace,
            DiskError::Failed => Error::WritesStopped,
            error if error.passes() => Error::SlowDown,
            error => Error::Disk(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::{IoError, IoKind};
    use crate::types::SegmentId;

    /// A read for which there was no descriptor was told as damage.
    #[test]
    fn a_read_that_wants_a_descriptor_may_be_tried_again() {
        let failed = |kind| {
            let io = IoError { operation: "open", kind, code: 0 };
            Error::from(ReadError::Disk(SegmentId(1), DiskError::Io(io)))
        };
        assert_eq!(failed(IoKind::Descriptors), Error::SlowDown);
        assert!(matches!(failed(IoKind::Media), Error::Damaged(_)));
    }
}
