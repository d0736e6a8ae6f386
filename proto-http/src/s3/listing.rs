//! Listings: objects in both versions of the API, versions of a bucket that has none, open uploads.
//!
//! What must hold: a page goes on exactly where the one before it ended; what was said to follow does follow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stratum_engine::index::{After, Item, Page};
use stratum_engine::limits::LIST_PAGE_MAX;
use stratum_engine::types::UploadId;

use crate::error::S3Error;
use crate::s3::buckets::there;
use crate::s3::reads::missing;
use crate::s3::reply::Reply;
use crate::s3::request::{Request, is_version_there};
use crate::s3::service::Service;
use crate::text::hex;
use crate::xml::{self, ListedObject, ListedUpload, ListedVersion, Listing, UploadList, VersionList};

/// What all listings are asked.
struct Asked<'a> {
    prefix: &'a [u8],
    delimiter: Option<&'a [u8]>,
    most: usize,
    url: bool,
}

/// ListObjects.
///
/// # Errors
/// A parameter is none, or the bucket is not there.
pub(super) async fn version_1(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let asked = asked(request, "max-keys")?;
    let marker = request.query.filled("marker").unwrap_or_default().as_bytes();
    let page = objects(service, request, &asked, behind(marker, &asked)).await?;
    let next = page.items.last().filter(|_| page.more).map(name);
    let document = listing(request, &asked, &page, Some(&service.owner), |listing| listing.version_1(marker, next));
    Ok(Reply::document(document?))
}

/// ListObjectsV2.
///
/// # Errors
/// As [`version_1`].
pub(super) async fn version_2(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let asked = asked(request, "max-keys")?;
    let query = &request.query;
    let start_after = query.filled("start-after").map(str::as_bytes);
    let token = query.value("continuation-token");
    let after = match token {
        Some(token) => Some(from_token(token)?),
        None => behind(start_after.unwrap_or_default(), &asked),
    };
    let page = objects(service, request, &asked, after).await?;
    let next = page.items.last().filter(|_| page.more).map(to_token);
    let owner = (query.value("fetch-owner") == Some("true")).then_some(&service.owner);
    let document =
        listing(request, &asked, &page, owner, |listing| listing.version_2(start_after, token, next.as_deref()));
    Ok(Reply::document(document?))
}

/// ListObjectVersions: nothing is versioned, so every object is its own only version.
///
/// # Errors
/// As [`version_1`].
pub(super) async fn versions(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let asked = asked(request, "max-keys")?;
    let marker = request.query.filled("key-marker").unwrap_or_default().as_bytes();
    if let Some(version) = request.query.filled("version-id-marker") {
        if marker.is_empty() {
            let what = "A version-id marker cannot be specified without a key marker.";
            return Err(S3Error::argument("version-id-marker", version, what));
        }
        // Whichever it is, it is the last of its key.
        is_version_there(version)?;
    }
    let page = objects(service, request, &asked, behind(marker, &asked)).await?;
    let versions: Vec<ListedVersion<'_>> = page
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Key { key, entry } => Some(ListedVersion {
                key: key.as_bytes(),
                modified_ms: entry.time_ms,
                etag: entry.etag,
                size: entry.size,
            }),
            _ => None,
        })
        .collect();
    let list = VersionList {
        bucket: request.address.bucket()?.as_str(),
        prefix: asked.prefix,
        delimiter: asked.delimiter,
        key_marker: marker,
        next_key_marker: page.items.last().filter(|_| page.more).map(name),
        keys_max: asked.most,
        url: asked.url,
        owner: &service.owner,
        versions: &versions,
        prefixes: &prefixes(&page),
    };
    Ok(Reply::document(xml::version_list(&list)))
}

/// ListMultipartUploads.
///
/// # Errors
/// As [`version_1`].
pub(super) async fn uploads(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    there(service, request)?;
    let asked = asked(request, "max-uploads")?;
    let key_marker = request.query.filled("key-marker").unwrap_or_default().as_bytes();
    // An upload is only a place to go on from together with its key.
    let upload_marker = request.query.filled("upload-id-marker").filter(|_| !key_marker.is_empty());
    let after = match upload_marker {
        Some(marker) => {
            let upload = hex::decode(marker.as_bytes()).map(UploadId);
            let wrong = || S3Error::argument("upload-id-marker", marker, "Invalid uploadId marker");
            Some(After::Upload(key_marker.to_vec(), upload.ok_or_else(wrong)?))
        }
        None => behind(key_marker, &asked),
    };
    let bucket = request.address.bucket()?;
    let page = match asked.most {
        0 => Page::default(),
        most => service.store.list_uploads(bucket, asked.prefix, asked.delimiter, after, most).await?,
    };
    let ids: Vec<String> = page
        .items
        .iter()
        .map(|item| match item {
            Item::Upload { upload, .. } => upload.to_string(),
            _ => String::new(),
        })
        .collect();
    let uploads: Vec<ListedUpload<'_>> = page
        .items
        .iter()
        .zip(&ids)
        .filter_map(|(item, id)| match item {
            Item::Upload { key, entry, .. } => Some(ListedUpload {
                key: key.as_bytes(),
                id,
                begun_ms: entry.time_ms,
                storage_class: "STANDARD",
                checksum: None,
            }),
            _ => None,
        })
        .collect();
    let last = page.items.last().zip(ids.last()).filter(|_| page.more);
    let list = UploadList {
        bucket: bucket.as_str(),
        prefix: asked.prefix,
        delimiter: asked.delimiter,
        key_marker,
        upload_marker: upload_marker.unwrap_or_default(),
        next: last.map(|(item, id)| (name(item), id.as_str())),
        uploads_max: asked.most,
        url: asked.url,
        owner: &service.owner,
        uploads: &uploads,
        prefixes: &prefixes(&page),
    };
    Ok(Reply::document(xml::upload_list(&list)))
}

fn asked<'a>(request: &'a Request, most: &str) -> Result<Asked<'a>, S3Error> {
    let query = &request.query;
    let url = match query.filled("encoding-type") {
        None => false,
        Some("url") => true,
        Some(other) => {
            return Err(S3Error::argument("encoding-type", other, "Invalid Encoding Method specified in Request"));
        }
    };
    Ok(Asked {
        prefix: query.filled("prefix").unwrap_or_default().as_bytes(),
        delimiter: query.filled("delimiter").map(str::as_bytes),
        most: query.count(most, LIST_PAGE_MAX)?,
        url,
    })
}

async fn objects(
    service: &Service,
    request: &Request,
    asked: &Asked<'_>,
    after: Option<After>,
) -> Result<Page, S3Error> {
    there(service, request)?;
    if asked.most == 0 {
        return Ok(Page::default());
    }
    let bucket = request.address.bucket()?;
    let page = service.store.list(bucket, asked.prefix, asked.delimiter, after, asked.most).await;
    page.map_err(|why| missing(why.into(), request))
}

/// Where a page begins that goes on behind `marker`. A marker within a common prefix stands for all of it: the prefix
/// was on the page before.
fn behind(marker: &[u8], asked: &Asked<'_>) -> Option<After> {
    if marker.is_empty() {
        return None;
    }
    let rest = marker.strip_prefix(asked.prefix);
    let common = rest.zip(asked.delimiter).and_then(|(rest, delimiter)| {
        let at = rest.windows(delimiter.len()).position(|window| window == delimiter)?;
        marker.get(..asked.prefix.len() + at + delimiter.len())
    });
    Some(common.map_or_else(|| After::Key(marker.to_vec()), |common| After::Prefix(common.to_vec())))
}

fn listing(
    request: &Request,
    asked: &Asked<'_>,
    page: &Page,
    owner: Option<&xml::Owner>,
    write: impl FnOnce(&Listing<'_>) -> Vec<u8>,
) -> Result<Vec<u8>, S3Error> {
    let objects: Vec<ListedObject<'_>> = page
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Key { key, entry } => Some(ListedObject {
                key: key.as_bytes(),
                modified_ms: entry.time_ms,
                etag: entry.etag,
                size: entry.size,
                storage_class: "STANDARD",
                checksum: None,
            }),
            _ => None,
        })
        .collect();
    Ok(write(&Listing {
        bucket: request.address.bucket()?.as_str(),
        prefix: asked.prefix,
        delimiter: asked.delimiter,
        keys_max: asked.most,
        truncated: page.more,
        url: asked.url,
        owner,
        objects: &objects,
        prefixes: &prefixes(page),
    }))
}

fn prefixes(page: &Page) -> Vec<&[u8]> {
    let mut prefixes = Vec::new();
    for item in &page.items {
        if let Item::Prefix(prefix) = item {
            prefixes.push(prefix.as_slice());
        }
    }
    prefixes
}

/// What an item is listed under.
fn name(item: &Item) -> &[u8] {
    match item {
        Item::Key { key, .. } | Item::Upload { key, .. } => key.as_bytes(),
        Item::Prefix(prefix) => prefix,
    }
}

/// A token: what the page ended with, and whether that was a key or a common prefix.
fn to_token(item: &Item) -> String {
    let kind = if matches!(item, Item::Prefix(_)) { b'p' } else { b'k' };
    URL_SAFE_NO_PAD.encode([&[kind], name(item)].concat())
}

fn from_token(token: &str) -> Result<After, S3Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    match bytes.split_first() {
        Some((b'k', key)) if !key.is_empty() => Ok(After::Key(key.to_vec())),
        Some((b'p', prefix)) if !prefix.is_empty() => Ok(After::Prefix(prefix.to_vec())),
        _ => Err(S3Error::argument("continuation-token", token, "The continuation token provided is incorrect")),
    }
}

#[cfg(test)]
mod tests {
    use stratum_engine::types::ObjectKey;

    use super::*;

    /// Rows 73 and 74: a marker within a common prefix stands behind all of it.
    #[test]
    fn a_marker_within_a_common_prefix_is_behind_it() {
        let after = |marker: &str, prefix: &str, delimiter: Option<&str>| {
            let delimiter = delimiter.map(str::as_bytes);
            behind(marker.as_bytes(), &Asked { prefix: prefix.as_bytes(), delimiter, most: 1, url: false })
        };
        assert_eq!(after("", "", Some("/")), None);
        assert_eq!(after("a/b", "", None), Some(After::Key(b"a/b".to_vec())));
        assert_eq!(after("a/b", "", Some("/")), Some(After::Prefix(b"a/".to_vec())));
        assert_eq!(after("a/", "", Some("/")), Some(After::Prefix(b"a/".to_vec())));
        assert_eq!(after("a/b", "a/", Some("/")), Some(After::Key(b"a/b".to_vec())));
        assert_eq!(after("x/y", "a/", Some("/")), Some(After::Key(b"x/y".to_vec())), "not under the prefix");
    }

    /// Row 75: a token is ours or refused.
    #[test]
    fn a_token_says_where_the_page_ended() {
        let key = ObjectKey::new("grün/x".as_bytes()).expect("a good key");
        let listed = [Item::Prefix(b"a/".to_vec()), Item::Prefix(key.as_bytes().to_vec())];
        for item in listed {
            assert_eq!(from_token(&to_token(&item)), Ok(After::Prefix(name(&item).to_vec())));
        }
        for bad in ["", "x", "!!", "YQ"] {
            assert_eq!(from_token(bad).map_err(|error| error.code.name), Err("InvalidArgument"), "{bad}");
        }
    }
}
