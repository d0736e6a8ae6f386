//! What a multipart upload answers: that it has begun, which parts it has, and what it became.
//!
//! These documents have no encoding type: of a key that XML cannot say they show what can be said (see `escape`).

use stratum_engine::types::Etag;

use super::writer::{Encoding, Owner, Writer};
use crate::checksum::{Checksum, ObjectChecksum, UploadChecksum};

/// What an upload became.
#[derive(Clone, Copy, Debug)]
pub struct CompletedUpload<'a> {
    /// The address of the object.
    pub location: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a [u8],
    /// The object's entity tag.
    pub etag: Etag,
    /// The object's checksum.
    pub checksum: Option<ObjectChecksum>,
}

/// A page of an upload's parts.
#[derive(Clone, Copy, Debug)]
pub struct PartList<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a [u8],
    /// The upload.
    pub upload: &'a str,
    /// Who has begun the upload and will own the object.
    pub owner: &'a Owner,
    /// The storage class of the object to be.
    pub storage_class: &'a str,
    /// The checksums that the upload chose.
    pub checksum: Option<UploadChecksum>,
    /// The part behind which the page was asked to begin.
    pub marker: u16,
    /// The most parts that were asked for, as far as they are given.
    pub parts_max: usize,
    /// True if more parts follow.
    pub truncated: bool,
    /// The parts, ascending.
    pub parts: &'a [ListedPart],
}

/// One part.
#[derive(Clone, Copy, Debug)]
pub struct ListedPart {
    /// Its number.
    pub number: u16,
    /// When it was put.
    pub modified_ms: u64,
    /// The MD5 of its body.
    pub md5: [u8; 16],
    /// Bytes of its body.
    pub size: u64,
    /// Its checksum.
    pub checksum: Option<Checksum>,
}

/// The document `InitiateMultipartUploadResult`.
#[must_use]
pub fn initiated(bucket: &str, key: &[u8], upload: &str) -> Vec<u8> {
    let mut writer = Writer::new("InitiateMultipartUploadResult", 256 + key.len());
    writer.text("Bucket", bucket);
    writer.key("Key", key, Encoding::Text);
    writer.text("UploadId", upload);
    writer.finish()
}

/// The document `CompleteMultipartUploadResult`.
#[must_use]
pub fn completed(upload: &CompletedUpload<'_>) -> Vec<u8> {
    let mut writer = Writer::new("CompleteMultipartUploadResult", 512 + upload.location.len() + upload.key.len());
    writer.text("Location", upload.location);
    writer.text("Bucket", upload.bucket);
    writer.key("Key", upload.key, Encoding::Text);
    writer.etag(&upload.etag);
    if let Some(checksum) = &upload.checksum {
        writer.object_checksum(checksum);
    }
    writer.finish()
}

/// The document `ListPartsResult`. The next page begins behind the last part of this one, or where this one did: S3
/// says so even if there is none.
#[must_use]
pub fn part_list(list: &PartList<'_>) -> Vec<u8> {
    let mut writer = Writer::new("ListPartsResult", 1024 + list.key.len() + 300 * list.parts.len());
    writer.text("Bucket", list.bucket);
    writer.key("Key", list.key, Encoding::Text);
    writer.text("UploadId", list.upload);
    writer.number("PartNumberMarker", list.marker.into());
    let last = list.parts.last().map_or(list.marker, |part| part.number);
    writer.number("NextPartNumberMarker", last.into());
    writer.number("MaxParts", list.parts_max as u64);
    writer.flag("IsTruncated", list.truncated);
    if let Some(checksum) = list.checksum {
        writer.text("ChecksumAlgorithm", checksum.algorithm.name());
        writer.text("ChecksumType", checksum.kind.name());
    }
    for part in list.parts {
        writer.open("Part");
        writer.number("PartNumber", part.number.into());
        writer.time("LastModified", part.modified_ms);
        writer.etag(&Etag { md5: part.md5, parts: 0 });
        writer.number("Size", part.size);
        if let Some(checksum) = &part.checksum {
            writer.checksum(checksum);
        }
        writer.close("Part");
    }
    writer.owner("Initiator", list.owner);
    writer.owner("Owner", list.owner);
    writer.text("StorageClass", list.storage_class);
    writer.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checksum::{Algorithm, ChecksumType, Hasher};
    use crate::xml::escape;
    use crate::xml::leaves::at;

    #[test]
    fn an_upload_that_began_shows_its_id() {
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>bucket</Bucket>\
            <Key>a&amp;b</Key><UploadId>VXBsb2Fk</UploadId></InitiateMultipartUploadResult>";
        assert_eq!(initiated("bucket", b"a&b", "VXBsb2Fk"), expected.as_bytes());
    }

    #[test]
    fn a_completed_upload_shows_its_checksum_with_the_suffix_of_its_type() {
        // Rows 15 and 91.
        let checksum = Hasher::whole(Algorithm::Crc32, b"123456789");
        let of = |parts| {
            let etag = Etag { md5: [0x3a; 16], parts: 3 };
            let (location, checksum) = ("http://bucket.example.com/k", Some(ObjectChecksum { checksum, parts }));
            completed(&CompletedUpload { location, bucket: "bucket", key: b"k", etag, checksum })
        };
        let texts = |document: &[u8], name: &str| at(document, &format!("CompleteMultipartUploadResult/{name}"));
        let composite = of(Some(3));
        assert_eq!(texts(&composite, "ETag"), [format!("\"{}-3\"", "3a".repeat(16))]);
        assert_eq!(texts(&composite, "ChecksumCRC32"), ["y/Q5Jg==-3"]);
        assert_eq!(texts(&composite, "ChecksumType"), ["COMPOSITE"]);
        let full = of(None);
        assert_eq!(texts(&full, "ChecksumCRC32"), ["y/Q5Jg=="]);
        assert_eq!(texts(&full, "ChecksumType"), ["FULL_OBJECT"]);
        assert_eq!(texts(&full, "Location"), ["http://bucket.example.com/k"]);
    }

    #[test]
    fn a_page_of_parts_shows_them_and_where_the_next_begins() {
        let owner = Owner { id: "75aa".to_owned(), display_name: String::new() };
        let part = |number: u8, checksum| ListedPart {
            number: number.into(),
            modified_ms: 0,
            md5: [number; 16],
            size: 5,
            checksum,
        };
        let parts = [part(2, None), part(7, Some(Hasher::whole(Algorithm::Sha1, b"123456789")))];
        let list = PartList {
            bucket: "bucket",
            key: b"k",
            upload: "id",
            owner: &owner,
            storage_class: "STANDARD",
            checksum: Some(UploadChecksum { algorithm: Algorithm::Sha1, kind: ChecksumType::Composite }),
            marker: 1,
            parts_max: 2,
            truncated: true,
            parts: &parts,
        };
        let texts = |document: &[u8], name: &str| at(document, &format!("ListPartsResult/{name}"));
        let document = part_list(&list);
        for (name, expected) in [
            ("PartNumberMarker", "1"),
            ("NextPartNumberMarker", "7"),
            ("MaxParts", "2"),
            ("IsTruncated", "true"),
            ("ChecksumAlgorithm", "SHA1"),
            ("ChecksumType", "COMPOSITE"),
            ("Part/ChecksumSHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            ("Initiator/ID", "75aa"),
            ("Owner/ID", "75aa"),
            ("StorageClass", "STANDARD"),
        ] {
            assert_eq!(texts(&document, name), [expected], "{name}");
        }
        assert_eq!(texts(&document, "Part/PartNumber"), ["2", "7"]);
        assert_eq!(texts(&document, "Part/ETag")[0], format!("\"{}\"", "02".repeat(16)));
        let last = part_list(&PartList { truncated: false, parts: &[], ..list });
        assert_eq!(texts(&last, "NextPartNumberMarker"), ["1"]);
        assert!(texts(&last, "Part/PartNumber").is_empty());
    }

    proptest! {
        #[test]
        fn any_key_gives_well_formed_documents(key in prop::collection::vec(any::<u8>(), 0..60)) {
            let read = at(&initiated("bucket", &key, "id"), "InitiateMultipartUploadResult/Key");
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].as_bytes() == key, escape::is_text(&key));
        }
    }
}
