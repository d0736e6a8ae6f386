//! What the engine keeps with an object for the wire: headers that came with it and go back with it, and its checksum.
//!
//! ```text
//!  content-type, cache-control, ...   as sent, back on every read
//!  x-amz-meta-*                       the same; at most 2 KiB in all
//!  ~checksum                          the checksum of the object, in its stored form, base64
//!  ~upload-checksum                   what a multipart upload chose: algorithm and type
//! ```
//!
//! What must hold: names are lower case; those that begin with a tilde are never sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stratum_engine::log::Attribute;

use crate::checksum::{Algorithm, ChecksumType, ObjectChecksum, UploadChecksum, decode_object, encode_object};
use crate::error::S3Error;
use crate::error::code;
use crate::http1::Head;
use crate::limits::METADATA_BYTES_MAX;

/// Headers that belong to the object.
const SYSTEM: [&str; 6] =
    ["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
/// How the names of user metadata begin.
pub(super) const METADATA: &str = "x-amz-meta-";
/// What an object without one is.
pub(super) const CONTENT_TYPE_DEFAULT: &str = "binary/octet-stream";

const CHECKSUM: &str = "~checksum";
const UPLOAD_CHECKSUM: &str = "~upload-checksum";

/// The attributes that the headers of a request give an object.
///
/// # Errors
/// `MetadataTooLarge`.
pub(super) fn of_request(head: &Head) -> Result<Vec<Attribute>, S3Error> {
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut metadata_bytes = 0;
    for (name, value) in head.headers() {
        let value = match name {
            "content-encoding" => without_aws_chunked(&text(value)),
            _ if SYSTEM.contains(&name) => Some(text(value)),
            _ => match name.strip_prefix(METADATA) {
                Some(short) => {
                    metadata_bytes += short.len() + value.len();
                    Some(text(value))
                }
                None => None,
            },
        };
        let Some(value) = value else { continue };
        // Several lines of one name are one list.
        match attributes.iter_mut().find(|attribute| attribute.name == name) {
            Some(before) => {
                before.value.push(',');
                before.value.push_str(&value);
            }
            None => attributes.push(Attribute { name: name.to_owned(), value }),
        }
    }
    if metadata_bytes > METADATA_BYTES_MAX {
        let sizes = S3Error::from(code::METADATA_TOO_LARGE).with("Size", metadata_bytes.to_string());
        return Err(sizes.with("MaxSizeAllowed", METADATA_BYTES_MAX.to_string()));
    }
    Ok(attributes)
}

/// Those that are sent with a read.
pub(super) fn sent(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| !attribute.name.starts_with('~'))
}

/// The checksum among them.
#[must_use]
pub(super) fn checksum(attributes: &[Attribute]) -> Option<ObjectChecksum> {
    let stored = attributes.iter().find(|attribute| attribute.name == CHECKSUM)?;
    decode_object(&STANDARD.decode(&stored.value).ok()?)
}

/// The attribute of a checksum.
#[must_use]
pub(super) fn of_checksum(checksum: &ObjectChecksum) -> Attribute {
    Attribute { name: CHECKSUM.to_owned(), value: STANDARD.encode(encode_object(checksum)) }
}

/// What an upload chose for its checksums, among the attributes that it began with.
#[must_use]
pub(super) fn upload_checksum(attributes: &[Attribute]) -> Option<UploadChecksum> {
    let stored = attributes.iter().find(|attribute| attribute.name == UPLOAD_CHECKSUM)?;
    let (algorithm, kind) = stored.value.split_once(' ')?;
    let (algorithm, kind) = (Algorithm::named(algorithm.as_bytes())?, ChecksumType::named(kind.as_bytes())?);
    Some(UploadChecksum { algorithm, kind })
}

/// The attribute of that choice.
#[must_use]
pub(super) fn of_upload_checksum(chosen: UploadChecksum) -> Attribute {
    let value = format!("{} {}", chosen.algorithm.name(), chosen.kind.name());
    Attribute { name: UPLOAD_CHECKSUM.to_owned(), value }
}

/// The attributes without any checksum: what a copy takes along, whose checksum is its own.
pub(super) fn without_checksums(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !attribute.name.starts_with('~'));
}

/// A header's value as text. What is not UTF-8 is what HTTP says of old: ISO 8859-1.
fn text(value: &[u8]) -> String {
    let value = value.trim_ascii();
    std::str::from_utf8(value).map_or_else(|_| value.iter().map(|byte| char::from(*byte)).collect(), ToOwned::to_owned)
}

/// The content's own encodings: `aws-chunked` is how the body was sent, not what it is.
fn without_aws_chunked(value: &str) -> Option<String> {
    let kept: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty() && !one.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Hasher;

    fn of(headers: &str) -> Result<Vec<(String, String)>, &'static str> {
        let request = format!("PUT /b/k HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        let (head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
        let all = of_request(&head).map_err(|error| error.code.name)?;
        Ok(all.into_iter().map(|attribute| (attribute.name, attribute.value)).collect())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    /// Row 9: what says how the body was sent is taken off, what says what it is stays.
    #[test]
    fn aws_chunked_is_no_encoding_of_the_content() {
        assert_eq!(of("Content-Encoding: aws-chunked\r\n"), Ok(vec![]));
        assert_eq!(of("Content-Encoding: gzip, aws-chunked\r\n"), Ok(vec![pair("content-encoding", "gzip")]));
        assert_eq!(of("Content-Encoding: aws-chunked,gzip,br\r\n"), Ok(vec![pair("content-encoding", "gzip, br")]));
    }

    /// Row 65: names in lower case, values as they were sent.
    #[test]
    fn metadata_is_kept_with_its_names_in_lower_case() {
        let kept = of("X-Amz-Meta-Colour: Blau und Grün\r\nContent-Type: text/plain\r\nX-Amz-Date: x\r\n");
        let expected = vec![pair("x-amz-meta-colour", "Blau und Grün"), pair("content-type", "text/plain")];
        assert_eq!(kept, Ok(expected));
        assert_eq!(of("x-amz-meta-a: 1\r\nx-amz-meta-a: 2\r\n"), Ok(vec![pair("x-amz-meta-a", "1,2")]));
    }

    #[test]
    fn metadata_has_a_limit() {
        let line = |bytes: usize| format!("x-amz-meta-a: {}\r\n", "v".repeat(bytes));
        assert!(of(&line(METADATA_BYTES_MAX - 1)).is_ok());
        assert_eq!(of(&line(METADATA_BYTES_MAX)), Err("MetadataTooLarge"));
    }

    #[test]
    fn a_checksum_comes_back_and_is_never_sent() {
        let found = ObjectChecksum::full(Hasher::whole(Algorithm::Crc32c, b"bytes"));
        let chosen = UploadChecksum { algorithm: Algorithm::Sha256, kind: ChecksumType::Composite };
        let mut all = vec![of_checksum(&found), of_upload_checksum(chosen)];
        assert_eq!((checksum(&all), upload_checksum(&all)), (Some(found), Some(chosen)));
        assert_eq!(sent(&all).count(), 0);
        without_checksums(&mut all);
        assert_eq!(all, vec![]);
    }
}
