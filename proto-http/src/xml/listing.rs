//! A page of a bucket's objects, in both versions of the document.
//!
//! What must hold: objects and common prefixes ascend as they were given, objects first. Keys are percent-encoded if
//! that was asked for, or if XML could not say one of them (see `escape`); the page then says so in `EncodingType`, and
//! all keys and parts of keys in it are encoded. No object costs an allocation.

use stratum_engine::types::Etag;

use super::writer::{Encoding, Owner, Writer};
use crate::checksum::{Algorithm, ChecksumType};

/// A page, and what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// What keys were asked to begin with.
    pub prefix: &'a [u8],
    /// The delimiter, if one was given that is not empty.
    pub delimiter: Option<&'a [u8]>,
    /// The most items that were asked for, as far as they are given.
    pub keys_max: usize,
    /// True if more follows.
    pub truncated: bool,
    /// True if `encoding-type=url` was asked for.
    pub url: bool,
    /// The owner of all objects, where owners are shown: always in the first version.
    pub owner: Option<&'a Owner>,
    /// The objects.
    pub objects: &'a [ListedObject<'a>],
    /// The common prefixes.
    pub prefixes: &'a [&'a [u8]],
}

/// One object.
#[derive(Clone, Copy, Debug)]
pub struct ListedObject<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its last modification.
    pub modified_ms: u64,
    /// Its entity tag.
    pub etag: Etag,
    /// Bytes of its body.
    pub size: u64,
    /// Its storage class.
    pub storage_class: &'a str,
    /// How its checksum was made, if it is known.
    pub checksum: Option<(Algorithm, ChecksumType)>,
}

/// Bytes of an object's element without its key and its owner, about.
const OBJECT_BYTES: usize = 320;

impl Listing<'_> {
    /// The document of version 1. `marker` is what was asked for; `next_marker` is shown only where there is a
    /// delimiter and more follows, since clients otherwise go on from the last key.
    #[must_use]
    pub fn version_1(&self, marker: &[u8], next_marker: Option<&[u8]>) -> Vec<u8> {
        let next_marker = next_marker.filter(|_| self.truncated && self.delimiter.is_some());
        let encoding = self.encoding([Some(marker), next_marker]);
        let mut writer = self.begin(encoding);
        writer.key("Marker", marker, encoding);
        if let Some(next) = next_marker {
            writer.key("NextMarker", next, encoding);
        }
        self.finish(writer, encoding)
    }

    /// The document of version 2. The tokens are ours and opaque; a token that was sent is shown again.
    #[must_use]
    pub fn version_2(&self, start_after: Option<&[u8]>, token: Option<&str>, next_token: Option<&str>) -> Vec<u8> {
        let encoding = self.encoding([start_after, None]);
        let mut writer = self.begin(encoding);
        if let Some(start_after) = start_after {
            writer.key("StartAfter", start_after, encoding);
        }
        if let Some(token) = token {
            writer.text("ContinuationToken", token);
        }
        if let Some(next) = next_token.filter(|_| self.truncated) {
            writer.text("NextContinuationToken", next);
        }
        writer.number("KeyCount", (self.objects.len() + self.prefixes.len()) as u64);
        self.finish(writer, encoding)
    }

    fn encoding(&self, markers: [Option<&[u8]>; 2]) -> Encoding {
        let asked = [Some(self.prefix), self.delimiter];
        let keys = self.objects.iter().map(|object| object.key).chain(self.prefixes.iter().copied());
        Encoding::of(self.url, asked.into_iter().chain(markers).flatten().chain(keys))
    }

    fn begin(&self, encoding: Encoding) -> Writer {
        let keys: usize = self.objects.iter().map(|object| object.key.len()).sum();
        let prefixes: usize = self.prefixes.iter().map(|prefix| prefix.len() + 64).sum();
        let owner = self.owner.map_or(0, |owner| owner.id.len() + owner.display_name.len() + 64);
        let mut writer =
            Writer::new("ListBucketResult", 1024 + keys + prefixes + (OBJECT_BYTES + owner) * self.objects.len());
        writer.text("Name", self.bucket);
        writer.key("Prefix", self.prefix, encoding);
        writer
    }

    fn finish(&self, mut writer: Writer, encoding: Encoding) -> Vec<u8> {
        writer.number("MaxKeys", self.keys_max as u64);
        if let Some(delimiter) = self.delimiter {
            writer.key("Delimiter", delimiter, encoding);
        }
        if encoding == Encoding::Url {
            writer.text("EncodingType", "url");
        }
        writer.flag("IsTruncated", self.truncated);
        let owner = self.owner.map(|owner| Writer::element(|writer| writer.owner("Owner", owner))).unwrap_or_default();
        for object in self.objects {
            write_object(&mut writer, object, &owner, encoding);
        }
        for prefix in self.prefixes {
            writer.open("CommonPrefixes");
            writer.key("Prefix", prefix, encoding);
            writer.close("CommonPrefixes");
        }
        writer.finish()
    }
}

/// One object: whole pieces of markup rather than elements, because a page has a thousand.
fn write_object(writer: &mut Writer, object: &ListedObject<'_>, owner: &[u8], encoding: Encoding) {
    writer.markup("<Contents><Key>");
    writer.bare_key(object.key, encoding);
    writer.markup("</Key><LastModified>");
    writer.bare_time(object.modified_ms);
    writer.markup("</LastModified><ETag>&quot;");
    writer.bare_etag(&object.etag);
    writer.markup("&quot;</ETag>");
    if let Some((algorithm, kind)) = object.checksum {
        writer.text("ChecksumAlgorithm", algorithm.name());
        writer.text("ChecksumType", kind.name());
    }
    writer.markup("<Size>");
    writer.bare_number(object.size);
    writer.markup("</Size>");
    writer.written(owner);
    writer.markup("<StorageClass>");
    writer.bare_text(object.storage_class);
    writer.markup("</StorageClass></Contents>");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::leaves::{at, leaves};
    use crate::xml::{escape, percent};

    const EMPTY: Listing<'_> = Listing {
        bucket: "bucket",
        prefix: b"",
        delimiter: None,
        keys_max: 1000,
        truncated: false,
        url: false,
        owner: None,
        objects: &[],
        prefixes: &[],
    };

    fn object(key: &[u8]) -> ListedObject<'_> {
        let etag = Etag { md5: [0x1f; 16], parts: 0 };
        ListedObject {
            key,
            modified_ms: 1_138_985_109_777,
            etag,
            size: 434_234,
            storage_class: "STANDARD",
            checksum: None,
        }
    }

    fn texts(document: &[u8], name: &str) -> Vec<String> {
        at(document, &format!("ListBucketResult/{name}"))
    }

    #[test]
    fn the_page_of_version_1_is_that_of_s3() {
        // Rows 71, 73 and 78: an owner for every object, and a marker for the next page because there is a delimiter.
        let owner = Owner { id: "75aa".to_owned(), display_name: "me".to_owned() };
        let objects = [object(b"my-image.jpg")];
        let page = Listing {
            delimiter: Some(b"/"),
            keys_max: 2,
            truncated: true,
            owner: Some(&owner),
            objects: &objects,
            prefixes: &[b"photos/"],
            ..EMPTY
        };
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bucket</Name><Prefix></Prefix>\
            <Marker>a</Marker><NextMarker>photos/</NextMarker><MaxKeys>2</MaxKeys><Delimiter>/</Delimiter>\
            <IsTruncated>true</IsTruncated><Contents><Key>my-image.jpg</Key>\
            <LastModified>2006-02-03T16:45:09.000Z</LastModified>\
            <ETag>&quot;1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f&quot;</ETag><Size>434234</Size>\
            <Owner><ID>75aa</ID><DisplayName>me</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>\
            <CommonPrefixes><Prefix>photos/</Prefix></CommonPrefixes></ListBucketResult>";
        assert_eq!(page.version_1(b"a", Some(b"photos/")), expected.as_bytes());
    }

    #[test]
    fn the_page_of_version_2_is_that_of_s3() {
        // Row 75: common prefixes are counted.
        let checksum = Some((Algorithm::Crc64Nvme, ChecksumType::FullObject));
        let objects =
            [ListedObject { checksum, ..object(b"a/1") }, ListedObject { storage_class: "&", ..object(b"a/2") }];
        let page = Listing { prefix: b"a/", truncated: true, objects: &objects, prefixes: &[b"a/b/"], ..EMPTY };
        let document = page.version_2(Some(b"a/0"), Some("sent"), Some("next"));
        assert_eq!(texts(&document, "KeyCount"), ["3"]);
        assert_eq!(texts(&document, "StartAfter"), ["a/0"]);
        assert_eq!(texts(&document, "ContinuationToken"), ["sent"]);
        assert_eq!(texts(&document, "NextContinuationToken"), ["next"]);
        assert_eq!(texts(&document, "Contents/Key"), ["a/1", "a/2"]);
        assert_eq!(texts(&document, "Contents/ChecksumAlgorithm"), ["CRC64NVME"]);
        assert_eq!(texts(&document, "Contents/ChecksumType"), ["FULL_OBJECT"]);
        assert_eq!(texts(&document, "Contents/StorageClass"), ["STANDARD", "&"]);
        assert_eq!(texts(&document, "CommonPrefixes/Prefix"), ["a/b/"]);
        assert!(texts(&document, "Contents/Owner/ID").is_empty(), "row 78");
        assert!(texts(&document, "EncodingType").is_empty());
    }

    #[test]
    fn an_empty_last_page_names_no_next_one() {
        // Row 77.
        let document = EMPTY.version_2(None, Some("sent"), Some("next"));
        assert_eq!(texts(&document, "IsTruncated"), ["false"]);
        assert_eq!(texts(&document, "KeyCount"), ["0"]);
        assert!(texts(&document, "NextContinuationToken").is_empty());
    }

    #[test]
    fn a_next_marker_needs_a_delimiter_and_more_to_come() {
        // Row 73.
        let shown = |delimiter: Option<&'static [u8]>, truncated| {
            let page = Listing { delimiter, truncated, ..EMPTY };
            !texts(&page.version_1(b"", Some(b"m")), "NextMarker").is_empty()
        };
        assert!(shown(Some(b"/"), true));
        assert!(!shown(Some(b"/"), false));
        assert!(!shown(None, true));
    }

    #[test]
    fn an_encoding_type_encodes_every_part_of_a_key() {
        // Row 72, with the keys that compatibility suites use.
        let objects = [object(b"asdf+b")];
        let page = Listing {
            prefix: b"\xc3\xbc",
            delimiter: Some(b" "),
            truncated: true,
            url: true,
            objects: &objects,
            prefixes: &[b"foo+1/", b"quux ab/"],
            ..EMPTY
        };
        let document = page.version_1(b"m&", Some(b"n%"));
        for (name, expected) in [
            ("EncodingType", "url"),
            ("Prefix", "%C3%BC"),
            ("Delimiter", "%20"),
            ("Marker", "m%26"),
            ("NextMarker", "n%25"),
            ("Contents/Key", "asdf%2Bb"),
        ] {
            assert_eq!(texts(&document, name), [expected], "{name}");
        }
        assert_eq!(texts(&document, "CommonPrefixes/Prefix"), ["foo%2B1/", "quux%20ab/"]);
        assert_eq!(texts(&page.version_2(Some(b"a+b"), None, None), "StartAfter"), ["a%2Bb"]);
    }

    #[test]
    fn a_page_with_a_key_that_xml_cannot_say_is_encoded_and_says_so() {
        // Row 80, wherever the key stands.
        let objects = [object(b"a\x01b"), object(b"c d")];
        let document = Listing { objects: &objects, ..EMPTY }.version_2(None, None, None);
        assert_eq!(texts(&document, "EncodingType"), ["url"]);
        assert_eq!(texts(&document, "Contents/Key"), ["a%01b", "c%20d"]);
        let in_prefixes = Listing { prefixes: &[b"\x02"], ..EMPTY }.version_1(b"", None);
        let in_delimiter = Listing { delimiter: Some(b"\x02"), ..EMPTY }.version_1(b"", None);
        let in_prefix = Listing { prefix: b"\x02", ..EMPTY }.version_1(b"", None);
        let (in_marker, in_start) = (EMPTY.version_1(b"\x02", None), EMPTY.version_2(Some(b"\x02"), None, None));
        for document in [in_prefixes, in_delimiter, in_prefix, in_marker, in_start] {
            assert_eq!(texts(&document, "EncodingType"), ["url"]);
        }
    }

    proptest! {
        #[test]
        fn any_keys_come_out_as_they_went_in(
            keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..30), 0..6),
            names in prop::collection::vec(any::<String>(), 0..6), url in any::<bool>(), noise in any::<bool>(),
        ) {
            let keys: Vec<Vec<u8>> = if noise { keys } else { names.into_iter().map(String::into_bytes).collect() };
            let objects: Vec<ListedObject<'_>> = keys.iter().map(|key| object(key)).collect();
            let prefixes: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            let page = Listing { url, objects: &objects, prefixes: &prefixes, ..EMPTY };
            for document in [page.version_1(b"", None), page.version_2(None, None, None)] {
                let is_encoded = !texts(&document, "EncodingType").is_empty();
                prop_assert_eq!(is_encoded, url || !keys.iter().all(|key| escape::is_text(key)));
                for name in ["Contents/Key", "CommonPrefixes/Prefix"] {
                    let read = texts(&document, name).into_iter();
                    let read: Vec<Vec<u8>> =
                        read.map(|text| if is_encoded { percent::decoded(&text) } else { text.into_bytes() }).collect();
                    prop_assert_eq!(&read, &keys);
                }
                prop_assert!(leaves(&document).len() >= 5);
            }
        }
    }
}
