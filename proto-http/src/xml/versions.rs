//! The document of a listing of versions, for a bucket without any: every object is its own newest version, called
//! `null`.

use stratum_engine::types::Etag;

use super::writer::{Encoding, Owner, Writer};

/// A page of versions.
#[derive(Clone, Copy, Debug)]
pub struct VersionList<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// What keys were asked to begin with.
    pub prefix: &'a [u8],
    /// The delimiter, if one was given that is not empty.
    pub delimiter: Option<&'a [u8]>,
    /// The key behind which the page was asked to begin.
    pub key_marker: &'a [u8],
    /// The key or prefix behind which the next page begins; `None` if this is the last.
    pub next_key_marker: Option<&'a [u8]>,
    /// The most items that were asked for, as far as they are given.
    pub keys_max: usize,
    /// True if `encoding-type=url` was asked for.
    pub url: bool,
    /// Who owns everything.
    pub owner: &'a Owner,
    /// The versions.
    pub versions: &'a [ListedVersion<'a>],
    /// The common prefixes.
    pub prefixes: &'a [&'a [u8]],
}

/// One version.
#[derive(Clone, Copy, Debug)]
pub struct ListedVersion<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its last modification.
    pub modified_ms: u64,
    /// Its entity tag.
    pub etag: Etag,
    /// Bytes of its body.
    pub size: u64,
}

/// The document `ListVersionsResult`.
#[must_use]
pub fn version_list(list: &VersionList<'_>) -> Vec<u8> {
    let asked = [Some(list.prefix), list.delimiter, Some(list.key_marker), list.next_key_marker];
    let keys = list.versions.iter().map(|version| version.key).chain(list.prefixes.iter().copied());
    let encoding = Encoding::of(list.url, asked.into_iter().flatten().chain(keys));
    let keys: usize = list.versions.iter().map(|version| version.key.len() + 512).sum();
    let mut writer = Writer::new("ListVersionsResult", 1024 + keys);
    writer.text("Name", list.bucket);
    writer.key("Prefix", list.prefix, encoding);
    writer.key("KeyMarker", list.key_marker, encoding);
    writer.text("VersionIdMarker", "");
    if let Some(next) = list.next_key_marker {
        writer.key("NextKeyMarker", next, encoding);
        writer.text("NextVersionIdMarker", "null");
    }
    writer.number("MaxKeys", list.keys_max as u64);
    if let Some(delimiter) = list.delimiter {
        writer.key("Delimiter", delimiter, encoding);
    }
    if encoding == Encoding::Url {
        writer.text("EncodingType", "url");
    }
    writer.flag("IsTruncated", list.next_key_marker.is_some());
    for version in list.versions {
        writer.open("Version");
        writer.key("Key", version.key, encoding);
        writer.text("VersionId", "null");
        writer.flag("IsLatest", true);
        writer.time("LastModified", version.modified_ms);
        writer.etag(&version.etag);
        writer.number("Size", version.size);
        writer.owner("Owner", list.owner);
        writer.text("StorageClass", "STANDARD");
        writer.close("Version");
    }
    for prefix in list.prefixes {
        writer.open("CommonPrefixes");
        writer.key("Prefix", prefix, encoding);
        writer.close("CommonPrefixes");
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::leaves::at;

    #[test]
    fn every_object_is_its_own_newest_version() {
        let owner = Owner { id: "o".to_owned(), display_name: String::new() };
        let etag = Etag { md5: [0x1f; 16], parts: 0 };
        let versions = [ListedVersion { key: b"a&b", modified_ms: 0, etag, size: 3 }];
        let list = VersionList {
            bucket: "bucket",
            prefix: b"",
            delimiter: Some(b"/"),
            key_marker: b"",
            next_key_marker: Some(b"p/"),
            keys_max: 2,
            url: false,
            owner: &owner,
            versions: &versions,
            prefixes: &[b"p/"],
        };
        let document = version_list(&list);
        assert_eq!(at(&document, "ListVersionsResult/Version/Key"), ["a&b"]);
        assert_eq!(at(&document, "ListVersionsResult/Version/VersionId"), ["null"]);
        assert_eq!(at(&document, "ListVersionsResult/Version/IsLatest"), ["true"]);
        assert_eq!(at(&document, "ListVersionsResult/NextKeyMarker"), ["p/"]);
        assert_eq!(at(&document, "ListVersionsResult/CommonPrefixes/Prefix"), ["p/"]);
    }
}
