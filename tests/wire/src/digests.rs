//! Digests and checksums, the slow way: bit by bit where the server has tables and instructions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};

/// SHA-256 in small hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// MD5.
#[must_use]
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// MD5 in small hexadecimal digits: an entity tag without its quotes.
#[must_use]
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(&md5(bytes))
}

/// CRC32 as headers have it.
#[must_use]
pub fn crc32(bytes: &[u8]) -> String {
    let crc = reflected(0xEDB8_8320, u64::from(u32::MAX), bytes);
    base64(crc.to_be_bytes().get(4..).unwrap_or_default())
}

/// CRC32C as headers have it.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> String {
    let crc = reflected(0x82F6_3B78, u64::from(u32::MAX), bytes);
    base64(crc.to_be_bytes().get(4..).unwrap_or_default())
}

/// CRC64NVME as headers have it.
#[must_use]
pub fn crc64_nvme(bytes: &[u8]) -> String {
    base64(&reflected(0x9A6C_9329_AC4B_C9B5, u64::MAX, bytes).to_be_bytes())
}

/// SHA-1, which no other test needs.
fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() < bytes.len() + 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let length = padded.len() - 8;
    padded.truncate(length);
    padded.extend_from_slice(&(8 * bytes.len() as u64).to_be_bytes());
    let mut state = [0x6745_2301_u32, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    for block in padded.chunks(64) {
        let mut words: Vec<u32> =
            block.chunks(4).map(|word| word.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))).collect();
        for at in 16..80 {
            words.push((words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match at {
                0..20 => (b & c | !b & d, 0x5A82_7999),
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
                40..60 => (b & c | b & d | c & d, 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let next = [a.rotate_left(5), mixed, e, constant, word].into_iter().fold(0, u32::wrapping_add);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// HMAC with SHA-1, of a key that is no longer than a block.
pub(crate) fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect() };
    let inner = sha1(&[pad(0x36), text.to_vec()].concat());
    sha1(&[pad(0x5c), inner].concat())
}

/// Base64 with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Small hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A reflected CRC that begins and ends with all ones.
fn reflected(polynomial: u64, ones: u64, bytes: &[u8]) -> u64 {
    let mut crc = ones;
    for byte in bytes {
        crc ^= u64::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
        }
    }
    crc ^ ones
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogues, and what boto3 sent for `hello`.
    #[test]
    fn known_digests() {
        assert_eq!(crc32(b"123456789"), base64(&0xCBF4_3926_u32.to_be_bytes()));
        assert_eq!(crc32c(b"123456789"), base64(&0xE306_9283_u32.to_be_bytes()));
        assert_eq!(crc64_nvme(b"123456789"), base64(&0xAE8B_1486_0A79_9888_u64.to_be_bytes()));
        assert_eq!(crc32(b"hello"), "NhCmhg==");
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(hex(&sha1(two_blocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        let mac = hmac_sha1(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&mac), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(md5_hex(b"hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(sha256_hex(b"hello"), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    }
}
