//! A checksum of a body that streams past, whichever of the five it is, and the MD5 of a small document.
//!
//! What must hold: the result does not depend on how the body was cut. Of a CRC only the register is kept between two
//! pieces: the digest of `crc-fast` would drag its tables' keys along, and every connection holds one of these.

use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::algorithm::Algorithm;
use super::value::Checksum;

/// The checksum of a body of which a part has been seen.
#[derive(Clone, Debug)]
pub struct Hasher {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Crc32(u32),
    Crc32c(u32),
    Crc64Nvme(u64),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    /// The checksum of nothing yet.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Hasher {
        let state = match algorithm {
            Algorithm::Crc32 => State::Crc32(u32::MAX),
            Algorithm::Crc32c => State::Crc32c(u32::MAX),
            Algorithm::Crc64Nvme => State::Crc64Nvme(u64::MAX),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
        };
        Hasher { state }
    }

    /// The checksum of `bytes`.
    #[must_use]
    pub fn whole(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc32(register) => {
                *register = narrow(advance(CrcAlgorithm::Crc32IsoHdlc, (*register).into(), bytes))
            }
            State::Crc32c(register) => *register = narrow(advance(CrcAlgorithm::Crc32Iscsi, (*register).into(), bytes)),
            State::Crc64Nvme(register) => *register = advance(CrcAlgorithm::Crc64Nvme, *register, bytes),
            State::Sha1(sha) => sha.update(bytes),
            State::Sha256(sha) => sha.update(bytes),
        }
    }

    /// The checksum of all that was taken in.
    #[must_use]
    pub fn finish(self) -> Checksum {
        let checksum = match self.state {
            State::Crc32(register) => Checksum::new(Algorithm::Crc32, &(!register).to_be_bytes()),
            State::Crc32c(register) => Checksum::new(Algorithm::Crc32c, &(!register).to_be_bytes()),
            State::Crc64Nvme(register) => Checksum::new(Algorithm::Crc64Nvme, &(!register).to_be_bytes()),
            State::Sha1(sha) => Checksum::new(Algorithm::Sha1, &sha.finalize()),
            State::Sha256(sha) => Checksum::new(Algorithm::Sha256, &sha.finalize()),
        };
        checksum.expect("a digest has the length of its algorithm")
    }
}

/// The MD5 of a small document, to be compared with its `Content-MD5`. Bodies of objects have theirs from the engine.
#[must_use]
pub fn content_md5(document: &[u8]) -> [u8; 16] {
    Md5::digest(document).into()
}

fn advance(algorithm: CrcAlgorithm, register: u64, bytes: &[u8]) -> u64 {
    let mut digest = CrcDigest::new_with_init_state(algorithm, register);
    digest.update(bytes);
    digest.get_state()
}

fn narrow(register: u64) -> u32 {
    u32::try_from(register).expect("the register of a 32 bit checksum has 32 bits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow twin of the CRCs: one bit at a time, straight from the reflected polynomial.
    fn crc_by_bits(polynomial: u64, ones: u64, bytes: &[u8]) -> u64 {
        let register = bytes.iter().fold(ones, |register, &byte| {
            (0..8).fold(register ^ u64::from(byte), |register, _| {
                if register & 1 == 1 { (register >> 1) ^ polynomial } else { register >> 1 }
            })
        });
        register ^ ones
    }

    fn text(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        Hasher::whole(algorithm, bytes).write_base64(&mut out);
        String::from_utf8(out).expect("base64 is ASCII")
    }

    #[test]
    fn known_answers_hold() {
        for (algorithm, of_nothing, of_digits) in [
            (Algorithm::Crc32, "AAAAAA==", "y/Q5Jg=="),
            (Algorithm::Crc32c, "AAAAAA==", "4waSgw=="),
            (Algorithm::Crc64Nvme, "AAAAAAAAAAA=", "rosUhgp5mIg="),
            (Algorithm::Sha1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (
                Algorithm::Sha256,
                "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
            ),
        ] {
            assert_eq!(text(algorithm, b""), of_nothing, "{algorithm}");
            assert_eq!(text(algorithm, b"123456789"), of_digits, "{algorithm}");
        }
    }

    #[test]
    fn the_md5_of_a_document_is_the_known_one() {
        assert_eq!(u128::from_be_bytes(content_md5(b"")), 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e);
    }

    proptest! {
        #[test]
        fn no_cut_changes_the_result(
            bytes in prop::collection::vec(any::<u8>(), 0..3000), cuts in prop::collection::vec(0_usize..3000, 0..5),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
            cuts.sort_unstable();
            for algorithm in Algorithm::ALL {
                let mut hasher = Hasher::new(algorithm);
                let mut from = 0;
                for cut in cuts.iter().chain([&bytes.len()]) {
                    hasher.update(&bytes[from..*cut]);
                    from = *cut;
                }
                prop_assert_eq!(hasher.finish(), Hasher::whole(algorithm, &bytes));
            }
        }

        #[test]
        fn crcs_equal_those_made_bit_by_bit(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let ones = u64::from(u32::MAX);
            for (algorithm, polynomial, ones) in [
                (Algorithm::Crc32, 0xedb8_8320, ones),
                (Algorithm::Crc32c, 0x82f6_3b78, ones),
                (Algorithm::Crc64Nvme, 0x9a6c_9329_ac4b_c9b5, u64::MAX),
            ] {
                let crc = crc_by_bits(polynomial, ones, &bytes).to_be_bytes();
                let checksum = Checksum::new(algorithm, &crc[8 - algorithm.digest_bytes()..]);
                prop_assert_eq!(Some(Hasher::whole(algorithm, &bytes)), checksum);
            }
        }
    }
}
