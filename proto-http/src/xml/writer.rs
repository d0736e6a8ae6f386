//! Elements written one after the other into one buffer, and the forms that values have in all documents of S3.
//!
//! What must hold: no element costs an allocation; a page of a listing has thousands of them. Names of elements are
//! ours, values are anybody's and are escaped.

use stratum_engine::types::Etag;

use super::{escape, percent, time};
use crate::checksum::{Checksum, ObjectChecksum};

/// How every document begins. Where an answer must be kept alive before its document is known, this is sent first, then
/// white space, then what [`after_declaration`] leaves: before a declaration no white space may stand.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The namespace of all documents but errors.
pub(super) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What is left of a document behind its declaration.
#[must_use]
pub fn after_declaration(document: &[u8]) -> &[u8] {
    document.strip_prefix(DECLARATION.as_bytes()).unwrap_or(document)
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its canonical id.
    pub id: String,
    /// Its name. An empty one is left out, as S3 has begun to do.
    pub display_name: String,
}

/// How keys are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As text.
    Text,
    /// In percent-encoding.
    Url,
}

/// A document that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    root: &'static str,
}

impl Encoding {
    /// The encoding of a document in which all these keys and parts of keys stand: percent-encoding if it was asked
    /// for, or if text could not say one of them. The document tells which.
    pub(super) fn of<'a>(url: bool, mut keys: impl Iterator<Item = &'a [u8]>) -> Encoding {
        if url || !keys.all(escape::is_text) { Encoding::Url } else { Encoding::Text }
    }
}

impl Writer {
    /// A document of about this many bytes.
    pub(super) fn new(root: &'static str, capacity: usize) -> Writer {
        let mut writer = Writer { bytes: Vec::with_capacity(capacity + 256), root };
        for piece in [DECLARATION, "<", root, " xmlns=\"", NAMESPACE, "\">"] {
            writer.markup(piece);
        }
        writer
    }

    /// A document without a namespace.
    pub(super) fn bare(root: &'static str, capacity: usize) -> Writer {
        let mut writer = Writer { bytes: Vec::with_capacity(capacity + 256), root };
        writer.markup(DECLARATION);
        writer.open(root);
        writer
    }

    /// An element alone, to be put into a document more than once.
    pub(super) fn element(write: impl Fn(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer { bytes: Vec::new(), root: "" };
        write(&mut writer);
        writer.bytes
    }

    /// The document.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.close(self.root);
        self.bytes
    }

    /// Begins an element.
    #[inline]
    pub(super) fn open(&mut self, name: &str) {
        self.bytes.push(b'<');
        self.markup(name);
        self.bytes.push(b'>');
    }

    /// Ends an element.
    #[inline]
    pub(super) fn close(&mut self, name: &str) {
        self.markup("</");
        self.markup(name);
        self.bytes.push(b'>');
    }

    /// Markup as it is.
    #[inline]
    pub(super) fn markup(&mut self, markup: &str) {
        self.bytes.extend_from_slice(markup.as_bytes());
    }

    /// What [`Writer::element`] wrote.
    pub(super) fn written(&mut self, element: &[u8]) {
        self.bytes.extend_from_slice(element);
    }

    /// Text without an element.
    #[inline]
    pub(super) fn bare_text(&mut self, text: &str) {
        escape::append(&mut self.bytes, text.as_bytes());
    }

    /// A key, or a part of one, without an element.
    #[inline]
    pub(super) fn bare_key(&mut self, key: &[u8], encoding: Encoding) {
        match encoding {
            Encoding::Text => escape::append(&mut self.bytes, key),
            Encoding::Url => percent::append(&mut self.bytes, key),
        }
    }

    /// A time without an element.
    #[inline]
    pub(super) fn bare_time(&mut self, unix_ms: u64) {
        self.bytes.extend_from_slice(&time::text(unix_ms));
    }

    /// An element of this text.
    #[inline]
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.key(name, text.as_bytes(), Encoding::Text);
    }

    /// An element of a key, or a part of one.
    #[inline]
    pub(super) fn key(&mut self, name: &str, key: &[u8], encoding: Encoding) {
        self.open(name);
        self.bare_key(key, encoding);
        self.close(name);
    }

    /// An element of this number.
    #[inline]
    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.open(name);
        self.bare_number(number);
        self.close(name);
    }

    /// An element that is true or false.
    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.open(name);
        self.markup(if flag { "true" } else { "false" });
        self.close(name);
    }

    /// An element of this time.
    #[inline]
    pub(super) fn time(&mut self, name: &str, unix_ms: u64) {
        self.open(name);
        self.bare_time(unix_ms);
        self.close(name);
    }

    /// The entity tag, in its quotes.
    pub(super) fn etag(&mut self, etag: &Etag) {
        self.markup("<ETag>&quot;");
        self.bare_etag(etag);
        self.markup("&quot;</ETag>");
    }

    /// An entity tag without an element and without quotes.
    pub(super) fn bare_etag(&mut self, etag: &Etag) {
        // Sums rather than a table: so the compiler makes all letters at once.
        let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
        let mut letters = [[0; 2]; 16];
        for (pair, byte) in letters.iter_mut().zip(etag.md5) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        self.bytes.extend_from_slice(letters.as_flattened());
        if etag.parts > 0 {
            self.bytes.push(b'-');
            self.bare_number(etag.parts.into());
        }
    }

    /// The element of a checksum.
    pub(super) fn checksum(&mut self, checksum: &Checksum) {
        let name = checksum.algorithm().element();
        self.open(name);
        checksum.write_base64(&mut self.bytes);
        self.close(name);
    }

    /// The elements of an object's checksum.
    pub(super) fn object_checksum(&mut self, object: &ObjectChecksum) {
        let name = object.checksum.algorithm().element();
        self.open(name);
        object.write_value(&mut self.bytes);
        self.close(name);
        self.text("ChecksumType", object.kind().name());
    }

    /// An element of an account.
    pub(super) fn owner(&mut self, name: &str, owner: &Owner) {
        self.open(name);
        self.account(owner);
        self.close(name);
    }

    /// What stands in an element of an account.
    pub(super) fn account(&mut self, owner: &Owner) {
        self.text("ID", &owner.id);
        if !owner.display_name.is_empty() {
            self.text("DisplayName", &owner.display_name);
        }
    }

    /// A number without an element.
    pub(super) fn bare_number(&mut self, number: u64) {
        // 2^64 has 20 digits.
        let mut digits = [0; 20];
        let mut rest = number;
        let mut len = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            len += 1;
            if rest == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(digits.get(digits.len() - len..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::leaves::leaves;

    fn leaf(write: impl Fn(&mut Writer)) -> (String, String) {
        let mut writer = Writer::new("Root", 0);
        write(&mut writer);
        let found = leaves(&writer.finish());
        assert_eq!(found.len(), 1);
        found[0].clone()
    }

    #[test]
    fn a_document_has_its_declaration_and_its_namespace() {
        let document = Writer::new("Root", 0).finish();
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                        <Root xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></Root>";
        assert_eq!(document, expected.as_bytes());
        assert_eq!(Writer::bare("Error", 0).finish(), format!("{DECLARATION}<Error></Error>").as_bytes());
    }

    #[test]
    fn a_kept_alive_answer_is_one_document() {
        // Row 69: the declaration, white space for as long as it takes, and the result behind it.
        let mut writer = Writer::bare("Error", 0);
        writer.text("Code", "InternalError");
        let document = writer.finish();
        let kept_alive = [DECLARATION.as_bytes(), b"  \n  ", after_declaration(&document)].concat();
        assert_eq!(leaves(&kept_alive), leaves(&document));
    }

    #[test]
    fn entity_tags_are_quoted() {
        // Row 50.
        let md5 = [0xab; 16];
        let of = |parts| leaf(|writer| writer.etag(&Etag { md5, parts }));
        assert_eq!(of(0), ("Root/ETag".to_owned(), format!("\"{}\"", "ab".repeat(16))));
        assert_eq!(of(10_000).1, format!("\"{}-10000\"", "ab".repeat(16)));
    }

    #[test]
    fn an_owner_without_a_name_has_only_an_id() {
        let owner = |name: &str| Owner { id: "1f".to_owned(), display_name: name.to_owned() };
        assert_eq!(leaf(|writer| writer.owner("Owner", &owner(""))).0, "Root/Owner/ID");
        let mut writer = Writer::new("Root", 0);
        writer.owner("Owner", &owner("a&b"));
        assert_eq!(leaves(&writer.finish())[1], ("Root/Owner/DisplayName".to_owned(), "a&b".to_owned()));
    }

    #[test]
    fn one_key_that_text_cannot_say_encodes_all() {
        // Row 80.
        let of = |url, keys: &[&'static [u8]]| Encoding::of(url, keys.iter().copied());
        assert_eq!(of(false, &[b"a", b"b\r\n"]), Encoding::Text);
        assert_eq!(of(false, &[b"a", b"b\x01"]), Encoding::Url);
        assert_eq!(of(false, &[b"\xff"]), Encoding::Url);
        assert_eq!(of(true, &[b"a"]), Encoding::Url);
    }

    proptest! {
        #[test]
        fn values_read_back_as_they_were(
            text in any::<String>(), number in any::<u64>(), key in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let (_, read) = leaf(|writer| writer.key("Key", &key, Encoding::Url));
            prop_assert_eq!(percent::decoded(&read), key.clone());
            let (_, read) = leaf(|writer| writer.key("Key", &key, Encoding::Text));
            prop_assert_eq!(read.as_bytes() == key, escape::is_text(&key));
            let (_, read) = leaf(|writer| writer.text("Key", &text));
            prop_assert_eq!(read == text, escape::is_text(text.as_bytes()));
            prop_assert_eq!(leaf(|writer| writer.number("N", number)).1, number.to_string());
        }
    }
}
