//! CRC-32C (Castagnoli, the one of iSCSI and ext4): the checksum of everything the engine puts on disk.
//!
//! It must stay this polynomial with these start and end values for ever, because disks hold it; the known answers
//! below pin it. What is covered by which checksum is in `FORMAT.md`, not here.

use crc_fast::CrcAlgorithm::Crc32Iscsi;
use crc_fast::Digest;

use crate::types::Nonce;

/// What the register holds before the first byte, and what it is xored with after the last.
const ALL_ONES: u32 = u32::MAX;

/// The checksum of `bytes`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// The checksum of a unit of a run: that of the segment's nonce, the number of the unit (little-endian) and its bytes
/// in a row. What an earlier use of the slot left there, or another unit of the same run, cannot be taken for this
/// unit.
#[must_use]
pub fn crc32c_unit(nonce: Nonce, unit: u32, bytes: &[u8]) -> u32 {
    let mut seed = [0; 20];
    let (head, number) = seed.split_at_mut(16);
    head.copy_from_slice(&nonce.0);
    number.copy_from_slice(&unit.to_le_bytes());
    let mut crc = Crc32c::new();
    crc.update(&seed);
    crc.update(bytes);
    crc.finish()
}

/// A checksum over several slices, equal to that of their concatenation.
///
/// Only the register is kept, so that it is four bytes to hold; the digest of `crc-fast` drags its tables' keys along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crc32c {
    register: u32,
}

impl Crc32c {
    /// The checksum of nothing yet.
    #[must_use]
    pub fn new() -> Crc32c {
        Crc32c { register: ALL_ONES }
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut digest = Digest::new_with_init_state(Crc32Iscsi, u64::from(self.register));
        digest.update(bytes);
        self.register = u32::try_from(digest.get_state()).expect("the register of a 32 bit checksum has 32 bits");
    }

    /// The checksum of all that was taken in.
    #[must_use]
    pub fn finish(self) -> u32 {
        self.register ^ ALL_ONES
    }
}

impl Default for Crc32c {
    fn default() -> Crc32c {
        Crc32c::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow twin: one bit at a time, straight from the polynomial.
    fn crc32c_by_bits(bytes: &[u8]) -> u32 {
        let register = bytes.iter().fold(ALL_ONES, |register, &byte| {
            (0..8).fold(register ^ u32::from(byte), |register, _| {
                if register & 1 == 1 { (register >> 1) ^ 0x82f6_3b78 } else { register >> 1 }
            })
        });
        register ^ ALL_ONES
    }

    #[test]
    fn known_answers_of_rfc_3720_hold() {
        let ascending: Vec<u8> = (0..32).collect();
        for (bytes, crc) in [
            (&b""[..], 0),
            (&b"123456789"[..], 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&ascending, 0x46dd_794e),
        ] {
            assert_eq!(crc32c(bytes), crc);
            assert_eq!(crc32c_by_bits(bytes), crc);
        }
    }

    #[test]
    fn a_unit_is_bound_to_its_nonce_and_its_number() {
        let nonce = Nonce([7; 16]);
        let crc = crc32c_unit(nonce, 3, b"unit");
        assert_eq!(
            crc,
            crc32c_by_bits(b"\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x03\0\0\0unit")
        );
        assert_ne!(crc, crc32c_unit(nonce, 4, b"unit"));
        assert_ne!(crc, crc32c_unit(Nonce([8; 16]), 3, b"unit"));
        assert_ne!(crc, crc32c(b"unit"));
    }

    proptest! {
        #[test]
        fn slices_of_any_cut_equal_the_whole_bit_by_bit(
            bytes in prop::collection::vec(any::<u8>(), 0..3000),
            cuts in prop::collection::vec(0_usize..3000, 0..4),
        ) {
            let whole = crc32c_by_bits(&bytes);
            prop_assert_eq!(crc32c(&bytes), whole);
            let mut crc = Crc32c::new();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                crc.update(head);
                rest = tail;
            }
            crc.update(rest);
            prop_assert_eq!(crc.finish(), whole);
        }
    }
}
