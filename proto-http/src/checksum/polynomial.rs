//! What bytes that follow do to the CRC of the bytes before them: the CRC of a whole out of the CRCs of its pieces.
//!
//! A CRC is a polynomial over the two-valued field, taken modulo the polynomial of its algorithm. To put `n` bytes
//! behind some others multiplies their polynomial by `x^8n`; the CRC of the bytes that follow is then added. That the
//! register begins and ends with ones cancels out, because all three CRCs begin and end with the same ones.
//!
//! ```text
//! bits of a register of width 32, as all three CRCs keep them:   31  30 ...  1   0
//! the power of x that each stands for:                            0   1 ... 30  31
//! ```
//!
//! `crc-fast` can combine too, but makes a matrix for every call: 10,000 parts would hold a core for the better part of
//! a second. Parts but the last are nearly always of one length, so that the power is found once and each part costs
//! one multiplication.

/// The field of one CRC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// The polynomial without its highest power.
    polynomial: u64,
    /// The bit that stands for 1.
    one: u64,
}

/// The CRC of pieces that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    field: Field,
    crc: u64,
    /// The last length and its power.
    last: (u64, u64),
}

impl Field {
    /// That of CRC32.
    pub(super) const CRC32: Field = Field { polynomial: 0xedb8_8320, one: 1 << 31 };
    /// That of CRC32C.
    pub(super) const CRC32C: Field = Field { polynomial: 0x82f6_3b78, one: 1 << 31 };
    /// That of CRC64NVME.
    pub(super) const CRC64NVME: Field = Field { polynomial: 0x9a6c_9329_ac4b_c9b5, one: 1 << 63 };

    /// `a * b`.
    fn product(self, a: u64, b: u64) -> u64 {
        let (mut sum, mut b, mut bit) = (0, b, self.one);
        while bit != 0 {
            // All ones where the bit is set and none where it is not: a branch that nothing predicts would cost more.
            sum ^= b & u64::from(a & bit != 0).wrapping_neg();
            b = (b >> 1) ^ (self.polynomial & (b & 1).wrapping_neg());
            bit >>= 1;
        }
        sum
    }

    /// `x^8n`.
    fn power_of_bytes(self, n: u64) -> u64 {
        // x^8, then squared for every binary digit of n.
        let (mut square, mut power, mut n) = (self.one >> 8, self.one, n);
        while n != 0 {
            if n & 1 == 1 {
                power = self.product(power, square);
            }
            square = self.product(square, square);
            n >>= 1;
        }
        power
    }
}

impl Joined {
    /// No piece yet.
    pub(super) fn new(field: Field) -> Joined {
        Joined { field, crc: 0, last: (0, field.one) }
    }

    /// Puts the next piece behind: its CRC and its length.
    pub(super) fn push(&mut self, crc: u64, len: u64) {
        if self.last.0 != len {
            self.last = (len, self.field.power_of_bytes(len));
        }
        self.crc = self.field.product(self.crc, self.last.1) ^ crc;
    }

    /// The CRC of all pieces.
    pub(super) fn crc(&self) -> u64 {
        self.crc
    }
}

#[cfg(test)]
mod tests {
    use crc_fast::CrcAlgorithm;
    use proptest::prelude::*;

    use super::*;

    const ALL: [(Field, CrcAlgorithm, u64); 3] = [
        (Field::CRC32, CrcAlgorithm::Crc32IsoHdlc, 0xffff_ffff),
        (Field::CRC32C, CrcAlgorithm::Crc32Iscsi, 0xffff_ffff),
        (Field::CRC64NVME, CrcAlgorithm::Crc64Nvme, u64::MAX),
    ];

    #[test]
    fn a_byte_at_a_time_is_the_crc_of_the_whole() {
        let text = b"123456789";
        for (field, algorithm, _) in ALL {
            let mut joined = Joined::new(field);
            text.iter().for_each(|byte| joined.push(crc_fast::checksum(algorithm, &[*byte]), 1));
            assert_eq!(joined.crc(), crc_fast::checksum(algorithm, text));
        }
    }

    proptest! {
        #[test]
        fn two_pieces_of_any_length_join_as_crc_fast_joins_them(
            crcs in any::<(u64, u64)>(), len in prop_oneof![0..5_u64, any::<u64>(), 0..5_u64 << 40],
        ) {
            for (field, algorithm, mask) in ALL {
                let (first, second) = (crcs.0 & mask, crcs.1 & mask);
                let mut joined = Joined::new(field);
                joined.push(first, 1);
                joined.push(second, len);
                prop_assert_eq!(joined.crc(), crc_fast::checksum_combine(algorithm, first, second, len));
            }
        }
    }
}
