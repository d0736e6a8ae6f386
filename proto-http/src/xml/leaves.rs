//! A slow and strict reader of what is written here, for tests: every element that holds no other, by its path.
//!
//! What must hold: it panics unless the document is well-formed XML 1.0 in UTF-8 whose characters, also those that are
//! written as references, all exist in XML 1.0, with one root and nothing around it.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The leaves of a document in order: names from the root to it, and its text.
pub(crate) fn leaves(document: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(document).expect("UTF-8");
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "begins with its declaration: {text}");
    assert!(text.chars().all(exists), "a character that XML does not have");
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let (mut found, mut content, mut is_leaf, mut roots) = (Vec::new(), String::new(), false, 0);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                start.attributes().for_each(|attribute| assert!(attribute.is_ok(), "attributes"));
                roots += usize::from(path.is_empty());
                path.push(start.name().as_ref().to_owned());
                assert!(content.is_empty(), "text beside elements: {content}");
                is_leaf = true;
            }
            Event::End(_) => {
                if is_leaf {
                    found.push((path.join("/"), std::mem::take(&mut content)));
                }
                assert!(content.is_empty(), "text beside elements: {content}");
                is_leaf = false;
                path.pop();
            }
            Event::Text(text) if path.is_empty() => assert!(text.trim().is_empty(), "text around the root"),
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let referred = name.resolve_char_ref().expect("a number").unwrap_or_else(|| match name.as_ref() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    other => panic!("no entity of XML: {other}"),
                });
                assert!(exists(referred), "a reference to what XML does not have");
                content.push(referred);
            }
            Event::Decl(_) => assert!(path.is_empty() && roots == 0),
            Event::Eof => break,
            other => panic!("never written: {other:?}"),
        }
    }
    assert!(path.is_empty() && roots == 1, "one root");
    found
}

/// The texts of all leaves at this path.
pub(crate) fn at(document: &[u8], path: &str) -> Vec<String> {
    leaves(document).into_iter().filter(|(found, _)| found == path).map(|(_, text)| text).collect()
}

/// The rule for characters, letter by letter as the specification has it.
fn exists(c: char) -> bool {
    let code = u32::from(c);
    code == 0x9
        || code == 0xA
        || code == 0xD
        || (0x20..=0xD7FF).contains(&code)
        || (0xE000..=0xFFFD).contains(&code)
        || (0x10000..=0x0010_FFFF).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_have_their_path_and_their_text() {
        let document =
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x=\"y\"><b>1&amp;&#13;</b><c/><d><e>2</e></d></a>";
        let leaf = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        assert_eq!(leaves(document), [leaf("a/b", "1&\r"), leaf("a/c", ""), leaf("a/d/e", "2")]);
        assert_eq!(at(document, "a/d/e"), ["2"]);
    }

    #[test]
    fn what_is_not_well_formed_is_seen() {
        for bad in [
            "<a>&#1;</a>",
            "<a>\u{1}</a>",
            "<a>&nbsp;</a>",
            "<a></b>",
            "<a/><b/>",
            "<a>",
            "<a/>x",
            "<a>x<b/></a>",
            "<a><b/>x</a>",
        ] {
            let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{bad}");
            let seen = std::panic::catch_unwind(|| leaves(document.as_bytes()));
            assert!(seen.is_err(), "{bad}");
        }
    }
}
