//! `Delete`: the objects that are to go.
//!
//! What must hold: a key is exactly what the client sent, its line ends and spaces included. Whether it is one, and
//! whether its conditions are served, is decided for each object alone, not here.

use stratum_engine::limits::DELETE_KEYS_MAX;

use super::document::Document;
use super::error::DocumentError;
use crate::limits::DOCUMENT_BYTES_MAX;

/// The objects that are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRequest {
    /// At least one, at most [`DELETE_KEYS_MAX`], in the order of the document.
    pub objects: Vec<DoomedObject>,
    /// True if only failures are to be answered.
    pub quiet: bool,
}

/// One object that is to go, with the conditions under which it may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoomedObject {
    /// Its key, which is not empty.
    pub key: String,
    /// The version that is meant.
    pub version: Option<String>,
    /// The entity tag that it must have.
    pub etag: Option<String>,
    /// The last modification that it must have, as it came.
    pub modified: Option<String>,
    /// The size that it must have.
    pub size: Option<u64>,
}

/// Reads the document.
///
/// # Errors
/// It is none, or names no object or too many.
pub fn deletion(bytes: &[u8]) -> Result<DeleteRequest, DocumentError> {
    let mut document = Document::open(bytes, DOCUMENT_BYTES_MAX, "Delete")?;
    let (mut objects, mut quiet) = (Vec::new(), None);
    while let Some(name) = document.child(&["Object", "Quiet"])? {
        match name {
            "Object" if objects.len() >= DELETE_KEYS_MAX => return Err(DocumentError::TooLarge),
            "Object" => objects.push(read_object(&mut document)?),
            "Quiet" => once(&mut quiet, truth(document.text()?)?)?,
            _ => document.skip()?,
        }
    }
    document.end()?;
    if objects.is_empty() {
        return Err(DocumentError::Malformed);
    }
    Ok(DeleteRequest { objects, quiet: quiet.unwrap_or(false) })
}

fn read_object(document: &mut Document<'_>) -> Result<DoomedObject, DocumentError> {
    let (mut key, mut size) = (None, None);
    let (mut version, mut etag, mut modified) = (None, None, None);
    while let Some(name) = document.child(&["Key", "VersionId", "ETag", "LastModifiedTime", "Size"])? {
        match name {
            "Key" => once(&mut key, document.text()?.to_owned())?,
            "VersionId" => once(&mut version, document.text()?.trim().to_owned())?,
            "ETag" => once(&mut etag, document.text()?.trim().to_owned())?,
            "LastModifiedTime" => once(&mut modified, document.text()?.trim().to_owned())?,
            "Size" => once(&mut size, number(document.text()?)?)?,
            _ => document.skip()?,
        }
    }
    // An empty element is one that an SDK had nothing for.
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let key = given(key).ok_or(DocumentError::Malformed)?;
    Ok(DoomedObject {
        key,
        version: given(version),
        etag: given(etag),
        modified: given(modified),
        size: size.flatten(),
    })
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), DocumentError> {
    if place.replace(value).is_some() { Err(DocumentError::Malformed) } else { Ok(()) }
}

fn truth(text: &str) -> Result<bool, DocumentError> {
    match text.trim() {
        "1" => Ok(true),
        "0" => Ok(false),
        word if word.eq_ignore_ascii_case("true") => Ok(true),
        word if word.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(DocumentError::Malformed),
    }
}

fn number(text: &str) -> Result<Option<u64>, DocumentError> {
    let digits = text.trim();
    if digits.is_empty() {
        return Ok(None);
    }
    let number = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    number.map(Some).ok_or(DocumentError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(inner: &str) -> Result<DeleteRequest, DocumentError> {
        deletion(format!("<Delete>{inner}</Delete>").as_bytes())
    }

    fn keys(inner: &str) -> Result<Vec<String>, DocumentError> {
        read(inner).map(|request| request.objects.into_iter().map(|object| object.key).collect())
    }

    #[test]
    fn a_document_of_boto3_is_read() {
        let document = b"<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a/1</Key></Object>\
            <Object><Key>a/2</Key><VersionId>v1</VersionId></Object><Quiet>true</Quiet></Delete>";
        let first = DoomedObject { key: "a/1".to_owned(), ..DoomedObject::default() };
        let second = DoomedObject { key: "a/2".to_owned(), version: Some("v1".to_owned()), ..DoomedObject::default() };
        assert_eq!(deletion(document), Ok(DeleteRequest { objects: vec![first, second], quiet: true }));
    }

    #[test]
    fn conditions_are_handed_on() {
        // Row 54.
        let object = "<Object><Key>k</Key><ETag>&quot;e&quot;</ETag><LastModifiedTime>Wed, 01 Jan 2025 00:00:00 GMT\
                      </LastModifiedTime><Size> 17 </Size><VersionId/></Object>";
        let expected = DoomedObject {
            key: "k".to_owned(),
            version: None,
            etag: Some("\"e\"".to_owned()),
            modified: Some("Wed, 01 Jan 2025 00:00:00 GMT".to_owned()),
            size: Some(17),
        };
        assert_eq!(read(object), Ok(DeleteRequest { objects: vec![expected], quiet: false }));
        for size in ["-1", "+1", "x", "99999999999999999999"] {
            let object = format!("<Object><Key>k</Key><Size>{size}</Size></Object>");
            assert_eq!(read(&object), Err(DocumentError::Malformed), "{size}");
        }
    }

    #[test]
    fn keys_are_what_was_sent() {
        // Row 107: what SDKs write for line ends, spaces and entities; a raw line end is a line feed to every parser.
        for (sent, key) in [
            ("a&#13;&#10;b", "a\r\nb"),
            ("a&#xD;b&#xA;", "a\rb\n"),
            ("a\r\nb\rc\nd", "a\nb\nc\nd"),
            (" two  words ", " two  words "),
            ("&lt;&gt;&amp;&quot;&apos;&amp;lt;", "<>&\"'&lt;"),
            ("<![CDATA[a<b>&amp;]]>c<!-- no -->d", "a<b>&amp;cd"),
            ("&#252;\u{fc}&#x1F600;", "\u{fc}\u{fc}\u{1f600}"),
            ("a&#1;b\u{2}", "a\u{1}b\u{2}"),
        ] {
            let inner = format!("<Object><Key>{sent}</Key></Object>");
            assert_eq!(keys(&inner), Ok(vec![key.to_owned()]), "{sent}");
        }
    }

    #[test]
    fn quiet_is_true_or_false() {
        let quiet = |word: &str| {
            let inner = format!("<Quiet>{word}</Quiet><Object><Key>k</Key></Object>");
            read(&inner).map(|request| request.quiet)
        };
        for (word, expected) in [("true", true), ("TRUE", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(quiet(word), Ok(expected));
        }
        assert_eq!(quiet("yes"), Err(DocumentError::Malformed));
        assert_eq!(quiet(""), Err(DocumentError::Malformed));
    }

    #[test]
    fn an_object_has_one_key() {
        for inner in [
            "",
            "<Quiet>true</Quiet>",
            "<Object/>",
            "<Object><Key/></Object>",
            "<Object><Key></Key></Object>",
            "<Object><VersionId>v</VersionId></Object>",
            "<Object><Key>a</Key><Key>b</Key></Object>",
            "<Object><Key>a<b/></Key></Object>",
            "<Object><Key>a</Key></Object><Quiet>true</Quiet><Quiet>true</Quiet>",
            "<Key>a</Key>",
            "<Object><Key>a</Key></Object></Delete><Delete>",
        ] {
            assert_eq!(read(inner), Err(DocumentError::Malformed), "{inner}");
        }
    }

    #[test]
    fn a_thousand_objects_are_taken_and_one_more_is_not() {
        let objects = |count: usize| keys(&"<Object><Key>k</Key></Object>".repeat(count)).map(|keys| keys.len());
        assert_eq!(objects(1000), Ok(1000));
        assert_eq!(objects(1001), Err(DocumentError::TooLarge));
    }

    #[test]
    fn a_key_that_is_too_long_is_told_from_a_broken_document() {
        let of =
            |len: usize| keys(&format!("<Object><Key>{}</Key></Object>", "k".repeat(len))).map(|keys| keys[0].len());
        assert_eq!(of(4096), Ok(4096));
        assert_eq!(of(4097), Err(DocumentError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(deletion(&bytes).is_err());
        }

        #[test]
        fn what_is_written_is_read(keys in prop::collection::vec("[^\0]{1,40}", 1..20), how in 0_u8..3) {
            let mut document = "<Delete>".to_owned();
            for key in &keys {
                document += "<Object><Key>";
                for c in key.chars() {
                    match c {
                        '&' => document += "&amp;",
                        '<' => document += "&lt;",
                        '>' => document += "&gt;",
                        '\r' => document += "&#13;",
                        c if how == 1 => document += &format!("&#{};", u32::from(c)),
                        c if how == 2 => document += &format!("&#x{:x};", u32::from(c)),
                        c => document.push(c),
                    }
                }
                document += "</Key></Object>";
            }
            document += "</Delete>";
            let read = deletion(document.as_bytes()).expect("a document");
            prop_assert_eq!(read.objects.into_iter().map(|object| object.key).collect::<Vec<_>>(), keys);
        }
    }
}
