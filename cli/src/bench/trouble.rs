//! What goes wrong with an operation, and the code under which it is counted.

use std::fmt;

use stratum_proto_http::client::ClientError;
use stratum_proto_http::xml::reader;

/// Letters of a code that are shown: those of S3 have fewer.
const CODE_CHARS_MAX: usize = 64;
/// Letters of a message that are shown.
const MESSAGE_CHARS_MAX: usize = 200;

/// Why an operation did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server refused it.
    Refused {
        /// The status.
        status: u16,
        /// The code of S3, if it said one.
        code: Option<String>,
        /// What people read.
        message: String,
    },
    /// No answer came, or none that can be read.
    Lost(ClientError),
    /// The request cannot be written down.
    Unsendable,
    /// The body has another length than it was put with.
    WrongLength,
    /// The body is another one.
    WrongContent,
    /// The page shows other keys than are there.
    WrongListing,
    /// The answer's document does not say what it has to.
    WrongDocument,
}

impl Trouble {
    /// What an answer of this status says with this document.
    pub(super) fn refused(status: u16, document: &[u8]) -> Trouble {
        let said = reader::error_answer(document).ok();
        let plain = |code: &str| code.bytes().all(|byte| byte.is_ascii_alphanumeric()) && code.len() <= CODE_CHARS_MAX;
        let code = said.as_ref().map(|said| said.code.clone()).filter(|code| plain(code));
        let message = said.map(|said| said.message).unwrap_or_default();
        let message = message.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect();
        Trouble::Refused { status, code, message }
    }

    /// The code under which it is counted.
    pub(super) fn code(&self) -> String {
        let name = match self {
            Trouble::Refused { code: Some(code), .. } => code,
            Trouble::Refused { status, .. } => return format!("Http{status}"),
            Trouble::Lost(ClientError::Unreachable) => "Unreachable",
            Trouble::Lost(ClientError::Slow) => "TimedOut",
            Trouble::Lost(ClientError::Closed) => "ConnectionClosed",
            Trouble::Lost(_) => "MalformedAnswer",
            Trouble::Unsendable => "Unsendable",
            Trouble::WrongLength => "WrongLength",
            Trouble::WrongContent => "WrongContent",
            Trouble::WrongListing => "WrongListing",
            Trouble::WrongDocument => "WrongDocument",
        };
        name.to_owned()
    }

    /// True if the same may go well a little later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Trouble::Refused { status: 500 | 503, .. } | Trouble::Lost(ClientError::Closed))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Refused { status, message, .. } if message.is_empty() => write!(f, "status {status}"),
            Trouble::Refused { status, message, .. } => write!(f, "status {status}: {message}"),
            Trouble::Lost(why) => why.fmt(f),
            Trouble::Unsendable => f.write_str("the request cannot be written as HTTP"),
            Trouble::WrongLength => f.write_str("the body has another length than it was put with"),
            Trouble::WrongContent => f.write_str("the body is another one than was put"),
            Trouble::WrongListing => f.write_str("the page shows other keys than are there"),
            Trouble::WrongDocument => f.write_str("the answer's document does not say what it has to"),
        }
    }
}

impl From<ClientError> for Trouble {
    fn from(why: ClientError) -> Trouble {
        Trouble::Lost(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_counted_under_the_code_of_s3_or_its_status() {
        let document = b"<Error><Code>SlowDown</Code><Message>Please reduce\nyour rate.</Message></Error>";
        let trouble = Trouble::refused(503, document);
        assert_eq!((trouble.code().as_str(), trouble.may_pass()), ("SlowDown", true));
        assert_eq!(trouble.to_string(), "status 503: Please reduceyour rate.");
        assert_eq!(Trouble::refused(502, b"<html>").code(), "Http502");
        assert_eq!(Trouble::refused(404, b"").to_string(), "status 404");
        let long = format!("<Error><Code>{}</Code></Error>", "x".repeat(65));
        assert_eq!(Trouble::refused(400, long.as_bytes()).code(), "Http400");
        assert_eq!(Trouble::refused(400, b"<Error><Code>a b</Code></Error>").code(), "Http400");
    }
}
