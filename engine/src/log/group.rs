//! A group: the records committed by one flush, in whole blocks, chained to the group before.
//!
//! What must hold: a group is believed only if its nonce is the segment's, its number is the next one, it names the
//! checksum of the group before, and its own checksum is right. The first group of a segment names the segment before
//! and its last group. The last block is never rewritten to fill it.

use crate::codec::{Fields, field_u32, length, put};
use crate::digest::{Crc32c, crc32c};
use crate::limits::{BLOCK_BYTES, GROUP_BYTES_MAX};
use crate::log::record::{RECORD_ALIGN, Record};
use crate::rt::Buffer;
use crate::types::{GroupNumber, Location, Nonce, SegmentId};

/// "SGRP".
const MAGIC: u32 = 0x5052_4753;
const VERSION: u8 = 1;
/// Bytes of a group header.
pub(super) const GROUP_HEADER_BYTES: usize = 64;
const CHECKSUM_AT: usize = 60;

/// The header of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GroupHeader {
    /// The segment's nonce.
    pub nonce: Nonce,
    /// Counted from 1 in each segment.
    pub number: GroupNumber,
    /// Bytes of the group with its padding.
    pub bytes: u32,
    /// Every group of this segment up to this number was durable when this one was written.
    pub durable_up_to: GroupNumber,
    /// Records in the group.
    pub records: u32,
    /// Checksum of the group before; 0 for the first.
    pub previous_crc: u32,
    /// Bytes of the group before the padding.
    pub used: u32,
    /// First group only: the segment before.
    pub previous_segment: SegmentId,
    /// First group only: the last group of the segment before.
    pub previous_last: GroupNumber,
    /// Checksum of the whole group with this field zero.
    pub crc: u32,
}

impl GroupHeader {
    /// The header at the start of `bytes`, its checksum not yet verified; `None` if there is none.
    #[must_use]
    pub(super) fn decode(bytes: &[u8]) -> Option<GroupHeader> {
        let mut fields = Fields::new(bytes);
        if fields.u32()? != MAGIC || fields.u8()? != VERSION {
            return None;
        }
        fields.reserved(3)?;
        let header = GroupHeader {
            nonce: Nonce(fields.array()?),
            number: GroupNumber(fields.u32()?),
            bytes: fields.u32()?,
            durable_up_to: GroupNumber(fields.u32()?),
            records: fields.u32()?,
            previous_crc: fields.u32()?,
            used: fields.u32()?,
            previous_segment: SegmentId(fields.u64()?),
            previous_last: GroupNumber(fields.u32()?),
            crc: fields.u32()?,
        };
        let (size, used) = (length(header.bytes), length(header.used));
        let fits = (GROUP_HEADER_BYTES..=GROUP_BYTES_MAX).contains(&used) && size == used.next_multiple_of(BLOCK_BYTES);
        let first = header.number == GroupNumber(1);
        let names_segment_before = (header.previous_segment, header.previous_last) != Default::default();
        let linked = if first { header.previous_crc == 0 } else { !names_segment_before };
        (fits && linked && header.number > header.durable_up_to).then_some(header)
    }

    /// True if `group`, the whole group with this header, has the header's checksum.
    #[must_use]
    pub(super) fn matches(&self, group: &[u8]) -> bool {
        group.len() == length(self.bytes) && group_checksum(group) == Some(self.crc)
    }
}

fn group_checksum(group: &[u8]) -> Option<u32> {
    let mut crc = Crc32c::new();
    crc.update(group.get(..CHECKSUM_AT)?);
    crc.update(&[0; 4]);
    crc.update(group.get(CHECKSUM_AT + 4..)?);
    Some(crc.finish())
}

/// The records of a verified group, each with its offset within the group; `None` if they are not what the header says.
#[must_use]
pub(super) fn records(header: &GroupHeader, group: &[u8]) -> Option<Vec<(u32, Record)>> {
    let body = group.get(..length(header.used))?;
    let mut at = GROUP_HEADER_BYTES;
    let mut found = Vec::new();
    for _ in 0..header.records {
        let begin = at.next_multiple_of(RECORD_ALIGN);
        Fields::new(body.get(at..begin)?).padding()?;
        at = begin;
        let (record, head_bytes) = Record::decode(body.get(at..)?)?;
        let payload = body.get(at + head_bytes..at + head_bytes + length(record.payload_bytes))?;
        if !record.payload_is(payload) {
            return None;
        }
        let end = at + head_bytes + payload.len();
        found.push((field_u32(at), record));
        at = end;
    }
    // What no field explains is not ours: the last record ends where the header says, and zeros fill the last block.
    Fields::new(group.get(at..)?).padding()?;
    (at == body.len()).then_some(found)
}

/// A group being filled, in the memory it is written from.
pub struct GroupBuilder {
    segment: SegmentId,
    offset: u32,
    room: usize,
    buffer: Buffer,
    used: usize,
    entries: Vec<(u32, Vec<u8>)>,
    entry_bytes: usize,
}

/// A record that fits a group, and where it will lie in it.
pub struct Placed {
    /// Where.
    pub location: Location,
    head: Vec<u8>,
}

/// What links a group into its chain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// The segment's nonce.
    pub nonce: Nonce,
    /// The group's number.
    pub number: GroupNumber,
    /// What is durable as it is written.
    pub durable_up_to: GroupNumber,
    /// Checksum of the group before.
    pub previous_crc: u32,
    /// First group only: the segment before.
    pub previous_segment: SegmentId,
    /// First group only: its last group.
    pub previous_last: GroupNumber,
}

impl GroupBuilder {
    /// A group that will lie at `offset` of `segment` and may be at most `room` bytes long there, footer included. It
    /// is built in `buffer`, whatever that held before, and is never longer than it.
    #[must_use]
    pub fn new(segment: SegmentId, offset: u32, room: usize, mut buffer: Buffer) -> GroupBuilder {
        buffer.resize(buffer.capacity());
        GroupBuilder { segment, offset, room, buffer, used: GROUP_HEADER_BYTES, entries: Vec::new(), entry_bytes: 0 }
    }

    /// The segment it will lie in.
    #[must_use]
    pub fn segment(&self) -> SegmentId {
        self.segment
    }

    /// True if there is no record in it yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// True if a record with `head_bytes` of header, key and metadata and `payload_bytes` still fits. A record is in
    /// the segment twice, without its payload the second time: the footer's space is reserved as the segment fills.
    #[must_use]
    pub fn fits(&self, head_bytes: usize, payload_bytes: usize) -> bool {
        let group =
            (self.used.next_multiple_of(RECORD_ALIGN) + head_bytes + payload_bytes).next_multiple_of(BLOCK_BYTES);
        let footer = (self.entry_bytes + head_bytes + FOOTER_ENTRY_EXTRA).next_multiple_of(BLOCK_BYTES);
        group <= self.buffer.capacity().min(GROUP_BYTES_MAX) && group + footer <= self.room
    }

    /// Where a record would lie, if it fits.
    #[must_use]
    pub fn place(&self, record: &Record, payload: &[u8]) -> Option<Placed> {
        let mut head = Vec::new();
        record.encode(&mut head);
        if !self.fits(head.len(), payload.len()) {
            return None;
        }
        let offset = self.offset + field_u32(self.used.next_multiple_of(RECORD_ALIGN));
        let location = Location { segment: self.segment, offset, length: field_u32(head.len() + payload.len()) };
        Some(Placed { location, head })
    }

    /// Adds the record that was placed last.
    ///
    /// # Panics
    /// If another one was added since: its place is taken.
    pub fn add(&mut self, placed: Placed, payload: &[u8]) -> Location {
        let Placed { location, head } = placed;
        self.pad_to(self.used.next_multiple_of(RECORD_ALIGN));
        assert_eq!(location.offset, self.offset + field_u32(self.used), "a record goes where it was placed");
        put(&mut self.buffer, self.used, &head);
        put(&mut self.buffer, self.used + head.len(), payload);
        self.used += head.len() + payload.len();
        self.entry_bytes += head.len() + FOOTER_ENTRY_EXTRA;
        self.entries.push((location.offset, head));
        location
    }

    /// The finished group, its checksum, and what its segment's footer will say of it.
    #[must_use]
    pub fn seal(mut self, link: Link) -> (Buffer, u32, Vec<(u32, Vec<u8>)>) {
        let used = self.used;
        // What is written is what was put here: of an earlier group nothing is left, between records or behind them.
        self.pad_to(used.next_multiple_of(BLOCK_BYTES));
        let mut group = self.buffer;
        group.truncate(self.used);
        put(&mut group, 0, &MAGIC.to_le_bytes());
        put(&mut group, 4, &[VERSION, 0, 0, 0]);
        put(&mut group, 8, &link.nonce.0);
        put(&mut group, 24, &link.number.0.to_le_bytes());
        put(&mut group, 28, &field_u32(self.used).to_le_bytes());
        put(&mut group, 32, &link.durable_up_to.0.to_le_bytes());
        put(&mut group, 36, &field_u32(self.entries.len()).to_le_bytes());
        put(&mut group, 40, &link.previous_crc.to_le_bytes());
        put(&mut group, 44, &field_u32(used).to_le_bytes());
        put(&mut group, 48, &link.previous_segment.0.to_le_bytes());
        put(&mut group, 56, &link.previous_last.0.to_le_bytes());
        put(&mut group, CHECKSUM_AT, &[0; 4]);
        let crc = crc32c(&group);
        put(&mut group, CHECKSUM_AT, &crc.to_le_bytes());
        (group, crc, self.entries)
    }

    /// The memory it was built in.
    #[must_use]
    pub(super) fn into_memory(self) -> Buffer {
        self.buffer
    }

    fn pad_to(&mut self, end: usize) {
        self.buffer.get_mut(self.used..end).unwrap_or_default().fill(0);
        self.used = end;
    }
}

/// A footer entry is a record without its payload, after its offset and its length.
pub(super) const FOOTER_ENTRY_EXTRA: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::log::meta::{Attribute, Change, Meta};
    use crate::mutation;
    use crate::types::{BucketId, KillList, Sequence, ShardId};

    fn added(builder: &mut GroupBuilder, record: &Record, payload: &[u8]) -> Option<Location> {
        let placed = builder.place(record, payload)?;
        Some(builder.add(placed, payload))
    }

    fn record(key: &[u8], payload: &[u8]) -> Record {
        Record {
            shard: ShardId(0),
            bucket: BucketId(1),
            sequence: Sequence(2),
            position: Sequence(2),
            time_ms: 3,
            key: key.to_vec(),
            meta: Meta::new(Change::Delete, &KillList::default()),
            payload_bytes: field_u32(payload.len()),
            payload_crc: crc32c(payload),
        }
    }

    fn sealed() -> (Buffer, GroupHeader) {
        sealed_in(Buffer::zeroed(1 << 16))
    }

    fn sealed_in(memory: Buffer) -> (Buffer, GroupHeader) {
        let mut builder = GroupBuilder::new(SegmentId(9), 8192, 1 << 20, memory);
        assert!(added(&mut builder, &record(b"one", b"payload"), b"payload").is_some());
        assert!(added(&mut builder, &record(b"two", b""), b"").is_some());
        let link = Link { nonce: Nonce([7; 16]), number: GroupNumber(1), ..Link::default() };
        let (group, _, _) = builder.seal(link);
        let header = GroupHeader::decode(&group).expect("a sealed group has a header");
        (group, header)
    }

    /// A group of a small object with attributes and of a delete with a kill list: the bytes of every day.
    fn golden_builder() -> GroupBuilder {
        let attributes = vec![Attribute { name: "content-type".into(), value: "text/plain".into() }];
        let put = Change::Put { size: 5, md5: [0xaa; 16], parts: 0, large: false, completes: None, attributes };
        let put = Record { meta: Meta::new(put, &KillList::default()), ..record(b"photos/one", b"hello") };
        let kills = KillList::from_parts(SegmentId(3), vec![SegmentId(5), SegmentId(8)]).expect("a good list");
        let delete = Record {
            sequence: Sequence(3),
            position: Sequence(9),
            meta: Meta::new(Change::Delete, &kills),
            ..record(b"photos/two", b"")
        };
        let mut builder = GroupBuilder::new(SegmentId(9), 4096, 1 << 20, Buffer::zeroed(1 << 16));
        assert!(added(&mut builder, &put, b"hello").is_some() && added(&mut builder, &delete, b"").is_some());
        builder
    }

    #[test]
    fn golden_group() {
        let link = Link {
            nonce: Nonce([7; 16]),
            number: GroupNumber(1),
            previous_segment: SegmentId(8),
            previous_last: GroupNumber(41),
            ..Link::default()
        };
        let (group, crc, entries) = golden_builder().seal(link);
        golden::pins("group", &group);
        let golden = golden::bytes("group");
        let header = GroupHeader::decode(&golden).expect("a golden group has a header");
        assert!(header.matches(&golden) && header.crc == crc);
        let found = records(&header, &golden).expect("its records are known");
        let heads: Vec<_> = found
            .into_iter()
            .map(|(offset, record)| {
                let mut head = Vec::new();
                record.encode(&mut head);
                (4096 + offset, head)
            })
            .collect();
        assert_eq!(heads, entries);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in mutation::of(sealed().0.to_vec())) {
            let (group, good) = sealed();
            let Some(header) = GroupHeader::decode(&bytes) else { return Ok(()) };
            let whole = bytes.get(..length(header.bytes)).unwrap_or_default();
            let found = records(&header, whole);
            prop_assert!(!header.matches(whole) || found == records(&good, &group));
        }
    }

    #[test]
    fn a_header_that_breaks_its_rules_is_none() {
        let (good, _) = sealed();
        let changes = [("version", 4, 2), ("reserved", 5, 1), ("used", 45, 0x20), ("a crc before the first", 40, 1)];
        for (what, at, byte) in changes {
            let mut group = good.to_vec();
            group[at] = byte;
            assert_eq!(GroupHeader::decode(&group), None, "{what}");
        }
        let mut second = good.to_vec();
        second[24] = 2;
        assert!(GroupHeader::decode(&second).is_some());
        second[48] = 1;
        assert_eq!(GroupHeader::decode(&second), None, "only the first group names the segment before");
    }

    #[test]
    fn padding_that_is_not_zero_hides_nothing() {
        let (good, header) = sealed();
        let first_end = GROUP_HEADER_BYTES
            + records(&header, &good).map_or(0, |found| {
                let mut head = Vec::new();
                found[0].1.encode(&mut head);
                head.len() + length(found[0].1.payload_bytes)
            });
        assert!(!first_end.is_multiple_of(RECORD_ALIGN), "there is padding between the records");
        for at in [first_end, good.len() - 1] {
            let mut group = good.to_vec();
            group[at] = 1;
            assert_eq!(records(&header, &group), None, "byte {at}");
        }
        let longer = GroupHeader { used: header.used + 8, ..header };
        assert_eq!(records(&longer, &good), None);
    }

    #[test]
    fn a_group_gives_its_records_back_at_their_offsets() {
        let (group, header) = sealed();
        assert!(header.matches(&group));
        let found = records(&header, &group).expect("the records are there");
        let keys: Vec<_> = found.iter().map(|(_, record)| record.key.as_slice()).collect();
        assert_eq!(keys, [b"one", b"two"]);
        assert!(found.iter().all(|(offset, _)| length(*offset).is_multiple_of(RECORD_ALIGN)));
    }

    #[test]
    fn nothing_of_an_earlier_group_is_left_in_its_memory() {
        let (fresh, _) = sealed();
        let mut used = Buffer::zeroed(1 << 16);
        used.fill(0xa5);
        used.truncate(BLOCK_BYTES);
        assert!(sealed_in(used).0[..] == fresh[..]);
    }

    #[test]
    fn a_flipped_bit_anywhere_even_in_the_padding_is_noticed() {
        let (mut group, header) = sealed();
        for byte in 0..group.len() {
            group[byte] ^= 0x10;
            let believed = GroupHeader::decode(&group).is_some_and(|found| found == header && found.matches(&group));
            assert!(!believed, "byte {byte}");
            group[byte] ^= 0x10;
        }
    }

    #[test]
    fn a_record_that_its_memory_has_no_room_for_does_not_fit() {
        let mut builder = GroupBuilder::new(SegmentId(9), 4096, 1 << 20, Buffer::zeroed(BLOCK_BYTES));
        assert!(added(&mut builder, &record(b"big", &[0; 4000]), &[0; 4000]).is_none());
        assert!(added(&mut builder, &record(b"fits", b""), b"").is_some());
    }

    #[test]
    fn a_record_that_leaves_no_room_for_the_footer_does_not_fit() {
        let mut builder = GroupBuilder::new(SegmentId(9), 4096, 2 * BLOCK_BYTES, Buffer::zeroed(1 << 16));
        assert!(added(&mut builder, &record(b"fits", b""), b"").is_some());
        assert!(added(&mut builder, &record(b"big", &[0; 4000]), &[0; 4000]).is_none());
    }
}
