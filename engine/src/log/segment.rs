//! The first block of a segment's column: what the segment is. Written and flushed before its slot is called live.

use crate::codec::{Fields, put};
use crate::digest::crc32c;
use crate::limits::BLOCK_BYTES;
use crate::rt::Buffer;
use crate::types::{CoreId, Nonce, SegmentId, SegmentKind};

/// "SSEG".
const MAGIC: u32 = 0x4745_5353;
const VERSION: u8 = 1;
const CHECKSUM_AT: usize = 64;

/// A segment's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// What it holds.
    pub kind: SegmentKind,
    /// Its id.
    pub segment: SegmentId,
    /// Its secret.
    pub nonce: Nonce,
    /// The core that writes it.
    pub core: CoreId,
    /// The segment before it in the same core's log; none for a core's first since its start, and for data segments.
    /// That segment's last group is named by the first group: a segment is made ready before the one before it is full.
    pub previous: SegmentId,
}

impl SegmentHeader {
    /// The block.
    #[must_use]
    pub fn encode(&self) -> Buffer {
        let mut block = Buffer::zeroed(BLOCK_BYTES);
        put(&mut block, 0, &MAGIC.to_le_bytes());
        // Copies or data columns, parity columns, and which column this is: one disk has one of each and none.
        put(&mut block, 4, &[VERSION, self.kind as u8, 1, 0]);
        put(&mut block, 8, &self.segment.0.to_le_bytes());
        put(&mut block, 16, &self.nonce.0);
        put(&mut block, 32, &self.previous.0.to_le_bytes());
        put(&mut block, 40, &self.core.0.to_le_bytes());
        let crc = crc32c(block.get(..CHECKSUM_AT).unwrap_or_default());
        put(&mut block, CHECKSUM_AT, &crc.to_le_bytes());
        block
    }

    /// The description in `block`; `None` if there is none to be believed.
    #[must_use]
    pub fn decode(block: &[u8]) -> Option<SegmentHeader> {
        let mut fields = Fields::new(block);
        if fields.u32()? != MAGIC || fields.u8()? != VERSION {
            return None;
        }
        let kind = SegmentKind::from_number(fields.u8()?)?;
        if fields.u8()? != 1 || fields.u8()? != 0 {
            return None;
        }
        let header = SegmentHeader {
            kind,
            segment: SegmentId(fields.u64()?),
            nonce: Nonce(fields.array()?),
            previous: SegmentId(fields.u64()?),
            core: CoreId(fields.u16()?),
        };
        fields.reserved(CHECKSUM_AT - 42)?;
        let crc = fields.u32()?;
        fields.reserved(BLOCK_BYTES - CHECKSUM_AT - 4)?;
        let sound = header.segment != SegmentId::NONE && crc32c(block.get(..CHECKSUM_AT)?) == crc;
        (sound && fields.end().is_some()).then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::mutation;

    fn sample(kind: SegmentKind) -> SegmentHeader {
        let previous = if kind == SegmentKind::Log { SegmentId(4) } else { SegmentId::NONE };
        SegmentHeader { kind, segment: SegmentId(5), nonce: Nonce([6; 16]), core: CoreId(2), previous }
    }

    #[test]
    fn golden_segment_headers() {
        for (name, kind) in [("segment-header-log", SegmentKind::Log), ("segment-header-data", SegmentKind::Data)] {
            golden::pins(name, &sample(kind).encode());
            assert_eq!(SegmentHeader::decode(&golden::bytes(name)), Some(sample(kind)));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in mutation::of(sample(SegmentKind::Log).encode().to_vec())) {
            let found = SegmentHeader::decode(&bytes);
            prop_assert!(found.is_none_or(|found| found == sample(SegmentKind::Log)));
        }
    }

    #[test]
    fn a_header_comes_back_and_any_flipped_bit_is_noticed() {
        let header = sample(SegmentKind::Data);
        let mut block = header.encode();
        assert_eq!(SegmentHeader::decode(&block), Some(header));
        for byte in 0..block.len() {
            block[byte] ^= 4;
            assert_eq!(SegmentHeader::decode(&block), None, "byte {byte}");
            block[byte] ^= 4;
        }
    }
}
