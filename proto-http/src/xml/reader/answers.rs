//! What servers answer, as far as a client needs it: errors, an upload's id, a page of keys, what was not deleted.
//!
//! What must hold: a document that does not say what it has to say is none, whatever status came with it.

use super::document::Document;
use super::error::DocumentError;
use crate::limits::ANSWER_DOCUMENT_BYTES_MAX;

/// `Error`: why a request was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// The code of S3.
    pub code: String,
    /// What people read.
    pub message: String,
}

/// `ListBucketResult`: one page of keys, in the order that they came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedKeys {
    /// The keys.
    pub keys: Vec<String>,
    /// True if more follow.
    pub truncated: bool,
}

/// Reads `Error`.
///
/// # Errors
/// It is another document, or names no code.
pub fn error_answer(bytes: &[u8]) -> Result<ErrorAnswer, DocumentError> {
    let mut document = Document::open(bytes, ANSWER_DOCUMENT_BYTES_MAX, "Error")?;
    let mut error = ErrorAnswer::default();
    while let Some(name) = document.child(&["Code", "Message"])? {
        match name {
            "Code" => document.text()?.clone_into(&mut error.code),
            "Message" => document.text()?.clone_into(&mut error.message),
            _ => document.skip()?,
        }
    }
    document.end()?;
    if error.code.is_empty() { Err(DocumentError::Malformed) } else { Ok(error) }
}

/// Reads the upload's id out of `InitiateMultipartUploadResult`.
///
/// # Errors
/// It is another document, or names no upload.
pub fn upload_id(bytes: &[u8]) -> Result<String, DocumentError> {
    let mut document = Document::open(bytes, ANSWER_DOCUMENT_BYTES_MAX, "InitiateMultipartUploadResult")?;
    let mut id = String::new();
    while let Some(name) = document.child(&["UploadId"])? {
        match name {
            "UploadId" => document.text()?.clone_into(&mut id),
            _ => document.skip()?,
        }
    }
    document.end()?;
    if id.is_empty() { Err(DocumentError::Malformed) } else { Ok(id) }
}

/// Reads a page of keys. Keys are taken as they are written: whoever asks for `encoding-type` decodes them.
///
/// # Errors
/// It is another document, or a row has no key.
pub fn listed_keys(bytes: &[u8]) -> Result<ListedKeys, DocumentError> {
    let mut document = Document::open(bytes, ANSWER_DOCUMENT_BYTES_MAX, "ListBucketResult")?;
    let mut page = ListedKeys::default();
    while let Some(name) = document.child(&["Contents", "IsTruncated"])? {
        match name {
            "Contents" => page.keys.push(key_of_row(&mut document)?.ok_or(DocumentError::Malformed)?),
            "IsTruncated" => page.truncated = document.text()?.trim() == "true",
            _ => document.skip()?,
        }
    }
    document.end()?;
    Ok(page)
}

/// Reads the keys that `DeleteResult` says are still there, with the code that says why.
///
/// # Errors
/// It is another document, or a row has no key.
pub fn deletion_failures(bytes: &[u8]) -> Result<Vec<(String, String)>, DocumentError> {
    let mut document = Document::open(bytes, ANSWER_DOCUMENT_BYTES_MAX, "DeleteResult")?;
    let mut failures = Vec::new();
    while let Some(name) = document.child(&["Error"])? {
        if name.is_empty() {
            document.skip()?;
            continue;
        }
        let (mut key, mut code) = (None, String::new());
        while let Some(name) = document.child(&["Key", "Code"])? {
            match name {
                "Key" => key = Some(document.text()?.to_owned()),
                "Code" => document.text()?.clone_into(&mut code),
                _ => document.skip()?,
            }
        }
        failures.push((key.ok_or(DocumentError::Malformed)?, code));
    }
    document.end()?;
    Ok(failures)
}

fn key_of_row(document: &mut Document<'_>) -> Result<Option<String>, DocumentError> {
    let mut key = None;
    while let Some(name) = document.child(&["Key"])? {
        match name {
            "Key" => key = Some(document.text()?.to_owned()),
            _ => document.skip()?,
        }
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Deletion, ErrorDocument, Outcome, delete_result, error, initiated};

    #[test]
    fn what_the_server_writes_is_read() {
        let details = [("BucketName", b"b".as_slice())];
        let written = error(&ErrorDocument {
            code: "NoSuchBucket",
            message: "It is not <there>.",
            resource: b"/b",
            request_id: "1",
            host_id: "2",
            details: &details,
        });
        let read = error_answer(&written).expect("it is an error");
        assert_eq!((read.code.as_str(), read.message.as_str()), ("NoSuchBucket", "It is not <there>."));
        assert_eq!(upload_id(&initiated("b", b"k", "0123")), Ok("0123".to_owned()));
        let deletions = [
            Deletion { key: b"a", version: None, outcome: Outcome::Deleted { marker: None } },
            Deletion { key: b"b", version: None, outcome: Outcome::Failed { code: "SlowDown", message: "m" } },
        ];
        let failed = vec![("b".to_owned(), "SlowDown".to_owned())];
        assert_eq!(deletion_failures(&delete_result(&deletions, false)), Ok(failed));
        assert_eq!(deletion_failures(&delete_result(&deletions[..1], true)), Ok(Vec::new()));
    }

    #[test]
    fn a_page_is_read_in_its_order() {
        let row = |key: &str| {
            format!("<Contents><ETag>&quot;0&quot;</ETag><Key>{key}</Key><Owner><ID>1</ID></Owner></Contents>")
        };
        let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3\"><Name>b</Name>";
        let rows = format!("{}{}", row("a&amp;b"), row("c"));
        let text = format!("{begin}<IsTruncated>true</IsTruncated>{rows}</ListBucketResult>");
        let page = listed_keys(text.as_bytes()).expect("it is a page");
        assert_eq!((page.keys, page.truncated), (vec!["a&b".to_owned(), "c".to_owned()], true));
    }

    #[test]
    fn a_document_that_says_nothing_is_none() {
        assert!(error_answer(b"<Error><Message>m</Message></Error>").is_err());
        assert!(error_answer(b"<html>502 Bad Gateway</html>").is_err());
        assert!(upload_id(b"<InitiateMultipartUploadResult/>").is_err());
        assert!(listed_keys(b"<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>").is_err());
        assert!(listed_keys(b"").is_err());
        assert!(deletion_failures(b"<DeleteResult><Error><Code>c</Code></Error></DeleteResult>").is_err());
    }
}
