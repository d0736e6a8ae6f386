//! Which checksum an answer shows: none unless it was asked for, and never one of other bytes than those that it sends,
//! because SDKs compare.

use super::algorithm::ChecksumType;
use super::value::{Checksum, ObjectChecksum};

/// How much of an object an answer sends, or would send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Exactly one of its parts, which is not all of it.
    Part,
    /// Any other range.
    Range,
}

/// A checksum that an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// That of the object.
    Object(ObjectChecksum),
    /// That of one part of an object whose checksum is a composite one.
    Part(Checksum),
}

/// Whether the value of `x-amz-checksum-mode` asks a read for its checksum.
#[must_use]
pub fn asks_for_checksum(mode: Option<&[u8]>) -> bool {
    mode.is_some_and(|mode| mode.trim_ascii().eq_ignore_ascii_case(b"ENABLED"))
}

/// The checksum that a read shows if it was asked for, out of those that are stored of the object and of the part that
/// is read. As S3 does, it shows a part's checksum only where the object's is made of them.
#[must_use]
pub fn shown(extent: Extent, object: Option<ObjectChecksum>, part: Option<Checksum>) -> Option<Shown> {
    match extent {
        Extent::Whole => object.map(Shown::Object),
        Extent::Part if object?.kind() == ChecksumType::Composite => part.map(Shown::Part),
        Extent::Part | Extent::Range => None,
    }
}

impl Shown {
    /// The header that it stands in.
    #[must_use]
    pub fn header(&self) -> &'static str {
        match self {
            Shown::Object(object) => object.checksum.algorithm().header(),
            Shown::Part(checksum) => checksum.algorithm().header(),
        }
    }

    /// The value of that header, behind what is in `out`.
    pub fn write_value(&self, out: &mut Vec<u8>) {
        match self {
            Shown::Object(object) => object.write_value(out),
            Shown::Part(checksum) => checksum.write_base64(out),
        }
    }

    /// The value of `x-amz-checksum-type`.
    #[must_use]
    pub fn kind(&self) -> ChecksumType {
        match self {
            Shown::Object(object) => object.kind(),
            Shown::Part(_) => ChecksumType::Composite,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Algorithm, Hasher};

    #[test]
    fn only_the_enabled_mode_asks() {
        // Row 13.
        assert!(asks_for_checksum(Some(b"ENABLED")));
        assert!(asks_for_checksum(Some(b"enabled")));
        assert!(!asks_for_checksum(Some(b"DISABLED")));
        assert!(!asks_for_checksum(Some(b"")));
        assert!(!asks_for_checksum(None));
    }

    #[test]
    fn a_range_shows_no_checksum_of_the_object() {
        // Row 14.
        let (whole, part) = (Hasher::whole(Algorithm::Crc32, b"whole"), Hasher::whole(Algorithm::Crc32, b"part"));
        let full = ObjectChecksum::full(whole);
        let composite = ObjectChecksum { checksum: whole, parts: Some(2) };
        for (extent, object, expected) in [
            (Extent::Whole, full, Some(Shown::Object(full))),
            (Extent::Whole, composite, Some(Shown::Object(composite))),
            (Extent::Part, full, None),
            (Extent::Part, composite, Some(Shown::Part(part))),
            (Extent::Range, full, None),
            (Extent::Range, composite, None),
        ] {
            assert_eq!(shown(extent, Some(object), Some(part)), expected, "{extent:?} {object:?}");
            assert_eq!(shown(extent, None, Some(part)), None);
        }
        assert_eq!(shown(Extent::Part, Some(composite), None), None);
    }

    #[test]
    fn what_is_shown_has_the_headers_of_s3() {
        let part = Hasher::whole(Algorithm::Sha1, b"123456789");
        let of = |shown: Shown| {
            let mut value = Vec::new();
            shown.write_value(&mut value);
            (shown.header(), String::from_utf8(value).expect("ASCII"), shown.kind().name())
        };
        let digits = "98O8HYCOBHMq32eZZczDTKeuNEE=";
        let object = |parts| Shown::Object(ObjectChecksum { checksum: part, parts });
        assert_eq!(of(Shown::Part(part)), ("x-amz-checksum-sha1", digits.to_owned(), "COMPOSITE"));
        assert_eq!(of(object(Some(4))), ("x-amz-checksum-sha1", format!("{digits}-4"), "COMPOSITE"));
        assert_eq!(of(object(None)), ("x-amz-checksum-sha1", digits.to_owned(), "FULL_OBJECT"));
    }
}
