//! What a fuzzer calls: each function takes any bytes, and panics if what must hold of them does not. Tests call them
//! too.
//!
//! What must hold of all: no input is a panic, and how it was cut into pieces makes no difference.
//!
//! The first bytes say how long the pieces are, so that a fuzzer finds cuts as it finds bytes.

use super::aws_chunked::{AwsChunkError, AwsChunkedDecoder, AwsEvent};
use super::chunked::{ChunkError, ChunkedDecoder, Event};
use super::framing::Framing;
use super::head::Head;
use super::scanner::HeadScanner;
use crate::text::{percent, query};

/// Bytes that say how long the pieces are.
const CUTS: usize = 4;

/// A head, in one piece and in several; then what it says.
pub fn head(bytes: &[u8]) {
    let (pieces, input) = cut(bytes);
    let whole = Head::parse(input);
    let mut scanner = HeadScanner::new();
    let mut ends = ends(input.len(), &pieces);
    let scanned = loop {
        let Some(end) = ends.next() else { break Ok(None) };
        match scanner.scan(input.get(..end).unwrap_or_default()) {
            Ok(None) => {}
            found => break found,
        }
    };
    // Of a head that is none, the pieces may say it earlier and by another name.
    assert_eq!(scanned.ok().flatten(), whole.clone().ok().flatten(), "pieces give what the whole gives");
    let Ok(Some((head, length))) = whole else { return };
    assert!(length <= input.len(), "a head is part of its input");
    assert!(head.headers().all(|(name, value)| !name.is_empty() && value.trim_ascii() == value));
    assert!(!head.method().is_empty() && !head.path().is_empty());
    if let Ok(framing) = Framing::of(&head) {
        assert!(!framing.needs_continue(1));
    }
    let pairs = query::pairs(head.query().unwrap_or_default()).take_while(Result::is_ok).count();
    assert!(pairs <= crate::limits::QUERY_PAIRS_MAX);
    if let Some(key) = percent::decode(head.path()) {
        assert!(key.len() <= head.path().len());
    }
}

/// A body with `Transfer-Encoding: chunked`, in one piece and in several.
pub fn chunked(bytes: &[u8]) {
    let (pieces, input) = cut(bytes);
    assert_eq!(decode_chunked(input, &pieces), decode_chunked(input, &[]), "pieces give what the whole gives");
}

/// An aws-chunked body, in one piece and in several.
pub fn aws_chunked(bytes: &[u8]) {
    let (pieces, input) = cut(bytes);
    assert_eq!(decode_aws_chunked(input, &pieces), decode_aws_chunked(input, &[]), "pieces give what the whole gives");
}

/// The payload of a chunked body fed in pieces of these sizes, again and again, and how many bytes it had if it ended.
pub(super) fn decode_chunked(body: &[u8], pieces: &[usize]) -> Result<(Vec<u8>, Option<usize>), ChunkError> {
    let mut decoder = ChunkedDecoder::new();
    let (mut payload, mut at) = (Vec::new(), 0);
    for end in ends(body.len(), pieces) {
        loop {
            let (used, event) = decoder.next(body.get(at..end).unwrap_or_default())?;
            at += used;
            match event {
                Event::Data(data) => payload.extend_from_slice(data),
                Event::End => return Ok((payload, Some(at))),
                Event::Need => break,
            }
        }
        assert_eq!(at, end, "all input is used before more is asked for");
    }
    Ok((payload, None))
}

/// What an aws-chunked body tells, fed in pieces of these sizes, again and again.
pub(super) fn decode_aws_chunked(body: &[u8], pieces: &[usize]) -> Result<AwsBody, AwsChunkError> {
    let mut decoder = AwsChunkedDecoder::new();
    let mut found = AwsBody::default();
    let mut at = 0;
    for end in ends(body.len(), pieces) {
        loop {
            let (used, event) = decoder.next(body.get(at..end).unwrap_or_default())?;
            at += used;
            match event {
                AwsEvent::Need => break,
                event => found.add(event),
            }
        }
        assert_eq!(at, end, "all input is used before more is asked for");
    }
    loop {
        match decoder.finish()? {
            AwsEvent::End => return Ok(found),
            event => found.add(event),
        }
    }
}

/// An aws-chunked body as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AwsBody {
    pub(super) chunks: Vec<AwsChunk>,
    pub(super) trailers: Vec<(String, Vec<u8>)>,
}

/// A chunk of it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AwsChunk {
    pub(super) size: u64,
    pub(super) signature: Option<[u8; 32]>,
    pub(super) data: Vec<u8>,
    pub(super) has_ended: bool,
}

impl AwsBody {
    fn add(&mut self, event: AwsEvent<'_>) {
        match (event, self.chunks.last_mut()) {
            (AwsEvent::ChunkBegin { size, signature }, last) => {
                assert!(last.is_none_or(|chunk| chunk.has_ended && chunk.size > 0), "chunks follow one another");
                self.chunks.push(AwsChunk { size, signature, data: Vec::new(), has_ended: false });
            }
            (AwsEvent::Data(data), Some(chunk)) => chunk.data.extend_from_slice(data),
            (AwsEvent::ChunkEnd, Some(chunk)) => {
                assert_eq!(chunk.data.len() as u64, chunk.size, "a chunk ends with its last byte");
                assert!(!chunk.has_ended, "a chunk ends once");
                chunk.has_ended = true;
            }
            (AwsEvent::Trailer { name, value }, Some(AwsChunk { size: 0, has_ended: true, .. })) => {
                self.trailers.push((name, value));
            }
            (event, last) => panic!("{event:?} cannot come after {last:?}"),
        }
    }
}

/// Splits into the lengths of pieces and what is cut.
fn cut(bytes: &[u8]) -> (Vec<usize>, &[u8]) {
    let (lengths, input) = bytes.split_at_checked(CUTS).unwrap_or((&[], bytes));
    (lengths.iter().map(|length| usize::from(*length) + 1).collect(), input)
}

/// Where pieces of these lengths, again and again, end. Without lengths there is one piece.
fn ends(length: usize, pieces: &[usize]) -> impl Iterator<Item = usize> {
    let mut sizes = pieces.iter().cycle().copied();
    let mut at = 0;
    std::iter::from_fn(move || {
        (at < length).then(|| {
            at = length.min(at.saturating_add(sizes.next().unwrap_or(length)));
            at
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_cover_the_input() {
        assert_eq!(ends(7, &[1, 3]).collect::<Vec<_>>(), [1, 4, 5, 7]);
        assert_eq!(ends(7, &[]).collect::<Vec<_>>(), [7]);
        assert_eq!(ends(0, &[1]).count(), 0);
        assert_eq!(cut(&[0, 1, 2, 255, 9]), (vec![1, 2, 3, 256], [9].as_slice()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            head(&bytes);
            chunked(&bytes);
            aws_chunked(&bytes);
        }

        #[test]
        fn anything_like_a_head_is_an_answer(
            cuts: [u8; CUTS],
            words in proptest::collection::vec(
                "GET |PUT |\\* |/a%2[0g]\\?b=c&d |http://h |HTTP/1.[01]\r\n|Host:h\r\n|[ab]: [ -~]{0,5}\r\n|\r\n|\n|\0",
                0..10,
            ),
        ) {
            head(&[&cuts, words.concat().as_bytes()].concat());
            let text = format!("PUT /b/k HTTP/1.1\r\nHost: h\r\n{}\r\n", words.concat());
            head(&[&cuts, text.as_bytes()].concat());
        }
    }
}
