//! Decodes a body with `Transfer-Encoding: chunked`, as its bytes come.
//!
//! ```text
//!  5;extension CRLF     size in hex
//!  hello CRLF
//!  0 CRLF               the last
//!  trailer: value CRLF  dropped
//!  CRLF
//! ```
//!
//! What must hold: payload is lent, never copied. Sizes, extensions and trailers are bounded. Line ends are CRLF and
//! sizes are digits alone, so that no other server sees the end of the body elsewhere. (RFC 9112 would have spaces
//! before the semicolon removed; no client is known to send them.) After the end no byte is taken.

use std::fmt;

use crate::limits::{CHUNK_LINE_BYTES_MAX, TRAILER_BYTES_MAX};
use crate::text::hex;

/// What a decoder of a body found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// All input is used, and the body goes on.
    Need,
    /// A piece of the body, never empty.
    Data(&'a [u8]),
    /// The body has ended.
    End,
}

/// Why a chunked body is none. Nobody knows where it ends: the connection ends with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// Not what the picture shows.
    Malformed,
    /// A size that no number holds.
    SizeTooLarge,
    /// The line before a chunk is longer than is taken.
    LineTooLong,
    /// The trailers are longer than is taken.
    TrailersTooLarge,
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChunkError::Malformed => "a chunk is malformed",
            ChunkError::SizeTooLarge => "the size of a chunk is too large",
            ChunkError::LineTooLong => "the line before a chunk is too long",
            ChunkError::TrailersTooLarge => "the trailers are too large",
        })
    }
}

impl std::error::Error for ChunkError {}

/// The state of one chunked body.
#[derive(Clone, Debug)]
pub struct ChunkedDecoder {
    state: State,
    /// The size while it is read, then what is left of the chunk.
    size: u64,
    /// Bytes of the line before the chunk.
    line_bytes: usize,
    /// Bytes after the last chunk.
    trailer_bytes: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    LastLf,
    Done,
}

impl ChunkedDecoder {
    /// A decoder at the begin of a body.
    #[must_use]
    pub fn new() -> ChunkedDecoder {
        ChunkedDecoder { state: State::Size, size: 0, line_bytes: 0, trailer_bytes: 0 }
    }

    /// Takes bytes from the front of `input`: how many were used, and what was found. To be called with what is left
    /// until it needs more or has ended.
    ///
    /// # Errors
    /// The body is none; there is nothing more to be asked then.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), ChunkError> {
        let mut used = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            match (self.state, rest.first()) {
                (State::Done, _) => return Ok((used, Event::End)),
                (_, None) => return Ok((used, Event::Need)),
                (State::Data, Some(_)) => {
                    let data = rest.get(..usize::try_from(self.size).unwrap_or(usize::MAX)).unwrap_or(rest);
                    self.size -= data.len() as u64;
                    if self.size == 0 {
                        self.state = State::DataCr;
                    }
                    return Ok((used + data.len(), Event::Data(data)));
                }
                (_, Some(byte)) => {
                    self.state = self.after(*byte)?;
                    used += 1;
                }
            }
        }
    }

    /// The state after a byte that is no payload.
    fn after(&mut self, byte: u8) -> Result<State, ChunkError> {
        match (self.state, byte) {
            (State::Size, b'\r') if self.line_bytes > 0 => Ok(State::SizeLf),
            (State::Size, b';') if self.line_bytes > 0 => self.in_line(State::Extension),
            (State::Size, _) => self.digit(byte),
            (State::Extension, b'\r') => Ok(State::SizeLf),
            (State::Extension, _) if is_text(byte) => self.in_line(State::Extension),
            (State::SizeLf, b'\n') => {
                self.line_bytes = 0;
                Ok(if self.size == 0 { State::TrailerStart } else { State::Data })
            }
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size),
            (State::TrailerStart, b'\r') => Ok(State::LastLf),
            (State::Trailer, b'\r') => Ok(State::TrailerLf),
            (State::TrailerStart | State::Trailer, _) if is_text(byte) => {
                self.trailer_bytes += 1;
                let fits = self.trailer_bytes <= TRAILER_BYTES_MAX;
                fits.then_some(State::Trailer).ok_or(ChunkError::TrailersTooLarge)
            }
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::LastLf, b'\n') => Ok(State::Done),
            _ => Err(ChunkError::Malformed),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<State, ChunkError> {
        let digit = hex::digit(byte).ok_or(ChunkError::Malformed)?;
        if self.line_bytes == hex::NUMBER_DIGITS_MAX {
            return Err(ChunkError::SizeTooLarge);
        }
        self.size = self.size << 4 | u64::from(digit);
        self.in_line(State::Size)
    }

    fn in_line(&mut self, next: State) -> Result<State, ChunkError> {
        self.line_bytes += 1;
        (self.line_bytes <= CHUNK_LINE_BYTES_MAX).then_some(next).ok_or(ChunkError::LineTooLong)
    }
}

impl Default for ChunkedDecoder {
    fn default() -> ChunkedDecoder {
        ChunkedDecoder::new()
    }
}

/// Whether a byte may stand in an extension or a trailer.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::fuzz::decode_chunked as decode;
    use super::*;

    /// All payload, and how many bytes were used if the body has ended.
    type Found = (Vec<u8>, Option<usize>);

    fn whole(body: &str) -> Result<Found, ChunkError> {
        decode(body.as_bytes(), &[])
    }

    /// The slow twin: line by line over the whole body. `None` if it is malformed, incomplete or beyond a limit.
    fn slow(body: &[u8]) -> Option<Found> {
        let line = |at: usize| -> Option<&[u8]> {
            let end = body[at..].windows(2).position(|pair| pair == b"\r\n")?;
            let line = &body[at..at + end];
            line.iter().all(|byte| is_text(*byte)).then_some(line)
        };
        let (mut payload, mut at) = (Vec::new(), 0);
        loop {
            let header = line(at)?;
            at += header.len() + 2;
            let digits = header.split(|byte| *byte == b';').next()?;
            let is_hex = !digits.is_empty() && digits.len() <= 16 && digits.iter().all(u8::is_ascii_hexdigit);
            let size = usize::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()?;
            if size == 0 {
                break;
            }
            payload.extend_from_slice(body.get(at..at.checked_add(size)?)?);
            at += size;
            at += (body.get(at..at + 2)? == b"\r\n").then_some(2)?;
        }
        loop {
            let trailer = line(at)?;
            at += trailer.len() + 2;
            if trailer.is_empty() {
                return Some((payload, Some(at)));
            }
        }
    }

    #[test]
    fn a_recorded_body_is_decoded_and_what_follows_is_left() {
        let body = "5\r\nhello\r\n6;name=value\r\n world\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
        assert_eq!(whole(body), Ok((b"hello world".to_vec(), Some(body.len() - 16))));
    }

    #[test]
    fn an_empty_body_is_the_last_chunk_alone() {
        assert_eq!(whole("0\r\n\r\n"), Ok((Vec::new(), Some(5))));
        assert_eq!(whole("000;x\r\n\r\n"), Ok((Vec::new(), Some(9))));
    }

    #[test]
    fn trailers_are_dropped() {
        assert_eq!(whole("1\r\na\r\n0\r\nx-a: b\r\nx-c: d\r\n\r\n"), Ok((b"a".to_vec(), Some(27))));
    }

    #[test]
    fn a_body_that_breaks_off_has_not_ended() {
        let body = b"5;x\r\nhello\r\n0\r\na: b\r\n\r\n";
        for end in 0..body.len() {
            let (_, ended) = decode(&body[..end], &[]).expect("valid so far");
            assert_eq!(ended, None, "{end}");
        }
    }

    #[test]
    fn nothing_is_taken_after_the_end() {
        let mut decoder = ChunkedDecoder::new();
        assert_eq!(decoder.next(b"0\r\n\r\nabc"), Ok((5, Event::End)));
        assert_eq!(decoder.next(b"abc"), Ok((0, Event::End)));
        assert_eq!(decoder.next(b""), Ok((0, Event::End)));
    }

    #[test]
    fn bare_line_ends_are_refused() {
        for body in [
            "1\na\r\n0\r\n\r\n",
            "1\r\na\n0\r\n\r\n",
            "1\r\na\r0\r\n\r\n",
            "0\n\r\n",
            "0\r\n\n",
            "0\r\na: b\n\r\n",
            "0\r\na: b\rc\r\n\r\n",
            "1;a\nb\r\na\r\n",
            "1;a\rb\r\na\r\n",
            "\r\n0\r\n\r\n",
        ] {
            assert_eq!(whole(body), Err(ChunkError::Malformed), "{body:?}");
        }
    }

    #[test]
    fn a_size_is_digits_alone() {
        for size in ["", "g", "0x5", "-5", "+5", " 5", "5 ", "5 5", "5\t", ";x", "5,5", "\u{665}"] {
            assert_eq!(whole(&format!("{size}\r\nhello\r\n0\r\n\r\n")), Err(ChunkError::Malformed), "{size:?}");
        }
    }

    #[test]
    fn a_chunk_longer_than_its_size_is_refused() {
        assert_eq!(whole("4\r\nhello\r\n0\r\n\r\n"), Err(ChunkError::Malformed));
    }

    #[test]
    fn a_size_of_sixteen_digits_is_the_largest() {
        assert_eq!(whole("ffffffffffffffff\r\nab"), Ok((b"ab".to_vec(), None)));
        assert_eq!(whole("10000000000000005\r\nhello\r\n"), Err(ChunkError::SizeTooLarge));
        assert_eq!(whole("00000000000000005\r\nhello\r\n"), Err(ChunkError::SizeTooLarge));
    }

    #[test]
    fn a_line_before_a_chunk_is_bounded() {
        let body = |bytes: usize| format!("1{}\r\na\r\n0\r\n\r\n", ";".repeat(bytes - 1));
        assert!(whole(&body(CHUNK_LINE_BYTES_MAX)).is_ok());
        assert_eq!(whole(&body(CHUNK_LINE_BYTES_MAX + 1)), Err(ChunkError::LineTooLong));
        let bodies = format!("1{0}\r\na\r\n1{0}\r\nb\r\n0\r\n\r\n", ";".repeat(CHUNK_LINE_BYTES_MAX - 1));
        assert_eq!(whole(&bodies).map(|(payload, _)| payload), Ok(b"ab".to_vec()));
    }

    #[test]
    fn trailers_are_bounded_together() {
        let body = |bytes: usize| format!("0\r\na: b\r\n{}\r\n\r\n", "x".repeat(bytes - 4));
        assert!(whole(&body(TRAILER_BYTES_MAX)).is_ok());
        assert_eq!(whole(&body(TRAILER_BYTES_MAX + 1)), Err(ChunkError::TrailersTooLarge));
    }

    proptest! {
        #[test]
        fn any_split_gives_what_was_sent(
            chunks in vec((vec(any::<u8>(), 1..40), "(;[a-z=\" ]{0,9})?"), 0..6),
            trailers in vec("[a-z-]{1,9}: [ -~]{0,9}", 0..3),
            after in "[ -~]{0,9}",
            pieces in vec(1_usize..30, 1..6),
        ) {
            let (mut body, mut sent) = (Vec::new(), Vec::new());
            for (data, extension) in &chunks {
                body.extend(format!("{:x}{extension}\r\n", data.len()).into_bytes());
                body.extend(data.iter().chain(b"\r\n"));
                sent.extend(data);
            }
            body.extend(b"0\r\n");
            trailers.iter().for_each(|line| body.extend(format!("{line}\r\n").into_bytes()));
            body.extend(b"\r\n");
            let found = Ok((sent, Some(body.len())));
            body.extend(after.into_bytes());
            prop_assert_eq!(&decode(&body, &pieces), &found);
            prop_assert_eq!(slow(&body), found.ok());
        }

        #[test]
        fn any_bytes_are_an_answer_and_the_slow_way_agrees(
            words in vec("[0-3a]|;|\r\n|\r\n|\r|\n|ab|: | |0\r\n\r\n", 0..12),
            pieces in vec(1_usize..4, 1..4),
        ) {
            let body = words.concat().into_bytes();
            let found = decode(&body, &[]);
            prop_assert_eq!(&decode(&body, &pieces), &found);
            prop_assert_eq!(slow(&body), found.ok().filter(|(_, ended)| ended.is_some()));
        }
    }
}
