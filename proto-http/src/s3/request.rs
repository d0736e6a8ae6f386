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
    /// True if nobody signed it.
    pub anonymous: bool,
}

impl Request {
    /// A header's value as text. What is not UTF-8 is as if it had not been sent.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.head.header(name)?).ok().map(str::trim)
    }

    /// The version that is named: only `null` can be, since nothing is versioned.
    ///
    /// # Errors
    /// `NoSuchVersion`.
    pub(super) fn only_version(&self) -> Result<(), S3Error> {
        match self.query.value("versionId") {
            None | Some("null") => Ok(()),
            Some("") => Err(S3Error::argument("versionId", "", "Version id cannot be the empty string")),
            Some(version) => Err(S3Error::from(code::NO_SUCH_VERSION).with("VersionId", version)),
        }
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
