//! A footer: what a sealed segment holds, without the payloads. It ends in the slot's last block.
//!
//! ```text
//!  | ... chain or runs | free | entries, padded to blocks | last block: numbers, newest position per shard, checksum |
//! ```
//!
//! What must hold: a footer is believed only with the segment's nonce and both checksums. Its space is reserved while
//! the segment fills. Recovery and compaction read footers and nothing else, so an entry is a whole record but its
//! payload.

use std::collections::BTreeMap;

use crate::codec::{CHECKSUM_BYTES, Fields, field_u16, field_u32, length, put, seal, unsealed};
use crate::digest::crc32c;
use crate::limits::{BLOCK_BYTES, SHARDS_MAX};
use crate::log::record::Record;
use crate::rt::Buffer;
use crate::types::{GroupNumber, Nonce, SegmentId, Sequence, ShardId};

/// "SFTR".
const MAGIC: u32 = 0x5254_4653;
const VERSION: u8 = 1;
const SHARDS_AT: usize = 64;
const SHARD_BYTES: usize = 10;

const _: () = assert!(SHARDS_AT + SHARDS_MAX as usize * SHARD_BYTES <= BLOCK_BYTES - CHECKSUM_BYTES);

/// One thing in a segment: its offset in the slot and its stored form, a record without payload or a run's owner.
pub type FooterEntry = (u32, Vec<u8>);

/// What a footer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// The segment.
    pub segment: SegmentId,
    /// Its secret.
    pub nonce: Nonce,
    /// The last group of its chain; 0 in a data segment.
    pub last_group: GroupNumber,
    /// The newest position in it, per shard.
    pub newest: BTreeMap<ShardId, Sequence>,
    /// What is in it, in order.
    pub entries: Vec<FooterEntry>,
}

/// The last block of a footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FooterTail {
    /// What the footer says, its entries not yet read.
    pub footer: Footer,
    /// Where in the slot the entries begin.
    pub body_offset: u64,
    /// Their bytes without padding.
    pub body_bytes: usize,
    body_crc: u32,
    entries: u32,
}

impl Footer {
    /// Bytes on disk of a footer whose entries take `entry_bytes`, their offsets and lengths included.
    #[must_use]
    pub fn bytes_for(entry_bytes: usize) -> usize {
        entry_bytes.next_multiple_of(BLOCK_BYTES) + BLOCK_BYTES
    }

    /// The footer as it lies at the end of the slot.
    #[must_use]
    pub fn encode(&self) -> Buffer {
        let mut body = Vec::new();
        for (offset, stored) in &self.entries {
            body.extend_from_slice(&offset.to_le_bytes());
            body.extend_from_slice(&field_u32(stored.len()).to_le_bytes());
            body.extend_from_slice(stored);
        }
        let mut buffer = Buffer::zeroed(Footer::bytes_for(body.len()));
        put(&mut buffer, 0, &body);
        let last = buffer.len() - BLOCK_BYTES;
        put(&mut buffer, last, &MAGIC.to_le_bytes());
        put(&mut buffer, last + 4, &[VERSION, 0, 0, 0]);
        put(&mut buffer, last + 8, &self.segment.0.to_le_bytes());
        put(&mut buffer, last + 16, &self.nonce.0);
        put(&mut buffer, last + 32, &self.last_group.0.to_le_bytes());
        put(&mut buffer, last + 36, &field_u32(self.entries.len()).to_le_bytes());
        put(&mut buffer, last + 40, &field_u32(body.len()).to_le_bytes());
        put(&mut buffer, last + 44, &crc32c(&body).to_le_bytes());
        put(&mut buffer, last + 48, &field_u16(self.newest.len()).to_le_bytes());
        for (index, (shard, position)) in self.newest.iter().enumerate() {
            let at = last + SHARDS_AT + index * SHARD_BYTES;
            put(&mut buffer, at, &shard.0.to_le_bytes());
            put(&mut buffer, at + 2, &position.0.to_le_bytes());
        }
        seal(buffer.get_mut(last..).unwrap_or_default());
        buffer
    }

    /// The last block of the footer of `segment`; `None` if `block` is not it.
    #[must_use]
    pub fn decode_tail(block: &[u8], segment: SegmentId, nonce: Nonce, slot_bytes: u64) -> Option<FooterTail> {
        let mut fields = Fields::new(unsealed(block)?);
        if block.len() != BLOCK_BYTES || fields.u32()? != MAGIC || fields.u8()? != VERSION {
            return None;
        }
        fields.reserved(3)?;
        let named = (SegmentId(fields.u64()?), Nonce(fields.array()?));
        let last_group = GroupNumber(fields.u32()?);
        let entries = fields.u32()?;
        let body_bytes = length(fields.u32()?);
        let body_crc = fields.u32()?;
        let shards = fields.u16()?;
        fields.reserved(SHARDS_AT - 50)?;
        if named != (segment, nonce) || shards > SHARDS_MAX {
            return None;
        }
        let mut newest = BTreeMap::new();
        for _ in 0..shards {
            let (shard, position) = (ShardId(fields.u16()?), Sequence(fields.u64()?));
            if shard.0 >= SHARDS_MAX || newest.last_key_value().is_some_and(|(last, _)| *last >= shard) {
                return None;
            }
            newest.insert(shard, position);
        }
        fields.padding()?;
        let body_offset = slot_bytes.checked_sub(Footer::bytes_for(body_bytes) as u64)?;
        let footer = Footer { segment, nonce, last_group, newest, entries: Vec::new() };
        Some(FooterTail { footer, body_offset, body_bytes, body_crc, entries })
    }
}

impl FooterTail {
    /// The whole footer, from the bytes that lie at `body_offset`; `None` if they are not what this block was written
    /// with.
    #[must_use]
    pub fn with_body(self, bytes: &[u8]) -> Option<Footer> {
        let (body, rest) = bytes.split_at_checked(self.body_bytes)?;
        if crc32c(body) != self.body_crc {
            return None;
        }
        Fields::new(rest).reserved(self.body_bytes.next_multiple_of(BLOCK_BYTES) - self.body_bytes)?;
        let mut footer = self.footer;
        let mut fields = Fields::new(body);
        for _ in 0..self.entries {
            let offset = fields.u32()?;
            let stored_bytes = length(fields.u32()?);
            footer.entries.push((offset, fields.bytes(stored_bytes)?.to_vec()));
        }
        fields.end().map(|()| footer)
    }
}

/// The newest position per shard among the records of `entries`.
#[must_use]
pub(super) fn newest_positions(entries: &[FooterEntry]) -> BTreeMap<ShardId, Sequence> {
    let mut newest = BTreeMap::new();
    for (_, stored) in entries {
        if let Some((record, _)) = Record::decode(stored) {
            let position = newest.entry(record.shard).or_insert(record.position);
            *position = record.position.max(*position);
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::log::meta::{Change, Meta};
    use crate::log::run::RunOwner;
    use crate::mutation;
    use crate::types::{BucketId, KillList, UploadId};

    fn stored_record() -> Vec<u8> {
        let record = Record {
            shard: ShardId(15),
            bucket: BucketId(1),
            sequence: Sequence(7),
            position: Sequence(7),
            time_ms: 8,
            key: b"key".to_vec(),
            meta: Meta::new(Change::Delete, &KillList::default()),
            payload_bytes: 0,
            payload_crc: 0,
        };
        let mut stored = Vec::new();
        record.encode(&mut stored);
        stored
    }

    #[test]
    fn golden_footers() {
        let entries = vec![(4096 + 64, stored_record())];
        let newest = newest_positions(&entries);
        let log = Footer { newest, entries, ..sample() };
        let owner = RunOwner { bucket: BucketId(1), key: b"key".to_vec(), upload: UploadId([2; 16]), part: 3 };
        let entries = vec![(4096, owner.encode())];
        let data = Footer { last_group: GroupNumber(0), newest: BTreeMap::new(), entries, ..sample() };
        for (name, footer) in [("footer-log", log), ("footer-data", data)] {
            golden::pins(name, &footer.encode());
            assert_eq!(read(&golden::bytes(name)), Some(footer));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in mutation::of(sample().encode().to_vec())) {
            let whole = bytes.len() >= BLOCK_BYTES && bytes.len() < 1 << 20;
            let found = if whole { read(&bytes) } else { None };
            prop_assert!(found.is_none_or(|found| found == sample()));
            let body = FooterTail {
                footer: Footer::default(),
                body_offset: 0,
                body_bytes: bytes.len(),
                body_crc: crc32c(&bytes),
                entries: 2,
            };
            let footer = body.with_body(&mutation::padded(bytes.clone()));
            prop_assert!(footer.is_none_or(|footer| footer.encode().get(..bytes.len()) == Some(&bytes[..])));
        }
    }

    #[test]
    fn a_last_block_that_breaks_its_rules_is_no_footer() {
        type Change = &'static dyn Fn(&mut [u8]);
        let changes: [(&str, Change); 6] = [
            ("version", &|block| block[4] = 2),
            ("reserved", &|block| block[5] = 1),
            ("reserved before the shards", &|block| block[50] = 1),
            ("a shard twice", &|block| block[SHARDS_AT + SHARD_BYTES] = 0),
            ("a shard beyond the limit", &|block| block[SHARDS_AT + SHARD_BYTES + 1] = 1),
            ("a byte behind the shards", &|block| block[SHARDS_AT + 2 * SHARD_BYTES] = 1),
        ];
        for (what, change) in changes {
            let mut bytes = sample().encode();
            let last = bytes.len() - BLOCK_BYTES;
            change(&mut bytes[last..]);
            seal(&mut bytes[last..]);
            assert_eq!(read(&bytes), None, "{what}");
        }
    }

    fn sample() -> Footer {
        Footer {
            segment: SegmentId(3),
            nonce: Nonce([1; 16]),
            last_group: GroupNumber(9),
            newest: BTreeMap::from([(ShardId(0), Sequence(5)), (ShardId(15), Sequence(7))]),
            entries: vec![(4096, b"first".to_vec()), (9000, vec![7; 5000])],
        }
    }

    fn read(bytes: &[u8]) -> Option<Footer> {
        let last = bytes.get(bytes.len() - BLOCK_BYTES..)?;
        let tail = Footer::decode_tail(last, SegmentId(3), Nonce([1; 16]), 1 << 20)?;
        let begin = bytes.len().checked_sub(usize::try_from((1 << 20) - tail.body_offset).ok()?)?;
        tail.with_body(bytes.get(begin..)?)
    }

    #[test]
    fn a_footer_comes_back_and_ends_in_the_last_block() {
        assert_eq!(read(&sample().encode()), Some(sample()));
        let empty = Footer { entries: Vec::new(), ..sample() };
        assert_eq!(read(&empty.encode()), Some(empty));
    }

    #[test]
    fn a_footer_with_any_wrong_byte_is_no_footer() {
        let good = sample().encode();
        for byte in 0..good.len() {
            let mut bad = good.to_vec();
            bad[byte] ^= 1;
            assert_eq!(read(&bad), None, "byte {byte}");
        }
    }

    #[test]
    fn a_footer_of_the_slots_former_life_is_no_footer() {
        let bytes = sample().encode();
        let last = &bytes[bytes.len() - BLOCK_BYTES..];
        assert!(Footer::decode_tail(last, SegmentId(3), Nonce([2; 16]), 1 << 20).is_none());
        assert!(Footer::decode_tail(last, SegmentId(4), Nonce([1; 16]), 1 << 20).is_none());
    }
}
