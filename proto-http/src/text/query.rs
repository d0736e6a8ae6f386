//! The pairs of a query: `a=b&c` has two, of which the second has no value.
//!
//! What must hold: pairs come in their order, the same name as often as it was sent. Empty pieces (`a&&b`) are none.
//! Signatures want to know whether there was an equals sign and how a byte was written: they take the raw pairs.

use std::borrow::Cow;
use std::fmt;

use super::percent;
use crate::limits::QUERY_PAIRS_MAX;

/// Why a query is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// A percent sign without its digits.
    Percent,
    /// More pairs than are taken.
    TooMany,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QueryError::Percent => "a percent sign of the query lacks its digits",
            QueryError::TooMany => "the query has too many parameters",
        })
    }
}

impl std::error::Error for QueryError {}

/// A pair, decoded. A name that was sent without a value has an empty one.
pub type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The pairs as they were sent: name, and what stands after its equals sign if it has one.
pub fn raw_pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let pieces = query.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    pieces.map(|piece| {
        let mut halves = piece.splitn(2, |byte| *byte == b'=');
        (halves.next().unwrap_or_default(), halves.next())
    })
}

/// The pairs, decoded; a plus is a space. The first error is the last item that means anything.
pub fn pairs(query: &[u8]) -> impl Iterator<Item = Result<Pair<'_>, QueryError>> {
    raw_pairs(query).enumerate().take(QUERY_PAIRS_MAX + 1).map(|(index, (name, value))| {
        if index == QUERY_PAIRS_MAX {
            return Err(QueryError::TooMany);
        }
        let decode = |text| percent::decode_query(text).ok_or(QueryError::Percent);
        Ok((decode(name)?, decode(value.unwrap_or_default())?))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(query: &str) -> Result<Vec<(String, String)>, QueryError> {
        let text = |bytes: Cow<'_, [u8]>| String::from_utf8_lossy(&bytes).into_owned();
        pairs(query.as_bytes()).map(|pair| pair.map(|(name, value)| (text(name), text(value)))).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_recorded_listing_is_read() {
        let query = "list-type=2&delimiter=%2F&prefix=a+b%20c%2Bd&encoding-type=url&max-keys=1000&x-id=ListObjectsV2";
        let expected = [
            ("list-type", "2"),
            ("delimiter", "/"),
            ("prefix", "a b c+d"),
            ("encoding-type", "url"),
            ("max-keys", "1000"),
            ("x-id", "ListObjectsV2"),
        ];
        assert_eq!(texts(query), Ok(owned(&expected)));
    }

    #[test]
    fn a_name_without_a_value_has_an_empty_one() {
        assert_eq!(texts("acl"), Ok(owned(&[("acl", "")])));
        assert_eq!(texts("uploads=&acl"), Ok(owned(&[("uploads", ""), ("acl", "")])));
        assert_eq!(
            raw_pairs(b"acl&uploads=").collect::<Vec<_>>(),
            [(b"acl".as_slice(), None), (b"uploads", Some(b"".as_slice()))]
        );
    }

    #[test]
    fn only_the_first_equals_sign_parts() {
        assert_eq!(texts("a=b=c&=d&e%3D=f"), Ok(owned(&[("a", "b=c"), ("", "d"), ("e=", "f")])));
    }

    #[test]
    fn empty_pieces_are_no_pairs() {
        assert_eq!(texts("&a&&b=1&"), Ok(owned(&[("a", ""), ("b", "1")])));
        assert_eq!(texts(""), Ok(Vec::new()));
    }

    #[test]
    fn the_same_name_comes_as_often_as_it_was_sent() {
        assert_eq!(texts("a=2&a=1"), Ok(owned(&[("a", "2"), ("a", "1")])));
    }

    #[test]
    fn a_stray_percent_sign_is_an_error() {
        assert_eq!(texts("a=%zz"), Err(QueryError::Percent));
        assert_eq!(texts("%=1"), Err(QueryError::Percent));
    }

    #[test]
    fn one_pair_too_many_is_an_error() {
        let query = |count: usize| vec!["a"; count].join("&");
        assert_eq!(texts(&query(QUERY_PAIRS_MAX)).map(|pairs| pairs.len()), Ok(QUERY_PAIRS_MAX));
        assert_eq!(texts(&query(QUERY_PAIRS_MAX + 1)), Err(QueryError::TooMany));
        assert_eq!(pairs(query(QUERY_PAIRS_MAX * 10).as_bytes()).count(), QUERY_PAIRS_MAX + 1);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read(sent in proptest::collection::vec((".{1,8}", ".{0,8}"), 0..8)) {
            let mut query = Vec::new();
            for (name, value) in &sent {
                percent::encode(&mut query, name.as_bytes(), percent::Slash::Encoded);
                query.push(b'=');
                percent::encode(&mut query, value.as_bytes(), percent::Slash::Encoded);
                query.push(b'&');
            }
            prop_assert_eq!(texts(std::str::from_utf8(&query).expect("ASCII")), Ok(sent));
        }
    }
}
