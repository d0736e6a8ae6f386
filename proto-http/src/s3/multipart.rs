//! Multipart uploads: begun, filled, listed, completed, aborted.
//!
//! What must hold: the checksum of a completed object is made of those that its parts were stored with, never of what a
//! client says; what it says is compared, and refused where there is nothing to compare it with. Every part has a
//! checksum of the object's algorithm, whatever else its client sent with it.

use stratum_engine::error::Error;
use stratum_engine::limits::PART_BYTES_MIN;
use stratum_engine::node::{PutOptions, Store};
use stratum_engine::shard::Completion;
use stratum_engine::types::{BucketName, Etag, Note, ObjectKey, UploadId};

use crate::checksum::{
    Algorithm, Checksum, ChecksumType, ObjectChecksum, PromiseError, UploadChecksum, composite, decode_part,
    encode_part, full_object, object_claim, upload_checksum,
};
use crate::error::{S3Error, code};
use crate::limits::{DOCUMENT_BYTES_MAX, PARTS_PAGE_MAX};
use crate::net::Incoming;
use crate::s3::attributes;
use crate::s3::conditions;
use crate::s3::reads::missing;
use crate::s3::reply::{Failure, Outcome, Reply};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::s3::writes::{announced, stream};
use crate::text::percent::{self, Slash};
use crate::xml::{self, CompletedUpload, ListedPart, PartList, reader};

/// CreateMultipartUpload.
///
/// # Errors
/// Why it was not begun.
pub(super) async fn create(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let (bucket, key) = request.address.object()?;
    let mut kept = attributes::of_request(&request.head)?;
    let header = |name| request.head.header(name);
    let chosen = upload_checksum(header("x-amz-checksum-algorithm"), header("x-amz-checksum-type"))?;
    kept.extend(chosen.map(attributes::of_upload_checksum));
    let upload = service.store.create_upload(bucket, key, kept).await.map_err(|why| missing(why.into(), request))?;
    let document = xml::initiated(bucket.as_str(), key.as_bytes(), &upload.to_string());
    let reply = Reply::document(document);
    Ok(match chosen {
        Some(chosen) => reply
            .with("x-amz-checksum-algorithm", chosen.algorithm.name())
            .with("x-amz-checksum-type", chosen.kind.name()),
        None => reply,
    })
}

/// UploadPart.
///
/// # Errors
/// Why it was not stored.
pub(super) async fn part(service: &Service, request: &Request, incoming: &mut Incoming) -> Result<Reply, Failure> {
    let (bucket, key) = request.address.object()?;
    let (upload, number) = (request.upload()?, request.part_number()?);
    let length = announced(incoming)?;
    let began = service.store.upload_attributes(bucket, key, upload).await.map_err(|why| of_upload(why, request))?;
    let chosen = attributes::upload_checksum(&began);
    let algorithm = chosen.map_or(Algorithm::DEFAULT, |chosen| chosen.algorithm);
    let promised = incoming.body.compute(algorithm);
    match promised.filter(|other| *other != algorithm) {
        Some(other) if chosen.is_some() => return Err(other_algorithm(algorithm, other).into()),
        // Nothing was chosen, so the object gets the default, whatever SDKs send with its parts of their own accord.
        Some(_) => incoming.body.compute_too(algorithm),
        None => {}
    }
    let _room = service.room_for_body().await?;
    let part = service.store.upload_part(bucket, key, upload, number, length).await;
    let (part, checksum) = stream(incoming, part.map_err(|why| of_upload(why, request))?).await?;
    let kept = incoming.body.second().or(checksum);
    let note = kept.as_ref().and_then(|kept| Note::new(&encode_part(kept))).unwrap_or_default();
    let options = PutOptions { expected_md5: incoming.promised_md5, note, ..PutOptions::default() };
    let answer = part.finish(options).await.map_err(|why| of_upload(why, request))?;
    let reply = Reply::status(200).with("etag", format!("\"{}\"", answer.etag));
    let Some(checksum) = checksum else { return Ok(reply) };
    let mut value = Vec::new();
    checksum.write_base64(&mut value);
    Ok(reply.with(checksum.algorithm().header(), String::from_utf8(value).unwrap_or_default()))
}

/// ListParts.
///
/// # Errors
/// There is no such upload.
pub(super) async fn list_parts(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let (bucket, key) = request.address.object()?;
    let upload = request.upload()?;
    let most = request.query.count("max-parts", PARTS_PAGE_MAX)?;
    let marker = request.query.count("part-number-marker", usize::from(u16::MAX));
    let marker = if request.query.filled("part-number-marker").is_some() { marker? } else { 0 };
    let marker = u16::try_from(marker).unwrap_or(u16::MAX);
    let began = service.store.upload_attributes(bucket, key, upload).await.map_err(|why| of_upload(why, request))?;
    let page = service.store.list_parts(bucket, key, upload, marker, most).await?;
    let chosen = attributes::upload_checksum(&began);
    let parts: Vec<ListedPart> = page
        .parts
        .iter()
        .map(|(number, entry)| ListedPart {
            number: *number,
            modified_ms: entry.time_ms,
            md5: entry.md5,
            size: entry.size,
            checksum: decode_part(entry.note.as_bytes()).filter(|_| chosen.is_some()),
        })
        .collect();
    let list = PartList {
        bucket: bucket.as_str(),
        key: key.as_bytes(),
        upload: &upload.to_string(),
        owner: &service.owner,
        storage_class: "STANDARD",
        checksum: chosen,
        marker,
        parts_max: most,
        truncated: page.more,
        parts: &parts,
    };
    Ok(Reply::document(xml::part_list(&list)))
}

/// AbortMultipartUpload.
///
/// # Errors
/// There is no such upload.
pub(super) async fn abort(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let (bucket, key) = request.address.object()?;
    let upload = request.upload()?;
    service.store.abort_upload(bucket, key, upload).await.map_err(|why| of_upload(why, request))?;
    Ok(Reply::status(204))
}

/// CompleteMultipartUpload.
///
/// # Errors
/// What is wrong with the request. What fails later stands in the outcome.
pub(super) async fn complete(
    service: &Service,
    request: &Request,
    incoming: &mut Incoming,
) -> Result<Outcome, Failure> {
    let (bucket, key) = request.address.object()?;
    let upload = request.upload()?;
    let conditions = conditions::of_write(&request.head)?;
    // The checksum headers of this request speak of the object, not of the document.
    let claim = claim(request)?;
    let room = service.room_for_body().await?;
    let document = incoming.document(DOCUMENT_BYTES_MAX, code::MALFORMED_XML).await?;
    let completion = reader::completion(&document)?;
    if !completion.is_ascending() {
        return Err(code::INVALID_PART_ORDER.into());
    }
    let named = completion.parts;
    let mut parts = Vec::with_capacity(named.len());
    for part in &named {
        parts.push((part.number, part.md5.ok_or_else(|| invalid_part(upload, part))?));
    }
    let location = location(request, incoming)?;
    let condition = conditions::sole(&conditions);
    let (store, bucket, key) = (service.store.clone(), bucket.clone(), key.clone());
    Ok(Outcome::Later(Box::pin(async move {
        // Until the object is there: the work goes on without its client.
        let _room = room;
        let checksum = checksum_of(&store, &bucket, &key, upload, &named, &claim).await?;
        let further = checksum.as_ref().map(attributes::of_checksum).into_iter().collect();
        let completion = Completion { parts, attributes: further, conditions };
        let answer = match store.complete_upload(&bucket, &key, upload, completion).await {
            Ok(answer) => answer,
            Err(why) => {
                let error = conditions::with_condition(why.into(), condition);
                return Err(explained(&store, &bucket, &key, upload, &named, error).await);
            }
        };
        let completed = CompletedUpload {
            location: &location,
            bucket: bucket.as_str(),
            key: key.as_bytes(),
            etag: answer.etag,
            checksum,
        };
        Ok(Reply::document(xml::completed(&completed)))
    })))
}

/// What a completing request says of the object.
struct Claim {
    size: Option<u64>,
    kind: Option<ChecksumType>,
    checksum: Option<(Algorithm, Vec<u8>)>,
}

fn claim(request: &Request) -> Result<Claim, S3Error> {
    let size = match request.text("x-amz-mp-object-size") {
        None => None,
        Some(text) => {
            let size = text.parse().map_err(|_| {
                S3Error::argument("x-amz-mp-object-size", text, "The value must be the size of the object in bytes")
            })?;
            Some(size)
        }
    };
    let kind = match request.head.header("x-amz-checksum-type") {
        None => None,
        Some(name) => {
            let shown = || String::from_utf8_lossy(name).into_owned();
            let kind = ChecksumType::named(name.trim_ascii());
            Some(kind.ok_or_else(|| S3Error::argument("x-amz-checksum-type", shown(), "Unknown checksum type"))?)
        }
    };
    let checksum = object_claim(request.head.headers())?.map(|(algorithm, value)| (algorithm, value.to_vec()));
    Ok(Claim { size, kind, checksum })
}

/// The checksum of the object that these parts make, compared with everything that was said of it. None if the upload
/// has ended already, or its parts have none that go together.
async fn checksum_of(
    store: &Store,
    bucket: &BucketName,
    key: &ObjectKey,
    upload: UploadId,
    named: &[reader::ClaimedPart],
    claim: &Claim,
) -> Result<Option<ObjectChecksum>, S3Error> {
    let began = match store.upload_attributes(bucket, key, upload).await {
        Ok(began) => began,
        // It may have been completed already: the engine knows whether this is the same request again.
        Err(Error::NoSuchUpload) => return Ok(None),
        Err(why) => return Err(why.into()),
    };
    let chosen = attributes::upload_checksum(&began);
    let found = parts_of(store, bucket, key, upload, named, chosen.is_some()).await?;
    let size: u64 = found.iter().map(|(_, size)| size).sum();
    if let Some(said) = claim.size.filter(|said| *said != size) {
        let what =
            format!("The provided 'x-amz-mp-object-size' header value {said} does not match what was computed: {size}");
        return Err(S3Error::saying(code::INVALID_REQUEST, what));
    }
    let default = UploadChecksum { algorithm: Algorithm::DEFAULT, kind: ChecksumType::FullObject };
    let UploadChecksum { algorithm, kind } = chosen.unwrap_or(default);
    if claim.kind.is_some_and(|said| said != kind) {
        let what = format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            kind.name(),
        );
        return Err(S3Error::saying(code::INVALID_REQUEST, what));
    }
    if let Some((said, _)) = claim.checksum.as_ref().filter(|(said, _)| *said != algorithm) {
        return Err(other_algorithm(algorithm, *said));
    }
    let all: Option<Vec<(Checksum, u64)>> = found
        .iter()
        .map(|(checksum, size)| checksum.filter(|one| one.algorithm() == algorithm).zip(Some(*size)))
        .collect();
    let checksum = all.and_then(|all| match kind {
        ChecksumType::Composite => composite(algorithm, all.iter().map(|(checksum, _)| *checksum)),
        ChecksumType::FullObject => full_object(algorithm, all.iter().copied()),
    });
    if let Some((_, value)) = &claim.checksum {
        compare(algorithm, checksum.as_ref(), value)?;
    }
    Ok(checksum)
}

/// Compares the checksum that was made of the parts with the one that is claimed.
fn compare(algorithm: Algorithm, made: Option<&ObjectChecksum>, claimed: &[u8]) -> Result<(), S3Error> {
    let name = algorithm.name();
    let Some(made) = made else {
        let what = format!("The {name} you specified cannot be compared: not every part has one.");
        return Err(S3Error::saying(code::INVALID_REQUEST, what));
    };
    match made.is_claimed_by(claimed) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let what = format!("The {name} you specified did not match the calculated checksum.");
            Err(S3Error::saying(code::BAD_DIGEST, what))
        }
        Err(why) => Err(PromiseError::InvalidChecksum(algorithm, why).into()),
    }
}

/// A checksum of another algorithm than the upload's.
fn other_algorithm(expected: Algorithm, actual: Algorithm) -> S3Error {
    let what = format!(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        expected.name().to_ascii_lowercase(),
        actual.name().to_ascii_lowercase(),
    );
    S3Error::saying(code::INVALID_REQUEST, what)
}

/// Checksum and size of each named part, as they are stored.
async fn parts_of(
    store: &Store,
    bucket: &BucketName,
    key: &ObjectKey,
    upload: UploadId,
    named: &[reader::ClaimedPart],
    chosen: bool,
) -> Result<Vec<(Option<Checksum>, u64)>, S3Error> {
    let mut found = Vec::with_capacity(named.len());
    let mut wanted = named.iter().peekable();
    let mut after = 0;
    while wanted.peek().is_some() {
        let page = store.list_parts(bucket, key, upload, after, PARTS_PAGE_MAX).await?;
        for (number, entry) in &page.parts {
            let Some(part) = wanted.next_if(|part| part.number <= *number) else { continue };
            let checksum = decode_part(entry.note.as_bytes());
            let agrees = match (&part.checksum, &checksum) {
                (None, _) => true,
                (Some(said), Some(stored)) if said.algorithm() == stored.algorithm() => said == stored,
                // SDKs repeat what they sent with a part of their own accord. It was compared then, and the part is
                // stored with the checksum of the object's algorithm.
                (Some(_), _) => !chosen,
            };
            if part.number != *number || !agrees {
                return Err(invalid_part(upload, part));
            }
            found.push((checksum, entry.size));
        }
        after = page.parts.last().map_or(after, |(number, _)| *number);
        if !page.more {
            break;
        }
    }
    match wanted.next() {
        Some(part) => Err(invalid_part(upload, part)),
        None => Ok(found),
    }
}

/// The error of a completion with the part that is its reason: the engine says what is wrong, not where.
async fn explained(
    store: &Store,
    bucket: &BucketName,
    key: &ObjectKey,
    upload: UploadId,
    named: &[reader::ClaimedPart],
    error: S3Error,
) -> S3Error {
    match error.code {
        code::NO_SUCH_UPLOAD => return error.with("UploadId", upload.to_string()),
        code::INVALID_PART | code::ENTITY_TOO_SMALL => {}
        _ => return error,
    }
    let last = named.last().map(|part| part.number);
    let mut after = 0;
    while let Ok(page) = store.list_parts(bucket, key, upload, after, PARTS_PAGE_MAX).await {
        for (number, entry) in &page.parts {
            let at = named.binary_search_by_key(number, |part| part.number);
            let Some(part) = at.ok().and_then(|at| named.get(at)) else { continue };
            let is_small = entry.size < PART_BYTES_MIN && Some(*number) != last;
            match error.code {
                code::INVALID_PART if part.md5 != Some(entry.md5) => return invalid_part(upload, part),
                code::ENTITY_TOO_SMALL if is_small => {
                    let error = error.with("ProposedSize", entry.size.to_string());
                    return with_part(error.with("MinSizeAllowed", PART_BYTES_MIN.to_string()), part);
                }
                _ => {}
            }
        }
        match page.parts.last() {
            Some((number, _)) if page.more => after = *number,
            _ => break,
        }
    }
    error
}

fn invalid_part(upload: UploadId, part: &reader::ClaimedPart) -> S3Error {
    with_part(S3Error::from(code::INVALID_PART).with("UploadId", upload.to_string()), part)
}

/// An error with the part that it is about, as the client named it.
fn with_part(error: S3Error, part: &reader::ClaimedPart) -> S3Error {
    let error = error.with("PartNumber", part.number.to_string());
    match part.md5 {
        Some(md5) => error.with("ETag", Etag { md5, parts: 0 }.to_string()),
        None => error,
    }
}

fn of_upload(why: Error, request: &Request) -> S3Error {
    let error = missing(why.into(), request);
    match (error.code, request.query.value("uploadId")) {
        (code::NO_SUCH_UPLOAD, Some(upload)) => error.with("UploadId", upload),
        _ => error,
    }
}

/// The address of the object, as the client called it.
fn location(request: &Request, incoming: &Incoming) -> Result<String, S3Error> {
    let (bucket, key) = request.address.object()?;
    let scheme = if incoming.connection.is_secure() { "https" } else { "http" };
    let host = String::from_utf8_lossy(request.head.host().unwrap_or_default());
    // A virtual host has the bucket in its name.
    let bucket = if request.address.is_hosted { String::new() } else { format!("{bucket}/") };
    let mut encoded = Vec::new();
    percent::encode(&mut encoded, key.as_bytes(), Slash::Kept);
    Ok(format!("{scheme}://{host}/{bucket}{}", String::from_utf8(encoded).unwrap_or_default()))
}
