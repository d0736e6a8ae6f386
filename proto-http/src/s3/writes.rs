//! Writes of objects: PUT, DELETE, and the deletion of many.

use stratum_engine::error::Error;
use stratum_engine::limits::INLINE_BYTES_MAX;
use stratum_engine::node::{PutOptions, Upload};
use stratum_engine::shard::Conditions;
use stratum_engine::types::ObjectKey;

use crate::checksum::{Checksum, ObjectChecksum};
use crate::error::{S3Error, code};
use crate::limits::{DOCUMENT_BYTES_MAX, OBJECT_PUT_BYTES_MAX};
use crate::net::Incoming;
use crate::s3::address::checked_key;
use crate::s3::attributes;
use crate::s3::buckets::there;
use crate::s3::conditions;
use crate::s3::reads::missing;
use crate::s3::reply::{Failure, Reply};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::xml::{self, Deletion, Outcome, reader};

/// PutObject.
///
/// # Errors
/// Why it was not stored.
pub(super) async fn put(service: &Service, request: &Request, incoming: &mut Incoming) -> Result<Reply, Failure> {
    let (bucket, key) = request.address.object()?;
    let conditions = conditions::of_write(&request.head)?;
    let condition = conditions::sole(&conditions);
    let mut kept = attributes::of_request(&request.head)?;
    let length = announced(incoming)?;
    let _room = match length {
        Some(length) if length <= INLINE_BYTES_MAX as u64 => service.room_for_small_body().await?,
        _ => service.room_for_body().await?,
    };
    let upload = service.store.upload(bucket, key, length).map_err(|why| missing(why.into(), request))?;
    let (upload, checksum) = stream(incoming, upload).await?;
    let checksum = checksum.map(ObjectChecksum::full);
    kept.extend(checksum.as_ref().map(attributes::of_checksum));
    let expected_md5 = incoming.promised_md5;
    let options = PutOptions { attributes: kept, conditions, expected_md5, ..PutOptions::default() };
    let answer = upload.finish(options).await.map_err(|why| failed(why, request, condition))?;
    let reply = Reply::status(200).with("etag", format!("\"{}\"", answer.etag));
    Ok(with_checksum(reply, checksum))
}

/// The length of a body that becomes an object or a part.
///
/// # Errors
/// It is not said, or too large.
pub(super) fn announced(incoming: &Incoming) -> Result<Option<u64>, S3Error> {
    if incoming.body.is_unannounced() {
        return Err(code::MISSING_CONTENT_LENGTH.into());
    }
    let length = incoming.body.length(incoming.decoded_length);
    if let Some(length) = length.filter(|length| *length > OBJECT_PUT_BYTES_MAX) {
        let sizes = S3Error::from(code::ENTITY_TOO_LARGE).with("ProposedSize", length.to_string());
        return Err(sizes.with("MaxSizeAllowed", OBJECT_PUT_BYTES_MAX.to_string()));
    }
    Ok(length)
}

/// Streams a body into the engine. Nothing of it is stored unless its end is asked for.
///
/// # Errors
/// The body is not what was promised, or cannot be stored.
pub(super) async fn stream(incoming: &mut Incoming, mut upload: Upload) -> Result<(Upload, Option<Checksum>), Failure> {
    while let Some(piece) = incoming.next().await? {
        upload.write(piece).await?;
    }
    let checksum = incoming.body.finish()?;
    Ok((upload, checksum))
}

/// An answer with the checksum that was stored.
#[must_use]
pub(super) fn with_checksum(reply: Reply, checksum: Option<ObjectChecksum>) -> Reply {
    let Some(object) = checksum else { return reply };
    let mut value = Vec::new();
    object.write_value(&mut value);
    let reply = reply.with(object.checksum.algorithm().header(), String::from_utf8(value).unwrap_or_default());
    reply.with("x-amz-checksum-type", object.kind().name())
}

/// DeleteObject.
///
/// # Errors
/// Why it was not deleted. That it was not there is no reason.
pub(super) async fn delete(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    if !request.is_version_there()? {
        // What is not there is gone.
        there(service, request)?;
        return Ok(Reply::status(204));
    }
    let (bucket, key) = request.address.object()?;
    let conditions = conditions::of_write(&request.head)?;
    let condition = conditions::sole(&conditions);
    service.store.delete(bucket, key, conditions).await.map_err(|why| failed(why, request, condition))?;
    Ok(Reply::status(204))
}

/// The error of a write, with what it is about.
fn failed(why: Error, request: &Request, condition: Option<&'static str>) -> S3Error {
    conditions::with_condition(missing(why.into(), request), condition)
}

/// DeleteObjects.
///
/// # Errors
/// The document is none. What becomes of each key stands in the answer.
pub(super) async fn delete_many(
    service: &Service,
    request: &Request,
    incoming: &mut Incoming,
) -> Result<Reply, Failure> {
    let bucket = request.address.bucket()?.clone();
    if !incoming.proves_its_body {
        let what = "Missing required header for this request: Content-MD5 or a checksum";
        return Err(S3Error::saying(code::INVALID_REQUEST, what).into());
    }
    let _room = service.room_for_body().await?;
    let document = incoming.document(DOCUMENT_BYTES_MAX, code::MALFORMED_XML).await?;
    let wanted = reader::deletion(&document)?;
    if service.store.bucket(&bucket).is_none() {
        return Err(S3Error::from(code::NO_SUCH_BUCKET).with("BucketName", bucket.as_str()).into());
    }
    let checked: Vec<Result<(ObjectKey, Conditions), S3Error>> = wanted.objects.iter().map(named).collect();
    let sent: Vec<(ObjectKey, Conditions)> = checked.iter().filter_map(|named| named.clone().ok()).collect();
    let mut answers = service.store.delete_many(&bucket, &sent).await.into_iter();
    let results: Vec<Result<(), S3Error>> = checked
        .into_iter()
        .map(|named| match named {
            Ok(_) => {
                answers.next().map_or(Err(code::INTERNAL_ERROR.into()), |answer| answer.map(|_| ()).map_err(Into::into))
            }
            Err(error) => Err(error),
        })
        .collect();
    let deletions: Vec<Deletion<'_>> = wanted
        .objects
        .iter()
        .zip(&results)
        .map(|(object, result)| Deletion {
            key: object.key.as_bytes(),
            version: object.version.as_deref(),
            outcome: match result {
                Ok(()) => Outcome::Deleted { marker: None },
                Err(error) => Outcome::Failed { code: error.code.name, message: &error.message },
            },
        })
        .collect();
    let inside = results.iter().find_map(|result| result.as_ref().err()?.inside.clone());
    Ok(Reply { inside, ..Reply::document(xml::delete_result(&deletions, wanted.quiet)) })
}

/// A key of the document with its condition.
fn named(object: &reader::DoomedObject) -> Result<(ObjectKey, Conditions), S3Error> {
    if object.version.as_deref().is_some_and(|version| version != "null") {
        return Err(code::NO_SUCH_VERSION.into());
    }
    if object.size.is_some() || object.modified.is_some() {
        return Err(S3Error::not_served("a condition on size or time"));
    }
    let conditions = object.etag.as_deref().map_or_else(Conditions::default, conditions::of_entity_tag);
    Ok((checked_key(object.key.as_bytes())?, conditions))
}
