//! A short ASCII text whose length is known: a date, a digest in hex. It lies on the stack and is copied freely.

use std::fmt;

/// `N` bytes of ASCII.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ascii<const N: usize>([u8; N]);

impl<const N: usize> Ascii<N> {
    /// Takes bytes that the caller has made of ASCII letters.
    pub(super) fn new(bytes: [u8; N]) -> Ascii<N> {
        assert!(bytes.is_ascii(), "a text of this kind is made of ASCII");
        Ascii(bytes)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it was ASCII when it was made")
    }

    /// The text as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> fmt::Display for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_what_it_was_made_of() {
        let text = Ascii::new(*b"20261121");
        assert_eq!((text.as_str(), text.as_bytes()), ("20261121", b"20261121".as_slice()));
        assert_eq!((text.to_string(), format!("{text:?}")), ("20261121".to_owned(), "\"20261121\"".to_owned()));
    }
}
