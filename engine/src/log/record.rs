//! A record: the only form of change. Header, key, metadata, payload; see `FORMAT.md`, "Record".
//!
//! The header's checksum covers header, key and metadata, so that a footer can hold a record without its payload and be
//! believed; the payload has its own.

use crate::codec::{Fields, field_u16, field_u32, length, put};
use crate::digest::{Crc32c, crc32c};
use crate::limits::{KEY_BYTES_MAX, META_BYTES_MAX, PAYLOAD_BYTES_MAX};
use crate::log::meta::{self, Change, Meta};
use crate::types::{BucketId, Sequence, ShardId};

/// "SREC".
const MAGIC: u32 = 0x4345_5253;
const VERSION: u8 = 1;
/// Bytes of a record header.
pub(super) const HEADER_BYTES: usize = 72;
/// Records begin at multiples of this within a group.
pub(super) const RECORD_ALIGN: usize = 8;
const CHECKSUM_AT: usize = 68;
/// The record was moved here by compaction: it keeps its sequence, its position is new.
const FLAG_MOVED: u16 = 1;

/// What a record is. Numbers are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// An object comes to be or is replaced.
    Put = 1,
    /// An object ends.
    Delete = 2,
    /// An upload begins.
    UploadCreate = 3,
    /// A part is there.
    Part = 4,
    /// An upload ends without an object.
    UploadAbort = 5,
    /// A bucket comes to be.
    BucketCreate = 6,
    /// A bucket ends.
    BucketDelete = 7,
    /// The index is known to hold a position.
    Checkpoint = 9,
    /// An upload was completed to an object that is no longer there.
    UploadEnd = 10,
    // 0 is never a kind. Reserved: 8 bucket settings, 16 to 31 versions, delete markers, locks and retention, 32 to 47
    // tiers and their intents, 48 to 63 expiry and jobs, 64 to 95 cluster. A whole group with a kind that is not known
    // is damage, never a torn tail.
}

impl RecordKind {
    /// The kind of a change.
    #[must_use]
    pub fn of(change: &Change) -> RecordKind {
        match change {
            Change::Put { .. } => RecordKind::Put,
            Change::Delete => RecordKind::Delete,
            Change::UploadCreate { .. } => RecordKind::UploadCreate,
            Change::Part { .. } => RecordKind::Part,
            Change::UploadAbort { .. } => RecordKind::UploadAbort,
            Change::UploadEnd { .. } => RecordKind::UploadEnd,
            Change::BucketCreate => RecordKind::BucketCreate,
            Change::BucketDelete => RecordKind::BucketDelete,
            Change::Checkpoint { .. } => RecordKind::Checkpoint,
        }
    }
}

/// A record without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The shard that wrote it.
    pub shard: ShardId,
    /// The bucket; none for bucket and checkpoint records.
    pub bucket: BucketId,
    /// The order of the change.
    pub sequence: Sequence,
    /// The order in which it was appended: the sequence, unless it was moved.
    pub position: Sequence,
    /// When it was made, for people.
    pub time_ms: u64,
    /// The object key, or the bucket name, or nothing.
    pub key: Vec<u8>,
    /// The kill list and the change.
    pub meta: Meta,
    /// Bytes of the payload.
    pub payload_bytes: u32,
    /// Checksum of the payload.
    pub payload_crc: u32,
}

impl Record {
    /// Bytes of the record on disk with its payload.
    #[must_use]
    pub fn decoded_bytes(&self, meta_bytes: usize) -> usize {
        HEADER_BYTES + self.key.len() + meta_bytes + length(self.payload_bytes)
    }

    /// Appends header, key and metadata to `target`; the payload follows them.
    pub fn encode(&self, target: &mut Vec<u8>) {
        let stored_meta = self.meta.encode();
        assert!(self.key.len() <= KEY_BYTES_MAX && stored_meta.len() <= META_BYTES_MAX, "a record beyond its limits");
        assert!(length(self.payload_bytes) <= PAYLOAD_BYTES_MAX, "a payload beyond its limit");
        let mut header = [0; HEADER_BYTES];
        let moved = self.position != self.sequence;
        put(&mut header, 0, &MAGIC.to_le_bytes());
        put(&mut header, 4, &[VERSION, RecordKind::of(&self.meta.change) as u8, meta::SCHEMA, 0]);
        put(&mut header, 8, &self.shard.0.to_le_bytes());
        put(&mut header, 10, &(if moved { FLAG_MOVED } else { 0 }).to_le_bytes());
        put(&mut header, 12, &field_u16(self.key.len()).to_le_bytes());
        put(&mut header, 16, &self.bucket.0.to_le_bytes());
        put(&mut header, 24, &self.sequence.0.to_le_bytes());
        put(&mut header, 32, &self.position.0.to_le_bytes());
        put(&mut header, 40, &self.time_ms.to_le_bytes());
        put(&mut header, 48, &field_u32(stored_meta.len()).to_le_bytes());
        put(&mut header, 52, &self.payload_bytes.to_le_bytes());
        put(&mut header, 56, &self.payload_crc.to_le_bytes());
        let checksum = header_checksum(&header, &self.key, &stored_meta);
        put(&mut header, CHECKSUM_AT, &checksum.to_le_bytes());
        target.reserve_exact(HEADER_BYTES + self.key.len() + stored_meta.len());
        target.extend_from_slice(&header);
        target.extend_from_slice(&self.key);
        target.extend_from_slice(&stored_meta);
    }

    /// The record at the start of `bytes` and how many of them header, key and metadata take. `None` if there is none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Record, usize)> {
        let header = bytes.get(..HEADER_BYTES)?;
        let mut fields = Fields::new(header);
        let begins_well = fields.u32()? == MAGIC && fields.u8()? == VERSION;
        let kind = fields.u8()?;
        let schema_known = fields.u8()? == meta::SCHEMA;
        fields.reserved(1)?;
        let shard = ShardId(fields.u16()?);
        let flags = fields.u16()?;
        let key_bytes = usize::from(fields.u16()?);
        fields.reserved(2)?;
        let bucket = BucketId(fields.u64()?);
        let sequence = Sequence(fields.u64()?);
        let position = Sequence(fields.u64()?);
        let time_ms = fields.u64()?;
        let meta_bytes = length(fields.u32()?);
        let payload_bytes = fields.u32()?;
        let payload_crc = fields.u32()?;
        fields.reserved(8)?;
        let checksum = fields.u32()?;
        let within_limits = key_bytes <= KEY_BYTES_MAX
            && meta_bytes <= META_BYTES_MAX
            && length(payload_bytes) <= PAYLOAD_BYTES_MAX
            && flags & !FLAG_MOVED == 0
            && (flags == FLAG_MOVED) == (position != sequence);
        if !begins_well || !schema_known || !within_limits {
            return None;
        }
        let mut rest = Fields::new(bytes.get(HEADER_BYTES..)?);
        let key = rest.bytes(key_bytes)?;
        let stored_meta = rest.bytes(meta_bytes)?;
        if header_checksum(header, key, stored_meta) != checksum {
            return None;
        }
        let meta = Meta::decode(stored_meta)?;
        if RecordKind::of(&meta.change) as u8 != kind {
            return None;
        }
        let key = key.to_vec();
        let record = Record { shard, bucket, sequence, position, time_ms, key, meta, payload_bytes, payload_crc };
        Some((record, HEADER_BYTES + key_bytes + meta_bytes))
    }

    /// True if `payload` is the one this record was written with.
    #[must_use]
    pub fn payload_is(&self, payload: &[u8]) -> bool {
        payload.len() == length(self.payload_bytes) && crc32c(payload) == self.payload_crc
    }
}

/// The checksum over the header before its checksum field, the key and the metadata.
fn header_checksum(header: &[u8], key: &[u8], meta: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(header.get(..CHECKSUM_AT).unwrap_or(header));
    crc.update(key);
    crc.update(meta);
    crc.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::mutation;
    use crate::types::KillList;

    fn sample() -> Record {
        Record {
            shard: ShardId(3),
            bucket: BucketId(7),
            sequence: Sequence(11),
            position: Sequence(12),
            time_ms: 13,
            key: b"a/key".to_vec(),
            meta: Meta::new(Change::Delete, &KillList::default()),
            payload_bytes: 0,
            payload_crc: crc32c(b""),
        }
    }

    #[test]
    fn golden_record() {
        let mut bytes = Vec::new();
        sample().encode(&mut bytes);
        golden::pins("record", &bytes);
        let golden = golden::bytes("record");
        assert_eq!(Record::decode(&golden), Some((sample(), golden.len())));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(
            bytes in Just(()).prop_flat_map(|()| {
                let mut bytes = Vec::new();
                sample().encode(&mut bytes);
                mutation::of(bytes)
            }),
        ) {
            prop_assert!(Record::decode(&bytes).is_none_or(|(record, _)| record == sample()));
        }
    }

    #[test]
    fn a_record_comes_back_as_it_went_in() {
        let mut bytes = Vec::new();
        sample().encode(&mut bytes);
        assert_eq!(Record::decode(&bytes), Some((sample(), bytes.len())));
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_is_noticed() {
        let mut bytes = Vec::new();
        sample().encode(&mut bytes);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::decode(&bad), None, "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..end]), None);
        }
    }
}
