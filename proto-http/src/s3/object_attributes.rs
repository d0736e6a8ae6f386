//! GetObjectAttributes: what is known of an object, as far as it is asked for.

use crate::checksum::{ChecksumType, decode_part};
use crate::error::{S3Error, code};
use crate::limits::PARTS_PAGE_MAX;
use crate::s3::attributes;
use crate::s3::reads::open;
use crate::s3::reply::Reply;
use crate::s3::request::Request;
use crate::s3::service::Service;
use crate::text::dates;
use crate::xml::{self, AttributePage, AttributePart, Attributes, PartsOfObject};

/// What may be asked for.
const KNOWN: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

/// GetObjectAttributes.
///
/// # Errors
/// Nothing is asked for, or the object is not there.
pub(super) async fn attributes(service: &Service, request: &Request) -> Result<Reply, S3Error> {
    let asked = asked(request)?;
    let object = open(service, request).await?;
    let wants = |name: &str| asked.iter().any(|other| other == name);
    let head = &object.head;
    let most = number(request, "x-amz-max-parts")?.map_or(PARTS_PAGE_MAX, |most| usize::from(most).min(PARTS_PAGE_MAX));
    let marker = number(request, "x-amz-part-number-marker")?.unwrap_or(0);
    let behind: Vec<_> = object.parts().iter().filter(|part| part.number > marker).collect();
    let parts: Vec<AttributePart> = behind
        .iter()
        .take(most)
        .map(|part| AttributePart { number: part.number, size: part.size, checksum: decode_part(part.note.as_bytes()) })
        .collect();
    let checksum = attributes::checksum(&head.attributes);
    let page = AttributePage { marker, parts_max: most, truncated: behind.len() > parts.len(), parts: &parts };
    // As S3 does: parts are listed only where the object's checksum is made of theirs.
    let page = checksum.filter(|checksum| checksum.kind() == ChecksumType::Composite).map(|_| page);
    let total = u16::try_from(object.parts().len()).unwrap_or(u16::MAX);
    let shown = Attributes {
        etag: wants("ETag").then_some(head.etag),
        checksum: checksum.filter(|_| wants("Checksum")),
        parts: (wants("ObjectParts") && total > 0).then_some(PartsOfObject { total, page }),
        storage_class: wants("StorageClass").then_some("STANDARD"),
        size: wants("ObjectSize").then_some(head.size),
    };
    Ok(Reply::document(xml::attributes(&shown)).with("last-modified", dates::http(head.time_ms).as_str()))
}

/// The names in `x-amz-object-attributes`.
fn asked(request: &Request) -> Result<Vec<String>, S3Error> {
    let values = request.head.all("x-amz-object-attributes");
    let names = values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let names: Vec<String> =
        names.filter(|name| !name.is_empty()).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    if names.is_empty() || !names.iter().all(|name| KNOWN.contains(&name.as_str())) {
        return Err(S3Error::argument("x-amz-object-attributes", names.join(","), "Invalid attribute name specified."));
    }
    Ok(names)
}

fn number(request: &Request, name: &str) -> Result<Option<u16>, S3Error> {
    let Some(text) = request.text(name) else { return Ok(None) };
    let number = text.parse::<u64>().map(|number| u16::try_from(number).unwrap_or(u16::MAX));
    number.map(Some).map_err(|_| S3Error::saying(code::INVALID_ARGUMENT, format!("{name} must be an integer")))
}
