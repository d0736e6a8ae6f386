//! The slot table: what each slot of a disk holds. It alone says so; nothing is concluded from a slot's bytes.
//!
//! ```text
//!  0       8     10     12    16           24             32           36      40      56     58      64
//!  magic | ver | kind | len | generation | next segment | containers | slots | store | disk | zeros | entries
//!  then zeros up to the last four bytes: crc32c
//!
//!  entry:  0         8       24      25     26     28       29     32
//!          segment | nonce | state | kind | core | column | zeros |
//! ```
//!
//! What must hold: segment ids grow and are never given twice; a free slot's entry is all zero, so that its nonce is
//! forgotten; slots are counted in whole containers. Pure: reading and writing the copies is in `table_file`.

use crate::codec::{CHECKSUM_BYTES, Fields, Sink, field_u32, length, unsealed};
use crate::limits::BLOCK_BYTES;
use crate::types::{CoreId, Nonce, SegmentId, SegmentKind};

use super::geometry::Geometry;

const MAGIC: [u8; 8] = *b"STRATTBL";
const VERSION: u16 = 1;
const KIND: u16 = 2;
const LENGTH_AT: usize = 12;
const HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 32;

/// The slots that a table of this size can name.
pub(super) fn slots_max(table_bytes: u32) -> usize {
    (table_bytes as usize).saturating_sub(HEADER_BYTES + CHECKSUM_BYTES) / ENTRY_BYTES
}

/// How far the use of a slot has come. A slot without an occupant is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Given out; nothing rests on it yet, and a restart takes it back.
    Allocated,
    /// Its header is durable, and acknowledged bytes may rest on it.
    Live,
    /// Nothing in it is needed; kept apart from free until every column of its segment is so.
    Dead,
}

/// What holds a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occupant {
    pub(super) segment: SegmentId,
    pub(super) nonce: Nonce,
    pub(super) stage: Stage,
    pub(super) kind: SegmentKind,
    pub(super) core: CoreId,
    pub(super) column: u8,
}

/// The table of one disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotTable {
    pub(super) generation: u64,
    pub(super) store: [u8; 16],
    pub(super) disk: u16,
    next_segment: SegmentId,
    containers: u32,
    slots: Vec<Option<Occupant>>,
}

impl SlotTable {
    /// The table of a new disk with one container.
    pub(super) fn new(store: [u8; 16], disk: u16, geometry: &Geometry) -> SlotTable {
        let slots = vec![None; geometry.slots_per_container() as usize];
        SlotTable { generation: 1, store, disk, next_segment: SegmentId(1), containers: 1, slots }
    }

    /// The containers that count.
    pub(super) fn containers(&self) -> u32 {
        self.containers
    }

    /// The id the next segment gets.
    pub(super) fn next_segment(&self) -> SegmentId {
        self.next_segment
    }

    /// The slots, in order of their number.
    pub(super) fn slots(&self) -> impl Iterator<Item = (usize, Option<&Occupant>)> {
        self.slots.iter().map(Option::as_ref).enumerate()
    }

    /// Slots that hold nothing.
    pub(super) fn free_count(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_none()).count()
    }

    /// Gives the first free slot to a new segment; `None` if there is none.
    pub(super) fn allocate(&mut self, kind: SegmentKind, core: CoreId, nonce: Nonce) -> Option<(usize, SegmentId)> {
        let (number, slot) = self.slots.iter_mut().enumerate().find(|(_, slot)| slot.is_none())?;
        let segment = self.next_segment;
        self.next_segment = SegmentId(segment.0.checked_add(1).expect("2^64 segments are not made"));
        *slot = Some(Occupant { segment, nonce, stage: Stage::Allocated, kind, core, column: 0 });
        Some((number, segment))
    }

    /// Lets an allocated segment be live. False if it is not allocated.
    pub(super) fn make_live(&mut self, segment: SegmentId) -> bool {
        let found = self.slots.iter_mut().flatten().find(|occupant| occupant.segment == segment);
        match found {
            Some(occupant) if occupant.stage == Stage::Allocated => {
                occupant.stage = Stage::Live;
                true
            }
            _ => false,
        }
    }

    /// Frees a segment's slot. False if it has none.
    pub(super) fn free(&mut self, segment: SegmentId) -> bool {
        let found = self.slots.iter_mut().find(|slot| slot.is_some_and(|occupant| occupant.segment == segment));
        found.and_then(Option::take).is_some()
    }

    /// Counts one more container, all of its slots free.
    pub(super) fn add_container(&mut self, geometry: &Geometry) {
        assert!(self.containers < geometry.containers_max(), "a disk grows within its table");
        self.containers += 1;
        self.slots.resize(self.containers as usize * geometry.slots_per_container() as usize, None);
    }

    /// Takes back what nobody can rely on after a restart: nothing acknowledged needs an allocated slot, or a dead one.
    pub(super) fn restart(&mut self) {
        for slot in &mut self.slots {
            slot.take_if(|occupant| occupant.stage != Stage::Live);
        }
    }

    /// The bytes of a copy: whole blocks, as many as the slots need.
    pub(super) fn encode(&self) -> Vec<u8> {
        let used = HEADER_BYTES + self.slots.len() * ENTRY_BYTES + CHECKSUM_BYTES;
        let len = used.next_multiple_of(BLOCK_BYTES);
        let header = Sink::new()
            .bytes(&MAGIC)
            .u16(VERSION)
            .u16(KIND)
            .u32(field_u32(len))
            .u64(self.generation)
            .u64(self.next_segment.0)
            .u32(self.containers)
            .u32(field_u32(self.slots.len()))
            .bytes(&self.store)
            .u16(self.disk)
            .zeros_to(HEADER_BYTES);
        let slots = self.slots.iter().fold(header, |sink, slot| match slot {
            None => sink.bytes(&[0; ENTRY_BYTES]),
            Some(occupant) => occupant.encode(sink),
        });
        slots.sealed(len)
    }

    /// The table in a copy's bytes, or `None` if they are not whole or break the table's rules.
    pub(super) fn decode(bytes: &[u8], geometry: &Geometry) -> Option<SlotTable> {
        let copy_bytes = length(Fields::new(bytes.get(LENGTH_AT..)?).u32()?);
        let mut fields = Fields::new(unsealed(bytes.get(..copy_bytes)?)?);
        let named = fields.array()? == MAGIC && fields.u16()? == VERSION && fields.u16()? == KIND;
        if !named || length(fields.u32()?) != copy_bytes {
            return None;
        }
        let generation = fields.u64()?;
        let next_segment = SegmentId(fields.u64()?);
        let containers = fields.u32()?;
        let count = fields.u32()?;
        let store = fields.array()?;
        let disk = fields.u16()?;
        fields.reserved(HEADER_BYTES - 58)?;
        let counted = (1..=geometry.containers_max()).contains(&containers)
            && containers.checked_mul(geometry.slots_per_container()) == Some(count);
        if !counted {
            return None;
        }
        let mut slots = Vec::with_capacity(length(count));
        for _ in 0..count {
            slots.push(Occupant::decode(fields.bytes(ENTRY_BYTES)?)?);
        }
        fields.padding()?;
        let ids_fit = slots.iter().flatten().all(|occupant| occupant.segment < next_segment);
        let table = SlotTable { generation, store, disk, next_segment, containers, slots };
        (ids_fit && table.has_each_segment_once()).then_some(table)
    }

    fn has_each_segment_once(&self) -> bool {
        let mut ids: Vec<SegmentId> = self.slots.iter().flatten().map(|occupant| occupant.segment).collect();
        ids.sort_unstable();
        ids.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
    }
}

impl Occupant {
    fn encode(&self, sink: Sink) -> Sink {
        let stage = match self.stage {
            Stage::Allocated => 1,
            Stage::Live => 2,
            Stage::Dead => 3,
        };
        let sink = sink.u64(self.segment.0).bytes(&self.nonce.0).u8(stage).u8(self.kind as u8);
        sink.u16(self.core.0).u8(self.column).bytes(&[0; 3])
    }

    /// `None` for bytes that are no entry, `Some(None)` for a free slot.
    fn decode(bytes: &[u8]) -> Option<Option<Occupant>> {
        let mut fields = Fields::new(bytes);
        let segment = SegmentId(fields.u64()?);
        let nonce = Nonce(fields.array()?);
        let stage = match fields.u8()? {
            0 => return Fields::new(bytes).padding().map(|()| None),
            1 => Stage::Allocated,
            2 => Stage::Live,
            3 => Stage::Dead,
            _ => return None,
        };
        let kind = SegmentKind::from_number(fields.u8()?)?;
        let core = CoreId(fields.u16()?);
        let column = fields.u8()?;
        fields.padding()?;
        (segment != SegmentId::NONE).then_some(Some(Occupant { segment, nonce, stage, kind, core, column }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::seal;
    use crate::golden;
    use crate::mutation;

    fn geometry() -> Geometry {
        Geometry::new(256 * 1024, 2, 8192, 4096).expect("sound")
    }

    fn sample() -> SlotTable {
        let mut table = SlotTable::new([0x33; 16], 0, &geometry());
        table.add_container(&geometry());
        table.generation = 7;
        table.allocate(SegmentKind::Log, CoreId(1), Nonce([0x44; 16])).expect("a slot is free");
        table.allocate(SegmentKind::Data, CoreId(2), Nonce([0x55; 16])).expect("a slot is free");
        assert!(table.make_live(SegmentId(2)));
        table
    }

    #[test]
    fn golden_slot_table() {
        golden::pins("slot-table", &sample().encode());
        assert_eq!(SlotTable::decode(&golden::bytes("slot-table"), &geometry()), Some(sample()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in mutation::of(sample().encode())) {
            prop_assert!(SlotTable::decode(&bytes, &geometry()).is_none_or(|found| found == sample()));
        }

        #[test]
        fn what_decodes_encodes_to_the_same_bytes(at in 16_usize..200, byte in any::<u8>()) {
            let mut bytes = sample().encode();
            bytes[at] = byte;
            seal(&mut bytes);
            prop_assert!(SlotTable::decode(&bytes, &geometry()).is_none_or(|found| found.encode() == bytes));
        }
    }

    #[test]
    fn ids_grow_and_a_freed_slot_forgets_its_nonce() {
        let mut table = sample();
        assert!(table.free(SegmentId(1)));
        assert!(!table.free(SegmentId(1)));
        assert!(!table.encode().windows(16).any(|bytes| bytes == [0x44; 16]));
        let again = table.allocate(SegmentKind::Log, CoreId(0), Nonce([0x66; 16]));
        assert_eq!(again, Some((0, SegmentId(3))));
    }

    #[test]
    fn only_an_allocated_segment_becomes_live() {
        let mut table = sample();
        assert!(table.make_live(SegmentId(1)));
        assert!(!table.make_live(SegmentId(1)));
        assert!(!table.make_live(SegmentId(9)));
    }

    #[test]
    fn a_restart_keeps_what_is_live_and_nothing_else() {
        let mut table = sample();
        if let Some(Some(occupant)) = table.slots.get_mut(0) {
            occupant.stage = Stage::Dead;
        }
        table.allocate(SegmentKind::Log, CoreId(0), Nonce([0x77; 16]));
        table.restart();
        let live: Vec<SegmentId> = table.slots().filter_map(|(_, slot)| slot.map(|slot| slot.segment)).collect();
        assert_eq!(live, [SegmentId(2)]);
        assert_eq!(table.next_segment(), SegmentId(4));
    }

    #[test]
    fn a_full_table_gives_none_until_it_grows() {
        let mut table = sample();
        assert!(table.allocate(SegmentKind::Log, CoreId(0), Nonce([1; 16])).is_some());
        assert!(table.allocate(SegmentKind::Log, CoreId(0), Nonce([2; 16])).is_some());
        assert!(table.allocate(SegmentKind::Log, CoreId(0), Nonce([3; 16])).is_none());
        table.add_container(&geometry());
        assert_eq!(table.free_count(), 2);
    }

    #[test]
    fn a_table_that_breaks_its_rules_is_not_read() {
        type Change = &'static dyn Fn(&mut [u8]);
        let resealed = |change: Change| {
            let mut bytes = sample().encode();
            change(&mut bytes);
            seal(&mut bytes);
            SlotTable::decode(&bytes, &geometry())
        };
        assert!(resealed(&|_| {}).is_some());
        let changes: [(&str, Change); 9] = [
            ("magic", &|bytes| bytes[0] ^= 1),
            ("version", &|bytes| bytes[8] = 2),
            ("ids past the next", &|bytes| bytes[24] = 2),
            ("slots do not fill containers", &|bytes| bytes[36] = 3),
            ("reserved bytes of the header", &|bytes| bytes[60] = 1),
            ("the same segment twice", &|bytes| bytes[96] = 1),
            ("an unknown state", &|bytes| bytes[88] = 4),
            ("a free slot with a nonce", &|bytes| bytes[88] = 0),
            ("bytes after the entries", &|bytes| bytes[64 + 4 * 32] = 1),
        ];
        for (what, change) in changes {
            assert!(resealed(change).is_none(), "{what}");
        }
    }

    #[test]
    fn no_length_of_bytes_panics() {
        let whole = sample().encode();
        for len in 0..whole.len() {
            assert_eq!(SlotTable::decode(&whole[..len], &geometry()), None);
        }
        assert_eq!(SlotTable::decode(&[0xff; 4096], &geometry()), None);
    }
}
