//! Percent-encoding of keys under `encoding-type=url`.
//!
//! What must hold: it reads back to the same bytes whether a client takes a plus for a plus or for a space. A slash
//! stays, as S3 leaves it.

/// Appends `bytes` in percent-encoding.
pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    let mut rest = bytes;
    while let Some((before, [byte, behind @ ..])) =
        rest.iter().position(|byte| !stays(*byte)).and_then(|at| rest.split_at_checked(at))
    {
        out.extend_from_slice(before);
        out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        rest = behind;
    }
    out.extend_from_slice(rest);
}

/// Whether a byte stands for itself. SDKs ask for this encoding in nearly every listing, so that it is a table; it has
/// a place for every byte.
fn stays(byte: u8) -> bool {
    STAYS[usize::from(byte)]
}

const STAYS: [bool; 256] = {
    let mut stays = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        stays[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/');
        byte += 1;
    }
    stays
};

/// The bytes again: the slow way, for tests.
#[cfg(test)]
pub(super) fn decoded(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::new();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first == b'%' {
            let digits = std::str::from_utf8(&rest[..2]).expect("digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("digits"));
            rest = &rest[2..];
        } else {
            bytes.push(first);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_encoded_as_s3_encodes_them() {
        // Row 72.
        for (key, expected) in [
            ("foo+1/bar", "foo%2B1/bar"),
            ("quux ab/thud", "quux%20ab/thud"),
            ("a-b.c_d~e", "a-b.c_d~e"),
            ("100%", "100%25"),
            ("ü\n", "%C3%BC%0A"),
            ("*'()!", "%2A%27%28%29%21"),
        ] {
            let mut out = Vec::new();
            append(&mut out, key.as_bytes());
            assert_eq!(out, expected.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_read_back(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut out = Vec::new();
            append(&mut out, &bytes);
            prop_assert_eq!(decoded(std::str::from_utf8(&out).expect("ASCII")), bytes);
        }
    }
}
