//! Hexadecimal: digests of 32 bytes, entity tags of 16, sizes of chunks. Lower case is written, both are read.

use super::Ascii;

/// Digits of the longest number.
pub const NUMBER_DIGITS_MAX: usize = 16;

const LOWER: &[u8; 16] = b"0123456789abcdef";

/// The value of one digit.
#[must_use]
pub fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The number that these digits write. `None` if there are none or more than sixteen, or if one is no digit.
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > NUMBER_DIGITS_MAX {
        return None;
    }
    text.iter().try_fold(0, |number, byte| Some(number << 4 | u64::from(digit(*byte)?)))
}

/// The `N` bytes that this text writes. `None` if it writes more or fewer, or if one is no digit.
#[must_use]
pub fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let (pairs, _) = text.as_chunks();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// Appends the digits of these bytes.
pub fn encode(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes.iter().flat_map(|byte| pair(*byte)));
}

/// The digits of an MD5.
#[must_use]
pub fn of_16(bytes: &[u8; 16]) -> Ascii<32> {
    let mut text = [0; 32];
    fill(&mut text, bytes);
    Ascii::new(text)
}

/// The digits of a number, all sixteen of them, in upper case: ids of requests have looked so since there is S3.
#[must_use]
pub fn of_u64(number: u64) -> Ascii<16> {
    let mut text = [0; 16];
    fill(&mut text, &number.to_be_bytes());
    text.make_ascii_uppercase();
    Ascii::new(text)
}

/// The digits of a SHA-256.
#[must_use]
pub fn of_32(bytes: &[u8; 32]) -> Ascii<64> {
    let mut text = [0; 64];
    fill(&mut text, bytes);
    Ascii::new(text)
}

fn fill(text: &mut [u8], bytes: &[u8]) {
    let (pairs, _) = text.as_chunks_mut();
    for (place, byte) in pairs.iter_mut().zip(bytes) {
        *place = pair(*byte);
    }
}

fn pair(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|digit| LOWER.get(usize::from(digit)).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_one_to_sixteen_digits() {
        assert_eq!(number(b""), None);
        assert_eq!(number(b"10000"), Some(0x10000));
        assert_eq!(number(b"aBcDeF"), Some(0xab_cdef));
        assert_eq!(number(b"ffffffffffffffff"), Some(u64::MAX));
        assert_eq!(number(b"00000000000000000"), None);
        for text in ["g", "0x1", "-1", "+1", " 1", "1 "] {
            assert_eq!(number(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_is_written_with_all_of_its_digits() {
        assert_eq!(of_u64(0xab_cdef).as_str(), "0000000000ABCDEF");
        assert_eq!(number(of_u64(u64::MAX).as_bytes()), Some(u64::MAX));
    }

    #[test]
    fn bytes_are_read_only_in_their_length() {
        assert_eq!(decode(b"00fF"), Some([0, 255]));
        assert_eq!(decode::<2>(b"00f"), None);
        assert_eq!(decode::<2>(b"00fff"), None);
        assert_eq!(decode::<2>(b"00fg"), None);
        assert_eq!(decode(b""), Some([]));
    }

    proptest! {
        #[test]
        fn it_writes_what_the_library_writes(bytes: [u8; 32]) {
            let slow: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut out = Vec::new();
            encode(&mut out, &bytes);
            let fast = of_32(&bytes);
            prop_assert_eq!((fast.as_str(), out.as_slice()), (slow.as_str(), slow.as_bytes()));
            prop_assert_eq!(decode(slow.to_uppercase().as_bytes()), Some(bytes));
            let half = *bytes.first_chunk().expect("it has more");
            let short = of_16(&half);
            prop_assert_eq!(short.as_bytes(), &slow.as_bytes()[..32]);
        }
    }
}
