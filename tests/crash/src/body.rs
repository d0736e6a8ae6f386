//! Bodies that say who they are: the version comes first, and every byte behind it follows from the key and the
//! version.
//!
//! What must hold: a body of `n` bytes is the first `n` bytes of a longer one with the same key and version, so that
//! parts put one after the other make a body of this kind too.

use crate::chance::Chance;

/// The smallest body: its version.
pub const BYTES_MIN: u64 = 8;

/// The bytes `[from, from + length)` of the body of `key` at `version`. Both are multiples of eight.
#[must_use]
pub fn piece(key: &str, version: u64, from: u64, length: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    for word in from / 8..(from + length) / 8 {
        bytes.extend_from_slice(&word_at(name_of(key), version, word).to_le_bytes());
    }
    bytes
}

/// The version that a whole body of `key` says, if all of its bytes follow from it.
#[must_use]
pub fn version_of(key: &str, body: &[u8]) -> Option<u64> {
    let version = u64::from_le_bytes(body.first_chunk::<8>().copied()?);
    let name = name_of(key);
    let (words, rest) = body.as_chunks::<8>();
    let mut expected = (0..).map(|word| word_at(name, version, word));
    let whole = rest.is_empty() && words.iter().all(|word| Some(u64::from_le_bytes(*word)) == expected.next());
    whole.then_some(version)
}

fn word_at(name: u64, version: u64, word: u64) -> u64 {
    if word == 0 { version } else { Chance::new(name ^ version.rotate_left(32) ^ word << 8).number() }
}

fn name_of(key: &str) -> u64 {
    key.bytes().fold(0, |sum, byte| Chance::new(sum ^ u64::from(byte)).number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_its_version_and_nothing_else_passes_for_it() {
        let body = piece("a", 7, 0, 4096);
        assert_eq!(version_of("a", &body), Some(7));
        assert_eq!(version_of("b", &body), None, "another key's bytes");
        let mut torn = body.clone();
        torn[4000] ^= 1;
        assert_eq!(version_of("a", &torn), None, "one bit");
        assert_eq!(version_of("a", &body[..4001]), None, "a length that was never put");
    }

    #[test]
    fn pieces_one_after_the_other_are_the_body() {
        let parts = [piece("a", 7, 0, 800), piece("a", 7, 800, 1600)].concat();
        assert_eq!(parts, piece("a", 7, 0, 2400));
    }
}
