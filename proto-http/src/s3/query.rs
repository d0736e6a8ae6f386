//! The parameters of a request, decoded.
//!
//! What must hold: names are compared as they are; a parameter without a value is there, and its value is empty.

use crate::auth::Plus;
use crate::error::S3Error;
use crate::error::code;
use crate::limits::QUERY_PAIRS_MAX;
use crate::text::{percent, query};

/// All parameters, in the order they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// The parameters of a raw query.
    ///
    /// # Errors
    /// `InvalidURI` for what cannot be decoded, or is too much.
    pub(super) fn parse(raw: Option<&[u8]>, plus: Plus) -> Result<Query, S3Error> {
        let decode = |text| {
            let bytes = match plus {
                Plus::Space => percent::decode_query(text),
                Plus::Literal => percent::decode(text),
            };
            let text = bytes.and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
            text.ok_or_else(|| S3Error::from(code::INVALID_URI))
        };
        let mut pairs = Vec::new();
        for (name, value) in query::raw_pairs(raw.unwrap_or_default()) {
            if pairs.len() == QUERY_PAIRS_MAX {
                return Err(S3Error::saying(code::INVALID_REQUEST, "The query has too many parameters."));
            }
            pairs.push((decode(name)?, decode(value.unwrap_or_default())?));
        }
        Ok(Query { pairs })
    }

    /// True if the parameter was sent.
    #[must_use]
    pub(super) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(other, _)| other == name)
    }

    /// Its value, the first if it was sent several times.
    #[must_use]
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// All parameters.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Its value, taken for absent if it is empty.
    #[must_use]
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// A count; `most` if it is absent or above.
    ///
    /// # Errors
    /// `InvalidArgument` for what is no count.
    pub(super) fn count(&self, name: &str, most: usize) -> Result<usize, S3Error> {
        let Some(text) = self.filled(name) else { return Ok(most) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        // To S3 a count is an integer of Java.
        match text.parse::<i32>().ok().and_then(|count| usize::try_from(count).ok()) {
            Some(count) if digits => Ok(count.min(most)),
            _ => Err(S3Error::argument(name, text, "Argument must be an integer between 0 and 2147483647")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_clamped_and_garbage_is_refused() {
        let query = |raw: &str| Query::parse(Some(raw.as_bytes()), Plus::Space).expect("a good query");
        assert_eq!(query("max-keys=0").count("max-keys", 1000), Ok(0));
        assert_eq!(query("max-keys=5000").count("max-keys", 1000), Ok(1000));
        assert_eq!(query("max-keys=2147483647").count("max-keys", 1000), Ok(1000));
        assert_eq!(query("max-keys=").count("max-keys", 1000), Ok(1000));
        for bad in ["-1", "+1", "a", "1.5", "2147483648", "99999999999999999999"] {
            let found = query(&format!("max-keys={}", bad.replace('+', "%2B"))).count("max-keys", 1000);
            assert_eq!(found.map_err(|error| error.code.name), Err("InvalidArgument"), "{bad}");
        }
    }

    #[test]
    fn a_parameter_without_a_value_is_there() {
        let query = Query::parse(Some(b"uploads&prefix=&a=b%20c"), Plus::Space).expect("a good query");
        assert!(query.has("uploads") && !query.has("upload"));
        assert_eq!((query.value("prefix"), query.filled("prefix")), (Some(""), None));
        assert_eq!(query.value("a"), Some("b c"));
    }
}
