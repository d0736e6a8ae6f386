//! What a request says of its body: the value of `x-amz-content-sha256`.
//!
//! What must hold: a body is read in no other way than the head says, and a value that nobody knows is refused rather
//! than stored with its framing in it.

use super::encoding::{hex_string, unhex};
use super::error::AuthError;

/// How the body is bound to the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadHash {
    /// Its digest is signed; whoever reads the body compares.
    Literal([u8; 32]),
    /// It is not signed.
    Unsigned,
    /// It comes in chunks that are not signed, with a checksum after them.
    StreamingUnsignedTrailer,
    /// It comes in chunks, each signed.
    StreamingSigned,
    /// It comes in chunks, each signed, with a signed checksum after them.
    StreamingSignedTrailer,
}

/// What a presigned request signs in place of a digest.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

impl PayloadHash {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// It is neither a digest nor a word that we know.
    pub fn parse(value: &[u8]) -> Result<PayloadHash, AuthError> {
        let shown = || String::from_utf8_lossy(value).into_owned();
        match value {
            b"UNSIGNED-PAYLOAD" => Ok(PayloadHash::Unsigned),
            b"STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(PayloadHash::StreamingUnsignedTrailer),
            b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Ok(PayloadHash::StreamingSigned),
            b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Ok(PayloadHash::StreamingSignedTrailer),
            b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" | b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" => {
                Err(AuthError::PayloadUnsupported { value: shown() })
            }
            _ => unhex(value).map(PayloadHash::Literal).ok_or_else(|| AuthError::PayloadHashInvalid { value: shown() }),
        }
    }

    /// The value that says this.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            PayloadHash::Literal(digest) => hex_string(digest),
            PayloadHash::Unsigned => UNSIGNED.to_owned(),
            PayloadHash::StreamingUnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned(),
            PayloadHash::StreamingSigned => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_owned(),
            PayloadHash::StreamingSignedTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER".to_owned(),
        }
    }

    /// Whether the chunks of the body carry signatures.
    #[must_use]
    pub fn signs_chunks(&self) -> bool {
        matches!(self, PayloadHash::StreamingSigned | PayloadHash::StreamingSignedTrailer)
    }

    /// Compares the digest of the whole body, once it has come, with what was signed.
    ///
    /// # Errors
    /// They differ.
    pub fn check(&self, computed: &[u8; 32]) -> Result<(), AuthError> {
        match self {
            PayloadHash::Literal(claimed) if claimed != computed => {
                Err(AuthError::PayloadMismatch { claimed: *claimed, computed: *computed })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_known_and_says_itself() {
        let words = [
            PayloadHash::Literal([0xab; 32]),
            PayloadHash::Unsigned,
            PayloadHash::StreamingUnsignedTrailer,
            PayloadHash::StreamingSigned,
            PayloadHash::StreamingSignedTrailer,
        ];
        for word in words {
            assert_eq!(PayloadHash::parse(word.text().as_bytes()), Ok(word));
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        let digest = "a".repeat(64);
        let long = format!("{digest}a");
        let cases =
            ["", "unsigned-payload", "STREAMING-SOMETHING-ELSE", "STREAMING-UNSIGNED-PAYLOAD", &digest[1..], &long];
        for value in cases {
            let error = PayloadHash::parse(value.as_bytes()).expect_err("not a known value");
            assert_eq!(error, AuthError::PayloadHashInvalid { value: value.to_owned() });
            assert_eq!((error.answer().0, error.answer().1), ("InvalidArgument", 400));
        }
        for value in ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"] {
            let error = PayloadHash::parse(value.as_bytes()).expect_err("no elliptic curves here");
            assert_eq!((error.answer().0, error.answer().1), ("NotImplemented", 501));
        }
    }

    #[test]
    fn only_a_signed_digest_is_compared() {
        let error = PayloadHash::Literal([1; 32]).check(&[2; 32]).expect_err("another body");
        assert_eq!((error.answer().0, error.answer().1), ("XAmzContentSHA256Mismatch", 400));
        assert_eq!(error.elements().len(), 2);
        assert_eq!(PayloadHash::Literal([1; 32]).check(&[1; 32]), Ok(()));
        assert_eq!(PayloadHash::Unsigned.check(&[2; 32]), Ok(()));
    }
}
