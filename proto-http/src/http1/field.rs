//! What may stand in the name and in the value of a header, for those that do not come through a head: fields of forms,
//! overrides in queries, trailers.

/// Whether these bytes can be the name of a header.
#[must_use]
pub fn is_name(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Whether these bytes can be the value of a header.
#[must_use]
pub fn is_value(bytes: &[u8]) -> bool {
    // Looking at all of them is faster than stopping at the first: it needs no branch per byte.
    bytes.iter().fold(true, |is_value, byte| is_value & is_value_byte(*byte))
}

/// Whether this byte can stand in the value of a header: all but control bytes.
#[must_use]
pub fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser of heads lets through as a line.
    fn parser_takes(line: &[u8]) -> bool {
        let mut headers = [httparse::EMPTY_HEADER; 1];
        httparse::parse_headers(&[line, b"\r\n\r\n"].concat(), &mut headers).is_ok()
    }

    #[test]
    fn a_byte_of_a_name_is_what_the_parser_says() {
        for byte in (0..=255).filter(|byte| *byte != b':') {
            assert_eq!(is_name(&[b'a', byte]), parser_takes(&[b'a', byte, b':', b'b']), "{byte}");
        }
        assert!(!is_name(b"") && !is_name(b"a:"));
    }

    #[test]
    fn a_byte_of_a_value_is_what_the_parser_says() {
        for byte in (0..=255).filter(|byte| *byte != b'\n') {
            assert_eq!(is_value(&[b'b', byte, b'b']), parser_takes(&[b'a', b':', b'b', byte, b'b']), "{byte}");
        }
        assert!(is_value(b"") && !is_value(b"a\nb"));
    }
}
