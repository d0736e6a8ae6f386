//! A body as its framing delimits it: one decoder for all three kinds, so that the reader of a connection knows one.
//!
//! What must hold: not one byte after the body is taken, since it belongs to the next request.

use super::chunked::{ChunkError, ChunkedDecoder, Event};
use super::framing::BodyFraming;

/// The state of one body.
#[derive(Clone, Debug)]
pub enum BodyDecoder {
    /// What is left of a body whose length was said.
    Length(u64),
    /// A body in chunks.
    Chunked(ChunkedDecoder),
}

impl BodyDecoder {
    /// A decoder at the begin of a body.
    #[must_use]
    pub fn new(framing: BodyFraming) -> BodyDecoder {
        match framing {
            BodyFraming::None => BodyDecoder::Length(0),
            BodyFraming::Length(length) => BodyDecoder::Length(length),
            BodyFraming::Chunked => BodyDecoder::Chunked(ChunkedDecoder::new()),
        }
    }

    /// Bytes still to come, if that is known.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        match self {
            BodyDecoder::Length(left) => Some(*left),
            BodyDecoder::Chunked(_) => None,
        }
    }

    /// Takes bytes from the front of `input`: how many were used, and what was found. To be called with what is left
    /// until it needs more or has ended. A connection that ends before the body does has sent an incomplete one.
    ///
    /// # Errors
    /// The body is none; there is nothing more to be asked then.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), ChunkError> {
        match self {
            BodyDecoder::Chunked(decoder) => decoder.next(input),
            BodyDecoder::Length(0) => Ok((0, Event::End)),
            BodyDecoder::Length(_) if input.is_empty() => Ok((0, Event::Need)),
            BodyDecoder::Length(left) => {
                let data = input.get(..usize::try_from(*left).unwrap_or(usize::MAX)).unwrap_or(input);
                *left -= data.len() as u64;
                Ok((data.len(), Event::Data(data)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::aws_chunked::{AwsChunkedDecoder, AwsEvent};
    use super::super::response::{LAST_CHUNK, chunk};
    use super::*;

    #[test]
    fn no_body_ends_at_once() {
        assert_eq!(BodyDecoder::new(BodyFraming::None).next(b"GET"), Ok((0, Event::End)));
        assert_eq!(BodyDecoder::new(BodyFraming::Length(0)).next(b"GET"), Ok((0, Event::End)));
    }

    #[test]
    fn what_is_longer_than_the_length_belongs_to_the_next_request() {
        let mut decoder = BodyDecoder::new(BodyFraming::Length(5));
        assert_eq!(decoder.next(b"hel"), Ok((3, Event::Data(b"hel"))));
        assert_eq!(decoder.next(b"loGET / HTTP/1.1"), Ok((2, Event::Data(b"lo"))));
        assert_eq!(decoder.next(b"GET / HTTP/1.1"), Ok((0, Event::End)));
    }

    #[test]
    fn what_is_shorter_than_the_length_has_not_ended() {
        let mut decoder = BodyDecoder::new(BodyFraming::Length(5));
        assert_eq!(decoder.next(b"hell"), Ok((4, Event::Data(b"hell"))));
        assert_eq!(decoder.next(b""), Ok((0, Event::Need)));
    }

    #[test]
    fn the_largest_length_is_one() {
        let mut decoder = BodyDecoder::new(BodyFraming::Length(u64::MAX));
        assert_eq!(decoder.next(b"a"), Ok((1, Event::Data(b"a"))));
        assert_eq!(decoder.next(b""), Ok((0, Event::Need)));
    }

    #[test]
    fn chunks_end_where_they_say() {
        let mut decoder = BodyDecoder::new(BodyFraming::Chunked);
        let input = b"3\r\nabc\r\n0\r\n\r\nGET";
        assert_eq!(decoder.next(input), Ok((6, Event::Data(b"abc"))));
        assert_eq!(decoder.next(&input[6..]), Ok((7, Event::End)));
    }

    /// As amazonka and clients in Go with an unknown length send it: the chunks of S3 inside of those of HTTP, which
    /// are cut elsewhere.
    #[test]
    fn aws_chunked_may_lie_inside_of_chunked() {
        let inner = b"b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        for cut in 1..inner.len() {
            let mut outer = Vec::new();
            inner.chunks(cut).for_each(|piece| chunk(&mut outer, piece));
            outer.extend_from_slice(LAST_CHUNK);
            let (mut body, mut aws) = (BodyDecoder::new(BodyFraming::Chunked), AwsChunkedDecoder::new());
            let (mut payload, mut trailers) = (Vec::new(), Vec::new());
            let mut rest = outer.as_slice();
            while let (used, Event::Data(mut data)) = body.next(rest).expect("valid") {
                rest = &rest[used..];
                loop {
                    let (used, event) = aws.next(data).expect("valid");
                    data = &data[used..];
                    match event {
                        AwsEvent::Data(data) => payload.extend_from_slice(data),
                        AwsEvent::Trailer { name, value } => trailers.push((name, value)),
                        AwsEvent::Need => break,
                        _ => {}
                    }
                }
            }
            assert_eq!(body.next(rest).map(|(_, event)| event), Ok(Event::End));
            assert_eq!(aws.finish(), Ok(AwsEvent::End));
            assert_eq!(payload, b"hello world");
            assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), b"DUoRhQ==".to_vec())]);
        }
    }
}
