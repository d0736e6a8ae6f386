//! The head of an answer: its status, its headers, and where its body ends.
//!
//! ```text
//!  to a HEAD, or 1xx, 204, 304     no body
//!  Transfer-Encoding: chunked      chunks; with a length beside it refused
//!  one Content-Length              so many bytes
//!  neither                         all up to the end of the connection
//! ```
//!
//! What must hold: an answer that could end in two places is refused. Header names are lower case, values as they came.

use std::mem::MaybeUninit;

use crate::client::error::ClientError;
use crate::http1::{BodyDecoder, BodyFraming};
use crate::limits::{ANSWER_HEAD_BYTES_MAX, HEADERS_MAX};
use crate::text::decimal;

/// A parsed head of an answer: one owned copy of its bytes, and where things lie in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    bytes: Vec<u8>,
    status: u16,
    is_http_1_1: bool,
    headers: Vec<(Span, Span)>,
}

/// Where something lies in the head.
type Span = std::ops::Range<usize>;

/// How the body of an answer is delimited.
#[derive(Clone, Debug)]
pub enum AnswerBody {
    /// By what its head says.
    Framed(BodyDecoder),
    /// By the end of the connection.
    UntilEnd,
}

impl AnswerHead {
    /// Takes a head from the front of `input`, and tells how many bytes it had. `None` if it has not all come yet.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn parse(input: &[u8]) -> Result<Option<(AnswerHead, usize)>, ClientError> {
        // No more is looked at than a head may have: what is incomplete within that is too large.
        let within_limit = input.get(..ANSWER_HEAD_BYTES_MAX).unwrap_or(input);
        let mut lines = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let length = match config.parse_response_with_uninit_headers(&mut response, within_limit, &mut lines) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if input.len() < ANSWER_HEAD_BYTES_MAX => return Ok(None),
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return Err(ClientError::HeadTooLarge);
            }
            Err(_) => return Err(ClientError::Malformed),
        };
        let (Some(version), Some(status)) = (response.version, response.code) else {
            return Err(ClientError::Malformed);
        };
        let within = |part: &[u8]| {
            let from = part.as_ptr() as usize - within_limit.as_ptr() as usize;
            from..from + part.len()
        };
        let mut bytes = within_limit.get(..length).ok_or(ClientError::Malformed)?.to_vec();
        let mut headers = Vec::with_capacity(response.headers.len());
        for line in response.headers.iter() {
            let name = within(line.name.as_bytes());
            bytes.get_mut(name.clone()).ok_or(ClientError::Malformed)?.make_ascii_lowercase();
            headers.push((name, within(line.value)));
        }
        Ok(Some((AnswerHead { bytes, status, is_http_1_1: version == 1, headers }, length)))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// True for an answer before the answer, as `100 Continue`.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }

    /// The value of the first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.headers.iter().find(|(other, _)| self.at(other) == name.as_bytes())?;
        Some(self.at(value))
    }

    /// The length that is said, which is that of a GET's body if this answers a HEAD.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length").and_then(decimal::parse)
    }

    /// Where the body ends; `to_head` says that the request was a HEAD.
    ///
    /// # Errors
    /// It could be in two places.
    pub fn body(&self, to_head: bool) -> Result<AnswerBody, ClientError> {
        let mut lengths = self.all("content-length");
        let mut codings = self.all("transfer-encoding");
        let (length, coding) = (lengths.next(), codings.next());
        if lengths.next().is_some() || codings.next().is_some() {
            return Err(ClientError::Framing);
        }
        let framing = match (length, coding) {
            _ if to_head || self.is_interim() || matches!(self.status, 204 | 304) => BodyFraming::None,
            (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => BodyFraming::Chunked,
            (Some(length), None) => BodyFraming::Length(decimal::parse(length).ok_or(ClientError::Framing)?),
            (None, None) => return Ok(AnswerBody::UntilEnd),
            _ => return Err(ClientError::Framing),
        };
        Ok(AnswerBody::Framed(BodyDecoder::new(framing)))
    }

    /// True if the server keeps the connection open behind this answer.
    #[must_use]
    pub fn keeps_connection(&self) -> bool {
        let words = |value: &[u8], word: &[u8]| {
            value.split(|byte| *byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(word))
        };
        match self.header("connection") {
            None => self.is_http_1_1,
            Some(value) if self.is_http_1_1 => !words(value, b"close"),
            Some(value) => words(value, b"keep-alive"),
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let is_named = move |span: &Span| self.at(span) == name.as_bytes();
        self.headers.iter().filter(move |(other, _)| is_named(other)).map(|(_, value)| self.at(value))
    }

    fn at(&self, span: &Span) -> &[u8] {
        self.bytes.get(span.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http1::response::{ResponseBody, ResponseHead};
    use crate::http1::{Connection, Status};
    use crate::text::dates;

    fn parse(text: &str) -> Result<AnswerHead, ClientError> {
        AnswerHead::parse(text.as_bytes()).map(|found| found.expect("the head is complete").0)
    }

    /// The body of a 200 with these lines: its length, `chunked`, `end`, or why it is none.
    fn framed(lines: &str, to_head: bool) -> String {
        let head = parse(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).expect("valid");
        match head.body(to_head) {
            Ok(AnswerBody::Framed(BodyDecoder::Length(length))) => length.to_string(),
            Ok(AnswerBody::Framed(BodyDecoder::Chunked(_))) => "chunked".to_owned(),
            Ok(AnswerBody::UntilEnd) => "end".to_owned(),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn a_recorded_answer_is_read() {
        let text = "HTTP/1.1 206 Partial Content\r\nServer: S3\r\nETag: \"9b2c\"\r\nContent-Length: 5\r\n\
                    X-Amz-Request-ID:  4442587FB7D0A2F9 \r\n\r\nhello";
        let (head, length) = AnswerHead::parse(text.as_bytes()).expect("valid").expect("complete");
        assert_eq!((length, head.status(), head.content_length()), (text.len() - 5, 206, Some(5)));
        assert_eq!(head.header("etag"), Some(b"\"9b2c\"".as_slice()));
        assert_eq!(head.header("x-amz-request-id"), Some(b"4442587FB7D0A2F9".as_slice()));
        assert!(head.keeps_connection() && !head.is_interim() && head.header("absent").is_none());
    }

    #[test]
    fn an_incomplete_head_is_no_error_at_any_byte() {
        let text = b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(AnswerHead::parse(&text[..end]), Ok(None), "{end}");
        }
        let (head, _) = AnswerHead::parse(text).expect("valid").expect("complete");
        assert!(head.is_interim());
    }

    #[test]
    fn a_body_ends_in_one_place_or_the_answer_is_refused() {
        assert_eq!(framed("Content-Length: 7\r\n", false), "7");
        assert_eq!(framed("Content-Length: 7\r\n", true), "0");
        assert_eq!(framed("Transfer-Encoding: Chunked\r\n", false), "chunked");
        assert_eq!(framed("", false), "end");
        let unclear = ClientError::Framing.to_string();
        for lines in [
            "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 7\r\nContent-Length: 7\r\n",
            "Content-Length: 7, 7\r\n",
            "Content-Length: -7\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert_eq!(framed(lines, false), unclear, "{lines}");
        }
        for status in ["100 Continue", "204 No Content", "304 Not Modified"] {
            let head = parse(&format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n")).expect("valid");
            assert!(matches!(head.body(false), Ok(AnswerBody::Framed(BodyDecoder::Length(0)))), "{status}");
        }
    }

    #[test]
    fn a_connection_stays_unless_one_side_says_otherwise() {
        let keeps = |text: &str| parse(text).expect("valid").keeps_connection();
        assert!(keeps("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!keeps("HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n"));
        assert!(!keeps("HTTP/1.1 200 OK\r\nConnection: a, close\r\n\r\n"));
        assert!(!keeps("HTTP/1.0 200 OK\r\n\r\n"));
        assert!(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in ["GET / HTTP/1.1\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\u{16}\u{3}\u{1}"] {
            assert_eq!(parse(text), Err(ClientError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_head_is_bounded() {
        let text = |fill: usize| format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(fill));
        let most = ANSWER_HEAD_BYTES_MAX - text(0).len();
        assert!(parse(&text(most)).is_ok());
        assert_eq!(parse(&text(most + 1)), Err(ClientError::HeadTooLarge));
        let lines = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(count));
        assert!(parse(&lines(HEADERS_MAX)).is_ok());
        assert_eq!(parse(&lines(HEADERS_MAX + 1)), Err(ClientError::HeadTooLarge));
    }

    proptest! {
        #[test]
        fn what_the_server_writes_is_read(length: u64, value in "[ -~]{0,30}", ends: bool) {
            let mut head = ResponseHead::new(Vec::new(), Status::Ok, &dates::http(0));
            head.header("x-amz-meta-a", value.as_bytes());
            let connection = if ends { Connection::Ends } else { Connection::Stays };
            let bytes = head.finish(ResponseBody::Length(length), connection);
            let (read, used) = AnswerHead::parse(&bytes).expect("valid").expect("complete");
            prop_assert_eq!(used, bytes.len());
            prop_assert_eq!(read.content_length(), Some(length));
            prop_assert_eq!(read.header("x-amz-meta-a"), Some(value.trim().as_bytes()));
            prop_assert_eq!(read.keeps_connection(), !ends);
        }

        #[test]
        fn any_bytes_are_an_answer_or_none(bytes: Vec<u8>) {
            if let Ok(Some((head, used))) = AnswerHead::parse(&bytes) {
                prop_assert!(used <= bytes.len() && head.status() < 1000);
            }
        }
    }
}
