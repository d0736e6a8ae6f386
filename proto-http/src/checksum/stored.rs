//! Checksums as bytes, as the engine keeps them with an object and with a part.
//!
//! ```text
//! part     algorithm u8 | digest
//! object   algorithm u8 | parts u16, 0 for a checksum over the bytes | digest
//! ```
//!
//! What must hold: the bytes are stored, so that the numbers of the algorithms never change. Integers are
//! little-endian. Decoders accept any bytes and return `None` for what the encoder does not write.

use stratum_engine::codec::Fields;
use stratum_engine::limits::PARTS_MAX;

use super::algorithm::{Algorithm, ChecksumType};
use super::value::{Checksum, ObjectChecksum};
use crate::limits::CHECKSUM_BYTES_MAX;

/// Bytes of the longest stored checksum of a part.
pub const PART_BYTES_MAX: usize = 1 + CHECKSUM_BYTES_MAX;
/// Bytes of the longest stored checksum of an object.
pub const OBJECT_BYTES_MAX: usize = PART_BYTES_MAX + 2;

/// The stored form of a part's checksum.
#[must_use]
pub fn encode_part(checksum: &Checksum) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PART_BYTES_MAX);
    bytes.push(number(checksum.algorithm()));
    bytes.extend_from_slice(checksum.bytes());
    bytes
}

/// A part's checksum, `None` if the bytes are not one.
#[must_use]
pub fn decode_part(bytes: &[u8]) -> Option<Checksum> {
    let mut fields = Fields::new(bytes);
    let algorithm = algorithm(fields.u8()?)?;
    Checksum::new(algorithm, fields.rest())
}

/// The stored form of an object's checksum.
#[must_use]
pub fn encode_object(object: &ObjectChecksum) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(OBJECT_BYTES_MAX);
    bytes.push(number(object.checksum.algorithm()));
    bytes.extend_from_slice(&object.parts.unwrap_or(0).to_le_bytes());
    bytes.extend_from_slice(object.checksum.bytes());
    bytes
}

/// An object's checksum, `None` if the bytes are not one.
#[must_use]
pub fn decode_object(bytes: &[u8]) -> Option<ObjectChecksum> {
    let mut fields = Fields::new(bytes);
    let algorithm = algorithm(fields.u8()?)?;
    let parts = match fields.u16()? {
        0 => None,
        parts if parts <= PARTS_MAX && algorithm.allows(ChecksumType::Composite) => Some(parts),
        _ => return None,
    };
    let checksum = Checksum::new(algorithm, fields.rest())?;
    Some(ObjectChecksum { checksum, parts })
}

fn number(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Crc32 => 1,
        Algorithm::Crc32c => 2,
        Algorithm::Crc64Nvme => 3,
        Algorithm::Sha1 => 4,
        Algorithm::Sha256 => 5,
    }
}

fn algorithm(number_read: u8) -> Option<Algorithm> {
    Algorithm::ALL.into_iter().find(|algorithm| number(*algorithm) == number_read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(algorithm: Algorithm, parts: Option<u16>) -> ObjectChecksum {
        let digest: Vec<u8> = (0xa0..0xa0 + 32).take(algorithm.digest_bytes()).collect();
        ObjectChecksum { checksum: Checksum::new(algorithm, &digest).expect("its length"), parts }
    }

    #[test]
    fn the_stored_bytes_are_pinned() {
        let crc32 = object(Algorithm::Crc32, Some(0x1234));
        assert_eq!(encode_object(&crc32), b"\x01\x34\x12\xa0\xa1\xa2\xa3");
        assert_eq!(encode_part(&crc32.checksum), b"\x01\xa0\xa1\xa2\xa3");
        let nvme = object(Algorithm::Crc64Nvme, None);
        assert_eq!(encode_object(&nvme), b"\x03\0\0\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7");
        for (algorithm, first) in Algorithm::ALL.into_iter().zip(1..) {
            assert_eq!(encode_part(&object(algorithm, None).checksum).first(), Some(&first));
        }
    }

    #[test]
    fn what_was_stored_is_read_back_and_fits() {
        for algorithm in Algorithm::ALL {
            for parts in [None, Some(1), Some(PARTS_MAX)] {
                let object = object(algorithm, parts);
                let bytes = encode_object(&object);
                let expected = (parts.is_none() || algorithm.allows(ChecksumType::Composite)).then_some(object);
                assert_eq!(decode_object(&bytes), expected, "{algorithm} {parts:?}");
                assert!(bytes.len() <= OBJECT_BYTES_MAX);
                let bytes = encode_part(&object.checksum);
                assert_eq!(decode_part(&bytes), Some(object.checksum));
                assert!(bytes.len() <= PART_BYTES_MAX);
            }
        }
    }

    #[test]
    fn bent_bytes_are_refused() {
        for algorithm in Algorithm::ALL {
            let good = encode_object(&object(algorithm, None));
            for len in 0..good.len() {
                assert_eq!(decode_object(&good[..len]), None);
            }
            let part = encode_part(&object(algorithm, None).checksum);
            for len in 0..part.len() {
                assert_eq!(decode_part(&part[..len]), None);
            }
            for (at, byte) in [(0, 0), (0, 6), (0, 0xff), (2, 0xff)] {
                let mut bent = good.clone();
                bent[at] = byte;
                assert_eq!(decode_object(&bent), None, "{algorithm} {at} {byte}");
            }
            assert_eq!(decode_object(&[&good[..], &[0]].concat()), None);
            assert_eq!(decode_part(&[&part[..], &[0]].concat()), None);
        }
        let mut too_many = encode_object(&object(Algorithm::Sha1, Some(PARTS_MAX)));
        too_many[1..3].copy_from_slice(&(PARTS_MAX + 1).to_le_bytes());
        assert_eq!(decode_object(&too_many), None);
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_would_be_written(
            head in 0_u8..8, parts in prop_oneof![Just(0), 0_u16..4, any::<u16>()],
            digest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let bytes = [&[head], &parts.to_le_bytes()[..], &digest].concat();
            if let Some(object) = decode_object(&bytes) {
                prop_assert_eq!(encode_object(&object), bytes.clone());
            }
            if let Some(checksum) = decode_part(&bytes) {
                prop_assert_eq!(encode_part(&checksum), bytes);
            }
        }
    }
}
