//! The frame of every stored value, and the fields that several of them share.
//!
//! ```text
//!   [ position u64 | fields ... | crc32c of key and all before it, u32 ]
//! ```
//!
//! What must hold: nothing here panics on any bytes, and a value read under another key does not pass. Which fields
//! there are is said in `value` and `state`.

use crate::codec::{CHECKSUM_BYTES, Fields, Sink};
use crate::digest::Crc32c;
use crate::types::{KillList, Location, SegmentId, Sequence};

/// The position of the record that wrote a value, or `None` if the bytes are too short to be one.
#[must_use]
pub fn stamp(value: &[u8]) -> Option<Sequence> {
    Some(Sequence(Fields::new(body(value)?).u64()?))
}

/// The checksum over a key and the bytes stored under it.
fn checksum(key: &[u8], bytes: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(key);
    crc.update(bytes);
    crc.finish()
}

/// True if the value's checksum fits to it and its key.
pub(super) fn is_sealed(key: &[u8], value: &[u8]) -> bool {
    let Some((bytes, sum)) = value.split_last_chunk() else { return false };
    checksum(key, bytes) == u32::from_le_bytes(*sum)
}

/// The value without its checksum, which was checked when the value was read from its store.
pub(super) fn body(value: &[u8]) -> Option<&[u8]> {
    value.split_last_chunk::<CHECKSUM_BYTES>().map(|(bytes, _)| bytes)
}

impl Fields<'_> {
    pub(super) fn location(&mut self) -> Option<Location> {
        Some(Location { segment: SegmentId(self.u64()?), offset: self.u32()?, length: self.u32()? })
    }

    pub(super) fn kills(&mut self) -> Option<KillList> {
        let up_to = SegmentId(self.u64()?);
        let count = self.u8()?;
        let ids = (0..count).map(|_| self.u64().map(SegmentId)).collect::<Option<Vec<_>>>()?;
        KillList::from_parts(up_to, ids)
    }
}

impl Sink {
    pub(super) fn location(self, at: Location) -> Sink {
        self.u64(at.segment.0).u32(at.offset).u32(at.length)
    }

    pub(super) fn kills(self, kills: &KillList) -> Sink {
        let (up_to, ids) = kills.parts();
        let count = u8::try_from(ids.len()).expect("a kill list is bounded by KILL_IDS_MAX");
        ids.iter().fold(self.u64(up_to.0).u8(count), |sink, id| sink.u64(id.0))
    }

    /// The value with its checksum behind it.
    pub(super) fn seal(self, key: &[u8]) -> Box<[u8]> {
        let mut bytes = self.into_vec();
        let sum = checksum(key, &bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes.into_boxed_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32c() {
        assert_eq!(checksum(b"1234", b"56789"), 0xe306_9283);
    }

    #[test]
    fn a_value_under_another_key_or_with_a_changed_bit_does_not_pass() {
        let value = Sink::new().u64(7).u16(3).seal(b"key");
        assert!(is_sealed(b"key", &value));
        assert!(!is_sealed(b"kez", &value));
        for bit in 0..value.len() * 8 {
            let mut changed = value.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_sealed(b"key", &changed), "{bit}");
        }
        assert!(!is_sealed(b"key", &[]) && !is_sealed(b"key", &[1, 2, 3]));
    }

    #[test]
    fn the_stamp_is_the_first_field() {
        assert_eq!(stamp(&Sink::new().u64(7).u16(3).seal(b"key")), Some(Sequence(7)));
        assert_eq!(stamp(&[0; 11]), None);
    }
}
