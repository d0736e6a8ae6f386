//! Why a request was not done, as S3 says it: a code, a message, and what else the document shows.

use std::borrow::Cow;

use stratum_engine::error::Error;

use super::code::{self, Code};
use crate::auth::AuthError;
use crate::checksum::PromiseError;
use crate::xml::reader::DocumentError;

/// A refused or failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Error {
    /// Which.
    pub code: Code,
    /// What people read.
    pub message: Cow<'static, str>,
    /// Further elements of the document: name and text.
    pub details: Vec<(&'static str, String)>,
    /// Headers that go with it.
    pub headers: Vec<(&'static str, String)>,
    /// What happened within: for the journal, never for the client.
    pub inside: Option<Box<Error>>,
}

impl S3Error {
    /// The same code with a message of its own.
    #[must_use]
    pub fn saying(code: Code, message: impl Into<Cow<'static, str>>) -> S3Error {
        S3Error { message: message.into(), ..S3Error::from(code) }
    }

    /// With one element more.
    #[must_use]
    pub fn with(mut self, name: &'static str, text: impl Into<String>) -> S3Error {
        self.details.push((name, text.into()));
        self
    }

    /// An argument that is none: which and what it was.
    #[must_use]
    pub fn argument(name: &str, value: impl Into<String>, message: impl Into<Cow<'static, str>>) -> S3Error {
        S3Error::saying(code::INVALID_ARGUMENT, message).with("ArgumentName", name).with("ArgumentValue", value)
    }

    /// What is not served yet: the header or parameter that asks for it.
    #[must_use]
    pub fn not_served(what: &str) -> S3Error {
        S3Error::saying(code::NOT_IMPLEMENTED, format!("{what} asks for something that is not implemented"))
            .with("Header", what)
    }
}

impl From<Code> for S3Error {
    fn from(code: Code) -> S3Error {
        let message = Cow::Borrowed(code.message);
        S3Error { code, message, details: Vec::new(), headers: Vec::new(), inside: None }
    }
}

/// The engine's answers in S3's words. A fault of ours or of a disk names nothing of the inside: the journal does.
impl From<Error> for S3Error {
    fn from(error: Error) -> S3Error {
        let code = match error {
            Error::NoSuchBucket => code::NO_SUCH_BUCKET,
            Error::NoSuchKey => code::NO_SUCH_KEY,
            Error::NoSuchUpload => code::NO_SUCH_UPLOAD,
            Error::BucketExists => code::BUCKET_ALREADY_OWNED_BY_YOU,
            Error::BucketNotEmpty => code::BUCKET_NOT_EMPTY,
            Error::TooManyBuckets => code::TOO_MANY_BUCKETS,
            Error::PreconditionFailed => code::PRECONDITION_FAILED,
            Error::BadDigest => code::BAD_DIGEST,
            Error::TooLarge => code::ENTITY_TOO_LARGE,
            Error::AttributesTooLarge => code::METADATA_TOO_LARGE,
            Error::WrongLength => code::INCOMPLETE_BODY,
            Error::InvalidPart => code::INVALID_PART,
            Error::InvalidPartOrder => code::INVALID_PART_ORDER,
            Error::PartTooSmall => code::ENTITY_TOO_SMALL,
            Error::InvalidRange(size) => return range(size),
            Error::SlowDown => code::SLOW_DOWN,
            Error::NoSpace => code::STORAGE_FULL,
            Error::Stopping => code::SERVICE_UNAVAILABLE,
            Error::ReadOnly => {
                let why = "The store is read-only: data was found damaged, and the operator has not accepted that yet.";
                return S3Error::saying(code::SERVICE_UNAVAILABLE, why);
            }
            Error::WritesStopped => {
                let why = "A disk failed while it was written: writes have stopped, reads go on. Restart the node once \
                    the disk is well.";
                return S3Error::saying(code::SERVICE_UNAVAILABLE, why);
            }
            Error::Damaged(_) | Error::Index(_) | Error::Disk(_) => {
                return S3Error { inside: Some(Box::new(error)), ..S3Error::from(code::INTERNAL_ERROR) };
            }
        };
        code.into()
    }
}

/// A range that begins behind the end of `size` bytes.
#[must_use]
pub fn range(size: u64) -> S3Error {
    let mut error = S3Error::from(code::INVALID_RANGE).with("ActualObjectSize", size.to_string());
    error.headers.push(("content-range", format!("bytes */{size}")));
    error
}

/// Who asks, and what was signed.
impl From<AuthError> for S3Error {
    fn from(error: AuthError) -> S3Error {
        let (name, status, message) = error.answer();
        let code = Code { name, status, message: "" };
        let details = error.elements();
        // The answer to a HEAD has no document: there clients find the right region in a header, and sign anew.
        let region = details.iter().find(|(name, _)| *name == "Region").map(|(_, region)| region.clone());
        let headers = region.into_iter().map(|region| ("x-amz-bucket-region", region)).collect();
        S3Error { message: Cow::Owned(message), details, headers, ..S3Error::from(code) }
    }
}

/// A document that is none.
impl From<DocumentError> for S3Error {
    fn from(error: DocumentError) -> S3Error {
        let code = Code { name: error.code(), status: 400, message: "" };
        match error {
            DocumentError::TooLarge | DocumentError::Malformed => code::MALFORMED_XML.into(),
            _ => S3Error { message: Cow::Owned(error.to_string()), ..S3Error::from(code) },
        }
    }
}

/// What a request promised of its body.
impl From<PromiseError> for S3Error {
    fn from(error: PromiseError) -> S3Error {
        let code = Code { name: error.code(), status: 400, message: "" };
        S3Error { message: Cow::Owned(error.to_string()), ..S3Error::from(code) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Flaw, Form};

    /// boto3's HeadBucket with another region ended in a bare 400: the region stood in a document only, and the answer
    /// to a HEAD has none.
    #[test]
    fn a_wrong_region_is_told_in_a_header_too() {
        let flaw = Flaw::Region { given: "eu-west-3".to_owned(), expected: "us-east-1".to_owned() };
        let error = S3Error::from(AuthError::Malformed { form: Form::Header, flaw });
        assert_eq!(error.headers, [("x-amz-bucket-region", "us-east-1".to_owned())]);
        assert_eq!(S3Error::from(AuthError::UnknownScheme).headers, []);
    }
}
