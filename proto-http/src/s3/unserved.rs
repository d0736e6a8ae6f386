//! Headers that change what a request means and are not served: refused by name, never passed over.

use crate::error::S3Error;
use crate::error::code;
use crate::http1::Head;

/// Headers that ask for something that is not there, whatever their value is.
const ALWAYS: [&str; 11] = [
    "x-amz-if-match-initiated-time",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-mfa",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-rename-source",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
];
/// Headers of these beginnings likewise.
const BEGINNINGS: [&str; 3] =
    ["x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption", "x-amz-grant-"];

/// What a body that is a piece says of itself.
const PIECE: &str = "content-range";

/// Refuses a request with such a header.
///
/// # Errors
/// `NotImplemented` with the header's name; `InvalidStorageClass` or `InvalidArgument` for a value that S3 does not
/// know.
pub(super) fn refuse(head: &Head) -> Result<(), S3Error> {
    // A piece of an object cannot be put: it would become all of it.
    if head.method() == "PUT" && head.header(PIECE).is_some() {
        return Err(S3Error::not_served(PIECE));
    }
    for (name, value) in head.headers() {
        if !name.starts_with("x-amz-") {
            continue;
        }
        if ALWAYS.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) {
            return Err(S3Error::not_served(name));
        }
        let served = match name {
            "x-amz-acl" => match value {
                b"private" | b"bucket-owner-full-control" => true,
                known if ACLS.contains(&known) => false,
                other => return Err(S3Error::argument(name, String::from_utf8_lossy(other), "Invalid canned ACL")),
            },
            "x-amz-storage-class" => match value {
                b"STANDARD" => true,
                known if STORAGE_CLASSES.contains(&known) => false,
                _ => return Err(code::INVALID_STORAGE_CLASS.into()),
            },
            "x-amz-tagging-directive" => value == b"COPY",
            "x-amz-bucket-object-lock-enabled" => value.eq_ignore_ascii_case(b"false"),
            "x-amz-bucket-namespace" => value == b"global",
            "x-amz-object-ownership" => value == b"BucketOwnerEnforced",
            _ => true,
        };
        if !served {
            return Err(S3Error::not_served(name));
        }
    }
    Ok(())
}

/// All headers, or beginnings of them, that are always refused.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALWAYS.into_iter().chain(BEGINNINGS)
}

/// Canned lists of S3 that ask for what this store has not.
const ACLS: [&[u8]; 6] = [
    b"public-read",
    b"public-read-write",
    b"authenticated-read",
    b"aws-exec-read",
    b"bucket-owner-read",
    b"log-delivery-write",
];

/// Classes that S3 knows and this store has not.
const STORAGE_CLASSES: [&[u8]; 10] = [
    b"REDUCED_REDUNDANCY",
    b"STANDARD_IA",
    b"ONEZONE_IA",
    b"INTELLIGENT_TIERING",
    b"GLACIER",
    b"DEEP_ARCHIVE",
    b"OUTPOSTS",
    b"GLACIER_IR",
    b"SNOW",
    b"EXPRESS_ONEZONE",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<(), &'static str> {
        let request = format!("PUT /b/k HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n");
        let (head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
        refuse(&head).map_err(|error| error.code.name)
    }

    #[test]
    fn what_is_not_served_is_refused_by_name() {
        for good in ["x-amz-acl: private", "x-amz-storage-class: STANDARD", "x-amz-meta-a: b", "x-amz-date: d"] {
            assert_eq!(of(good), Ok(()), "{good}");
        }
        for bad in [
            "x-amz-acl: public-read",
            "x-amz-storage-class: GLACIER",
            "x-amz-tagging: a=b",
            "X-Amz-Server-Side-Encryption: AES256",
            "x-amz-server-side-encryption-customer-algorithm: AES256",
            "x-amz-grant-read: id=1",
            "x-amz-object-lock-mode: GOVERNANCE",
            "x-amz-write-offset-bytes: 1",
            "Content-Range: bytes 0-1/2",
        ] {
            assert_eq!(of(bad), Err("NotImplemented"), "{bad}");
        }
        assert_eq!(of("x-amz-storage-class: CHEAP"), Err("InvalidStorageClass"));
        assert_eq!(of("x-amz-acl: open"), Err("InvalidArgument"));
    }
}
