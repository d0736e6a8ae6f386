//! An entity tag: the MD5 of a body, or the MD5 of its parts' MD5s and their count.

use std::fmt;

/// What a client compares to know whether a body changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Etag {
    /// The MD5.
    pub md5: [u8; 16],
    /// The number of parts; 0 for a body that was put in one piece.
    pub parts: u16,
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every answer about an object has one, so its digits are looked up rather than formatted.
        let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
        let mut text = String::with_capacity(2 * self.md5.len());
        for byte in self.md5 {
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(&text)?;
        if self.parts > 0 { write!(f, "-{}", self.parts) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_of_parts_ends_in_their_count() {
        let md5 = [0xab; 16];
        assert_eq!(Etag { md5, parts: 0 }.to_string(), "ab".repeat(16));
        assert_eq!(Etag { md5, parts: 12 }.to_string(), format!("{}-12", "ab".repeat(16)));
    }
}
