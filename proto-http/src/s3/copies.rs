//! Copies: of an object onto a key, and of a range of an object into a part.
//!
//! What must hold: the source is opened once, so that what is copied is one object, whatever happens to its key. A copy
//! is a body that comes in: it holds a permit until it has ended, also where its client has gone.

use stratum_engine::log::Attribute;
use stratum_engine::node::{Object, PutOptions, Upload};
use stratum_engine::types::{BucketName, Note, ObjectKey};

use crate::checksum::{Algorithm, Checksum, Hasher, ObjectChecksum, UploadChecksum, encode_part};
use crate::error::{S3Error, code};
use crate::limits::{COPY_PIECE_BYTES, OBJECT_PUT_BYTES_MAX};
use crate::s3::address::{bucket, checked_key};
use crate::s3::attributes;
use crate::s3::conditions::{self, ReadConditions, Verdict};
use crate::s3::range::{self, Slice};
use crate::s3::reads::missing;
use crate::s3::reply::{Outcome, Reply};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::text::percent;
use crate::xml::{self, CopiedObject, CopiedPart};

/// CopyObject.
///
/// # Errors
/// Why there is no copy. It may take long, so what fails later stands in the outcome.
pub(super) async fn copy(service: &Service, request: &Request) -> Result<Outcome, S3Error> {
    let (to_bucket, to_key) = request.address.object()?;
    let (from_bucket, from_key) = source(request)?;
    let replaces = directive(request)?;
    let conditions = conditions::of_write(&request.head)?;
    if !replaces && (&from_bucket, &from_key) == (to_bucket, to_key) {
        let what = "This copy request is illegal because it is trying to copy an object to itself without changing the \
            object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(S3Error::saying(code::INVALID_REQUEST, what));
    }
    let room = service.room_for_body().await?;
    let object = open(service, request, &from_bucket, &from_key).await?;
    let size = object.head.size;
    if size > OBJECT_PUT_BYTES_MAX {
        let what = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
        return Err(S3Error::saying(code::INVALID_REQUEST, what));
    }
    let mut kept: Vec<Attribute> = match replaces {
        true => attributes::of_request(&request.head)?,
        false => object.head.attributes.clone(),
    };
    attributes::without_checksums(&mut kept);
    let algorithm = algorithm(request, &object)?;
    let target = service.store.upload(to_bucket, to_key, Some(size)).map_err(|why| missing(why.into(), request))?;
    Ok(Outcome::Later(Box::pin(async move {
        let _room = room;
        let (target, checksum) = pour(&object, Slice::whole(size), target, algorithm).await?;
        let checksum = ObjectChecksum::full(checksum);
        kept.push(attributes::of_checksum(&checksum));
        let options = PutOptions { attributes: kept, conditions, ..PutOptions::default() };
        let answer = target.finish(options).await?;
        let copied = CopiedObject { etag: answer.etag, modified_ms: answer.time_ms, checksum: Some(checksum) };
        Ok(Reply::document(xml::copied_object(&copied)))
    })))
}

/// UploadPartCopy.
///
/// # Errors
/// As [`copy`].
pub(super) async fn copy_part(service: &Service, request: &Request) -> Result<Outcome, S3Error> {
    let (to_bucket, to_key) = request.address.object()?;
    let (upload, number) = (request.upload()?, request.part_number()?);
    let (from_bucket, from_key) = source(request)?;
    let began = service.store.upload_attributes(to_bucket, to_key, upload).await?;
    let chosen = attributes::upload_checksum(&began);
    let room = service.room_for_body().await?;
    let object = open(service, request, &from_bucket, &from_key).await?;
    let slice = match request.head.header("x-amz-copy-source-range") {
        Some(value) => range::of_copy_source(value, object.head.size)?,
        None => Slice::whole(object.head.size),
    };
    if slice.length > OBJECT_PUT_BYTES_MAX {
        return Err(S3Error::from(code::ENTITY_TOO_LARGE));
    }
    let target = service.store.upload_part(to_bucket, to_key, upload, number, Some(slice.length)).await?;
    let algorithm = chosen.map_or(Algorithm::DEFAULT, |chosen: UploadChecksum| chosen.algorithm);
    Ok(Outcome::Later(Box::pin(async move {
        let _room = room;
        let (target, checksum) = pour(&object, slice, target, algorithm).await?;
        let note = Note::new(&encode_part(&checksum)).unwrap_or_default();
        let answer = target.finish(PutOptions { note, ..PutOptions::default() }).await?;
        let checksum = chosen.is_some().then_some(checksum);
        let copied = CopiedPart { md5: answer.etag.md5, modified_ms: answer.time_ms, checksum };
        Ok(Reply::document(xml::copied_part(&copied)))
    })))
}

/// Reads a slice of an object into an upload, and computes its checksum on the way.
async fn pour(
    object: &Object,
    slice: Slice,
    mut target: Upload,
    algorithm: Algorithm,
) -> Result<(Upload, Checksum), S3Error> {
    let mut hasher = Hasher::new(algorithm);
    let (mut at, end) = (slice.start, slice.start + slice.length);
    while at < end {
        let piece = object.read(at, COPY_PIECE_BYTES.min(end - at)).await?;
        at += piece.len() as u64;
        hasher.update(&piece);
        target.write(&piece).await?;
    }
    Ok((target, hasher.finish()))
}

/// The source object, if it is what the conditions say.
async fn open(service: &Service, request: &Request, bucket: &BucketName, key: &ObjectKey) -> Result<Object, S3Error> {
    let object = service.store.get(bucket, key).await.map_err(|why| {
        let error = S3Error::from(why);
        match error.code {
            code::NO_SUCH_KEY => error.with("Key", String::from_utf8_lossy(key.as_bytes()).into_owned()),
            code::NO_SUCH_BUCKET => error.with("BucketName", bucket.as_str()),
            _ => error,
        }
    })?;
    let conditions = ReadConditions::of_source(&request.head);
    match conditions.judge(object.head.etag, object.head.time_ms) {
        Verdict::Send => Ok(object),
        verdict => Err(conditions::failed(format!("x-amz-copy-source-{}", conditions.decisive(verdict)))),
    }
}

/// Row 67: the source in all forms in which clients write it.
fn source(request: &Request) -> Result<(BucketName, ObjectKey), S3Error> {
    let value = request.head.header("x-amz-copy-source").unwrap_or_default();
    parse_source(value)
}

/// Bucket and key of a source. The version is cut off before anything is decoded, since a question mark that belongs to
/// the key comes encoded.
fn parse_source(value: &[u8]) -> Result<(BucketName, ObjectKey), S3Error> {
    const VERSION: &[u8] = b"?versionId=";
    let shown = || String::from_utf8_lossy(value).into_owned();
    let at = value.windows(VERSION.len()).rposition(|window| window == VERSION);
    let (named, version) = match at {
        Some(at) => (value.get(..at).unwrap_or_default(), value.get(at + VERSION.len()..)),
        None => (value, None),
    };
    if let Some(version) = version.filter(|version| *version != b"null") {
        return Err(S3Error::from(code::NO_SUCH_VERSION).with("VersionId", String::from_utf8_lossy(version)));
    }
    let named = named.strip_prefix(b"/").unwrap_or(named);
    let decoded = percent::decode_lenient(named);
    // A source that was encoded whole may have its first slash encoded too.
    let decoded = decoded.strip_prefix(b"/").unwrap_or(&decoded);
    let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    let slash = decoded.iter().position(|byte| *byte == b'/');
    let slash = slash.ok_or_else(|| S3Error::argument("x-amz-copy-source", shown(), message))?;
    let (name, key) = decoded.split_at_checked(slash).unwrap_or_default();
    let key = key.strip_prefix(b"/").unwrap_or_default();
    if key.is_empty() {
        return Err(S3Error::argument("x-amz-copy-source", shown(), message));
    }
    Ok((bucket(name)?, checked_key(key)?))
}

/// Whether the copy gets the attributes of the request instead of those of its source.
fn directive(request: &Request) -> Result<bool, S3Error> {
    match request.head.header("x-amz-metadata-directive") {
        None | Some(b"COPY") => Ok(false),
        Some(b"REPLACE") => Ok(true),
        Some(other) => {
            let shown = String::from_utf8_lossy(other).into_owned();
            Err(S3Error::argument("x-amz-metadata-directive", shown, "Unknown metadata directive."))
        }
    }
}

/// The algorithm of the copy's checksum: the one asked for, else that of its source.
fn algorithm(request: &Request, object: &Object) -> Result<Algorithm, S3Error> {
    if let Some(name) = request.head.header("x-amz-checksum-algorithm") {
        let known = Algorithm::named(name.trim_ascii());
        return known.ok_or_else(|| {
            let shown = String::from_utf8_lossy(name).into_owned();
            S3Error::argument("x-amz-checksum-algorithm", shown, "Checksum algorithm provided is unsupported.")
        });
    }
    let source = attributes::checksum(&object.head.attributes);
    Ok(source.map_or(Algorithm::DEFAULT, |source| source.checksum.algorithm()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Result<(String, String), &'static str> {
        let (bucket, key) = parse_source(value.as_bytes()).map_err(|error| error.code.name)?;
        Ok((bucket.as_str().to_owned(), String::from_utf8_lossy(key.as_bytes()).into_owned()))
    }

    /// Row 67.
    #[test]
    fn a_source_comes_in_many_forms() {
        let expected = |key: &str| Ok(("photos".to_owned(), key.to_owned()));
        assert_eq!(of("photos/a/b c.txt"), expected("a/b c.txt"));
        assert_eq!(of("/photos/a%20b"), expected("a b"));
        assert_eq!(of("photos%2Fa%2Fb"), expected("a/b"));
        assert_eq!(of("%2Fphotos%2Fa"), expected("a"));
        assert_eq!(of("photos/a%3Fb?versionId=null"), expected("a?b"));
        assert_eq!(of("photos/a?versionId=abc"), Err("NoSuchVersion"));
        assert_eq!(of("photos/a+b"), expected("a+b"));
        assert_eq!(of("photos/a%zz"), expected("a%zz"), "sent raw");
        assert_eq!(of("photos//a"), expected("/a"));
        for bad in ["photos", "photos/", "", "/"] {
            assert_eq!(of(bad), Err("InvalidArgument"), "{bad}");
        }
    }
}
