//! Why a document is none, and what S3 calls it.

use std::fmt;

/// Why a document is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// More bytes, levels, text or items than are taken.
    TooLarge,
    /// Not XML, or not the document that belongs here.
    Malformed,
    /// The number of a part is none.
    InvalidPartNumber,
    /// The checksum of a part is none.
    InvalidChecksum,
}

impl DocumentError {
    /// The code of S3 for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            DocumentError::TooLarge | DocumentError::Malformed => "MalformedXML",
            DocumentError::InvalidPartNumber => "InvalidArgument",
            DocumentError::InvalidChecksum => "InvalidRequest",
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DocumentError::TooLarge => "the document is larger than such documents may be",
            DocumentError::Malformed => "the document is not the XML that belongs here",
            DocumentError::InvalidPartNumber => "the number of a part is not between 1 and 10000",
            DocumentError::InvalidChecksum => "the checksum of a part is not a checksum",
        })
    }
}
