//! One checksum as a value, its base64 on the wire, and the checksum of an object, which also knows what it was made
//! over.
//!
//! What must hold: a checksum has exactly as many bytes as its algorithm makes. What came from a client is compared,
//! and nothing here is secret, so that comparing need not take the same time for all values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::{Algorithm, ChecksumType};
use crate::limits::{CHECKSUM_BASE64_BYTES_MAX, CHECKSUM_BYTES_MAX};

/// A checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    /// The digest, then zeros.
    digest: [u8; CHECKSUM_BYTES_MAX],
}

/// Why a value is no checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumError {
    /// It is not base64.
    NotBase64,
    /// It has another length than the checksums of its algorithm.
    WrongLength,
}

/// The checksum of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectChecksum {
    /// The value.
    pub checksum: Checksum,
    /// The parts whose checksums it was made over; `None` if it was made over the bytes.
    pub parts: Option<u16>,
}

impl Checksum {
    /// The checksum made of these bytes; `None` unless they are as many as `algorithm` makes.
    #[must_use]
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Option<Checksum> {
        if bytes.len() != algorithm.digest_bytes() {
            return None;
        }
        let mut digest = [0; CHECKSUM_BYTES_MAX];
        digest.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Checksum { algorithm, digest })
    }

    /// The checksum that a client sent.
    ///
    /// # Errors
    /// It is not base64, or of another length than such checksums have. What is longer than any is not looked at.
    pub fn parse(algorithm: Algorithm, value: &[u8]) -> Result<Checksum, ChecksumError> {
        if value.len() > CHECKSUM_BASE64_BYTES_MAX {
            return Err(ChecksumError::WrongLength);
        }
        // 44 letters may be 33 bytes.
        let mut bytes = [0; CHECKSUM_BYTES_MAX + 1];
        let len = STANDARD.decode_slice(value, &mut bytes).map_err(|_| ChecksumError::NotBase64)?;
        bytes.get(..len).and_then(|bytes| Checksum::new(algorithm, bytes)).ok_or(ChecksumError::WrongLength)
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.digest.get(..self.algorithm.digest_bytes()).unwrap_or_default()
    }

    /// Its base64, behind what is in `out`.
    pub fn write_base64(&self, out: &mut Vec<u8>) {
        let mut text = [0; CHECKSUM_BASE64_BYTES_MAX];
        let len = STANDARD.encode_slice(self.bytes(), &mut text).expect("a digest of 32 bytes has 44 letters");
        out.extend_from_slice(text.get(..len).unwrap_or_default());
    }
}

impl ObjectChecksum {
    /// A checksum over the bytes of the object.
    #[must_use]
    pub fn full(checksum: Checksum) -> ObjectChecksum {
        ObjectChecksum { checksum, parts: None }
    }

    /// What it was made over.
    #[must_use]
    pub fn kind(&self) -> ChecksumType {
        if self.parts.is_some() { ChecksumType::Composite } else { ChecksumType::FullObject }
    }

    /// Its value behind what is in `out`: base64, and for a composite one the number of its parts behind a hyphen.
    pub fn write_value(&self, out: &mut Vec<u8>) {
        self.checksum.write_base64(out);
        if let Some(parts) = self.parts {
            out.extend_from_slice(format!("-{parts}").as_bytes());
        }
    }

    /// Whether this is the checksum that the request which completes an upload claims for the object. A composite one
    /// may be named with or without its number of parts: SDKs do both.
    ///
    /// # Errors
    /// The claim is no checksum of this algorithm.
    pub fn is_claimed_by(&self, value: &[u8]) -> Result<bool, ChecksumError> {
        let hyphen = value.iter().position(|byte| *byte == b'-').filter(|_| self.parts.is_some());
        let (digest, parts) = match hyphen.and_then(|at| value.split_at_checked(at)) {
            Some((digest, suffix)) => (digest, Some(suffix)),
            None => (value, None),
        };
        let is_same = Checksum::parse(self.checksum.algorithm, digest)? == self.checksum;
        let own = self.parts.map(|parts| format!("-{parts}"));
        Ok(is_same && parts.is_none_or(|parts| own.is_some_and(|own| own.as_bytes() == parts)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(checksum: Checksum) -> String {
        let mut out = Vec::new();
        checksum.write_base64(&mut out);
        String::from_utf8(out).expect("base64 is ASCII")
    }

    #[test]
    fn values_that_clients_send_are_read_and_written_back() {
        for (algorithm, value) in [
            (Algorithm::Crc32, "DUoRhQ=="),
            (Algorithm::Crc32c, "yZRlqg=="),
            (Algorithm::Crc64Nvme, "ZpA5GkCetmQ="),
            (Algorithm::Sha1, "Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
            (Algorithm::Sha256, "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="),
        ] {
            let checksum = Checksum::parse(algorithm, value.as_bytes()).expect("a checksum");
            assert_eq!((checksum.algorithm(), text(checksum)), (algorithm, value.to_owned()));
            assert_eq!(Checksum::new(algorithm, checksum.bytes()), Some(checksum));
        }
    }

    #[test]
    fn malformed_base64_and_a_wrong_length_are_two_errors() {
        for value in ["DUoRhQ", "DUoRhQ=", "DUo hQ==", "====", "DUoRhR==", "DUoRhQ==\n", "\u{fc}", "DUoRhQ==-1", "a"] {
            let error = Checksum::parse(Algorithm::Crc32, value.as_bytes());
            assert_eq!(error, Err(ChecksumError::NotBase64), "{value}");
        }
        let (long, longer) = ("A".repeat(44), "A".repeat(48));
        for value in ["", "AAAA", "ZpA5GkCetmQ=", &long, &longer] {
            let error = Checksum::parse(Algorithm::Crc32, value.as_bytes());
            assert_eq!(error, Err(ChecksumError::WrongLength), "{value}");
        }
        let sha = |value: String| Checksum::parse(Algorithm::Sha256, value.as_bytes());
        assert_eq!(sha("?".repeat(44)), Err(ChecksumError::NotBase64));
        assert_eq!(sha("?".repeat(45)), Err(ChecksumError::WrongLength), "not even looked at");
    }

    #[test]
    fn a_composite_value_ends_in_the_number_of_its_parts() {
        let checksum = Checksum::new(Algorithm::Crc32, &[0, 1, 2, 3]).expect("four bytes");
        for (parts, expected) in [(None, "AAECAw=="), (Some(1), "AAECAw==-1"), (Some(10_000), "AAECAw==-10000")] {
            let mut out = Vec::new();
            ObjectChecksum { checksum, parts }.write_value(&mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn a_claim_may_name_its_parts_but_no_others() {
        let checksum = Checksum::new(Algorithm::Crc32, &[0, 1, 2, 3]).expect("four bytes");
        let composite = ObjectChecksum { checksum, parts: Some(3) };
        assert_eq!(composite.kind(), ChecksumType::Composite);
        for (claim, answer) in [
            ("AAECAw==-3", Ok(true)),
            ("AAECAw==", Ok(true)),
            ("AAECAw==-2", Ok(false)),
            ("AAECAw==-03", Ok(false)),
            ("AAECAw==-", Ok(false)),
            ("AAECBA==-3", Ok(false)),
            ("-3", Err(ChecksumError::WrongLength)),
            ("AAECAw-3", Err(ChecksumError::NotBase64)),
        ] {
            assert_eq!(composite.is_claimed_by(claim.as_bytes()), answer, "{claim}");
        }
        let full = ObjectChecksum::full(checksum);
        assert_eq!(full.kind(), ChecksumType::FullObject);
        assert_eq!(full.is_claimed_by(b"AAECAw=="), Ok(true));
        assert_eq!(full.is_claimed_by(b"AAECAw==-3"), Err(ChecksumError::NotBase64));
    }

    proptest! {
        #[test]
        fn any_value_is_an_answer_and_what_is_read_is_what_was_written(
            value in prop::collection::vec(any::<u8>(), 0..80), bytes in any::<[u8; 32]>(), which in 0_usize..5,
        ) {
            let algorithm = Algorithm::ALL[which];
            if let Ok(checksum) = Checksum::parse(algorithm, &value) {
                prop_assert_eq!(text(checksum).into_bytes(), value);
            }
            let checksum = Checksum::new(algorithm, &bytes[..algorithm.digest_bytes()]).expect("its length");
            prop_assert_eq!(Checksum::parse(algorithm, text(checksum).as_bytes()), Ok(checksum));
        }
    }
}
