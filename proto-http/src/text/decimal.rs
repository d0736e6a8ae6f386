//! Decimal numbers of headers: digits and nothing else, no sign, no space.

/// The longest number: `u64::MAX` has twenty digits.
const DIGITS_MAX: usize = 20;

/// The number that these digits write. `None` if there are none, if anything else is among them, or if it is too large.
#[must_use]
pub fn parse(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Writes a number without allocating.
pub fn write(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; DIGITS_MAX];
    let mut rest = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(DIGITS_MAX - used));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_digits_are_a_number() {
        for text in ["", "+1", "-1", " 1", "1 ", "0x10", "1e3", "1,1", "1.0", "\u{661}", "1\0"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn the_largest_number_is_one_and_the_next_is_none() {
        assert_eq!(parse(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse(b"18446744073709551616"), None);
        assert_eq!(parse(b"99999999999999999999999"), None);
        assert_eq!(parse(b"000000000000000000000000000000007"), Some(7));
    }

    proptest! {
        #[test]
        fn it_writes_what_the_library_writes(number: u64) {
            for number in [number, 0, number % 10, u64::MAX] {
                let mut out = b"x".to_vec();
                write(&mut out, number);
                prop_assert_eq!(String::from_utf8_lossy(&out), format!("x{number}"));
                prop_assert_eq!(parse(&out[1..]), Some(number));
            }
        }
    }
}
