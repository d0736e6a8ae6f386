//! A request, understood: what it names, what it asks for, who sent it.

use crate::error::{S3Error, code};
use crate::http1::Head;
use crate::s3::address::Address;
use crate::s3::query::Query;
use crate::text::hex;

/// A request whose signature is right.
pub(super) struct Request {
    /// Its head.
    pub head: Head,
    /// What it names.
    pub address: Address,
    /// Its parameters.
    pub query: Query,
}

impl Request {
    /// A header's value as text. What is not UTF-8 is as if it had not been sent.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.head.header(name)?).ok().map(str::trim)
    }

    /// Whether the version that is named can be there.
    ///
    /// # Errors
    /// As [`is_version_there`].
    pub(super) fn is_version_there(&self) -> Result<bool, S3Error> {
        self.query.value("versionId").map_or(Ok(true), is_version_there)
    }

    /// Refuses any version but the only one.
    ///
    /// # Errors
    /// `NoSuchVersion`, and as [`is_version_there`].
    pub(super) fn only_version(&self) -> Result<(), S3Error> {
        if self.is_version_there()? {
            return Ok(());
        }
        Err(no_such_version(self.query.value("versionId").unwrap_or_default()))
    }

    /// The upload that is named.
    ///
    /// # Errors
    /// `NoSuchUpload` for what is no id of ours.
    pub(super) fn upload(&self) -> Result<stratum_engine::types::UploadId, S3Error> {
        let text = self.query.value("uploadId").unwrap_or_default();
        let id = hex::decode(text.as_bytes()).map(stratum_engine::types::UploadId);
        id.ok_or_else(|| S3Error::from(code::NO_SUCH_UPLOAD).with("UploadId", text))
    }

    /// The number of a part.
    ///
    /// # Errors
    /// `InvalidArgument` for what no part can have.
    pub(super) fn part_number(&self) -> Result<u16, S3Error> {
        let text = self.query.value("partNumber").unwrap_or_default();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (1..=10_000).contains(number));
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        number.ok_or_else(|| S3Error::argument("partNumber", text, message))
    }
}

/// Whether a version can be there: only `null` can, since nothing is versioned. Others have been elsewhere, or nowhere.
///
/// # Errors
/// `InvalidArgument` for what no version of S3 is called: their names are 32 letters, digits, dots, lines.
pub(super) fn is_version_there(version: &str) -> Result<bool, S3Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match version {
        "null" => Ok(true),
        "" => Err(S3Error::argument("versionId", "", "Version id cannot be the empty string")),
        _ if version.len() == VERSION_BYTES && version.bytes().all(is_plain) => Ok(false),
        _ => Err(S3Error::argument("versionId", version, "Invalid version id specified")),
    }
}

/// The error of a version that is not there.
#[must_use]
pub(super) fn no_such_version(version: &str) -> S3Error {
    S3Error::from(code::NO_SUCH_VERSION).with("VersionId", version)
}

/// Bytes of the name of a version in S3.
const VERSION_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_there_or_elsewhere_or_no_version() {
        let of = |version: &str| is_version_there(version).map_err(|error| error.code.name);
        assert_eq!(of("null"), Ok(true));
        assert_eq!(of("yqS.2mWqOo9HDWxJPuP_5vZ3ub1cYgwX"), Ok(false));
        for none in ["", "abc", "NULL", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", &"+".repeat(32), &"a".repeat(1024)] {
            assert_eq!(of(none), Err("InvalidArgument"), "{none}");
        }
    }
}
