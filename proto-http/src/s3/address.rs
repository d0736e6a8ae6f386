//! What a request names: bucket and key, out of its path and its host.
//!
//! ```text
//!  path-style      GET /photos/2026/a.jpg        Host: 127.0.0.1:9000
//!  virtual host    GET /2026/a.jpg               Host: photos.s3.example.com
//! ```
//!
//! What must hold: a key is the percent-decoded path, byte for byte: no dot and no slash in it means anything.

use std::net::IpAddr;

use stratum_engine::limits::KEY_BYTES_MAX;
use stratum_engine::types::{BucketName, ObjectKey};

use crate::error::{S3Error, code};
use crate::s3::operation::Named;
use crate::text::percent;

/// Bucket and key of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// The bucket.
    pub bucket: Option<BucketName>,
    /// The key in it.
    pub key: Option<ObjectKey>,
    /// The host named the bucket, not the path.
    pub is_hosted: bool,
}

impl Address {
    /// What a path names, on a host that may name the bucket.
    ///
    /// # Errors
    /// `InvalidURI`, `InvalidBucketName`, `KeyTooLongError`.
    pub(super) fn of(path: &[u8], host: Option<&[u8]>, domains: &[String]) -> Result<Address, S3Error> {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        if let Some(name) = host.and_then(|host| virtual_bucket(host, domains)) {
            return Ok(Address { bucket: Some(bucket(name.as_bytes())?), key: key(path)?, is_hosted: true });
        }
        // Some clients double the first slash. No bucket's name begins with one, so nothing is lost with it.
        let begin = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
        let path = path.get(begin..).unwrap_or_default();
        let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
        let (name, rest) = path.split_at_checked(end).unwrap_or((path, b""));
        if name.is_empty() {
            return Ok(Address::default());
        }
        let name = percent::decode(name).ok_or_else(|| S3Error::from(code::INVALID_URI))?;
        let key = key(rest.strip_prefix(b"/").unwrap_or(rest))?;
        Ok(Address { bucket: Some(bucket(&name)?), key, is_hosted: false })
    }

    /// How much it names.
    #[must_use]
    pub(super) fn named(&self) -> Named {
        match (&self.bucket, &self.key) {
            (None, _) => Named::Nothing,
            (Some(_), None) => Named::Bucket,
            (Some(_), Some(_)) => Named::Object,
        }
    }

    /// The bucket, if the host named it.
    #[must_use]
    pub(super) fn hosted(&self) -> Option<&str> {
        self.bucket.as_ref().filter(|_| self.is_hosted).map(BucketName::as_str)
    }

    /// The bucket, of an operation that has one.
    ///
    /// # Errors
    /// `InvalidRequest` if there is none.
    pub(super) fn bucket(&self) -> Result<&BucketName, S3Error> {
        self.bucket.as_ref().ok_or_else(|| code::INVALID_REQUEST.into())
    }

    /// Bucket and key, of an operation that has both.
    ///
    /// # Errors
    /// `InvalidRequest` if one is missing.
    pub(super) fn object(&self) -> Result<(&BucketName, &ObjectKey), S3Error> {
        let key = self.key.as_ref().ok_or_else(|| S3Error::from(code::INVALID_REQUEST))?;
        Ok((self.bucket()?, key))
    }
}

/// A bucket's name.
///
/// # Errors
/// `InvalidBucketName`.
pub(super) fn bucket(name: &[u8]) -> Result<BucketName, S3Error> {
    let text = std::str::from_utf8(name).ok().and_then(BucketName::new);
    text.ok_or_else(|| {
        S3Error::from(code::INVALID_BUCKET_NAME).with("BucketName", String::from_utf8_lossy(name).into_owned())
    })
}

/// The key that is left of a path; none if nothing is left.
fn key(encoded: &[u8]) -> Result<Option<ObjectKey>, S3Error> {
    if encoded.is_empty() {
        return Ok(None);
    }
    let decoded = percent::decode(encoded).ok_or_else(|| S3Error::from(code::INVALID_URI))?;
    checked_key(&decoded).map(Some)
}

/// A key in its own bytes.
///
/// # Errors
/// `KeyTooLongError`, and `InvalidURI` for what no document could show: bytes that are not UTF-8, or a zero.
pub(super) fn checked_key(bytes: &[u8]) -> Result<ObjectKey, S3Error> {
    if bytes.len() > KEY_BYTES_MAX {
        let sizes = S3Error::from(code::KEY_TOO_LONG).with("Size", bytes.len().to_string());
        return Err(sizes.with("MaxSizeAllowed", KEY_BYTES_MAX.to_string()));
    }
    let text = std::str::from_utf8(bytes).ok().and_then(|_| ObjectKey::new(bytes));
    text.ok_or_else(|| S3Error::saying(code::INVALID_URI, "The key is not UTF-8, or holds a zero byte."))
}

/// The bucket that a host names, in front of one of our domains.
fn virtual_bucket(host: &[u8], domains: &[String]) -> Option<String> {
    if domains.is_empty() {
        return None;
    }
    let host = std::str::from_utf8(host).ok()?.trim().to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host.as_str(),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return None;
    }
    let bucket = domains.iter().find_map(|domain| name.strip_suffix(domain.as_str())?.strip_suffix('.'))?;
    (!bucket.is_empty()).then(|| bucket.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, host: &str) -> Result<(Option<String>, Option<String>), &'static str> {
        let domains = vec!["s3.example.com".to_owned(), "localhost".to_owned()];
        let address = Address::of(path.as_bytes(), Some(host.as_bytes()), &domains).map_err(|error| error.code.name)?;
        let key = address.key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        Ok((address.bucket.map(|bucket| bucket.as_str().to_owned()), key))
    }

    fn both(bucket: &str, key: &str) -> Result<(Option<String>, Option<String>), &'static str> {
        Ok((Some(bucket.to_owned()), Some(key.to_owned())))
    }

    /// Rows 26 to 29: the key is the decoded path, and nothing in it is normalised.
    #[test]
    fn a_key_is_the_decoded_path() {
        for (path, expected) in [
            ("/photos/a", "a"),
            ("/photos//a//b/", "/a//b/"),
            ("/photos/./a/../b", "./a/../b"),
            ("/photos/a%2Fb%2fc", "a/b/c"),
            ("/photos/a+b%2Bc%20d", "a+b+c d"),
            ("/photos/=@:,()!*'", "=@:,()!*'"),
            ("/photos/gr%C3%BCn", "grün"),
        ] {
            assert_eq!(of(path, "127.0.0.1:9000"), both("photos", expected), "{path}");
        }
        assert_eq!(of("/photos/a%2", "h"), Err("InvalidURI"));
        assert_eq!(of("/photos/a%FF", "h"), Err("InvalidURI"));
        assert_eq!(of("/photos/a%00", "h"), Err("InvalidURI"));
        assert_eq!(of(&format!("/photos/{}", "k".repeat(1025)), "h"), Err("KeyTooLongError"));
        assert_eq!(of("/Photos/a", "h"), Err("InvalidBucketName"));
    }

    /// Row 45: a doubled first slash is one.
    #[test]
    fn a_path_of_slashes_names_nothing() {
        assert_eq!(of("/", "h"), Ok((None, None)));
        assert_eq!(of("//", "h"), Ok((None, None)));
        assert_eq!(of("//photos/a", "h"), both("photos", "a"));
        assert_eq!(of("/photos", "h"), Ok((Some("photos".to_owned()), None)));
        assert_eq!(of("/photos/", "h"), Ok((Some("photos".to_owned()), None)));
    }

    /// Row 43: the host names the bucket in front of a domain of ours.
    #[test]
    fn a_host_may_name_the_bucket() {
        for host in
            ["photos.s3.example.com", "PHOTOS.S3.Example.COM:9000", "photos.s3.example.com.", "photos.localhost:9000"]
        {
            assert_eq!(of("/a/b", host), both("photos", "a/b"), "{host}");
        }
        assert_eq!(of("/a", "my.dotted.bucket.s3.example.com"), both("my.dotted.bucket", "a"));
        assert_eq!(of("//a", "photos.s3.example.com"), both("photos", "/a"));
        for host in ["s3.example.com", "localhost:9000", "192.168.0.1:9000", "[::1]:9000", "other.org"] {
            assert_eq!(of("/photos/a", host), both("photos", "a"), "{host}");
        }
    }
}
