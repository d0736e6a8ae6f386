//! The query of a request as a list of parameters, none of them decoded yet.
//!
//! What must hold: whoever asks for a parameter by name finds it however its name is spelled, because the canonical
//! query has but one spelling: a parameter that is overlooked here and signed there would be a hole.

use super::encoding::{Plus, decoded};

/// One parameter, as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a [u8],
    /// Empty too if there was no equals sign: S3 signs `?acl` as `acl=`.
    pub(super) value: &'a [u8],
    /// Whether the name may be spelled in another way than as it is.
    escaped: bool,
}

/// The parameters of a query, in order. Empty ones, as in `a=1&&b=2`, are none.
pub(super) fn parameters(query: Option<&[u8]>) -> impl Iterator<Item = Parameter<'_>> {
    let parts = query.unwrap_or_default().split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (name, rest) = part.split_at(part.iter().position(|byte| *byte == b'=').unwrap_or(part.len()));
        Parameter { name, value: rest.get(1..).unwrap_or_default(), escaped: name.contains(&b'%') }
    })
}

impl Parameter<'_> {
    /// Whether this is the parameter of that name.
    pub(super) fn is(&self, name: &str) -> bool {
        if self.escaped { decoded(self.name, Plus::Literal).eq(name.bytes()) } else { self.name == name.as_bytes() }
    }

    /// The bytes of the value. A plus sign is itself: this reads what signatures are made of, and none of that has
    /// spaces, while tokens have plus signs.
    pub(super) fn decoded_value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.value.len());
        value.extend(decoded(self.value, Plus::Literal));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_split_at_ampersands_and_first_equals_signs() {
        let found: Vec<_> = parameters(Some(b"acl&a=b=c&&=x&d=")).map(|p| (p.name, p.value)).collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"acl", b""), (b"a", b"b=c"), (b"", b"x"), (b"d", b"")];
        assert_eq!(found, expected);
        assert_eq!(parameters(None).count() + parameters(Some(b"")).count(), 0);
    }

    #[test]
    fn a_name_is_found_in_any_spelling() {
        let one = |text: &'static [u8]| parameters(Some(text)).next().expect("one parameter");
        assert!(one(b"X-Amz-Date=1").is("X-Amz-Date"));
        assert!(one(b"X%2dAmz-Dat%65=1").is("X-Amz-Date"));
        assert!(!one(b"x-amz-date=1").is("X-Amz-Date") && !one(b"X-Amz-Dat=1").is("X-Amz-Date"));
        assert_eq!(one(b"a=%2F+").decoded_value(), b"/+");
    }
}
