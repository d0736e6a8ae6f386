//! What a head says about its body and about the connection.
//!
//! ```text
//!  Content-Length   Transfer-Encoding   body
//!  none             none                none
//!  one number       none                so many bytes
//!  none or one      exactly `chunked`   chunked; with a length beside it the connection ends with the answer
//!  anything else                        refused
//! ```
//!
//! What must hold: no two servers on the way of a request can disagree about where its body ends. All that could be
//! read in two ways is refused, and the connection ends with the answer, as what follows cannot be trusted.
//!
//! Both headers at once is the one exception. RFC 9112 (6.1) lets the server refuse it or let Transfer-Encoding win,
//! and wants the connection closed either way. Clients with aws-chunked bodies send it, and so do proxies that
//! re-frame bodies of any kind, so it is taken from everyone: asking for a `STREAMING-` header first would stop no
//! attacker, who writes that header too. What protects is the end of the connection: the bytes after the body are
//! never read as a request.
//!
//! Not here: which operations need a length (411), and how large a body may be. Operations know.

use std::fmt;

use super::head::{Head, Version};
use crate::text::decimal;

/// All that the wire needs to know about a request before its operation is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// How the body is delimited.
    pub body: BodyFraming,
    /// What becomes of the connection after the answer.
    pub connection: Connection,
    /// What the client waits for before it sends the body.
    pub expectation: Expectation,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFraming {
    /// The head says nothing of a body, so there is none.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks up to an empty one.
    Chunked,
}

/// What becomes of the connection after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It stays, as HTTP/1.1 has it.
    Stays,
    /// It stays, and the answer says so: a client of HTTP/1.0 expects it to end.
    StaysSaid,
    /// It ends, and the answer says so.
    Ends,
}

/// What a client waits for before it sends the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing.
    None,
    /// `100 Continue`, or an error instead.
    Continue,
    /// Something nobody knows. RFC 9110 lets the server answer 417 or pass over it.
    Unknown,
}

/// Why nobody can say where the body ends. The answer is 400, and the connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// More than one Content-Length, equal or not.
    LengthRepeated,
    /// A Content-Length that is not one number.
    LengthInvalid,
    /// More than one Transfer-Encoding.
    EncodingRepeated,
    /// A Transfer-Encoding other than `chunked`.
    EncodingUnknown,
    /// A Transfer-Encoding from a client of HTTP/1.0, which has none.
    EncodingTooOld,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FramingError::LengthRepeated => "more than one content-length",
            FramingError::LengthInvalid => "the content-length is not a number",
            FramingError::EncodingRepeated => "more than one transfer-encoding",
            FramingError::EncodingUnknown => "the transfer-encoding is not chunked",
            FramingError::EncodingTooOld => "a transfer-encoding in HTTP/1.0",
        })
    }
}

impl std::error::Error for FramingError {}

impl Framing {
    /// Reads what a head says.
    ///
    /// # Errors
    /// It can be read in two ways.
    pub fn of(head: &Head) -> Result<Framing, FramingError> {
        let mut length = None;
        let mut is_chunked = false;
        let mut options = Options::default();
        let mut expectation = Expectation::None;
        for (name, value) in head.headers() {
            match name {
                "content-length" if length.is_some() => return Err(FramingError::LengthRepeated),
                "content-length" => length = Some(decimal::parse(value).ok_or(FramingError::LengthInvalid)?),
                "transfer-encoding" if is_chunked => return Err(FramingError::EncodingRepeated),
                "transfer-encoding" => is_chunked = chunked(value, head.version())?,
                "connection" => options.add(value),
                "expect" if head.version() == Version::Http11 => expectation = expectation.and(value),
                _ => {}
            }
        }
        let body = match length {
            _ if is_chunked => BodyFraming::Chunked,
            Some(length) => BodyFraming::Length(length),
            None => BodyFraming::None,
        };
        let connection = if is_chunked && length.is_some() { Connection::Ends } else { options.decide(head.version()) };
        Ok(Framing { body, connection, expectation })
    }

    /// Whether `100 Continue` has to be sent, if the request is welcome, before the body is read. Not if part of the
    /// body has arrived, as the client does not wait then, and not if there is none.
    #[must_use]
    pub fn needs_continue(&self, body_bytes_arrived: usize) -> bool {
        let has_body = !matches!(self.body, BodyFraming::None | BodyFraming::Length(0));
        self.expectation == Expectation::Continue && has_body && body_bytes_arrived == 0
    }
}

/// Whether the value is what is understood: `chunked` alone, in any case.
fn chunked(value: &[u8], version: Version) -> Result<bool, FramingError> {
    match version {
        Version::Http10 => Err(FramingError::EncodingTooOld),
        Version::Http11 if value.eq_ignore_ascii_case(b"chunked") => Ok(true),
        Version::Http11 => Err(FramingError::EncodingUnknown),
    }
}

/// The words of Connection headers that mean something here.
#[derive(Default)]
struct Options {
    closes: bool,
    keeps: bool,
}

impl Options {
    fn add(&mut self, value: &[u8]) {
        for word in words(value) {
            self.closes |= word.eq_ignore_ascii_case(b"close");
            self.keeps |= word.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn decide(&self, version: Version) -> Connection {
        match version {
            _ if self.closes => Connection::Ends,
            Version::Http11 => Connection::Stays,
            Version::Http10 if self.keeps => Connection::StaysSaid,
            Version::Http10 => Connection::Ends,
        }
    }
}

impl Expectation {
    /// What this and another line together expect.
    fn and(self, value: &[u8]) -> Expectation {
        words(value).fold(self, |known, word| match known {
            Expectation::None | Expectation::Continue if word.eq_ignore_ascii_case(b"100-continue") => {
                Expectation::Continue
            }
            _ => Expectation::Unknown,
        })
    }
}

/// The words of a comma list.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(version: &str, lines: &[&str]) -> Result<Framing, FramingError> {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let text = format!("PUT /b/k HTTP/{version}\r\nHost: h\r\n{lines}\r\n");
        let (head, _) = Head::parse(text.as_bytes()).expect("the head is valid").expect("the head is complete");
        Framing::of(&head)
    }

    fn body(lines: &[&str]) -> Result<BodyFraming, FramingError> {
        framing("1.1", lines).map(|framing| framing.body)
    }

    fn connection(version: &str, lines: &[&str]) -> Connection {
        framing(version, lines).expect("valid").connection
    }

    fn expectation(version: &str, lines: &[&str]) -> Expectation {
        framing(version, lines).expect("valid").expectation
    }

    #[test]
    fn a_head_that_says_nothing_has_no_body() {
        assert_eq!(body(&[]), Ok(BodyFraming::None));
    }

    #[test]
    fn a_length_is_one_number() {
        assert_eq!(body(&["Content-Length: 0"]), Ok(BodyFraming::Length(0)));
        assert_eq!(body(&["content-length:\t 12 "]), Ok(BodyFraming::Length(12)));
        assert_eq!(body(&["Content-Length: 18446744073709551615"]), Ok(BodyFraming::Length(u64::MAX)));
    }

    #[test]
    fn chunked_is_read_in_any_case() {
        assert_eq!(body(&["Transfer-Encoding: chunked"]), Ok(BodyFraming::Chunked));
        assert_eq!(body(&["transfer-encoding: CHUNKED"]), Ok(BodyFraming::Chunked));
    }

    #[test]
    fn two_differing_lengths_are_refused() {
        assert_eq!(body(&["Content-Length: 1", "Content-Length: 2"]), Err(FramingError::LengthRepeated));
    }

    #[test]
    fn two_equal_lengths_are_refused() {
        assert_eq!(body(&["Content-Length: 1", "content-length: 1"]), Err(FramingError::LengthRepeated));
    }

    #[test]
    fn a_list_of_lengths_is_refused() {
        assert_eq!(body(&["Content-Length: 1, 1"]), Err(FramingError::LengthInvalid));
        assert_eq!(body(&["Content-Length: 1,"]), Err(FramingError::LengthInvalid));
    }

    #[test]
    fn a_length_with_a_sign_is_refused() {
        assert_eq!(body(&["Content-Length: +1"]), Err(FramingError::LengthInvalid));
        assert_eq!(body(&["Content-Length: -1"]), Err(FramingError::LengthInvalid));
    }

    #[test]
    fn a_length_with_a_space_inside_is_refused() {
        assert_eq!(body(&["Content-Length: 1 2"]), Err(FramingError::LengthInvalid));
        assert_eq!(body(&["Content-Length: 1\t2"]), Err(FramingError::LengthInvalid));
    }

    #[test]
    fn a_length_in_hex_is_refused() {
        assert_eq!(body(&["Content-Length: 0x10"]), Err(FramingError::LengthInvalid));
        assert_eq!(body(&["Content-Length: a"]), Err(FramingError::LengthInvalid));
    }

    #[test]
    fn a_length_that_is_garbage_is_refused() {
        for value in ["", "1.0", "1e3", "1;a", "\"1\"", "1_0", "\u{661}"] {
            assert_eq!(body(&[&format!("Content-Length: {value}")]), Err(FramingError::LengthInvalid), "{value}");
        }
    }

    #[test]
    fn a_length_that_overflows_is_refused() {
        assert_eq!(body(&["Content-Length: 18446744073709551616"]), Err(FramingError::LengthInvalid));
        assert_eq!(body(&["Content-Length: 36893488147419103233"]), Err(FramingError::LengthInvalid));
    }

    #[test]
    fn an_encoding_before_chunked_is_refused() {
        assert_eq!(body(&["Transfer-Encoding: identity, chunked"]), Err(FramingError::EncodingUnknown));
        assert_eq!(body(&["Transfer-Encoding: gzip, chunked"]), Err(FramingError::EncodingUnknown));
    }

    #[test]
    fn an_encoding_after_chunked_is_refused() {
        assert_eq!(body(&["Transfer-Encoding: chunked, identity"]), Err(FramingError::EncodingUnknown));
    }

    #[test]
    fn chunked_twice_is_refused() {
        assert_eq!(body(&["Transfer-Encoding: chunked, chunked"]), Err(FramingError::EncodingUnknown));
        let lines = ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"];
        assert_eq!(body(&lines), Err(FramingError::EncodingRepeated));
    }

    #[test]
    fn chunked_and_another_line_are_refused_in_either_order() {
        let lines = ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"];
        assert_eq!(body(&lines), Err(FramingError::EncodingRepeated));
        let lines = ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"];
        assert_eq!(body(&lines), Err(FramingError::EncodingUnknown));
    }

    #[test]
    fn what_looks_like_chunked_is_refused() {
        for value in ["xchunked", "chunkedx", "\"chunked\"", "chunked;q=1", "chun ked", "chunked,", ",chunked", "x"] {
            let line = format!("Transfer-Encoding: {value}");
            assert_eq!(body(&[&line]), Err(FramingError::EncodingUnknown), "{value}");
        }
    }

    #[test]
    fn an_empty_encoding_is_refused() {
        assert_eq!(body(&["Transfer-Encoding:"]), Err(FramingError::EncodingUnknown));
        assert_eq!(body(&["Transfer-Encoding:", "Content-Length: 3"]), Err(FramingError::EncodingUnknown));
    }

    #[test]
    fn chunked_with_a_vertical_tab_is_no_head_at_all() {
        for value in ["chunked\x0b", "\x0bchunked", "chunked\x0c", "chunked\0"] {
            let text = format!("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {value}\r\n\r\n");
            assert!(Head::parse(text.as_bytes()).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_name_that_hides_its_meaning_is_no_head_at_all() {
        for line in ["Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked"] {
            let text = format!("PUT / HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n");
            assert!(Head::parse(text.as_bytes()).is_err(), "{line:?}");
        }
    }

    #[test]
    fn an_encoding_in_http_1_0_is_refused() {
        let lines = ["Transfer-Encoding: chunked"];
        assert_eq!(framing("1.0", &lines), Err(FramingError::EncodingTooOld));
        let lines = ["Connection: keep-alive", "Content-Length: 3", "Transfer-Encoding: chunked"];
        assert_eq!(framing("1.0", &lines), Err(FramingError::EncodingTooOld));
    }

    /// As amazonka sends it: aws-chunked inside of chunked, and a length that nobody needs.
    #[test]
    fn chunked_wins_over_a_length_and_the_connection_ends() {
        let lines = [
            "Content-Encoding: aws-chunked",
            "X-Amz-Content-SHA256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "X-Amz-Decoded-Content-Length: 11",
            "Content-Length: 271",
            "Transfer-Encoding: chunked",
            "Connection: keep-alive",
        ];
        let found = framing("1.1", &lines).expect("valid");
        assert_eq!((found.body, found.connection), (BodyFraming::Chunked, Connection::Ends));
        let found = framing("1.1", &["Transfer-Encoding: chunked", "Content-Length: 3"]).expect("valid");
        assert_eq!((found.body, found.connection), (BodyFraming::Chunked, Connection::Ends));
    }

    #[test]
    fn a_bad_length_is_refused_beside_chunked_too() {
        let lines = ["Transfer-Encoding: chunked", "Content-Length: x"];
        assert_eq!(body(&lines), Err(FramingError::LengthInvalid));
    }

    #[test]
    fn http_1_1_stays_unless_told_to_close() {
        assert_eq!(connection("1.1", &[]), Connection::Stays);
        assert_eq!(connection("1.1", &["Connection: keep-alive"]), Connection::Stays);
        assert_eq!(connection("1.1", &["Connection: TE, Close"]), Connection::Ends);
        assert_eq!(connection("1.1", &["Connection: keep-alive", "Connection: close"]), Connection::Ends);
        assert_eq!(connection("1.1", &["Connection: closed"]), Connection::Stays);
    }

    #[test]
    fn http_1_0_ends_unless_told_to_stay() {
        assert_eq!(connection("1.0", &[]), Connection::Ends);
        assert_eq!(connection("1.0", &["Connection: Keep-Alive"]), Connection::StaysSaid);
        assert_eq!(connection("1.0", &["Connection: keep-alive, close"]), Connection::Ends);
    }

    #[test]
    fn an_expectation_is_continue_or_unknown() {
        assert_eq!(expectation("1.1", &[]), Expectation::None);
        assert_eq!(expectation("1.1", &["Expect: 100-continue"]), Expectation::Continue);
        assert_eq!(expectation("1.1", &["expect: 100-Continue"]), Expectation::Continue);
        assert_eq!(expectation("1.1", &["Expect:"]), Expectation::None);
        assert_eq!(expectation("1.1", &["Expect: 200"]), Expectation::Unknown);
        assert_eq!(expectation("1.1", &["Expect: 100-continue, x"]), Expectation::Unknown);
        assert_eq!(expectation("1.1", &["Expect: x", "Expect: 100-continue"]), Expectation::Unknown);
    }

    #[test]
    fn http_1_0_expects_nothing() {
        assert_eq!(expectation("1.0", &["Expect: 100-continue"]), Expectation::None);
    }

    #[test]
    fn a_client_that_waits_is_told_to_continue() {
        let needs = |lines: &[&str], arrived| framing("1.1", lines).expect("valid").needs_continue(arrived);
        assert!(needs(&["Expect: 100-continue", "Content-Length: 2097153"], 0));
        assert!(needs(&["Expect: 100-continue", "Transfer-Encoding: chunked"], 0));
        assert!(!needs(&["Content-Length: 2097153"], 0));
    }

    #[test]
    fn a_client_that_does_not_wait_is_not_told_to_continue() {
        let framing = framing("1.1", &["Expect: 100-continue", "Content-Length: 3"]).expect("valid");
        assert!(!framing.needs_continue(1));
    }

    #[test]
    fn nobody_is_told_to_continue_with_nothing() {
        for lines in [["Expect: 100-continue", "Content-Length: 0"], ["Expect: 100-continue", "A: b"]] {
            assert!(!framing("1.1", &lines).expect("valid").needs_continue(0));
        }
    }
}
