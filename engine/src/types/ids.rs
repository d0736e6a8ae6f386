//! Numbers that name things. Each has its own type so that one is never taken for another.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $of:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $of);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number!(
    /// A core: a pinned thread with its own ring, counted from 0.
    CoreId, u16
);
number!(
    /// A shard: a slice of the keyspace, owned by exactly one core.
    ShardId, u16
);
number!(
    /// A segment of the log. Ids grow over the life of the store and are never reused; 0 names none.
    SegmentId, u64
);
number!(
    /// A group within its segment, counted from 1; 0 stands for "before the first".
    GroupNumber, u32
);
number!(
    /// The order of changes within a shard, strictly growing; 0 is before all of them.
    Sequence, u64
);
number!(
    /// A bucket: the sequence of its creating record, never reused; 0 names none.
    BucketId, u64
);

impl SegmentId {
    /// No segment.
    pub const NONE: SegmentId = SegmentId(0);
}

impl Sequence {
    /// The sequence after this one.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0.checked_add(1).expect("2^64 changes are not made"))
    }
}

/// The secret of one use of a slot: what carries it was written there since the slot was last given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

/// Where a record lies: never a disk, always a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The segment.
    pub segment: SegmentId,
    /// The record's first byte, counted from the start of the segment's slot.
    pub offset: u32,
    /// The record's bytes, header to the end of the payload, without padding.
    pub length: u32,
}

/// A multipart upload: the time it was created, and the shard and the sequence of its creating record. Shards count
/// their sequences each for itself, so without the shard two uploads could have one id. Among the uploads to one key
/// byte order is order of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub [u8; 16]);

impl UploadId {
    /// The id of an upload created at `time_ms` by the record of `shard` with `sequence`.
    #[must_use]
    pub fn new(time_ms: u64, shard: ShardId, sequence: Sequence) -> UploadId {
        let mut bytes = [0; 16];
        // Six bytes of milliseconds last for 8,900 years.
        bytes[..8].copy_from_slice(&(time_ms << 16).to_be_bytes());
        bytes[6..8].copy_from_slice(&shard.0.to_be_bytes());
        bytes[8..].copy_from_slice(&sequence.0.to_be_bytes());
        UploadId(bytes)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All shards begin a start with the same sequence, so their first uploads often had one id: what a client did to
    /// the one was taken for the other's.
    #[test]
    fn uploads_of_different_shards_never_have_one_id() {
        let upload = |time_ms, shard, sequence| UploadId::new(time_ms, ShardId(shard), Sequence(sequence));
        assert_ne!(upload(5, 1, 7), upload(5, 2, 7));
        assert_eq!(upload(0x01a1_fd37_4bdf, 0x0102, 0x426e).to_string(), "01a1fd374bdf0102000000000000426e");
        assert!(upload(5, 1, 9) < upload(6, 1, 7), "byte order is order of creation");
        assert!(upload(5, 1, 7) < upload(5, 1, 8), "also within one moment");
    }
}
