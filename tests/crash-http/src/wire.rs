//! The client's side of HTTP/1.1, as small as it can be: one request, one answer, on a connection that is kept.
//!
//! What must hold: an answer is all there or an error. A connection that was cut is left, and the next request makes
//! a new one; no request is sent twice.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that says nothing for this long hangs.
pub const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Room for a head that nobody would send.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// What is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A way to the server.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    kept: Option<TcpStream>,
}

impl Wire {
    /// A way to this address. Nothing is sent yet.
    #[must_use]
    pub fn to(address: SocketAddr) -> Wire {
        Wire { address, kept: None }
    }

    /// Sends a request and reads its answer. The head ends with its blank line.
    ///
    /// # Errors
    /// The connection was not made, or was cut.
    pub fn exchange(&mut self, head: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = match self.kept.take() {
            Some(kept) => kept,
            None => self.connect()?,
        };
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        // Whoever refuses a body may answer before he has taken all of it.
        let all_sent = sent.is_ok();
        let answer = match (answer(&mut stream, head.starts_with("HEAD ")), sent) {
            (Ok(answer), _) => answer,
            (Err(_), Err(why)) | (Err(why), Ok(())) => return Err(why),
        };
        let ends = answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        self.kept = Some(stream).filter(|_| all_sent && !ends);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, SILENCE_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(SILENCE_MAX))?;
        Ok(stream)
    }
}

/// Reads one answer; behind it nothing may stand.
fn answer(source: &mut impl Read, of_head: bool) -> io::Result<Answer> {
    let mut came = Vec::new();
    let head_bytes = loop {
        if let Some(at) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if came.len() > HEAD_BYTES_MAX {
            return Err(broken("a head without an end"));
        }
        more(source, &mut came)?;
    };
    let mut body = came.split_off(head_bytes);
    let head = String::from_utf8_lossy(&came).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse::<u16>().ok());
    let status = status.ok_or_else(|| broken("no status"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    if of_head || matches!(status, 204 | 304) {
        return if body.is_empty() { Ok(answer) } else { Err(broken("a body where none may be")) };
    }
    if answer.header("transfer-encoding").is_some() {
        answer.body = chunks(source, body)?;
        return Ok(answer);
    }
    let length = answer.header("content-length").and_then(|value| value.parse::<usize>().ok());
    let length = length.ok_or_else(|| broken("a body without a length"))?;
    body.reserve_exact(length.saturating_sub(body.len()));
    while body.len() < length {
        more(source, &mut body)?;
    }
    if body.len() > length {
        return Err(broken("more than the answer"));
    }
    answer.body = body;
    Ok(answer)
}

/// The body in chunks that is sent where the server needs long.
fn chunks(source: &mut impl Read, mut came: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            match came.windows(2).position(|two| two == b"\r\n") {
                Some(at) => break at,
                None => more(source, &mut came)?,
            }
        };
        let size = came.get(..line).and_then(|digits| std::str::from_utf8(digits).ok());
        let size = size.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or_else(|| broken("a chunk without a size"))?;
        let end = line + 2 + size;
        while came.len() < end + 2 {
            more(source, &mut came)?;
        }
        let behind = came.split_off(end + 2);
        body.extend_from_slice(came.get(line + 2..end).unwrap_or_default());
        came = behind;
        if size == 0 {
            return if came.is_empty() { Ok(body) } else { Err(broken("more than the answer")) };
        }
    }
}

fn more(source: &mut impl Read, came: &mut Vec<u8>) -> io::Result<()> {
    let had = came.len();
    came.resize(had + PIECE_BYTES, 0);
    let read = loop {
        match source.read(came.get_mut(had..).unwrap_or_default()) {
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    came.truncate(had + *read.as_ref().unwrap_or(&0));
    if read? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that come one at a time, as they may.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let one = room.len().min(1);
            self.0.read(room.get_mut(..one).unwrap_or_default())
        }
    }

    fn read(bytes: &str, of_head: bool) -> Option<(u16, String)> {
        let whole = answer(&mut bytes.as_bytes(), of_head).ok();
        let slow = answer(&mut Slow(bytes.as_bytes()), of_head).ok();
        assert!(whole.is_none() || whole == slow, "{bytes}");
        whole.map(|answer| (answer.status, answer.text()))
    }

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        let said = |status: u16, text: &str| Some((status, text.to_owned()));
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false), said(200, "abc"));
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false), None, "cut");
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", false), None, "more");
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true), said(200, ""));
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n", false), said(204, ""));
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n", false), None, "no length");
        assert_eq!(read("", false), None);
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let read = |chunks: &str| read(&format!("{head}{chunks}"), false).map(|(_, text)| text);
        assert_eq!(read("1\r\n \r\na\r\n0123456789\r\n0\r\n\r\n").as_deref(), Some(" 0123456789"));
        assert_eq!(read("1\r\n \r\n"), None, "cut");
        assert_eq!(read("x\r\n"), None);
    }
}
