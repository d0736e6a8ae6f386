//! A run: a contiguous piece of one body in a data segment, and the block that ends it.
//!
//! The end block says whose the run is and holds a checksum for every 64 KiB unit, seeded with the segment's nonce and
//! the unit's number, so that a range is verified without reading all and bytes of a former life never pass.

use crate::codec::{Fields, Sink, field_u16, length, put, seal, unsealed};
use crate::digest::crc32c_unit;
use crate::limits::{BLOCK_BYTES, KEY_BYTES_MAX, RUN_BYTES_MAX, UNIT_BYTES};
use crate::rt::Buffer;
use crate::types::{BucketId, Nonce, UploadId};

/// "SRUN".
const MAGIC: u32 = 0x4e55_5253;
const VERSION: u8 = 1;

/// Whose a run is. Its sequence is not known yet when it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOwner {
    /// The bucket.
    pub bucket: BucketId,
    /// The object key.
    pub key: Vec<u8>,
    /// The upload and part; zero for a body put in one piece.
    pub upload: UploadId,
    /// The part.
    pub part: u16,
}

/// The block that ends a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// Whose it is.
    pub owner: RunOwner,
    /// Where in the slot it begins.
    pub offset: u32,
    /// Bytes of the body in it.
    pub bytes: u32,
    /// A checksum for each unit.
    pub units: Vec<u32>,
}

/// Bytes that a run with `bytes` of a body takes in its segment.
#[must_use]
pub(super) fn span_bytes(bytes: usize) -> usize {
    bytes.next_multiple_of(BLOCK_BYTES) + BLOCK_BYTES
}

/// The units of `bytes` bytes of body.
#[must_use]
pub(super) fn unit_count(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES)
}

/// The checksum of the unit with this number.
#[must_use]
pub(super) fn unit_checksum(nonce: Nonce, number: usize, unit: &[u8]) -> u32 {
    crc32c_unit(nonce, crate::codec::field_u32(number), unit)
}

impl RunOwner {
    /// The stored form, in a footer too.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let sink = Sink::new().u64(self.bucket.0).bytes(&self.upload.0).u16(self.part);
        sink.u16(field_u16(self.key.len())).bytes(&self.key).into_vec()
    }

    /// The owner in `bytes`, which hold nothing else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<RunOwner> {
        let mut fields = Fields::new(bytes);
        let owner = RunOwner::take(&mut fields)?;
        fields.end().map(|()| owner)
    }

    fn take(fields: &mut Fields<'_>) -> Option<RunOwner> {
        let bucket = BucketId(fields.u64()?);
        let upload = UploadId(fields.array()?);
        let part = fields.u16()?;
        let key_bytes = usize::from(fields.u16()?);
        if key_bytes > KEY_BYTES_MAX {
            return None;
        }
        Some(RunOwner { bucket, key: fields.bytes(key_bytes)?.to_vec(), upload, part })
    }
}

impl RunEnd {
    /// Where in the slot this block belongs: right behind its run.
    #[must_use]
    pub(super) fn place(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.bytes).next_multiple_of(BLOCK_BYTES as u64)
    }

    /// The block, for the segment with `nonce`.
    #[must_use]
    pub(super) fn encode(&self, nonce: Nonce) -> Buffer {
        let mut block = Buffer::zeroed(BLOCK_BYTES);
        put(&mut block, 0, &MAGIC.to_le_bytes());
        put(&mut block, 4, &[VERSION, 0, 0, 0]);
        put(&mut block, 8, &nonce.0);
        put(&mut block, 24, &self.offset.to_le_bytes());
        put(&mut block, 28, &self.bytes.to_le_bytes());
        let mut at = 32;
        for unit in &self.units {
            put(&mut block, at, &unit.to_le_bytes());
            at += 4;
        }
        put(&mut block, at, &self.owner.encode());
        seal(&mut block);
        block
    }

    /// The end block in `block` of the segment with `nonce`; `None` if it is none.
    #[must_use]
    pub(super) fn decode(block: &[u8], nonce: Nonce) -> Option<RunEnd> {
        let mut fields = Fields::new(unsealed(block)?);
        if block.len() != BLOCK_BYTES || fields.u32()? != MAGIC || fields.u8()? != VERSION {
            return None;
        }
        fields.reserved(3)?;
        let named = Nonce(fields.array()?);
        let offset = fields.u32()?;
        let bytes = fields.u32()?;
        let whole_blocks = length(offset).is_multiple_of(BLOCK_BYTES);
        if named != nonce || !whole_blocks || bytes == 0 || length(bytes) > RUN_BYTES_MAX {
            return None;
        }
        let units = (0..unit_count(length(bytes))).map(|_| fields.u32()).collect::<Option<Vec<_>>>()?;
        let owner = RunOwner::take(&mut fields)?;
        fields.padding()?;
        Some(RunEnd { owner, offset, bytes, units })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::mutation;

    const NONCE: Nonce = Nonce([4; 16]);

    fn sample() -> RunEnd {
        let owner = RunOwner { bucket: BucketId(7), key: b"a/key".to_vec(), upload: UploadId([2; 16]), part: 3 };
        RunEnd { owner, offset: 4096, bytes: 100_000, units: vec![0xdead_beef, 0x0bad_cafe] }
    }

    #[test]
    fn golden_run_end() {
        golden::pins("run-end", &sample().encode(NONCE));
        assert_eq!(RunEnd::decode(&golden::bytes("run-end"), NONCE), Some(sample()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in mutation::of(sample().encode(NONCE).to_vec())) {
            prop_assert!(RunEnd::decode(&bytes, NONCE).is_none_or(|found| found == sample()));
            prop_assert!(RunOwner::decode(&bytes).is_none_or(|found| found.encode() == bytes));
        }
    }

    #[test]
    fn an_end_block_that_breaks_its_rules_is_none() {
        type Change = &'static dyn Fn(&mut [u8]);
        let changes: [(&str, Change); 5] = [
            ("version", &|block| block[4] = 2),
            ("reserved", &|block| block[5] = 1),
            ("an offset within a block", &|block| block[24] = 1),
            ("no bytes", &|block| block[28..32].fill(0)),
            ("a byte behind the owner", &|block| block[4000] = 1),
        ];
        for (what, change) in changes {
            let mut block = sample().encode(NONCE);
            change(&mut block);
            seal(&mut block);
            assert_eq!(RunEnd::decode(&block, NONCE), None, "{what}");
        }
    }

    #[test]
    fn the_longest_run_with_the_longest_key_fits_its_end_block() {
        let owner =
            RunOwner { bucket: BucketId(1), key: vec![b'k'; KEY_BYTES_MAX], upload: UploadId([2; 16]), part: 3 };
        let units = vec![0xdead_beef; unit_count(RUN_BYTES_MAX)];
        let end = RunEnd { owner, offset: 4096, bytes: crate::codec::field_u32(RUN_BYTES_MAX), units };
        let mut block = end.encode(Nonce([4; 16]));
        assert_eq!(RunEnd::decode(&block, Nonce([4; 16])), Some(end));
        assert_eq!(RunEnd::decode(&block, Nonce([5; 16])), None, "another life of the slot");
        for byte in 0..block.len() {
            block[byte] ^= 2;
            assert_eq!(RunEnd::decode(&block, Nonce([4; 16])), None, "byte {byte}");
            block[byte] ^= 2;
        }
    }
}
