//! The headers of one head, found once for the many look-ups that a signature needs.
//!
//! What must hold: names are in lower case, as `Head` has them, and all values of a name are there, in order.

use crate::http1::Head;

/// The headers of a head.
pub(super) struct Fields<'a> {
    lines: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// The headers of this head.
    pub(super) fn of(head: &'a Head) -> Fields<'a> {
        // Most heads have fewer; one allocation is cheaper than growing.
        let mut lines = Vec::with_capacity(24);
        lines.extend(head.headers());
        Fields { lines }
    }

    /// All of them, in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.lines.iter().copied()
    }

    /// The values of this name, in order.
    pub(super) fn all(&self, name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
        self.lines().filter(move |(other, _)| other.as_bytes() == name).map(|(_, value)| value)
    }

    /// The first value of this name, and how many there are.
    pub(super) fn first(&self, name: &str) -> Option<(&'a [u8], usize)> {
        let mut values = self.all(name.as_bytes());
        let first = values.next()?;
        Some((first.trim_ascii(), 1 + values.count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_all_their_values() {
        let text = b"GET / HTTP/1.1\r\nHost: h\r\nA:  1 \r\na: 2\r\nAb: 3\r\n\r\n";
        let (head, _) = Head::parse(text).expect("a head").expect("all of it");
        let fields = Fields::of(&head);
        assert_eq!(fields.all(b"a").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(fields.first("a"), Some((&b"1"[..], 2)));
        assert_eq!((fields.first("host"), fields.first("b")), (Some((&b"h"[..], 1)), None));
        assert_eq!(fields.lines().count(), 4);
    }
}
