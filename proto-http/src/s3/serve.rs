//! One request, from its head to its answer: what it names, who sent it, what it wants, and then the operation.
//!
//! What must hold: nothing of the body is asked for before the signature is right and the request is known to be one
//! that is served. Whoever sent nothing that says who he is may do nothing, and is told of nothing but that.

use crate::auth::{PayloadHash, Principal};
use crate::checksum::{Promises, is_checksum};
use crate::error::{S3Error, code};
use crate::http1::{Head, content_encoding};
use crate::net::{Incoming, Payload};
use crate::s3::address::Address;
use crate::s3::operation::{Named, Operation};
use crate::s3::query::Query;
use crate::s3::reply::{Failure, Outcome};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::s3::{buckets, copies, hoisted, listing, multipart, object_attributes, reads, settings, unserved, writes};
use crate::text::decimal;

/// Serves a request.
///
/// # Errors
/// Why it is refused or failed, or that the client has gone.
pub async fn serve(service: &Service, head: Head, incoming: &mut Incoming) -> Result<Outcome, Failure> {
    let (operation, request) = understood(service, head, incoming)?;
    operate(service, operation, &request, incoming).await
}

/// The request behind a head, and what it wants.
fn understood(service: &Service, mut head: Head, incoming: &mut Incoming) -> Result<(Operation, Request), Failure> {
    let address = Address::of(head.path(), head.host(), &service.domains)?;
    let verified =
        service.verify(&head, address.hosted()).map_err(|why| located(why.into(), service, &head, &address))?;
    let query = Query::parse(head.query(), verified.plus)?;
    hoisted::take(&mut head, &query)?;
    let copies = head.header("x-amz-copy-source").is_some();
    let operation = Operation::of(head.method(), address.named(), &query, copies);
    if verified.principal == Principal::Anonymous {
        let denied = denied(service, &address, &query, operation.ok());
        return Err(located(denied, service, &head, &address).into());
    }
    let operation = operation?;
    unserved::refuse(&head)?;
    if copies && matches!(head.method(), "GET" | "HEAD" | "DELETE") {
        let shown = String::from_utf8_lossy(head.header("x-amz-copy-source").unwrap_or_default()).into_owned();
        let what = "You can only specify a copy source header for copy requests.";
        return Err(S3Error::argument("x-amz-copy-source", shown, what).into());
    }
    refuse_unread_chunks(&head, &verified.payload, incoming)?;
    for name in ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"] {
        if head.header(name).is_some_and(|owner| owner != service.owner.id.as_bytes()) {
            return Err(S3Error::from(code::ACCESS_DENIED).into());
        }
    }
    // What completes an upload speaks of the object there, and not of the body.
    let of_body = |name: &str| operation != Operation::CompleteUpload || !is_checksum(name);
    let promises = Promises::read(head.headers().filter(|(name, _)| of_body(name)))?;
    let decoded_length = match head.header("x-amz-decoded-content-length") {
        None => None,
        // To S3 what is no number of bytes is no length.
        Some(text) => {
            Some(decimal::parse(text.trim_ascii()).ok_or_else(|| S3Error::from(code::MISSING_CONTENT_LENGTH))?)
        }
    };
    incoming.promise(Payload { hash: verified.payload, chunks: verified.chunks, promises, decoded_length });
    Ok((operation, Request { head, address, query }))
}

/// What whoever did not sign is told. As S3 does, that a bucket is not there is no secret.
fn denied(service: &Service, address: &Address, query: &Query, operation: Option<Operation>) -> S3Error {
    if matches!(operation, Some(Operation::GetObject | Operation::HeadObject)) && reads::overrides(query) {
        let what = "Request specific response headers cannot be used for anonymous GET requests.";
        return S3Error::saying(code::INVALID_REQUEST, what);
    }
    match &address.bucket {
        Some(name) if operation != Some(Operation::CreateBucket) && service.store.bucket(name).is_none() => {
            S3Error::from(code::NO_SUCH_BUCKET).with("BucketName", name.as_str())
        }
        _ => code::ACCESS_DENIED.into(),
    }
}

/// A body that is said to be aws-chunked while its signature says that it is not: to store it would be to store its
/// framing, if it has one. S3 says no where the payload is not signed; where its digest is, S3 stores what came.
fn refuse_unread_chunks(head: &Head, payload: &PayloadHash, incoming: &Incoming) -> Result<(), S3Error> {
    let word = match payload {
        PayloadHash::Unsigned => "UNSIGNED-PAYLOAD",
        PayloadHash::Literal(_) => "a digest",
        PayloadHash::StreamingUnsignedTrailer | PayloadHash::StreamingSigned | PayloadHash::StreamingSignedTrailer => {
            return Ok(());
        }
    };
    if incoming.body.has_ended() || !content_encoding::is_aws_chunked(head.all("content-encoding")) {
        return Ok(());
    }
    let what = format!("aws-chunked encoding is not supported when x-amz-content-sha256 {word} is supplied");
    let value = head.header("content-encoding").unwrap_or_default();
    Err(S3Error::argument("Content-Encoding", String::from_utf8_lossy(value).into_owned(), what))
}

/// Row 44: a client that is not let in looks at the head of a bucket for its region, whoever it is and whatever it
/// signed.
fn located(mut error: S3Error, service: &Service, head: &Head, address: &Address) -> S3Error {
    let says_it = error.headers.iter().any(|(name, _)| *name == "x-amz-bucket-region");
    let is_there = error.code != code::NO_SUCH_BUCKET;
    if head.method() == "HEAD" && address.named() == Named::Bucket && is_there && !says_it {
        error.headers.push(("x-amz-bucket-region", service.region.clone()));
    }
    error
}

async fn operate(
    service: &Service,
    operation: Operation,
    request: &Request,
    incoming: &mut Incoming,
) -> Result<Outcome, Failure> {
    let reply = match operation {
        Operation::ListBuckets => buckets::list(service, request)?,
        Operation::CreateBucket => buckets::create(service, request, incoming).await?,
        Operation::HeadBucket => buckets::head(service, request)?,
        Operation::DeleteBucket => buckets::delete(service, request).await?,
        Operation::BucketLocation => buckets::location(service, request)?,
        Operation::ListObjects => listing::version_1(service, request).await?,
        Operation::ListObjectsV2 => listing::version_2(service, request).await?,
        Operation::ListVersions => listing::versions(service, request).await?,
        Operation::ListUploads => listing::uploads(service, request).await?,
        Operation::GetObject => reads::read(service, request).await?,
        Operation::HeadObject => reads::head(service, request).await?,
        Operation::ObjectAttributes => object_attributes::attributes(service, request).await?,
        Operation::PutObject => writes::put(service, request, incoming).await?,
        Operation::DeleteObject => writes::delete(service, request).await?,
        Operation::DeleteObjects => writes::delete_many(service, request, incoming).await?,
        Operation::CreateUpload => multipart::create(service, request).await?,
        Operation::UploadPart => multipart::part(service, request, incoming).await?,
        Operation::ListParts => multipart::list_parts(service, request).await?,
        Operation::AbortUpload => multipart::abort(service, request).await?,
        Operation::Probe(probe) => settings::probe(service, request, probe).await?,
        Operation::RemoveSetting => settings::remove(service, request).await?,
        Operation::PutAcl => settings::put_acl(service, request, incoming).await?,
        Operation::CopyObject => return Ok(copies::copy(service, request).await?),
        Operation::CopyPart => return Ok(copies::copy_part(service, request).await?),
        Operation::CompleteUpload => return multipart::complete(service, request, incoming).await,
    };
    Ok(reply.into())
}
