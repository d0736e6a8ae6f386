//! The checksum of an object out of those of its parts: a composite one is the checksum of their digests in a row, a
//! full one is what the whole body would have, which only CRCs can give.
//!
//! What must hold: the parts come in their order, and all have checksums of the object's algorithm. Anything else, or a
//! type that the algorithm does not allow, is `None`.

use super::algorithm::{Algorithm, ChecksumType};
use super::hasher::Hasher;
use super::polynomial::{Field, Joined};
use super::value::{Checksum, ObjectChecksum};

/// The composite checksum of an object with parts of these checksums.
#[must_use]
pub fn composite(algorithm: Algorithm, parts: impl Iterator<Item = Checksum>) -> Option<ObjectChecksum> {
    if !algorithm.allows(ChecksumType::Composite) {
        return None;
    }
    let mut hasher = Hasher::new(algorithm);
    let mut count = 0_u16;
    for part in parts {
        if part.algorithm() != algorithm {
            return None;
        }
        hasher.update(part.bytes());
        count = count.checked_add(1)?;
    }
    (count > 0).then(|| ObjectChecksum { checksum: hasher.finish(), parts: Some(count) })
}

/// The checksum of the whole body, out of the checksums and lengths of its parts.
#[must_use]
pub fn full_object(algorithm: Algorithm, parts: impl Iterator<Item = (Checksum, u64)>) -> Option<ObjectChecksum> {
    let field = match algorithm {
        Algorithm::Crc32 => Field::CRC32,
        Algorithm::Crc32c => Field::CRC32C,
        Algorithm::Crc64Nvme => Field::CRC64NVME,
        Algorithm::Sha1 | Algorithm::Sha256 => return None,
    };
    let mut joined = Joined::new(field);
    for (part, len) in parts {
        if part.algorithm() != algorithm {
            return None;
        }
        joined.push(part.bytes().iter().fold(0, |crc, byte| crc << 8 | u64::from(*byte)), len);
    }
    let crc = joined.crc().to_be_bytes();
    let bytes = crc.get(crc.len() - algorithm.digest_bytes()..)?;
    Checksum::new(algorithm, bytes).map(ObjectChecksum::full)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(checksum: &ObjectChecksum) -> String {
        let mut out = Vec::new();
        checksum.write_value(&mut out);
        String::from_utf8(out).expect("base64 is ASCII")
    }

    #[test]
    fn composite_checksums_carry_a_suffix_and_full_ones_do_not() {
        // Row 15. The digests are those that a client of S3 saw for three parts, and what S3 made of them.
        let parts = [
            "lcKa6Boe7a167tUCN5C4OaFygGSYD8MBnBARTrdL+1w=",
            "gHjhbUT4oo2tSCtSZJdlKi+jeNXJT+VImqdPXsXvkOc=",
            "4l9PQ3zOPZ0oGFvknFX+J4zZwE4WMzO+l3r8XrbWOeM=",
        ]
        .map(|part| Checksum::parse(Algorithm::Sha256, part.as_bytes()).expect("a checksum"));
        let object = composite(Algorithm::Sha256, parts.into_iter()).expect("allowed");
        assert_eq!(value(&object), "rVWtNbadtsaKXJAcgWPWjifHzJaXde/iV4jaJAOdivc=-3");
        assert_eq!(object.kind(), ChecksumType::Composite);

        let parts = [&b"1234"[..], b"56789"].map(|part| (Hasher::whole(Algorithm::Crc64Nvme, part), part.len() as u64));
        let object = full_object(Algorithm::Crc64Nvme, parts.into_iter()).expect("allowed");
        assert_eq!(value(&object), "rosUhgp5mIg=");
        assert_eq!(object.kind(), ChecksumType::FullObject);
    }

    #[test]
    fn what_an_algorithm_does_not_allow_is_none() {
        for algorithm in Algorithm::ALL {
            let part = Hasher::whole(algorithm, b"part");
            let allowed = |kind| algorithm.allows(kind);
            assert_eq!(composite(algorithm, [part].into_iter()).is_some(), allowed(ChecksumType::Composite));
            assert_eq!(full_object(algorithm, [(part, 4)].into_iter()).is_some(), allowed(ChecksumType::FullObject));
        }
    }

    #[test]
    fn a_part_of_another_algorithm_is_refused() {
        let parts = [Hasher::whole(Algorithm::Crc32, b"a"), Hasher::whole(Algorithm::Crc32c, b"b")];
        assert_eq!(composite(Algorithm::Crc32, parts.into_iter()), None);
        assert_eq!(full_object(Algorithm::Crc32, parts.into_iter().map(|part| (part, 1))), None);
        assert_eq!(composite(Algorithm::Crc32, std::iter::empty()), None);
    }

    proptest! {
        #[test]
        fn parts_make_the_checksum_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..12),
        ) {
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
                let pieces = parts.iter().map(|part| (Hasher::whole(algorithm, part), part.len() as u64));
                let whole = Hasher::whole(algorithm, &parts.concat());
                prop_assert_eq!(full_object(algorithm, pieces), Some(ObjectChecksum::full(whole)));
            }
        }

        #[test]
        fn a_composite_checksum_is_that_of_the_digests_in_a_row(
            parts in prop::collection::vec(any::<[u8; 32]>(), 1..20),
        ) {
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Sha1, Algorithm::Sha256] {
                let digests: Vec<&[u8]> = parts.iter().map(|part| &part[..algorithm.digest_bytes()]).collect();
                let checksums = digests.iter().map(|digest| Checksum::new(algorithm, digest).expect("its length"));
                let object = composite(algorithm, checksums).expect("allowed");
                prop_assert_eq!(object.checksum, Hasher::whole(algorithm, &digests.concat()));
                prop_assert_eq!(object.parts.map(usize::from), Some(parts.len()));
            }
        }
    }
}
