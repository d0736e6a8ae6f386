//! Decodes an aws-chunked body, as its bytes come. It may lie inside of any framing, chunked or not.
//!
//! ```text
//!  10000;chunk-signature=64 digits CRLF    size in hex; the signature only where it was promised
//!  65536 bytes CRLF
//!  0;chunk-signature=64 digits CRLF        the last; it has a signature too
//!  x-amz-checksum-crc32c:sOO8/Q== CRLF     trailers
//!  x-amz-trailer-signature:64 digits CRLF
//!  CRLF
//! ```
//!
//! What must hold: payload is lent, never copied; lines are bounded. The framing around this says where the body
//! ends, so what clients do to its last lines can be let through without harm:
//! - empty lines between trailers, and after the last chunk as after any other: minio-go ends a trailer with `LF CRLF`;
//! - a trailer that ends with LF alone, or with the body;
//! - no empty line at the end;
//! - extensions other than the signature, and signatures that nobody promised.
//!
//! Not here: whether signatures and checksums are right, whether the trailers are those that were announced, and the
//! length that was declared. What is found here is what those who know compare.

use std::borrow::Cow;
use std::fmt;

use super::field;
use crate::limits::{CHUNK_LINE_BYTES_MAX, TRAILER_BYTES_MAX, TRAILERS_MAX};
use crate::text::hex;

/// What the decoder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsEvent<'a> {
    /// All input is used. Once the body has ended, `finish` says how.
    Need,
    /// A chunk begins. The last one has the size 0.
    ChunkBegin {
        /// Its payload in bytes.
        size: u64,
        /// What its `chunk-signature` says; `None` if it has none or if that is no SHA-256 in hex.
        signature: Option<[u8; 32]>,
    },
    /// A piece of a chunk, never empty.
    Data(&'a [u8]),
    /// A chunk has ended.
    ChunkEnd,
    /// A line after the last chunk, without the spaces around its parts.
    Trailer {
        /// In lower case.
        name: String,
        /// As sent.
        value: Vec<u8>,
    },
    /// All is told. Only `finish` says it.
    End,
}

/// Why an aws-chunked body is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsChunkError {
    /// A chunk is not what the picture shows.
    Malformed,
    /// The line before a chunk is longer than is taken.
    LineTooLong,
    /// A line after the last chunk is no trailer.
    TrailerMalformed,
    /// The trailers are more or longer than is taken.
    TrailersTooLarge,
    /// The body ended before its last chunk.
    Incomplete,
}

impl fmt::Display for AwsChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AwsChunkError::Malformed => "an aws-chunk is malformed",
            AwsChunkError::LineTooLong => "the line before an aws-chunk is too long",
            AwsChunkError::TrailerMalformed => "a trailer is malformed",
            AwsChunkError::TrailersTooLarge => "the trailers are too large",
            AwsChunkError::Incomplete => "the body ended before its last aws-chunk",
        })
    }
}

impl std::error::Error for AwsChunkError {}

/// The state of one aws-chunked body.
#[derive(Clone, Debug)]
pub struct AwsChunkedDecoder {
    state: State,
    /// What is left of the chunk.
    left: u64,
    /// The begin of a line whose end has not come.
    line: Vec<u8>,
    /// Bytes after the last chunk.
    trailer_bytes: usize,
    trailers: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Data,
    DataCr,
    DataLf,
    LastChunkEnd,
    Trailers,
    Done,
}

impl AwsChunkedDecoder {
    /// A decoder at the begin of a body.
    #[must_use]
    pub fn new() -> AwsChunkedDecoder {
        AwsChunkedDecoder { state: State::Header, left: 0, line: Vec::new(), trailer_bytes: 0, trailers: 0 }
    }

    /// Takes bytes from the front of `input`: how many were used, and what was found. To be called with what is left
    /// until it needs more.
    ///
    /// # Errors
    /// The body is none; there is nothing more to be asked then.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, AwsEvent<'a>), AwsChunkError> {
        let mut used = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            match (self.state, rest.first()) {
                (State::LastChunkEnd, _) => {
                    self.state = State::Trailers;
                    return Ok((used, AwsEvent::ChunkEnd));
                }
                (_, None) => return Ok((used, AwsEvent::Need)),
                (State::Header, Some(_)) => {
                    let (taken, begun) = self.header(rest)?;
                    used += taken;
                    if let Some(event) = begun {
                        return Ok((used, event));
                    }
                }
                (State::Data, Some(_)) => {
                    let data = rest.get(..usize::try_from(self.left).unwrap_or(usize::MAX)).unwrap_or(rest);
                    self.left -= data.len() as u64;
                    if self.left == 0 {
                        self.state = State::DataCr;
                    }
                    return Ok((used + data.len(), AwsEvent::Data(data)));
                }
                (State::DataCr, Some(b'\r')) => {
                    self.state = State::DataLf;
                    used += 1;
                }
                (State::DataLf, Some(b'\n')) => {
                    self.state = State::Header;
                    return Ok((used + 1, AwsEvent::ChunkEnd));
                }
                (State::DataCr | State::DataLf, Some(_)) => return Err(AwsChunkError::Malformed),
                (State::Trailers, Some(_)) => {
                    let (taken, found) = self.trailer(rest)?;
                    used += taken;
                    if let Some(event) = found {
                        return Ok((used, event));
                    }
                }
                (State::Done, Some(_)) => return Err(AwsChunkError::TrailerMalformed),
            }
        }
    }

    /// Says that the framing around the body has ended, and asks what is left to be told. To be called until it tells
    /// the end.
    ///
    /// # Errors
    /// The body should have gone on, or its last line is no trailer.
    pub fn finish(&mut self) -> Result<AwsEvent<'static>, AwsChunkError> {
        match self.state {
            State::LastChunkEnd => {
                self.state = State::Trailers;
                Ok(AwsEvent::ChunkEnd)
            }
            State::Trailers => {
                self.state = State::Done;
                let line = std::mem::take(&mut self.line);
                Ok(self.trailer_of(&line)?.unwrap_or(AwsEvent::End))
            }
            State::Done => Ok(AwsEvent::End),
            State::Header | State::Data | State::DataCr | State::DataLf => Err(AwsChunkError::Incomplete),
        }
    }

    /// Takes the line before a chunk, or what has come of it.
    fn header(&mut self, rest: &[u8]) -> Result<(usize, Option<AwsEvent<'static>>), AwsChunkError> {
        let (taken, line) = self.line(rest, CHUNK_LINE_BYTES_MAX).ok_or(AwsChunkError::LineTooLong)?;
        let Some(line) = line else { return Ok((taken, None)) };
        let (size, signature) = chunk_header(&line).ok_or(AwsChunkError::Malformed)?;
        self.left = size;
        self.state = if size == 0 { State::LastChunkEnd } else { State::Data };
        Ok((taken, Some(AwsEvent::ChunkBegin { size, signature })))
    }

    /// Takes a line after the last chunk, or what has come of it.
    fn trailer(&mut self, rest: &[u8]) -> Result<(usize, Option<AwsEvent<'static>>), AwsChunkError> {
        let room = TRAILER_BYTES_MAX - self.trailer_bytes;
        let (taken, line) = self.line(rest, room).ok_or(AwsChunkError::TrailersTooLarge)?;
        let Some(line) = line else { return Ok((taken, None)) };
        self.trailer_bytes += line.len();
        Ok((taken, self.trailer_of(&line)?))
    }

    /// Takes a line, CR and LF included, from the front of `rest`; if its end has not come, keeps what has. `None` if
    /// the line is longer than `bytes_max`.
    fn line<'a>(&mut self, rest: &'a [u8], bytes_max: usize) -> Option<(usize, Option<Cow<'a, [u8]>>)> {
        let room = bytes_max - self.line.len();
        let visible = rest.get(..room).unwrap_or(rest);
        let Some(end) = visible.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(visible);
            return (visible.len() < room).then_some((visible.len(), None));
        };
        let line = visible.get(..=end).unwrap_or_default();
        if self.line.is_empty() {
            return Some((line.len(), Some(Cow::Borrowed(line))));
        }
        let mut begun = std::mem::take(&mut self.line);
        begun.extend_from_slice(line);
        Some((line.len(), Some(Cow::Owned(begun))))
    }

    /// The trailer in a line, if it is not empty.
    fn trailer_of(&mut self, line: &[u8]) -> Result<Option<AwsEvent<'static>>, AwsChunkError> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        if self.trailers == TRAILERS_MAX {
            return Err(AwsChunkError::TrailersTooLarge);
        }
        self.trailers += 1;
        let colon = line.iter().position(|byte| *byte == b':').ok_or(AwsChunkError::TrailerMalformed)?;
        let (name, value) = line.split_at(colon);
        let (name, value) = (name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii());
        if !field::is_name(name) || !field::is_value(value) {
            return Err(AwsChunkError::TrailerMalformed);
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        Ok(Some(AwsEvent::Trailer { name, value: value.to_vec() }))
    }
}

impl Default for AwsChunkedDecoder {
    fn default() -> AwsChunkedDecoder {
        AwsChunkedDecoder::new()
    }
}

/// Size and signature in the line before a chunk. A second signature is no more looked at than any other extension.
fn chunk_header(line: &[u8]) -> Option<(u64, Option<[u8; 32]>)> {
    let mut parts = line.strip_suffix(b"\r\n")?.split(|byte| *byte == b';');
    let size = hex::number(parts.next()?)?;
    let signature = parts.find_map(|part| part.trim_ascii().strip_prefix(b"chunk-signature="));
    Some((size, signature.and_then(hex::decode)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::fuzz::{AwsBody, AwsChunk, decode_aws_chunked as decode};
    use super::*;

    impl AwsBody {
        fn payload(&self) -> Vec<u8> {
            self.chunks.iter().flat_map(|chunk| chunk.data.clone()).collect()
        }

        fn trailer(&self, name: &str) -> Option<&str> {
            let (_, value) = self.trailers.iter().find(|(other, _)| other == name)?;
            std::str::from_utf8(value).ok()
        }
    }

    fn whole(body: &str) -> Result<AwsBody, AwsChunkError> {
        decode(body.as_bytes(), &[])
    }

    /// The slow twin: the whole body at once. `None` if it is malformed, incomplete or beyond a limit.
    fn slow(body: &[u8]) -> Option<AwsBody> {
        let mut found = AwsBody::default();
        let mut rest = body;
        loop {
            let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
            let line = std::str::from_utf8(&rest[..end]).ok().filter(|line| !line.contains('\n'))?;
            rest = &rest[end + 2..];
            let (digits, extensions) = line.split_once(';').unwrap_or((line, ""));
            let is_hex = (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let size = u64::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
            let signature = extensions.split(';').find_map(|part| part.trim().strip_prefix("chunk-signature="));
            let signature = signature.and_then(|text| hex::decode(text.as_bytes()));
            let (data, after) = rest.split_at_checked(usize::try_from(size).ok()?)?;
            found.chunks.push(AwsChunk { size, signature, data: data.to_vec(), has_ended: true });
            rest = after;
            if size == 0 {
                break;
            }
            rest = rest.strip_prefix(b"\r\n")?;
        }
        for line in rest.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
            let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            if !field::is_name(name.trim().as_bytes()) || !field::is_value(value.trim().as_bytes()) {
                return None;
            }
            found.trailers.push((name.trim().to_lowercase(), value.trim().into()));
        }
        Some(found)
    }

    const SIGNATURE: &str = "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2";

    /// Row 1: boto3, aws-cli, JS and Go send it over TLS.
    #[test]
    fn an_unsigned_body_with_a_trailer_is_decoded() {
        let body = whole("b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n").expect("valid");
        assert_eq!(body.payload(), b"hello world");
        assert_eq!(body.chunks.iter().map(|chunk| chunk.signature).collect::<Vec<_>>(), [None, None]);
        assert_eq!(body.trailer("x-amz-checksum-crc32"), Some("DUoRhQ=="));
        let body = whole("B\r\nhello world\r\n0\r\nX-Amz-Checksum-CRC64NVME: jSnVw/bqjr4= \r\n\r\n").expect("valid");
        assert_eq!(body.trailer("x-amz-checksum-crc64nvme"), Some("jSnVw/bqjr4="));
    }

    /// Row 2: Java v1, minio-go, s3a.
    #[test]
    fn a_signed_body_tells_a_signature_per_chunk_and_one_for_the_last() {
        let text = format!(
            "3;chunk-signature={SIGNATURE}\r\nabc\r\n2;chunk-signature={SIGNATURE}\r\nde\r\n\
             0;chunk-signature={SIGNATURE}\r\n\r\n"
        );
        let body = whole(&text).expect("valid");
        assert_eq!(body.payload(), b"abcde");
        assert_eq!(body.chunks.iter().map(|chunk| chunk.size).collect::<Vec<_>>(), [3, 2, 0]);
        assert!(body.chunks.iter().all(|chunk| chunk.signature == hex::decode(SIGNATURE.as_bytes())));
        assert!(body.chunks.iter().all(|chunk| chunk.signature.is_some()) && body.trailers.is_empty());
    }

    /// Row 3: Java v2 over plain HTTP.
    #[test]
    fn a_signed_body_with_a_signed_trailer_is_decoded() {
        let text = format!(
            "5;chunk-signature={SIGNATURE}\r\nhello\r\n0;chunk-signature={SIGNATURE}\r\n\
             x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{SIGNATURE}\r\n\r\n"
        );
        let body = whole(&text).expect("valid");
        assert_eq!(body.payload(), b"hello");
        assert_eq!(body.trailer("x-amz-checksum-crc32c"), Some("sOO8/Q=="));
        assert_eq!(body.trailer("x-amz-trailer-signature"), Some(SIGNATURE));
    }

    /// Row 3 again, as minio-go writes it: LF, CRLF, and then the signature.
    #[test]
    fn an_empty_line_between_two_trailers_is_passed_over() {
        let text = format!(
            "5;chunk-signature={SIGNATURE}\r\nhello\r\n0;chunk-signature={SIGNATURE}\r\n\
             x-amz-checksum-crc32c:sOO8/Q==\n\r\nx-amz-trailer-signature:{SIGNATURE}\r\n\r\n"
        );
        let body = whole(&text).expect("valid");
        assert_eq!(body.trailer("x-amz-checksum-crc32c"), Some("sOO8/Q=="));
        assert_eq!(body.trailer("x-amz-trailer-signature"), Some(SIGNATURE));
    }

    /// Row 4: the signature of SigV4A is longer, and padded.
    #[test]
    fn a_signature_of_another_kind_is_none() {
        let text = format!("1;chunk-signature={}{}\r\na\r\n0\r\n\r\n", "30".repeat(70), "*".repeat(4));
        let body = whole(&text).expect("valid");
        assert_eq!((body.payload(), body.chunks[0].signature), (b"a".to_vec(), None));
    }

    /// Row 5: the header promised no signatures, the chunks have them.
    #[test]
    fn signatures_and_other_extensions_may_come_uncalled_for() {
        let text =
            format!("1;chunk-signature={SIGNATURE}\r\na\r\n1;x;y=z\r\nb\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n");
        let body = whole(&text).expect("valid");
        assert_eq!((body.payload(), body.trailer("x-amz-checksum-crc32")), (b"ab".to_vec(), Some("AA==")));
        assert_eq!(body.chunks[1].signature, None);
        let text = format!("1; x=y ; chunk-signature={SIGNATURE}\r\na\r\n0\r\n\r\n");
        assert_eq!(whole(&text).expect("valid").chunks[0].signature, hex::decode(SIGNATURE.as_bytes()));
    }

    /// Row 7.
    #[test]
    fn chunks_of_one_byte_are_decoded() {
        let text = format!("{}0\r\na:b\r\n\r\n", "1\r\nx\r\n".repeat(1000));
        assert_eq!(whole(&text).expect("valid").payload(), b"x".repeat(1000));
    }

    /// Row 23.
    #[test]
    fn a_body_of_nothing_is_the_last_chunk_alone() {
        let texts = [format!("0;chunk-signature={SIGNATURE}\r\n\r\n"), "0\r\n\r\n".to_owned(), "0\r\n".to_owned()];
        for text in texts {
            let body = whole(&text).expect("valid");
            assert_eq!((body.chunks.len(), body.trailers.len()), (1, 0), "{text}");
        }
        let body = whole("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n").expect("valid");
        assert_eq!((body.payload(), body.trailer("x-amz-checksum-crc32")), (Vec::new(), Some("AAAAAA==")));
    }

    #[test]
    fn the_ends_of_trailers_that_are_seen_in_the_field_are_taken() {
        for end in ["\r\n\r\n", "\n\r\n", "\n\n", "\r\n", "\n", "\r", "", "\n\r\n\r\n"] {
            for begin in ["", "\r\n"] {
                let body = whole(&format!("1\r\na\r\n0\r\n{begin}x-amz-checksum-crc32:AA=={end}")).expect("valid");
                assert_eq!(body.trailers, [("x-amz-checksum-crc32".to_owned(), b"AA==".to_vec())], "{begin:?}{end:?}");
            }
        }
    }

    #[test]
    fn a_body_that_ends_before_its_last_chunk_is_incomplete() {
        let text = format!("3;chunk-signature={SIGNATURE}\r\nabc\r\n0;chunk-signature={SIGNATURE}\r\n");
        for end in 0..text.len() {
            assert_eq!(whole(&text[..end]), Err(AwsChunkError::Incomplete), "{end}");
        }
        assert!(whole(&text).is_ok());
    }

    #[test]
    fn a_chunk_that_is_longer_or_shorter_than_its_size_is_malformed() {
        assert_eq!(whole("2\r\nabc\r\n0\r\n\r\n"), Err(AwsChunkError::Malformed));
        assert_eq!(whole("4\r\nabc\r\n0\r\n\r\n"), Err(AwsChunkError::Malformed));
        assert_eq!(whole("3\r\nabc\n0\r\n\r\n"), Err(AwsChunkError::Malformed));
    }

    #[test]
    fn a_header_that_is_none_is_malformed() {
        for header in ["", "g", "-1", "0x1", " 1", "1 ", ";chunk-signature=00", "11111111111111111"] {
            assert_eq!(whole(&format!("{header}\r\na\r\n0\r\n\r\n")), Err(AwsChunkError::Malformed), "{header:?}");
        }
        assert_eq!(whole("1\na\r\n0\r\n\r\n"), Err(AwsChunkError::Malformed));
        assert_eq!(whole("PNG\r\n\x1a\n"), Err(AwsChunkError::Malformed));
    }

    #[test]
    fn the_line_before_a_chunk_is_bounded() {
        let text = |bytes: usize| format!("1{}\r\na\r\n0\r\n\r\n", ";".repeat(bytes - 3));
        for pieces in [&[][..], &[1], &[CHUNK_LINE_BYTES_MAX - 1], &[CHUNK_LINE_BYTES_MAX]] {
            assert!(decode(text(CHUNK_LINE_BYTES_MAX).as_bytes(), pieces).is_ok(), "{pieces:?}");
            let found = decode(text(CHUNK_LINE_BYTES_MAX + 1).as_bytes(), pieces);
            assert_eq!(found, Err(AwsChunkError::LineTooLong), "{pieces:?}");
        }
    }

    #[test]
    fn trailers_are_bounded_in_bytes() {
        let text = |bytes: usize| format!("0\r\na: b\r\nc:{}\r\n", "x".repeat(bytes - 10));
        for pieces in [&[][..], &[1], &[TRAILER_BYTES_MAX]] {
            assert!(decode(text(TRAILER_BYTES_MAX).as_bytes(), pieces).is_ok(), "{pieces:?}");
            let found = decode(text(TRAILER_BYTES_MAX + 1).as_bytes(), pieces);
            assert_eq!(found, Err(AwsChunkError::TrailersTooLarge), "{pieces:?}");
        }
        let empty_lines = format!("0\r\n{}", "\r\n".repeat(TRAILER_BYTES_MAX / 2 + 1));
        assert_eq!(whole(&empty_lines), Err(AwsChunkError::TrailersTooLarge));
    }

    #[test]
    fn trailers_are_bounded_in_number() {
        let text = |count: usize| format!("0\r\n{}\r\n", "a:b\r\n".repeat(count));
        assert_eq!(whole(&text(TRAILERS_MAX)).map(|body| body.trailers.len()), Ok(TRAILERS_MAX));
        assert_eq!(whole(&text(TRAILERS_MAX + 1)), Err(AwsChunkError::TrailersTooLarge));
    }

    #[test]
    fn what_is_no_trailer_is_refused() {
        for line in ["nameless", ":value", "a b:c", "a:b\0", "a:b\rc", "1\r\nx", "\0"] {
            assert_eq!(whole(&format!("0\r\n{line}\r\n\r\n")), Err(AwsChunkError::TrailerMalformed), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_what_was_sent(
            chunks in vec((vec(any::<u8>(), 1..90), any::<Option<[u8; 32]>>()), 0..5),
            trailers in vec(("[a-z-]{1,9}", "[!-~]{0,9}"), 0..3),
            ends in vec("\r\n|\n|\n\r\n", 3),
            pieces in vec(1_usize..100, 1..6),
        ) {
            let trailers = trailers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
            let mut sent = AwsBody { trailers, ..AwsBody::default() };
            let mut body = Vec::new();
            for (data, signature) in chunks.into_iter().chain([(Vec::new(), None)]) {
                body.extend(format!("{:x}", data.len()).into_bytes());
                if let Some(signature) = &signature {
                    body.extend(format!(";chunk-signature={}", hex::of_32(signature)).into_bytes());
                }
                body.extend(b"\r\n");
                body.extend(&data);
                body.extend(if data.is_empty() { "" } else { "\r\n" }.bytes());
                sent.chunks.push(AwsChunk { size: data.len() as u64, signature, data, has_ended: true });
            }
            for ((name, value), end) in sent.trailers.iter().zip(&ends) {
                body.extend([name.as_bytes(), b":", value, end.as_bytes()].concat());
            }
            prop_assert_eq!(slow(&body), Some(sent.clone()));
            prop_assert_eq!(decode(&body, &pieces), Ok(sent));
        }

        #[test]
        fn any_bytes_are_an_answer_and_the_slow_way_agrees(
            words in vec("[0-3a]|;|\r\n|\r\n|\r|\n|ab|:| |0\r\n|;chunk-signature=[0-9a-f]{64}", 0..12),
            pieces in vec(1_usize..4, 1..4),
        ) {
            let body = words.concat().into_bytes();
            let found = decode(&body, &[]);
            prop_assert_eq!(&decode(&body, &pieces), &found);
            prop_assert_eq!(slow(&body), found.ok());
        }
    }
}
