//! What a body must be, and under which entity tag: both follow from its key and version.
//!
//! What must hold: the version says whether a body was put in one piece or in parts, for its entity tag has another
//! form then. All parts but the last have one length.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use stratum_crash::body;

/// A part that is not the last: the smallest that S3 takes.
pub const PART_BYTES: u64 = 5 * 1024 * 1024;
/// The lowest bit of a version whose body is put in parts.
const IN_PARTS: u64 = 1;

/// The version of the `count`-th body of this client.
#[must_use]
pub fn version(count: u64, client: u64, in_parts: bool) -> u64 {
    (count << 8) | (client << 1) | (u64::from(in_parts) * IN_PARTS)
}

/// The MD5 of one piece of the body of `key` at `version`.
#[must_use]
pub fn md5_of_part(key: &str, version: u64, number: u64, bytes: u64) -> String {
    hex(&md5(&part(key, version, number, bytes)))
}

/// A part, counted from 1.
#[must_use]
pub fn part(key: &str, version: u64, number: u64, bytes: u64) -> Vec<u8> {
    body::piece(key, version, (number - 1) * PART_BYTES, bytes)
}

/// The entity tag of a body, without quotes.
#[must_use]
pub fn etag(version: u64, body: &[u8]) -> String {
    if version & IN_PARTS == 0 {
        return hex(&md5(body));
    }
    let part_bytes = usize::try_from(PART_BYTES).unwrap_or(usize::MAX);
    let digests: Vec<[u8; 16]> = body.chunks(part_bytes).map(md5).collect();
    format!("{}-{}", hex(&md5(digests.as_flattened())), digests.len())
}

fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every byte");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_one_piece_has_its_md5_and_one_in_parts_says_how_many() {
        assert_eq!(etag(version(1, 2, false), b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        // MD5 of the digest 900150983cd24fb0d6963f7d28e17f72.
        assert_eq!(etag(version(1, 2, true), b"abc"), "af5da9f45af7a300e3aded972f8ff687-1");
        let long = vec![0; 12 * 1024 * 1024];
        assert!(etag(version(1, 2, true), &long).ends_with("-3"));
    }

    #[test]
    fn parts_one_after_the_other_are_the_body() {
        let rest = 16;
        let parts = [part("a", 9, 1, PART_BYTES), part("a", 9, 2, rest)].concat();
        assert_eq!(body::version_of("a", &parts), Some(9));
        assert_eq!(md5_of_part("a", 9, 2, rest), hex(&md5(&parts[parts.len() - 16..])));
    }
}
