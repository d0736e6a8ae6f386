//! Writes the head of an answer.
//!
//! ```text
//!  HTTP/1.1 200 OK
//!  Date: ...                          always: clients set their clocks by it
//!  what the operation adds
//!  Content-Length or Transfer-Encoding, and Connection where it is to be said
//! ```
//!
//! What must hold: whatever bytes a value or a name has, they cannot end their line or begin another. A control byte in
//! a value becomes a space; a line whose name is none is left out, and so is one that would say a second time where the
//! body ends. Those who take values from forms and queries ask `field` first, and refuse what is left out here.

use super::field;
use super::framing::Connection;
use super::status::Status;
use crate::text::{Ascii, decimal, hex};

/// What is sent to a client that waits before it sends its body.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// What ends a body in chunks.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Only `finish` says where the body ends and what becomes of the connection.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// How the body of an answer is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// So many bytes; to a HEAD, so many as a GET would have.
    Length(u64),
    /// Chunks, written by `chunk` and ended by `LAST_CHUNK`. A client of HTTP/1.0 has none.
    Chunked,
    /// Up to the end of the connection, which has to end.
    UntilEnd,
    /// Nothing is said: to a HEAD that fails.
    Unsaid,
}

/// Header lines on their way into a head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// Adds a line.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        if is_admitted(name) {
            write_line(&mut self.0, name.as_bytes(), value);
        }
    }

    /// Takes every line of this name away.
    pub fn remove(&mut self, name: &str) {
        let is_named = |line: &[u8]| line.split(|byte| *byte == b':').next() == Some(name.as_bytes());
        let lines = self.0.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_named(line));
        self.0 = lines.flatten().copied().collect();
    }
}

/// The head of an answer while it is written.
#[derive(Debug)]
pub struct ResponseHead {
    bytes: Vec<u8>,
    status: Status,
}

impl ResponseHead {
    /// Begins a head at the end of `bytes`.
    #[must_use]
    pub fn new(bytes: Vec<u8>, status: Status, date: &Ascii<29>) -> ResponseHead {
        let mut head = ResponseHead { bytes, status };
        head.bytes.extend_from_slice(status.line().as_bytes());
        head.line(b"Date", date.as_bytes());
        head
    }

    /// Adds a line.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        if is_admitted(name) {
            self.line(name.as_bytes(), value);
        }
    }

    /// Adds lines.
    pub fn lines(&mut self, lines: &Lines) {
        self.bytes.extend_from_slice(&lines.0);
    }

    /// Adds a line whose value is a number.
    pub fn number(&mut self, name: &str, value: u64) {
        if is_admitted(name) {
            self.number_line(name.as_bytes(), value);
        }
    }

    /// Ends the head.
    #[must_use]
    pub fn finish(mut self, body: ResponseBody, connection: Connection) -> Vec<u8> {
        match body {
            _ if self.status.is_bodyless() => {}
            ResponseBody::Length(length) => self.number_line(b"Content-Length", length),
            ResponseBody::Chunked => self.line(b"Transfer-Encoding", b"chunked"),
            ResponseBody::UntilEnd | ResponseBody::Unsaid => {}
        }
        match connection {
            _ if body == ResponseBody::UntilEnd => self.line(b"Connection", b"close"),
            Connection::Stays => {}
            Connection::StaysSaid => self.line(b"Connection", b"keep-alive"),
            Connection::Ends => self.line(b"Connection", b"close"),
        }
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes
    }

    fn line(&mut self, name: &[u8], value: &[u8]) {
        write_line(&mut self.bytes, name, value);
    }

    fn number_line(&mut self, name: &[u8], value: u64) {
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        decimal::write(&mut self.bytes, value);
        self.bytes.extend_from_slice(b"\r\n");
    }
}

/// Writes a line, and makes one line of whatever the value is.
fn write_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    if field::is_value(value) {
        out.extend_from_slice(value);
    } else {
        out.extend(value.iter().map(|byte| if field::is_value_byte(*byte) { *byte } else { b' ' }));
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a line of this name may be added.
fn is_admitted(name: &str) -> bool {
    field::is_name(name.as_bytes()) && !FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing))
}

/// Appends a chunk. Nothing is no chunk, since an empty one would end the body.
pub fn chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let size = (data.len() as u64).to_be_bytes();
    let zeros = size.iter().take_while(|byte| **byte == 0).count();
    hex::encode(out, size.get(zeros..).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::fuzz::decode_chunked;
    use super::*;
    use crate::text::dates;

    fn begun(status: Status) -> ResponseHead {
        ResponseHead::new(Vec::new(), status, &dates::http(0))
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("it was text")
    }

    /// The lines as a client reads them.
    fn lines_of(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut response = httparse::Response::new(&mut headers);
        assert_eq!(response.parse(bytes), Ok(httparse::Status::Complete(bytes.len())));
        response.headers.iter().map(|line| (line.name.to_owned(), line.value.to_vec())).collect()
    }

    #[test]
    fn a_head_is_written_at_the_end_of_what_is_there() {
        let mut head = ResponseHead::new(CONTINUE.to_vec(), Status::PartialContent, &dates::http(784_111_777_000));
        head.header("ETag", b"\"9b2cf535f27731c974343645a3985328\"");
        head.number("x-amz-mp-parts-count", 3);
        assert_eq!(
            text(head.finish(ResponseBody::Length(1024), Connection::Stays)),
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 206 Partial Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             ETag: \"9b2cf535f27731c974343645a3985328\"\r\nx-amz-mp-parts-count: 3\r\nContent-Length: 1024\r\n\r\n"
        );
    }

    #[test]
    fn lines_of_a_name_are_taken_away() {
        let mut lines = Lines::default();
        for (name, value) in [("a", "1"), ("ab", "a: 2"), ("a", "3\r\nab: 4"), ("length", "5"), ("content-length", "6")]
        {
            lines.add(name, value.as_bytes());
        }
        lines.remove("a");
        let mut head = begun(Status::Ok);
        head.lines(&lines);
        let found = lines_of(&head.finish(ResponseBody::Unsaid, Connection::Stays));
        assert_eq!(found[1..], [("ab".to_owned(), b"a: 2".to_vec()), ("length".to_owned(), b"5".to_vec())]);
    }

    #[test]
    fn the_connection_is_mentioned_where_it_has_to_be() {
        let end = |connection| text(begun(Status::Ok).finish(ResponseBody::Length(0), connection));
        assert!(end(Connection::Stays).ends_with("GMT\r\nContent-Length: 0\r\n\r\n"));
        assert!(end(Connection::StaysSaid).ends_with("Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
        assert!(end(Connection::Ends).ends_with("Content-Length: 0\r\nConnection: close\r\n\r\n"));
    }

    #[test]
    fn a_status_without_body_has_no_length() {
        for status in [Status::NoContent, Status::NotModified] {
            for body in [ResponseBody::Length(7), ResponseBody::Chunked] {
                assert_eq!(lines_of(&begun(status).finish(body, Connection::Stays)).len(), 1);
            }
        }
    }

    #[test]
    fn a_body_without_length_is_chunked_or_ends_with_the_connection() {
        let end = |body| text(begun(Status::Ok).finish(body, Connection::Stays));
        assert!(end(ResponseBody::Chunked).ends_with("GMT\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert!(end(ResponseBody::UntilEnd).ends_with("GMT\r\nConnection: close\r\n\r\n"));
        assert!(end(ResponseBody::Unsaid).ends_with("GMT\r\n\r\n"));
    }

    #[test]
    fn a_value_cannot_begin_another_line() {
        let mut head = begun(Status::Ok);
        head.header("Content-Disposition", b"a\r\nSet-Cookie: b\r\n\r\nbody\0\x7f");
        head.header("x-amz-meta-a", "tab\tgr\u{fc}n".as_bytes());
        let found = lines_of(&head.finish(ResponseBody::Length(0), Connection::Stays));
        assert_eq!(found.len(), 4);
        assert_eq!(found[1], ("Content-Disposition".to_owned(), b"a  Set-Cookie: b    body".to_vec()));
        assert_eq!(found[2].1, "tab\tgr\u{fc}n".as_bytes());
    }

    #[test]
    fn a_name_cannot_begin_another_line() {
        for name in ["", "a\r\nb", "a b", "a:b", "a\nSet-Cookie", "gr\u{fc}n", "a\0"] {
            let mut head = begun(Status::Ok);
            head.header("empty", b"");
            head.number(name, 1);
            head.header(name, b"c");
            let found = lines_of(&head.finish(ResponseBody::Unsaid, Connection::Stays));
            assert_eq!(found[1..], [("empty".to_owned(), Vec::new())], "{name:?}");
        }
    }

    #[test]
    fn nothing_but_the_end_says_where_the_body_ends() {
        let mut head = begun(Status::Ok);
        head.header("Content-Length", b"7");
        head.number("content-length", 7);
        head.header("transfer-encoding", b"chunked");
        head.header("CONNECTION", b"close");
        let found = lines_of(&head.finish(ResponseBody::Length(3), Connection::Stays));
        assert_eq!(found[1..], [("Content-Length".to_owned(), b"3".to_vec())]);
    }

    #[test]
    fn an_empty_chunk_is_not_written() {
        let mut out = Vec::new();
        chunk(&mut out, b"");
        assert!(out.is_empty());
        chunk(&mut out, &[b'a'; 0x123]);
        assert!(out.starts_with(b"0123\r\naaa"));
    }

    proptest! {
        #[test]
        fn whatever_is_added_is_one_line_or_none(
            name in "[a-zA-Z-]{0,3}[\r\n :\0]?[a-z]{0,3}",
            value: Vec<u8>,
            number: u64,
        ) {
            let mut head = begun(Status::Ok);
            head.header(&name, &value);
            head.number("x-number", number);
            let found = lines_of(&head.finish(ResponseBody::Length(0), Connection::Stays));
            let added = usize::from(field::is_name(name.as_bytes()));
            prop_assert_eq!(found.len(), 3 + added);
            let written = format!("{number}");
            prop_assert_eq!(&found[1 + added].1, written.as_bytes());
        }

        #[test]
        fn our_decoder_reads_our_chunks(pieces in vec(vec(any::<u8>(), 0..600), 0..4)) {
            let mut out = Vec::new();
            pieces.iter().for_each(|piece| chunk(&mut out, piece));
            out.extend_from_slice(LAST_CHUNK);
            prop_assert_eq!(decode_chunked(&out, &[]), Ok((pieces.concat(), Some(out.len()))));
        }
    }
}
