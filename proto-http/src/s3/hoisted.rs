//! Headers that a presigned URL carries in its query: whoever walks it sends none of his own.
//!
//! ```text
//!  x-amz-meta-*, x-amz-acl, x-amz-copy-source, ...   taken as the headers that they stand for, served or refused
//!  x-amz-checksum-*, x-amz-sdk-*                     passed over, as S3 does
//!  X-Amz-Signature and its companions                the signature's own (`auth`)
//! ```
//!
//! What must hold: only what was signed is taken: of a query that has a signature these are. Values are such as a
//! header line may have, since some go back in one.
//!
//! Why checksums are passed over: the JavaScript SDK signs a URL before there is a body, and puts the checksum of an
//! empty one into it.

use crate::error::S3Error;
use crate::http1::Head;
use crate::s3::query::Query;

/// What the signature itself consists of.
const OF_THE_SIGNATURE: [&str; 8] = [
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];
/// Beginnings of names that are passed over.
const PASSED_OVER: [&str; 2] = ["x-amz-checksum-", "x-amz-sdk-"];

/// Gives the head those headers that its presigned query has. A header that was sent as one stays what it is.
///
/// # Errors
/// `InvalidArgument` for a value that no header can have.
pub(super) fn take(head: &mut Head, query: &Query) -> Result<(), S3Error> {
    // Of version 4 or of version 2.
    if !query.has("X-Amz-Signature") && !query.has("Signature") {
        return Ok(());
    }
    for (name, value) in query.pairs() {
        if !name.get(..6).is_some_and(|beginning| beginning.eq_ignore_ascii_case("x-amz-")) {
            continue;
        }
        let name = name.to_ascii_lowercase();
        let passed_over = PASSED_OVER.iter().any(|beginning| name.starts_with(beginning));
        if passed_over || OF_THE_SIGNATURE.contains(&name.as_str()) || head.header(&name).is_some() {
            continue;
        }
        let is_value = |text: &str| !text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t');
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_name || !is_value(value) {
            return Err(S3Error::argument(&name, value, "The parameter stands for a header, and no header can be so"));
        }
        head.add(&name, value.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Plus;

    fn taken(query: &str, lines: &str) -> Result<Vec<(String, String)>, &'static str> {
        let request = format!("PUT /b/k?{query} HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        let (mut head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
        let parsed = Query::parse(head.query(), Plus::Space).expect("a good query");
        take(&mut head, &parsed).map_err(|error| error.code.name)?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Ok(head.headers().skip(1).map(|(name, value)| (name.to_owned(), text(value))).collect())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    /// As `getSignedUrl` of the JavaScript SDK 3.1169 writes it, credential and signature shortened. It once lost the
    /// metadata, and took any access control list for the one that there is.
    #[test]
    fn a_presigned_put_keeps_its_metadata_and_its_acl() {
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Credential=AKID\
                     &X-Amz-Date=20261121T095155Z&X-Amz-Expires=300&X-Amz-Signature=845d&X-Amz-SignedHeaders=host\
                     &x-amz-acl=public-read&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-meta-a=b%20%C3%BC\
                     &x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject";
        let expected = vec![pair("x-amz-acl", "public-read"), pair("x-amz-meta-a", "b ü")];
        assert_eq!(taken(query, ""), Ok(expected));
    }

    #[test]
    fn a_header_that_was_sent_stays_and_names_come_in_any_case() {
        let query = "X-Amz-Signature=00&X-Amz-Meta-A=query&X-Amz-Meta-B=2";
        let expected = vec![pair("x-amz-meta-a", "header"), pair("x-amz-meta-b", "2")];
        assert_eq!(taken(query, "x-amz-meta-a: header\r\n"), Ok(expected));
    }

    #[test]
    fn a_query_that_carries_no_signature_is_no_place_for_headers() {
        assert_eq!(taken("x-amz-meta-a=b&x-amz-acl=private", ""), Ok(vec![]));
    }

    #[test]
    fn what_no_header_can_be_is_refused() {
        for bad in ["x-amz-meta-a=b%0D%0AEvil:%201", "x-amz-meta-a=%00", "x-amz-meta-a%0D%0Ab=c", "x-amz-meta-%20=c"] {
            assert_eq!(taken(&format!("X-Amz-Signature=00&{bad}"), ""), Err("InvalidArgument"), "{bad}");
        }
        assert_eq!(taken("X-Amz-Signature=00&ünïcödé=1&x-amz=2", ""), Ok(vec![]));
    }
}
