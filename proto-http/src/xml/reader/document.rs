//! A document as elements and texts, pulled one after the other by what knows their meaning.
//!
//! What must hold: of XML everything is refused that a document of S3 does not need: types, processing instructions,
//! entities but the five that XML has, another encoding than UTF-8, text beside elements. Text is what a parser of XML
//! 1.0 gives: line ends become line feeds unless they came as references. One thing is wider than XML: a control
//! character that XML cannot say is taken as it came, because a key may hold one, and there is no other way to name
//! that key here.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::error::DocumentError;
use crate::limits::{DOCUMENT_DEPTH_MAX, ELEMENT_ATTRIBUTES_MAX, ELEMENT_TEXT_BYTES_MAX};

/// A document that is being read.
pub(super) struct Document<'a> {
    reader: Reader<&'a [u8]>,
    /// Elements that are open.
    depth: usize,
    /// The text of the last element that was asked for its own.
    text: String,
}

impl<'a> Document<'a> {
    /// Begins to read, up to the start of the root.
    ///
    /// # Errors
    /// It has more than `bytes_max` bytes, or does not begin with an element of this name.
    pub(super) fn open(bytes: &'a [u8], bytes_max: usize, root: &str) -> Result<Document<'a>, DocumentError> {
        if bytes.len() > bytes_max {
            return Err(DocumentError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| DocumentError::Malformed)?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        reader.config_mut().expand_empty_elements = true;
        let mut document = Document { reader, depth: 0, text: String::new() };
        let mut is_first = true;
        loop {
            match document.event()? {
                Event::Decl(declaration) if is_first => check_declaration(&declaration)?,
                Event::Text(text) if is_space(&text) => {}
                Event::Start(start) if start.local_name().as_ref() == root => return Ok(document),
                _ => return Err(DocumentError::Malformed),
            }
            is_first = false;
        }
    }

    /// The next element within the one that is open: its name if it is among `known`, `""` for any other. `None` closes
    /// the one that is open.
    ///
    /// # Errors
    /// The document is broken.
    pub(super) fn child(&mut self, known: &[&'static str]) -> Result<Option<&'static str>, DocumentError> {
        loop {
            match self.event()? {
                Event::Text(text) if is_space(&text) => {}
                Event::Start(start) => {
                    let name = start.local_name();
                    return Ok(Some(known.iter().find(|known| **known == name.as_ref()).copied().unwrap_or_default()));
                }
                Event::End(_) => return Ok(None),
                _ => return Err(DocumentError::Malformed),
            }
        }
    }

    /// The text of the element that is open, and closes it.
    ///
    /// # Errors
    /// It holds elements, or more text than is taken, or the document is broken.
    pub(super) fn text(&mut self) -> Result<&str, DocumentError> {
        self.text.clear();
        loop {
            match self.event()? {
                Event::Text(text) => self.add(&text.xml10_content())?,
                Event::CData(text) => self.add(&text.xml10_content())?,
                Event::GeneralRef(reference) => self.add(referred(&reference)?.encode_utf8(&mut [0; 4]))?,
                Event::End(_) => return Ok(&self.text),
                _ => return Err(DocumentError::Malformed),
            }
        }
    }

    /// Closes the element that is open, whatever is in it.
    ///
    /// # Errors
    /// The document is broken.
    pub(super) fn skip(&mut self) -> Result<(), DocumentError> {
        let within = self.depth;
        while self.depth >= within {
            match self.event()? {
                Event::GeneralRef(reference) => {
                    referred(&reference)?;
                }
                Event::Eof | Event::Decl(_) => return Err(DocumentError::Malformed),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads to the end, behind the root.
    ///
    /// # Errors
    /// There is more than white space.
    pub(super) fn end(&mut self) -> Result<(), DocumentError> {
        loop {
            match self.event()? {
                Event::Text(text) if is_space(&text) => {}
                Event::Eof => return Ok(()),
                _ => return Err(DocumentError::Malformed),
            }
        }
    }

    fn add(&mut self, piece: &str) -> Result<(), DocumentError> {
        if self.text.len() + piece.len() > ELEMENT_TEXT_BYTES_MAX {
            return Err(DocumentError::TooLarge);
        }
        self.text.push_str(piece);
        Ok(())
    }

    fn event(&mut self) -> Result<Event<'a>, DocumentError> {
        loop {
            let event = self.reader.read_event().map_err(|_| DocumentError::Malformed)?;
            match &event {
                Event::Comment(_) => continue,
                Event::PI(_) | Event::DocType(_) => return Err(DocumentError::Malformed),
                Event::Start(start) => {
                    check_start(start)?;
                    self.depth += 1;
                    if self.depth > DOCUMENT_DEPTH_MAX {
                        return Err(DocumentError::TooLarge);
                    }
                }
                Event::End(_) => self.depth = self.depth.checked_sub(1).ok_or(DocumentError::Malformed)?,
                _ => {}
            }
            return Ok(event);
        }
    }
}

/// A declaration may name its version and UTF-8.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), DocumentError> {
    let version = declaration.version().map_err(|_| DocumentError::Malformed)?;
    let encoding = declaration.encoding().transpose().map_err(|_| DocumentError::Malformed)?;
    let is_utf8 = encoding.is_none_or(|encoding| encoding.eq_ignore_ascii_case("utf-8"));
    if matches!(version.as_ref(), "1.0" | "1.1") && is_utf8 { Ok(()) } else { Err(DocumentError::Malformed) }
}

/// The parser takes for a name and for attributes whatever stands between the brackets.
fn check_start(start: &BytesStart<'_>) -> Result<(), DocumentError> {
    let (name, local) = (start.name(), start.local_name());
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':') || !c.is_ascii();
    let begins = |c: char| is_name(c) && !matches!(c, '-' | '.' | ':' | '0'..='9');
    if !name.as_ref().chars().all(is_name) || !name.as_ref().starts_with(begins) || !local.as_ref().starts_with(begins)
    {
        return Err(DocumentError::Malformed);
    }
    for (count, attribute) in start.attributes().enumerate() {
        attribute.map_err(|_| DocumentError::Malformed)?;
        if count >= ELEMENT_ATTRIBUTES_MAX {
            return Err(DocumentError::TooLarge);
        }
    }
    Ok(())
}

/// The character that a reference stands for.
fn referred(reference: &BytesRef<'_>) -> Result<char, DocumentError> {
    match reference.as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => reference.resolve_char_ref().ok().flatten().ok_or(DocumentError::Malformed),
    }
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What documents are made of, broken ones too.
    const PIECES: [&str; 28] = [
        "<r>",
        "</r>",
        "<r/>",
        "<a ",
        "b='c'",
        ">",
        "<",
        "&",
        ";",
        "&amp;",
        "&#1;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x",
        "?>",
        "<!DOCTYPE",
        "[",
        "]",
        "'",
        "\"",
        "x",
        "\u{fc}",
        "\r",
        " ",
        "\u{1}",
        "<?xml version='1.0'?>",
    ];

    /// Reads `<r>` with one text in it.
    fn text(document: &[u8]) -> Result<String, DocumentError> {
        let mut document = Document::open(document, 1 << 20, "r")?;
        let text = document.text()?.to_owned();
        document.end()?;
        Ok(text)
    }

    /// Reads `<r>` and skips what is in it.
    fn skipped(inner: &str) -> Result<(), DocumentError> {
        let bytes = format!("<r>{inner}</r>");
        let mut document = Document::open(bytes.as_bytes(), 1 << 20, "r")?;
        while document.child(&[])?.is_some() {
            document.skip()?;
        }
        document.end()
    }

    #[test]
    fn a_declaration_may_say_utf_8_only() {
        for good in ["", "<?xml version=\"1.0\"?>", "<?xml version='1.1' encoding='Utf-8' standalone='no'?>"] {
            assert_eq!(text(format!("{good}<r>x</r>").as_bytes()), Ok("x".to_owned()), "{good}");
        }
        for bad in [
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
            "<?xml version=\"2.0\"?>",
            "<?xml encoding=\"UTF-8\"?>",
            "<?xml?>",
            " <?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\"?><?xml version=\"1.0\"?>",
        ] {
            assert_eq!(text(format!("{bad}<r>x</r>").as_bytes()), Err(DocumentError::Malformed), "{bad}");
        }
    }

    #[test]
    fn what_makes_a_document_larger_than_it_came_is_refused() {
        for bad in [
            "<!DOCTYPE r><r>x</r>",
            "<!DOCTYPE r [<!ENTITY a \"x\">]><r>&a;</r>",
            "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><r>x</r>",
            "<?php ?><r>x</r>",
            "<r><?xml-stylesheet href=\"x\"?>x</r>",
            "<r>x</r><?x ?>",
            "<r>&a;</r>",
            "<r>&nbsp;</r>",
            "<r>&#0;</r>",
            "<r>&#xD800;</r>",
            "<r>&#99999999;</r>",
            "<r>&#;</r>",
            "<r>& </r>",
            "<r>&amp</r>",
        ] {
            assert_eq!(text(bad.as_bytes()), Err(DocumentError::Malformed), "{bad}");
        }
        assert_eq!(skipped("<a>&a;</a>"), Err(DocumentError::Malformed));
        assert_eq!(skipped("<a><?x ?></a>"), Err(DocumentError::Malformed));
        assert_eq!(skipped("<a><!DOCTYPE r></a>"), Err(DocumentError::Malformed));
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in [
            "",
            " ",
            "x",
            "<r>",
            "</r>",
            "<r></s>",
            "<r/><r/>",
            "<r/>x",
            "x<r/>",
            "<s/>",
            "<r",
            "<r x>y</r>",
            "<r x=1/>",
            "<r x='1' x='2'/>",
            "< r/>",
            "<r><!-- a -- b --></r>",
            "<r><![CDATA[</r>",
            "<>x</>",
            "<:r/>",
            "<1/>",
            "<r><b/></r>",
        ] {
            assert_eq!(text(bad.as_bytes()), Err(DocumentError::Malformed), "{bad}");
        }
        assert_eq!(text(b"<r>\xff</r>"), Err(DocumentError::Malformed));
        assert_eq!(
            text("<r>x</r>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice()),
            Err(DocumentError::Malformed)
        );
        assert_eq!(skipped("<a<b/>"), Err(DocumentError::Malformed));
        assert_eq!(skipped("text"), Err(DocumentError::Malformed));
        assert_eq!(skipped("<a>text<b/>&amp;<![CDATA[<]]></a> <c/><!-- so -->"), Ok(()));
    }

    #[test]
    fn levels_texts_attributes_and_bytes_have_their_limits() {
        let nested = |levels: usize| skipped(&format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels)));
        assert_eq!(nested(DOCUMENT_DEPTH_MAX - 1), Ok(()));
        assert_eq!(nested(DOCUMENT_DEPTH_MAX), Err(DocumentError::TooLarge));
        let long = |len: usize| text(format!("<r>{}</r>", "&amp;".repeat(len)).as_bytes()).map(|text| text.len());
        assert_eq!(long(ELEMENT_TEXT_BYTES_MAX), Ok(ELEMENT_TEXT_BYTES_MAX));
        assert_eq!(long(ELEMENT_TEXT_BYTES_MAX + 1), Err(DocumentError::TooLarge));
        let attributes = |count: usize| {
            let attributes: String = (0..count).map(|number| format!(" a{number}=\"\"")).collect();
            text(format!("<r{attributes}>x</r>").as_bytes())
        };
        assert_eq!(attributes(ELEMENT_ATTRIBUTES_MAX), Ok("x".to_owned()));
        assert_eq!(attributes(ELEMENT_ATTRIBUTES_MAX + 1), Err(DocumentError::TooLarge));
        assert!(Document::open(b"<r/>", 4, "r").is_ok());
        assert_eq!(Document::open(b"<r/>", 3, "r").err(), Some(DocumentError::TooLarge));
    }

    proptest! {
        #[test]
        fn anything_that_looks_like_markup_is_an_answer(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..30),
        ) {
            let bytes = pieces.concat();
            let read = text(bytes.as_bytes());
            let mut document = Document::open(bytes.as_bytes(), 1 << 20, "r");
            if let Ok(document) = &mut document {
                while let Ok(Some(_)) = document.child(&["a"]) {
                    if document.skip().is_err() {
                        break;
                    }
                }
            }
            prop_assert!(read.is_err() || bytes.contains("<r"));
        }
    }
}
