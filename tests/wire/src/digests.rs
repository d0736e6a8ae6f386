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
        assert_eq!(md5_hex(b"hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(sha256_hex(b"hello"), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    }
}
