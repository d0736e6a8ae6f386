//! A page of a bucket's open uploads.
//!
//! What must hold: as in a listing of objects, one key that XML cannot say encodes all of the page.

use super::writer::{Encoding, Owner, Writer};
use crate::checksum::UploadChecksum;

/// A page, and what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct UploadList<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// What keys were asked to begin with.
    pub prefix: &'a [u8],
    /// The delimiter, if one was given that is not empty.
    pub delimiter: Option<&'a [u8]>,
    /// The key behind which the page was asked to begin.
    pub key_marker: &'a [u8],
    /// The upload to that key behind which it was asked to begin.
    pub upload_marker: &'a str,
    /// Key and upload at which the next page begins; `None` if this is the last.
    pub next: Option<(&'a [u8], &'a str)>,
    /// The most items that were asked for, as far as they are given.
    pub uploads_max: usize,
    /// True if `encoding-type=url` was asked for.
    pub url: bool,
    /// Who has begun all uploads and will own their objects.
    pub owner: &'a Owner,
    /// The uploads.
    pub uploads: &'a [ListedUpload<'a>],
    /// The common prefixes.
    pub prefixes: &'a [&'a [u8]],
}

/// One upload.
#[derive(Clone, Copy, Debug)]
pub struct ListedUpload<'a> {
    /// The key it will make.
    pub key: &'a [u8],
    /// Its id.
    pub id: &'a str,
    /// When it began.
    pub begun_ms: u64,
    /// The storage class of the object to be.
    pub storage_class: &'a str,
    /// The checksums that it chose.
    pub checksum: Option<UploadChecksum>,
}

/// The document `ListMultipartUploadsResult`.
#[must_use]
pub fn upload_list(list: &UploadList<'_>) -> Vec<u8> {
    let asked = [Some(list.prefix), list.delimiter, Some(list.key_marker), list.next.map(|(key, _)| key)];
    let keys = list.uploads.iter().map(|upload| upload.key).chain(list.prefixes.iter().copied());
    let encoding = Encoding::of(list.url, asked.into_iter().flatten().chain(keys));
    let mut writer = Writer::new("ListMultipartUploadsResult", 1024 + 600 * list.uploads.len());
    writer.text("Bucket", list.bucket);
    writer.key("KeyMarker", list.key_marker, encoding);
    writer.text("UploadIdMarker", list.upload_marker);
    if let Some((key, upload)) = list.next {
        writer.key("NextKeyMarker", key, encoding);
        writer.text("NextUploadIdMarker", upload);
    }
    writer.key("Prefix", list.prefix, encoding);
    if let Some(delimiter) = list.delimiter {
        writer.key("Delimiter", delimiter, encoding);
    }
    if encoding == Encoding::Url {
        writer.text("EncodingType", "url");
    }
    writer.number("MaxUploads", list.uploads_max as u64);
    writer.flag("IsTruncated", list.next.is_some());
    for upload in list.uploads {
        write_upload(&mut writer, upload, list.owner, encoding);
    }
    for prefix in list.prefixes {
        writer.open("CommonPrefixes");
        writer.key("Prefix", prefix, encoding);
        writer.close("CommonPrefixes");
    }
    writer.finish()
}

fn write_upload(writer: &mut Writer, upload: &ListedUpload<'_>, owner: &Owner, encoding: Encoding) {
    writer.open("Upload");
    writer.key("Key", upload.key, encoding);
    writer.text("UploadId", upload.id);
    writer.owner("Initiator", owner);
    writer.owner("Owner", owner);
    writer.text("StorageClass", upload.storage_class);
    writer.time("Initiated", upload.begun_ms);
    if let Some(checksum) = upload.checksum {
        writer.text("ChecksumAlgorithm", checksum.algorithm.name());
        writer.text("ChecksumType", checksum.kind.name());
    }
    writer.close("Upload");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Algorithm, ChecksumType};
    use crate::xml::leaves::at;

    fn owner() -> Owner {
        Owner { id: "75aa".to_owned(), display_name: String::new() }
    }

    fn list(owner: &Owner) -> UploadList<'_> {
        UploadList {
            bucket: "bucket",
            prefix: b"",
            delimiter: None,
            key_marker: b"",
            upload_marker: "",
            next: None,
            uploads_max: 1000,
            url: false,
            owner,
            uploads: &[],
            prefixes: &[],
        }
    }

    #[test]
    fn an_empty_page_is_that_of_s3() {
        // Row 81.
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>bucket</Bucket>\
            <KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><Prefix></Prefix><MaxUploads>1000</MaxUploads>\
            <IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";
        assert_eq!(upload_list(&list(&owner())), expected.as_bytes());
    }

    #[test]
    fn a_page_shows_its_uploads_and_where_the_next_begins() {
        let checksum = Some(UploadChecksum { algorithm: Algorithm::Sha256, kind: ChecksumType::Composite });
        let upload = |key, checksum| ListedUpload { key, id: "id", begun_ms: 0, storage_class: "STANDARD", checksum };
        let owner = owner();
        let page = UploadList {
            delimiter: Some(b"/"),
            key_marker: b"a",
            upload_marker: "i",
            next: Some((b"c", "id")),
            uploads: &[upload(b"b", None), upload(b"c", checksum)],
            prefixes: &[b"p/"],
            ..list(&owner)
        };
        let document = upload_list(&page);
        let texts = |name: &str| at(&document, &format!("ListMultipartUploadsResult/{name}"));
        for (name, expected) in [
            ("KeyMarker", "a"),
            ("UploadIdMarker", "i"),
            ("NextKeyMarker", "c"),
            ("NextUploadIdMarker", "id"),
            ("IsTruncated", "true"),
            ("Delimiter", "/"),
            ("Upload/ChecksumAlgorithm", "SHA256"),
            ("Upload/ChecksumType", "COMPOSITE"),
            ("CommonPrefixes/Prefix", "p/"),
        ] {
            assert_eq!(texts(name), [expected], "{name}");
        }
        assert_eq!(texts("Upload/Key"), ["b", "c"]);
        assert_eq!(texts("Upload/Initiator/ID"), ["75aa", "75aa"]);
        assert_eq!(texts("Upload/Owner/ID"), ["75aa", "75aa"]);
        assert_eq!(texts("Upload/Initiated"), ["1970-01-01T00:00:00.000Z"; 2]);
    }

    #[test]
    fn an_encoding_type_encodes_every_part_of_a_key() {
        // Rows 72 and 80.
        let upload = ListedUpload { key: b"a b", id: "id", begun_ms: 0, storage_class: "STANDARD", checksum: None };
        let owner = owner();
        let page = UploadList {
            prefix: b"+",
            key_marker: b"&",
            next: Some((b"<", "id")),
            url: true,
            uploads: &[upload],
            prefixes: &[b"c d/"],
            ..list(&owner)
        };
        let document = upload_list(&page);
        for (name, expected) in [
            ("EncodingType", "url"),
            ("Prefix", "%2B"),
            ("KeyMarker", "%26"),
            ("NextKeyMarker", "%3C"),
            ("Upload/Key", "a%20b"),
            ("CommonPrefixes/Prefix", "c%20d/"),
        ] {
            assert_eq!(at(&document, &format!("ListMultipartUploadsResult/{name}")), [expected], "{name}");
        }
        let unsayable = ListedUpload { key: b"\x01", ..upload };
        let document = upload_list(&UploadList { uploads: &[unsayable], ..list(&owner) });
        assert_eq!(at(&document, "ListMultipartUploadsResult/EncodingType"), ["url"]);
        assert_eq!(at(&document, "ListMultipartUploadsResult/Upload/Key"), ["%01"]);
    }
}
