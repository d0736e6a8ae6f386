//! Reads a head that comes in pieces, without looking at the same bytes again and again.
//!
//! ```text
//!  first call        parse at once: nearly every head comes in one piece
//!  while incomplete  look for the empty line in what is new
//!  found             parse a second and last time
//! ```
//!
//! What must hold: however slowly the bytes come, the work is two parses and one look at every byte. What is found is
//! what `Head::parse` finds in the whole.

use super::head::{Head, HeadError, empty_lines};
use crate::limits::HEAD_BYTES_MAX;

/// Remembers how far one head was searched for its end. A new head takes a new scanner.
#[derive(Debug, Default)]
pub struct HeadScanner {
    /// Where the head begins, once its first byte has come.
    begin: Option<usize>,
    /// How many bytes have been searched.
    searched: usize,
}

impl HeadScanner {
    /// A scanner that has seen nothing.
    #[must_use]
    pub fn new() -> HeadScanner {
        HeadScanner::default()
    }

    /// Takes a head from the front of `input`, which holds what earlier calls were given and what came since. Tells how
    /// many bytes the head had, empty lines before it included; `None` if it has not all come yet.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn scan(&mut self, input: &[u8]) -> Result<Option<(Head, usize)>, HeadError> {
        let begin = match self.begin {
            Some(begin) => begin,
            None => {
                let Some(begin) = empty_lines(input)? else { return Ok(None) };
                self.begin = Some(begin);
                self.searched = begin;
                if let Some(found) = Head::parse(input)? {
                    return Ok(Some(found));
                }
                begin
            }
        };
        let is_full = input.len() - begin.min(input.len()) >= HEAD_BYTES_MAX;
        if self.find_end(input)? || is_full {
            return Head::parse(input);
        }
        Ok(None)
    }

    /// Whether the empty line has come.
    fn find_end(&mut self, input: &[u8]) -> Result<bool, HeadError> {
        for (at, byte) in input.iter().enumerate().skip(self.searched) {
            if *byte != b'\n' {
                continue;
            }
            let before = input.get(at.saturating_sub(3)..at).unwrap_or_default();
            if !before.ends_with(b"\r") {
                return Err(HeadError::Malformed);
            }
            if before == b"\r\n\r" {
                return Ok(true);
            }
        }
        self.searched = input.len();
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &[u8] = b"\r\nPUT /b/k?q HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";

    #[test]
    fn a_head_in_one_piece_is_found_at_once() {
        let (head, length) = HeadScanner::new().scan(HEAD).expect("valid").expect("complete");
        assert_eq!((head.path(), length), (b"/b/k".as_slice(), HEAD.len() - 3));
    }

    #[test]
    fn a_head_that_comes_byte_by_byte_is_found_with_its_last() {
        let mut scanner = HeadScanner::new();
        for end in 0..HEAD.len() - 3 {
            assert_eq!(scanner.scan(&HEAD[..end]), Ok(None), "{end}");
        }
        let found = scanner.scan(&HEAD[..HEAD.len() - 3]).expect("valid");
        assert_eq!(found, Head::parse(HEAD).expect("valid"));
    }

    #[test]
    fn every_byte_is_searched_once() {
        let mut scanner = HeadScanner::new();
        let mut input = b"GET / HTTP/1.1\r\nHost: h\r\n".to_vec();
        for _ in 0..1000 {
            assert_eq!(scanner.scan(&input), Ok(None));
            assert_eq!(scanner.searched, input.len());
            input.push(b'a');
        }
    }

    #[test]
    fn a_bare_line_feed_is_refused_before_the_end_comes() {
        let mut scanner = HeadScanner::new();
        assert_eq!(scanner.scan(b"GET"), Ok(None));
        assert_eq!(scanner.scan(b"GET / HTTP/1.1\nHost: h\r\n"), Err(HeadError::Malformed));
    }

    #[test]
    fn a_slow_head_is_too_large_at_the_same_byte_as_a_fast_one() {
        let mut input = b"\r\nGET / HTTP/1.1\r\nHost: h\r\na: ".to_vec();
        let mut scanner = HeadScanner::new();
        assert_eq!(scanner.scan(&input), Ok(None));
        input.resize(2 + HEAD_BYTES_MAX - 1, b'x');
        assert_eq!(scanner.scan(&input), Ok(None));
        assert_eq!(Head::parse(&input), Ok(None));
        input.push(b'x');
        assert_eq!(scanner.scan(&input), Err(HeadError::TooLarge));
        assert_eq!(Head::parse(&input), Err(HeadError::TooLarge));
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(cuts in proptest::collection::vec(0..HEAD.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut scanner = HeadScanner::new();
            let mut found = None;
            for end in cuts.into_iter().chain([HEAD.len()]) {
                if found.is_none() {
                    found = scanner.scan(&HEAD[..end]).expect("valid");
                }
            }
            prop_assert_eq!(found, Head::parse(HEAD).expect("valid"));
        }
    }
}
