//! Reads of objects: GET, HEAD, and their attributes.

use stratum_engine::node::{Head, Object};
use stratum_engine::rt;

use crate::checksum::{ChecksumType, Extent, asks_for_checksum, decode_part, shown};
use crate::error::{S3Error, code};
use crate::s3::attributes;
use crate::s3::conditions::{self, ReadConditions, Verdict};
use crate::s3::query::Query;
use crate::s3::range::{self, Slice};
use crate::s3::reply::{Reply, ReplyBody};
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::text::dates;

/// Parameters of a read that replace a header of its answer.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-content-type", "content-type"),
    ("response-content-language", "content-language"),
    ("response-expires", "expires"),
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
];

/// GetObject.
///
/// # Errors
/// Why it is not sent.
pub(super) async fn read(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let object = open(service, request).await?;
    let (mut reply, slice) = described(request, &object)?;
    if let Some(slice) = slice {
        reply.body = ReplyBody::Object(Box::new(object), slice);
    }
    Ok(reply)
}

/// HeadObject.
///
/// # Errors
/// Why nothing is said of it.
pub(super) async fn head(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let object = open(service, request).await?;
    let (mut reply, slice) = described(request, &object)?;
    if let Some(slice) = slice {
        reply.body = ReplyBody::Announced(slice.length);
    }
    Ok(reply)
}

/// The object that a request names.
///
/// # Errors
/// It is not there, or cannot be read.
pub(super) async fn open(service: &Service, request: &Request) -> Result<Object, S3Error> {
    request.only_version()?;
    let (bucket, key) = request.address.object()?;
    service.store.get(bucket, key).await.map_err(|why| missing(S3Error::from(why), request))
}

/// An error about an object, with what it is about.
#[must_use]
pub(super) fn missing(error: S3Error, request: &Request) -> S3Error {
    let name = |bucket: &stratum_engine::types::BucketName| bucket.as_str().to_owned();
    match (error.code, &request.address.bucket, &request.address.key) {
        (code::NO_SUCH_KEY, _, Some(key)) => error.with("Key", String::from_utf8_lossy(key.as_bytes()).into_owned()),
        (code::NO_SUCH_BUCKET, Some(bucket), _) => error.with("BucketName", name(bucket)),
        _ => error,
    }
}

/// Whether a query asks for headers of the answer.
#[must_use]
pub(super) fn overrides(query: &Query) -> bool {
    OVERRIDES.iter().any(|(parameter, _)| query.has(parameter))
}

/// The answer to a read, and which bytes belong to it; none where the client has them already.
fn described(request: &Request, object: &Object) -> Result<(Reply, Option<Slice>), S3Error> {
    let head = &object.head;
    let conditions = ReadConditions::of_read(&request.head, rt::wall_ms());
    match conditions.judge(head.etag, head.time_ms) {
        Verdict::Failed => return Err(conditions::failed(conditions.decisive(Verdict::Failed))),
        Verdict::NotModified => return Ok((not_modified(head), None)),
        Verdict::Send => {}
    }
    let (slice, extent) = asked(request, object)?;
    let mut reply = Reply::status(if slice.partial { 206 } else { 200 })
        .with("last-modified", dates::http(head.time_ms).as_str())
        .with("etag", format!("\"{}\"", head.etag))
        .with("accept-ranges", "bytes");
    if slice.partial {
        reply = reply.with("content-range", slice.content_range(head.size));
    }
    for attribute in attributes::sent(&head.attributes) {
        reply = reply.with(attribute.name.as_str(), attribute.value.as_str());
    }
    if !head.attributes.iter().any(|attribute| attribute.name == "content-type") {
        reply = reply.with("content-type", attributes::CONTENT_TYPE_DEFAULT);
    }
    if request.query.has("partNumber") && head.etag.parts > 0 {
        reply = reply.with("x-amz-mp-parts-count", object.parts().len().to_string());
    }
    if asks_for_checksum(request.head.header("x-amz-checksum-mode")) {
        reply = with_checksum(reply, object, slice, extent);
    }
    override_headers(request, &mut reply)?;
    Ok((reply, Some(slice)))
}

/// The bytes that are asked for, and what they are of the object.
fn asked(request: &Request, object: &Object) -> Result<(Slice, Extent), S3Error> {
    let size = object.head.size;
    let header = request.head.header("range");
    if request.query.has("partNumber") {
        let number = request.part_number()?;
        if header.is_some() {
            let what = "Cannot specify both Range header and partNumber query parameter";
            return Err(S3Error::saying(code::INVALID_REQUEST, what));
        }
        let slice = range::of_part(number, object.parts(), size)?;
        let slice = if size == 0 { Slice::whole(0) } else { slice };
        // The only part of an object is all of its bytes, but its checksum is another one.
        let checksum = attributes::checksum(&object.head.attributes);
        let is_composite = checksum.is_some_and(|checksum| checksum.kind() == ChecksumType::Composite);
        return Ok((slice, if is_composite { Extent::Part } else { extent(slice, object) }));
    }
    let header = header.filter(|_| conditions::range_counts(&request.head, object.head.etag, object.head.time_ms));
    let slice = range::of_header(header, size).map_err(|error| {
        let shown = String::from_utf8_lossy(header.unwrap_or_default()).into_owned();
        error.with("RangeRequested", shown)
    })?;
    Ok((slice, extent(slice, object)))
}

fn extent(slice: Slice, object: &Object) -> Extent {
    if slice.length == object.head.size {
        return Extent::Whole;
    }
    if part_at(slice, object).is_some() { Extent::Part } else { Extent::Range }
}

/// The part that is exactly this slice.
fn part_at(slice: Slice, object: &Object) -> Option<usize> {
    let mut start = 0;
    for (index, part) in object.parts().iter().enumerate() {
        if start == slice.start {
            return (part.size == slice.length).then_some(index);
        }
        start += part.size;
    }
    None
}

/// Rows 13 and 14: the checksum of what is sent, and none where there is none of exactly that.
fn with_checksum(reply: Reply, object: &Object, slice: Slice, extent: Extent) -> Reply {
    let part = part_at(slice, object).and_then(|index| decode_part(object.parts().get(index)?.note.as_bytes()));
    let Some(shown) = shown(extent, attributes::checksum(&object.head.attributes), part) else { return reply };
    let mut value = Vec::new();
    shown.write_value(&mut value);
    let reply = reply.with(shown.header(), String::from_utf8(value).unwrap_or_default());
    reply.with("x-amz-checksum-type", shown.kind().name())
}

/// Row 49: what a cache wants to know of what it has.
fn not_modified(head: &Head) -> Reply {
    let mut reply = Reply::status(304)
        .with("last-modified", dates::http(head.time_ms).as_str())
        .with("etag", format!("\"{}\"", head.etag));
    for name in ["cache-control", "expires"] {
        if let Some(attribute) = head.attributes.iter().find(|attribute| attribute.name == name) {
            reply = reply.with(name, attribute.value.as_str());
        }
    }
    reply
}

/// Row 60: whoever signed the request may say how its answer is labelled.
fn override_headers(request: &Request, reply: &mut Reply) -> Result<(), S3Error> {
    for (parameter, header) in OVERRIDES {
        let Some(value) = request.query.value(parameter) else { continue };
        if value.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(S3Error::argument(parameter, value, "A header cannot hold control characters"));
        }
        reply.lines.remove(header);
        reply.lines.add(header, value.as_bytes());
    }
    Ok(())
}
