//! Text that stands in an element.
//!
//! What must hold: any parser of XML 1.0 reads text back exactly as it was, line ends included: a parser would make a
//! carriage return a line feed, and some trim, so that both are written as references, in the form that S3 writes and
//! that SDKs with parsers of their own know.
//!
//! ```text
//! &   <   >   "      &amp; &lt; &gt; &quot;
//! CR  LF             &#xD; &#10;
//! ```
//!
//! A key may also hold what XML 1.0 cannot say in any way: most control characters, U+FFFE, U+FFFF, and bytes that are
//! no UTF-8. S3 writes `&#x1;` all the same, and the parsers of Java, Python and PHP refuse the whole document: one
//! such key ends every listing of its bucket. Documents with an encoding type therefore ask [`is_text`] first and use
//! percent-encoding where it says no. In the others, which echo what the client itself has sent, U+FFFD takes the place
//! of what cannot be said; percent-encoding would name another key there, one that may exist.

/// What stands for a character that XML cannot say.
const REPLACEMENT: &str = "\u{fffd}";
/// The byte that U+FFFE and U+FFFF begin with.
const LAST_LEAD: u8 = 0xef;

/// Whether XML can say all of it.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let is_common = |byte: u8| (0x20..0x80).contains(&byte);
    if all(bytes, is_common) {
        return true;
    }
    let is_suspect = |byte: u8| byte < 0x20 || byte == LAST_LEAD;
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| all(bytes, |byte| !is_suspect(byte)) || text.chars().all(is_legal))
}

/// Appends text that reads back as `bytes`, where XML can say them.
pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    let is_plain = |byte: u8| (0x20..0x80).contains(&byte) && !matches!(byte, b'&' | b'<' | b'>' | b'"');
    if all(bytes, is_plain) {
        out.extend_from_slice(bytes);
        return;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        append_valid(out, text);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        append_valid(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(REPLACEMENT.as_bytes());
        }
    }
}

fn append_valid(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    while let Some((before, behind)) =
        rest.bytes().position(may_need_a_stand_in).and_then(|at| rest.split_at_checked(at))
    {
        out.extend_from_slice(before.as_bytes());
        let mut chars = behind.chars();
        if let Some(c) = chars.next() {
            match stand_in(c) {
                Some(stands) => out.extend_from_slice(stands.as_bytes()),
                None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        rest = chars.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Whether a character that begins with this byte may be one that cannot stand for itself.
fn may_need_a_stand_in(byte: u8) -> bool {
    SUSPECTS[usize::from(byte)]
}

/// The answer for every byte: asked for one byte after the other, a table is faster than comparisons.
const SUSPECTS: [bool; 256] = {
    let mut suspects = [false; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        suspects[byte as usize] = matches!(byte, 0..0x20 | b'&' | b'<' | b'>' | b'"' | LAST_LEAD);
        byte += 1;
    }
    suspects
};

/// What is written in the place of a character that cannot stand for itself.
fn stand_in(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\r' => Some("&#xD;"),
        '\n' => Some("&#10;"),
        c if is_legal(c) => None,
        _ => Some(REPLACEMENT),
    }
}

/// Whether XML 1.0 has this character. (There are no surrogates among Rust's.)
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

/// Looks at all bytes even where the first already says no: so the compiler can look at many at once, and nearly always
/// all say yes.
fn all(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, byte| all & is(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::escape::unescape;

    use super::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        append(&mut out, bytes);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn markup_and_line_ends_are_written_as_s3_writes_them() {
        for (text, expected) in [
            ("", ""),
            ("plain/key 1.txt", "plain/key 1.txt"),
            ("a&b<c>d\"e'f", "a&amp;b&lt;c&gt;d&quot;e'f"),
            ("one\r\ntwo\tthree", "one&#xD;&#10;two\tthree"),
            ("grün/日本/😀", "grün/日本/😀"),
            ("日&本", "日&amp;本"),
            ("]]>", "]]&gt;"),
            ("&amp;", "&amp;amp;"),
            ("\u{7f}\u{85}", "\u{7f}\u{85}"),
        ] {
            assert_eq!(escaped(text.as_bytes()), expected);
            assert!(is_text(text.as_bytes()));
        }
    }

    #[test]
    fn what_xml_cannot_say_is_replaced_and_told_apart() {
        // Row 80.
        for (bytes, expected) in [
            (&b"a\x01b"[..], "a\u{fffd}b"),
            (b"\0\x08\x0b\x0c\x0e\x1f", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (b"&\x1b&", "&amp;\u{fffd}&amp;"),
            (b"a\xef\xbf\xbe\xef\xbf\xbfb", "a\u{fffd}\u{fffd}b"),
            (b"a\xffb\xc3", "a\u{fffd}b\u{fffd}"),
            (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(escaped(bytes), expected);
            assert!(!is_text(bytes), "{bytes:?}");
        }
        assert!(is_text("\u{fffd}\u{10ffff}\u{e000}".as_bytes()));
    }

    proptest! {
        #[test]
        fn text_reads_back_as_it_was_exactly_if_xml_can_say_it(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                any::<String>().prop_map(String::into_bytes),
                prop::collection::vec(prop::sample::select(&b"&<>\"\r\n\t a\x01\xc3\xbc\xef\xbf\xbe"[..]), 0..20),
            ],
        ) {
            let text = escaped(&bytes);
            prop_assert!(text.chars().all(|c| is_legal(c) && !matches!(c, '<' | '>' | '"' | '\r' | '\n')), "{}", text);
            let back = unescape(&text).expect("references are ended").into_owned();
            prop_assert_eq!(back.as_bytes() == bytes, is_text(&bytes) , "{:?}", back);
        }
    }
}
