//! The five algorithms that S3 names, their names on the wire, and the two ways in which parts make the checksum of an
//! object.
//!
//! What must hold: the names are those of S3, letter by letter; header names are lower case, as a head keeps them.

use std::fmt;

/// An algorithm for the checksum of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// The CRC of zip and Ethernet: the default of most SDKs.
    Crc32,
    /// The Castagnoli CRC.
    Crc32c,
    /// The CRC of NVMe: what S3 takes where the client chose nothing.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What the checksum of an object is made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumType {
    /// Over the checksums of its parts.
    Composite,
    /// Over its bytes.
    FullObject,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 5] =
        [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme, Algorithm::Sha1, Algorithm::Sha256];
    /// What is taken where a client chose nothing.
    pub const DEFAULT: Algorithm = Algorithm::Crc64Nvme;

    /// The algorithm of this name, in letters of any case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The algorithm whose values stand in the header or trailer of this name, in letters of any case.
    #[must_use]
    pub fn of_header(name: &[u8]) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.header().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The algorithm whose values stand in the element of this name.
    #[must_use]
    pub fn of_element(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.element() == name)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    /// The header and trailer of its values.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "x-amz-checksum-crc32",
            Algorithm::Crc32c => "x-amz-checksum-crc32c",
            Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element of its values.
    #[must_use]
    pub fn element(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "ChecksumCRC32",
            Algorithm::Crc32c => "ChecksumCRC32C",
            Algorithm::Crc64Nvme => "ChecksumCRC64NVME",
            Algorithm::Sha1 => "ChecksumSHA1",
            Algorithm::Sha256 => "ChecksumSHA256",
        }
    }

    /// Bytes of a checksum.
    #[must_use]
    pub fn digest_bytes(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    /// Whether the checksums of parts can become one of this type. A hash of all bytes cannot be had from the hashes of
    /// parts; and S3 takes CRC64NVME for whole objects only.
    #[must_use]
    pub fn allows(self, kind: ChecksumType) -> bool {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => true,
            Algorithm::Crc64Nvme => kind == ChecksumType::FullObject,
            Algorithm::Sha1 | Algorithm::Sha256 => kind == ChecksumType::Composite,
        }
    }

    /// The type of a multipart upload that names none.
    #[must_use]
    pub fn default_type(self) -> ChecksumType {
        if self.allows(ChecksumType::Composite) { ChecksumType::Composite } else { ChecksumType::FullObject }
    }
}

impl ChecksumType {
    /// The type of this name, in letters of any case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<ChecksumType> {
        let all = [ChecksumType::Composite, ChecksumType::FullObject];
        all.into_iter().find(|kind| kind.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ChecksumType::Composite => "COMPOSITE",
            ChecksumType::FullObject => "FULL_OBJECT",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ChecksumType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_letters_of_any_case() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name().as_bytes()), Some(algorithm));
            assert_eq!(Algorithm::named(algorithm.name().to_ascii_lowercase().as_bytes()), Some(algorithm));
            assert_eq!(Algorithm::of_header(algorithm.header().as_bytes()), Some(algorithm));
            assert_eq!(Algorithm::of_header(algorithm.header().to_ascii_uppercase().as_bytes()), Some(algorithm));
            assert_eq!(Algorithm::of_element(algorithm.element()), Some(algorithm));
        }
        assert_eq!(ChecksumType::named(b"full_object"), Some(ChecksumType::FullObject));
        assert_eq!(ChecksumType::named(b"COMPOSITE"), Some(ChecksumType::Composite));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for name in [&b""[..], b"CRC", b"CRC32 ", b"crc-32", b"MD5", b"SHA512", b"CRC32C\0"] {
            assert_eq!(Algorithm::named(name), None);
            assert_eq!(ChecksumType::named(name), None);
        }
        for name in [&b"x-amz-checksum-"[..], b"x-amz-checksum-mode", b"x-amz-checksum-crc3", b"checksum-crc32"] {
            assert_eq!(Algorithm::of_header(name), None);
        }
        assert_eq!(Algorithm::of_element("checksumcrc32"), None, "names of elements have a case");
    }

    #[test]
    fn types_are_those_of_the_table_of_s3() {
        use Algorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
        use ChecksumType::{Composite, FullObject};
        for (algorithm, composite, full, default) in [
            (Crc32, true, true, Composite),
            (Crc32c, true, true, Composite),
            (Crc64Nvme, false, true, FullObject),
            (Sha1, true, false, Composite),
            (Sha256, true, false, Composite),
        ] {
            assert_eq!(algorithm.allows(Composite), composite, "{algorithm}");
            assert_eq!(algorithm.allows(FullObject), full, "{algorithm}");
            assert_eq!(algorithm.default_type(), default, "{algorithm}");
        }
    }
}
