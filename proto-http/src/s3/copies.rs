//! Copies: of an object onto a key, and of a range of an object into a part.
//!
//! What must hold: the source is opened once, so that what is copied is one object, whatever happens to its key. A copy
//! is a body that comes in: it holds a permit until it has ended, also where its client has gone.

use stratum_engine::error::Error;
use stratum_engine::log::Attribute;
use stratum_engine::node::{Object, PutOptions, Upload};
use stratum_engine::rt;
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
use crate::s3::request::{Request, is_version_there, no_such_version};
use crate::s3::service::Service;
use crate::text::percent;
use crate::xml::{self, CopiedObject, CopiedPart};

/// CopyObject.
///
/// # Errors
/// Why there is no copy. It may take long, so what fails later stands in the outcome.
pub(super) async fn copy(service: &Service, request: &Request) -> Result<Outcome, S3Error> {
    let (to_bucket, to_key) = request.address.object()?;
    let source = source(request)?;
    let replaces = directive(request)?;
    let header = |name| request.head.header(name);
    if header("x-amz-copy-source-range").is_some() {
        return Err(S3Error::not_served("x-amz-copy-source-range"));
    }
    let conditions = conditions::of_write(&request.head)?;
    let condition = conditions::sole(&conditions);
    let changes = replaces || header("x-amz-storage-class").or(header("x-amz-checksum-algorithm")).is_some();
    if !changes && (&source.bucket, &source.key) == (to_bucket, to_key) {
        let what = "This copy request is illegal because it is trying to copy an object to itself without changing the \
            object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(S3Error::saying(code::INVALID_REQUEST, what));
    }
    let room = service.room_for_body().await?;
    let object = open(service, request, &source).await?;
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
        let answer = target.finish(options).await.map_err(|why| conditions::with_condition(why.into(), condition))?;
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
    let source = source(request)?;
    let began = service.store.upload_attributes(to_bucket, to_key, upload).await?;
    let chosen = attributes::upload_checksum(&began);
    let room = service.room_for_body().await?;
    let object = open(service, request, &source).await?;
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
async fn open(service: &Service, request: &Request, source: &Source) -> Result<Object, S3Error> {
    let found = match (service.store.get(&source.bucket, &source.key).await, &source.spaced) {
        (Err(Error::NoSuchKey), Some(spaced)) => service.store.get(&source.bucket, spaced).await,
        (found, _) => found,
    };
    let object = found.map_err(|why| {
        let error = S3Error::from(why);
        match error.code {
            code::NO_SUCH_KEY => error.with("Key", String::from_utf8_lossy(source.key.as_bytes()).into_owned()),
            code::NO_SUCH_BUCKET => error.with("BucketName", source.bucket.as_str()),
            _ => error,
        }
    })?;
    let conditions = ReadConditions::of_source(&request.head, rt::wall_ms());
    match conditions.judge(object.head.etag, object.head.time_ms) {
        Verdict::Send => Ok(object),
        verdict => Err(conditions::failed(format!("x-amz-copy-source-{}", conditions.decisive(verdict)))),
    }
}

/// What is copied.
struct Source {
    bucket: BucketName,
    key: ObjectKey,
    /// The key if a plus sign is a space, which some clients mean and others do not: it counts where there is no other.
    spaced: Option<ObjectKey>,
}

/// Row 67: the source in all forms in which clients write it.
fn source(request: &Request) -> Result<Source, S3Error> {
    let value = request.head.header("x-amz-copy-source").unwrap_or_default();
    parse_source(value)
}

/// Bucket and key of a source. The version is cut off before anything is decoded, since a question mark that belongs to
/// the key comes encoded.
fn parse_source(value: &[u8]) -> Result<Source, S3Error> {
    const VERSION: &[u8] = b"?versionId=";
    let at = value.windows(VERSION.len()).rposition(|window| window == VERSION);
    let (named, version) = match at {
        Some(at) => (value.get(..at).unwrap_or_default(), value.get(at + VERSION.len()..)),
        None => (value, None),
    };
    if let Some(version) = version {
        let version = String::from_utf8_lossy(version);
        if !is_version_there(&version)? {
            return Err(no_such_version(&version));
        }
    }
    let wrong = |what| S3Error::argument("x-amz-copy-source", String::from_utf8_lossy(value), what);
    let (name, key) = bucket_and_key(named);
    let bucket = bucket(&name).map_err(|_| wrong("Invalid copy source bucket name"))?;
    if key.is_empty() {
        return Err(wrong("Invalid copy source object key"));
    }
    let spaced = named.contains(&b'+').then(|| bucket_and_key(&with_spaces(named)).1);
    Ok(Source { bucket, key: checked_key(&key)?, spaced: spaced.and_then(|key| checked_key(&key).ok()) })
}

/// Both, decoded, in front of the first slash and behind it.
fn bucket_and_key(named: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let named = named.strip_prefix(b"/").unwrap_or(named);
    let decoded = percent::decode_lenient(named);
    // A source that was encoded whole may have its first slash encoded too.
    let decoded = decoded.strip_prefix(b"/").unwrap_or(&decoded);
    let slash = decoded.iter().position(|byte| *byte == b'/').unwrap_or(decoded.len());
    let (name, key) = decoded.split_at_checked(slash).unwrap_or_default();
    (name.to_vec(), key.strip_prefix(b"/").unwrap_or_default().to_vec())
}

fn with_spaces(named: &[u8]) -> Vec<u8> {
    named.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
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
        let source = parse_source(value.as_bytes()).map_err(|error| error.code.name)?;
        Ok((source.bucket.as_str().to_owned(), String::from_utf8_lossy(source.key.as_bytes()).into_owned()))
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
        assert_eq!(of("photos/a?versionId=yqS.2mWqOo9HDWxJPuP_5vZ3ub1cYgwX"), Err("NoSuchVersion"));
        assert_eq!(of("photos/a?versionId=abc"), Err("InvalidArgument"));
        assert_eq!(of("photos/a+b"), expected("a+b"));
        assert_eq!(of("photos/a%zz"), expected("a%zz"), "sent raw");
        assert_eq!(of("photos//a"), expected("/a"));
        for bad in ["photos", "photos/", "", "/", "Photos/a", "a..b/c"] {
            assert_eq!(of(bad), Err("InvalidArgument"), "{bad}");
        }
    }

    #[test]
    fn a_plus_sign_may_be_a_space() {
        let spaced = |value: &str| {
            let source = parse_source(value.as_bytes()).ok()?;
            Some(String::from_utf8_lossy(source.spaced?.as_bytes()).into_owned())
        };
        assert_eq!(spaced("photos/a+b%2Bc"), Some("a b+c".to_owned()), "an encoded one is a plus sign");
        assert_eq!(spaced("photos/a%20b"), None);
    }
}
