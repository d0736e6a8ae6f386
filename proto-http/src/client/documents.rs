//! The documents that a client sends: which parts become an object, which objects are to go.
//!
//! What must hold: they are written as plainly as can be, since every server reads them; keys are escaped, and one that
//! XML cannot say is not sent as another one.

use std::fmt::Write as _;

/// The body of CompleteMultipartUpload: numbers and entity tags, as the server gave them, ascending.
#[must_use]
pub fn completion_document(parts: &[(u16, String)]) -> Vec<u8> {
    let mut text = String::with_capacity(64 + parts.len() * 96);
    text.push_str("<CompleteMultipartUpload>");
    for (number, etag) in parts {
        let written = write!(text, "<Part><PartNumber>{number}</PartNumber><ETag>");
        written.expect("a string takes every number");
        escape(&mut text, etag);
        text.push_str("</ETag></Part>");
    }
    text.push_str("</CompleteMultipartUpload>");
    text.into_bytes()
}

/// The body of DeleteObjects. The answer to it names only the keys that stay. `None` if XML cannot say one of the keys:
/// it has to be deleted alone.
#[must_use]
pub fn deletion_document(keys: &[String]) -> Option<Vec<u8>> {
    let mut text = String::with_capacity(64 + keys.iter().map(|key| key.len() + 32).sum::<usize>());
    text.push_str("<Delete><Quiet>true</Quiet>");
    for key in keys {
        if key.chars().any(|c| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            return None;
        }
        text.push_str("<Object><Key>");
        escape(&mut text, key);
        text.push_str("</Key></Object>");
    }
    text.push_str("</Delete>");
    Some(text.into_bytes())
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A parser would make line feeds of these.
            '\r' => out.push_str("&#13;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::xml::reader;

    #[test]
    fn the_server_reads_the_parts_that_were_written() {
        let tag = |digit: char| format!("\"{}\"", digit.to_string().repeat(32));
        let parts = [(1, tag('a')), (7, tag('b')), (10_000, tag('c'))];
        let read = reader::completion(&completion_document(&parts)).expect("it is a document");
        assert_eq!(read.parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 7, 10_000]);
    }

    #[test]
    fn a_key_that_xml_cannot_say_is_not_sent() {
        assert_eq!(deletion_document(&["a".to_owned(), "b\u{1}".to_owned()]), None);
    }

    proptest! {
        #[test]
        fn the_server_reads_the_keys_that_were_written(keys in vec("[ -~\t\n\r\u{fc}]{1,20}", 1..5)) {
            let document = deletion_document(&keys).expect("XML can say them");
            let read = reader::deletion(&document).expect("it is a document");
            prop_assert!(read.quiet);
            prop_assert_eq!(read.objects.into_iter().map(|object| object.key).collect::<Vec<_>>(), keys);
        }
    }
}
