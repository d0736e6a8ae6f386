//! Percent encoding as S3 has it.
//!
//! What must hold: what is written leaves `A-Z a-z 0-9 - . _ ~` alone and nothing else (a slash where asked), with
//! digits in upper case. Signatures are made over exactly this.

use std::borrow::Cow;

use super::hex;

/// What becomes of a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slash {
    /// It stays: in paths, and in the keys of listings.
    Kept,
    /// It is encoded as any other byte: in queries.
    Encoded,
}

/// Decodes a path, in which a plus is a plus. `None` if a percent sign is not followed by two digits.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    decode_as(text, Plus::Plus, Stray::Refused)
}

/// Decodes a name or a value of a query, in which a plus is a space. `None` as for a path.
#[must_use]
pub fn decode_query(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    decode_as(text, Plus::Space, Stray::Refused)
}

/// Decodes a text that may not have been encoded at all, as the source of a copy: a percent sign without its digits
/// stands for itself.
#[must_use]
pub fn decode_lenient(text: &[u8]) -> Cow<'_, [u8]> {
    decode_as(text, Plus::Plus, Stray::Kept).unwrap_or(Cow::Borrowed(text))
}

/// Appends the encoded text.
pub fn encode(out: &mut Vec<u8>, text: &[u8], slash: Slash) {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|byte| is_plain(**byte, slash)).count();
        out.extend_from_slice(rest.get(..plain).unwrap_or_default());
        rest = rest.get(plain..).unwrap_or_default();
        let Some((byte, after)) = rest.split_first() else { return };
        out.extend_from_slice(&[b'%', upper(byte >> 4), upper(byte & 15)]);
        rest = after;
    }
}

/// What a plus stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Plus,
    Space,
}

/// What becomes of a percent sign without its digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stray {
    Refused,
    Kept,
}

fn decode_as(text: &[u8], plus: Plus, stray: Stray) -> Option<Cow<'_, [u8]>> {
    let is_coded = |byte: &u8| *byte == b'%' || (*byte == b'+' && plus == Plus::Space);
    if !text.iter().any(is_coded) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let plain = rest.iter().position(is_coded).unwrap_or(rest.len());
        out.extend_from_slice(rest.get(..plain).unwrap_or_default());
        rest = rest.get(plain..).unwrap_or_default();
        match rest {
            [] => return Some(Cow::Owned(out)),
            [b'+', after @ ..] => {
                out.push(b' ');
                rest = after;
            }
            [sign, after @ ..] => match (after, digits(after)) {
                ([_, _, after @ ..], Some(byte)) => {
                    out.push(byte);
                    rest = after;
                }
                _ if stray == Stray::Kept => {
                    out.push(*sign);
                    rest = after;
                }
                _ => return None,
            },
        }
    }
}

/// The byte that the two digits at the front write.
fn digits(text: &[u8]) -> Option<u8> {
    match text {
        [high, low, ..] => Some(hex::digit(*high)? << 4 | hex::digit(*low)?),
        _ => None,
    }
}

fn is_plain(byte: u8, slash: Slash) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || (byte == b'/' && slash == Slash::Kept)
}

fn upper(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &[u8], slash: Slash) -> String {
        let mut out = Vec::new();
        encode(&mut out, text, slash);
        String::from_utf8(out).expect("it is ASCII")
    }

    fn decoded(text: &str) -> Option<Vec<u8>> {
        decode(text.as_bytes()).map(Cow::into_owned)
    }

    #[test]
    fn exactly_the_unreserved_bytes_stay() {
        let plain: Vec<u8> = (0..=255).filter(|byte| encoded(&[*byte], Slash::Encoded).len() == 1).collect();
        assert_eq!(plain, b"-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
    }

    #[test]
    fn a_slash_stays_where_asked() {
        assert_eq!(encoded(b"a/b c+d", Slash::Kept), "a/b%20c%2Bd");
        assert_eq!(encoded(b"a/b c+d", Slash::Encoded), "a%2Fb%20c%2Bd");
        assert_eq!(encoded("gr\u{fc}n".as_bytes(), Slash::Kept), "gr%C3%BCn");
    }

    #[test]
    fn digits_of_both_cases_are_read() {
        assert_eq!(decoded("a%2fb%2Fc%00"), Some(b"a/b/c\0".to_vec()));
    }

    #[test]
    fn a_plus_is_a_plus_in_a_path_and_a_space_in_a_query() {
        assert_eq!(decoded("a+b%2B"), Some(b"a+b+".to_vec()));
        assert_eq!(decode_query(b"a+b%2B").as_deref(), Some(b"a b+".as_slice()));
    }

    #[test]
    fn a_stray_percent_sign_is_refused_or_stands_for_itself() {
        for text in ["%", "a%", "a%2", "a%2g", "%g2", "%%41", "100%/b", "%+1"] {
            assert_eq!(decoded(text), None, "{text}");
            assert_eq!(decode_query(text.as_bytes()), None, "{text}");
        }
        assert_eq!(decode_lenient(b"100%/b%20c+d%4"), b"100%/b c+d%4".as_slice());
        assert_eq!(decode_lenient(b"%%41"), b"%A".as_slice());
    }

    #[test]
    fn what_has_no_code_is_lent() {
        assert!(matches!(decode(b"a+b"), Some(Cow::Borrowed(b"a+b"))));
        assert!(matches!(decode_lenient(b"a+b"), Cow::Borrowed(b"a+b")));
    }

    /// The slow twin: byte by byte.
    fn slow(text: &[u8], plus: u8, strict: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let pair = text.get(at + 1..at + 3).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
            match (text[at], pair) {
                (b'%', Some(pair)) => {
                    let pair = std::str::from_utf8(pair).expect("digits");
                    out.push(u8::from_str_radix(pair, 16).expect("digits"));
                    at += 2;
                }
                (b'%', None) if strict => return None,
                (b'+', _) => out.push(plus),
                (byte, _) => out.push(byte),
            }
            at += 1;
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn decoding_agrees_with_the_slow_way(text in "[%+a-f0-9g/]{0,24}") {
            let text = text.as_bytes();
            prop_assert_eq!(decode(text).map(Cow::into_owned), slow(text, b'+', true));
            prop_assert_eq!(decode_query(text).map(Cow::into_owned), slow(text, b' ', true));
            prop_assert_eq!(Some(decode_lenient(text).into_owned()), slow(text, b'+', false));
        }

        #[test]
        fn what_was_encoded_is_decoded(text: Vec<u8>) {
            for slash in [Slash::Kept, Slash::Encoded] {
                let encoded = encoded(&text, slash);
                prop_assert_eq!(decode(encoded.as_bytes()).map(Cow::into_owned), Some(text.clone()));
                prop_assert_eq!(decode_query(encoded.as_bytes()).map(Cow::into_owned), Some(text.clone()));
            }
        }

        #[test]
        fn any_bytes_are_an_answer(text: Vec<u8>) {
            prop_assert_eq!(decode(&text).map(Cow::into_owned), slow(&text, b'+', true));
        }
    }
}
