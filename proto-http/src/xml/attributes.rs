//! The attributes of an object, as many of them as were asked for.
//!
//! What must hold: unlike everywhere else the entity tag stands without quotes, and the value of a composite checksum
//! without the number of parts, which has an element of its own.

use stratum_engine::types::Etag;

use super::writer::Writer;
use crate::checksum::{Checksum, ObjectChecksum};

/// What is shown; `None` was not asked for, or is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// The entity tag.
    pub etag: Option<Etag>,
    /// The checksum.
    pub checksum: Option<ObjectChecksum>,
    /// The parts.
    pub parts: Option<PartsOfObject<'a>>,
    /// The storage class.
    pub storage_class: Option<&'a str>,
    /// Bytes of the body.
    pub size: Option<u64>,
}

/// The parts of an object: how many it has, and a page of them where they have checksums of their own.
#[derive(Clone, Copy, Debug)]
pub struct PartsOfObject<'a> {
    /// All parts.
    pub total: u16,
    /// The page; `None` if the parts of this object are not listed.
    pub page: Option<AttributePage<'a>>,
}

/// A page of an object's parts.
#[derive(Clone, Copy, Debug)]
pub struct AttributePage<'a> {
    /// The part behind which the page was asked to begin.
    pub marker: u16,
    /// The most parts that were asked for, as far as they are given.
    pub parts_max: usize,
    /// True if more parts follow.
    pub truncated: bool,
    /// The parts, ascending.
    pub parts: &'a [AttributePart],
}

/// One part.
#[derive(Clone, Copy, Debug)]
pub struct AttributePart {
    /// Its number.
    pub number: u16,
    /// Bytes of its body.
    pub size: u64,
    /// Its checksum.
    pub checksum: Option<Checksum>,
}

/// The document `GetObjectAttributesResponse`.
#[must_use]
pub fn attributes(attributes: &Attributes<'_>) -> Vec<u8> {
    let page = attributes.parts.and_then(|parts| parts.page);
    let mut writer = Writer::new("GetObjectAttributesResponse", 768 + page.map_or(0, |page| 200 * page.parts.len()));
    if let Some(etag) = &attributes.etag {
        writer.open("ETag");
        writer.bare_etag(etag);
        writer.close("ETag");
    }
    if let Some(object) = &attributes.checksum {
        writer.open("Checksum");
        writer.checksum(&object.checksum);
        writer.text("ChecksumType", object.kind().name());
        writer.close("Checksum");
    }
    if let Some(parts) = &attributes.parts {
        write_parts(&mut writer, parts);
    }
    if let Some(class) = attributes.storage_class {
        writer.text("StorageClass", class);
    }
    if let Some(size) = attributes.size {
        writer.number("ObjectSize", size);
    }
    writer.finish()
}

fn write_parts(writer: &mut Writer, parts: &PartsOfObject<'_>) {
    writer.open("ObjectParts");
    writer.number("PartsCount", parts.total.into());
    if let Some(page) = &parts.page {
        writer.number("PartNumberMarker", page.marker.into());
        let last = page.parts.last().map_or(page.marker, |part| part.number);
        writer.number("NextPartNumberMarker", last.into());
        writer.number("MaxParts", page.parts_max as u64);
        writer.flag("IsTruncated", page.truncated);
        for part in page.parts {
            writer.open("Part");
            writer.number("PartNumber", part.number.into());
            writer.number("Size", part.size);
            if let Some(checksum) = &part.checksum {
                writer.checksum(checksum);
            }
            writer.close("Part");
        }
    }
    writer.close("ObjectParts");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Algorithm, Hasher};
    use crate::xml::leaves::leaves;

    fn found(shown: &Attributes<'_>) -> Vec<(String, String)> {
        let prefix = "GetObjectAttributesResponse/";
        leaves(&attributes(shown)).into_iter().map(|(path, text)| (path.replacen(prefix, "", 1), text)).collect()
    }

    fn expected(leaves: &[(&str, &str)]) -> Vec<(String, String)> {
        leaves.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_composite_checksum_stands_without_its_suffix() {
        let checksum = Hasher::whole(Algorithm::Crc32, b"123456789");
        let part = |number| AttributePart { number, size: 9, checksum: Some(checksum) };
        let page = AttributePage { marker: 0, parts_max: 2, truncated: true, parts: &[part(1), part(2)] };
        let shown = Attributes {
            etag: Some(Etag { md5: [0xcd; 16], parts: 3 }),
            checksum: Some(ObjectChecksum { checksum, parts: Some(3) }),
            parts: Some(PartsOfObject { total: 3, page: Some(page) }),
            storage_class: Some("STANDARD"),
            size: Some(27),
        };
        let wanted = expected(&[
            ("ETag", "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd-3"),
            ("Checksum/ChecksumCRC32", "y/Q5Jg=="),
            ("Checksum/ChecksumType", "COMPOSITE"),
            ("ObjectParts/PartsCount", "3"),
            ("ObjectParts/PartNumberMarker", "0"),
            ("ObjectParts/NextPartNumberMarker", "2"),
            ("ObjectParts/MaxParts", "2"),
            ("ObjectParts/IsTruncated", "true"),
            ("ObjectParts/Part/PartNumber", "1"),
            ("ObjectParts/Part/Size", "9"),
            ("ObjectParts/Part/ChecksumCRC32", "y/Q5Jg=="),
            ("ObjectParts/Part/PartNumber", "2"),
            ("ObjectParts/Part/Size", "9"),
            ("ObjectParts/Part/ChecksumCRC32", "y/Q5Jg=="),
            ("StorageClass", "STANDARD"),
            ("ObjectSize", "27"),
        ]);
        assert_eq!(found(&shown), wanted);
    }

    #[test]
    fn only_what_was_asked_for_is_shown() {
        let size = Attributes { size: Some(0), ..Attributes::default() };
        assert_eq!(found(&size), expected(&[("ObjectSize", "0")]));
        let parts = Attributes { parts: Some(PartsOfObject { total: 2, page: None }), ..Attributes::default() };
        assert_eq!(found(&parts), expected(&[("ObjectParts/PartsCount", "2")]));
    }
}
