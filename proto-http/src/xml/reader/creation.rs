//! `CreateBucketConfiguration`: how a bucket is to be made. Most clients send nothing.

use super::document::Document;
use super::error::DocumentError;
use crate::limits::{BUCKET_TAGS_MAX, CONFIGURATION_BYTES_MAX};

/// How a bucket is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketCreation {
    /// Its region.
    pub location: Option<String>,
    /// True if a directory bucket is meant, by elements that only such have.
    pub is_directory: bool,
    /// Its tags, names and values.
    pub tags: Vec<(String, String)>,
}

/// Reads the document. No bytes, or nothing but white space, is one that leaves all as it is.
///
/// # Errors
/// It is none.
pub fn creation(bytes: &[u8]) -> Result<BucketCreation, DocumentError> {
    let mut creation = BucketCreation::default();
    if bytes.len() <= CONFIGURATION_BYTES_MAX && bytes.trim_ascii().is_empty() {
        return Ok(creation);
    }
    let mut document = Document::open(bytes, CONFIGURATION_BYTES_MAX, "CreateBucketConfiguration")?;
    while let Some(name) = document.child(&["LocationConstraint", "Location", "Bucket", "Tags"])? {
        match name {
            "LocationConstraint" => {
                let location = document.text()?.trim().to_owned();
                if creation.location.replace(location).is_some() {
                    return Err(DocumentError::Malformed);
                }
            }
            "Location" | "Bucket" => {
                creation.is_directory = true;
                document.skip()?;
            }
            "Tags" => read_tags(&mut document, &mut creation.tags)?,
            _ => document.skip()?,
        }
    }
    document.end()?;
    creation.location = creation.location.filter(|location| !location.is_empty());
    Ok(creation)
}

fn read_tags(document: &mut Document<'_>, tags: &mut Vec<(String, String)>) -> Result<(), DocumentError> {
    while let Some(name) = document.child(&["Tag"])? {
        if name.is_empty() {
            document.skip()?;
            continue;
        }
        if tags.len() >= BUCKET_TAGS_MAX {
            return Err(DocumentError::TooLarge);
        }
        let (mut key, mut value) = (None, None);
        while let Some(name) = document.child(&["Key", "Value"])? {
            match name {
                "Key" => key = Some(document.text()?.to_owned()),
                "Value" => value = Some(document.text()?.to_owned()),
                _ => document.skip()?,
            }
        }
        let (Some(key), Some(value)) = (key, value) else { return Err(DocumentError::Malformed) };
        tags.push((key, value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(inner: &str) -> Result<BucketCreation, DocumentError> {
        creation(format!("<CreateBucketConfiguration>{inner}</CreateBucketConfiguration>").as_bytes())
    }

    #[test]
    fn nothing_leaves_all_as_it_is() {
        // Row 106.
        for bytes in [&b""[..], b" \r\n", b"<CreateBucketConfiguration/>"] {
            assert_eq!(creation(bytes), Ok(BucketCreation::default()));
        }
        assert_eq!(read("<LocationConstraint></LocationConstraint>"), Ok(BucketCreation::default()));
    }

    #[test]
    fn a_location_is_read() {
        // Row 106.
        let document = br#"<?xml version="1.0" encoding="UTF-8"?>
            <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <LocationConstraint>eu-central-1</LocationConstraint>
            </CreateBucketConfiguration>"#;
        let expected = BucketCreation { location: Some("eu-central-1".to_owned()), ..BucketCreation::default() };
        assert_eq!(creation(document), Ok(expected));
        let twice = "<LocationConstraint>a</LocationConstraint><LocationConstraint>b</LocationConstraint>";
        assert_eq!(read(twice), Err(DocumentError::Malformed));
        let two_documents = "</CreateBucketConfiguration><CreateBucketConfiguration>";
        assert_eq!(read(two_documents), Err(DocumentError::Malformed));
    }

    #[test]
    fn directory_buckets_and_tags_are_told() {
        let directory = "<Location><Name>euc1-az1</Name><Type>AvailabilityZone</Type></Location>\
                         <Bucket><DataRedundancy>Single</DataRedundancy><Type>Directory</Type></Bucket>";
        assert_eq!(read(directory).map(|read| read.is_directory), Ok(true));
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let tags = "<Tags><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Value/><Key>b &amp; c</Key></Tag><New/></Tags>";
        assert_eq!(read(tags).map(|read| read.tags), Ok(vec![tag("a", "1"), tag("b & c", "")]));
        assert_eq!(read("<Tags><Tag><Key>a</Key></Tag></Tags>"), Err(DocumentError::Malformed));
        assert_eq!(read("<New><LocationConstraint>a</LocationConstraint></New>"), Ok(BucketCreation::default()));
    }

    #[test]
    fn fifty_tags_are_taken_and_one_more_is_not() {
        let tags = |count: usize| {
            let tags = "<Tag><Key>k</Key><Value>v</Value></Tag>".repeat(count);
            read(&format!("<Tags>{tags}</Tags>")).map(|read| read.tags.len())
        };
        assert_eq!(tags(50), Ok(50));
        assert_eq!(tags(51), Err(DocumentError::TooLarge));
    }

    #[test]
    fn a_document_may_have_so_many_bytes_and_no_more() {
        let of = |len: usize| creation(&[b"<CreateBucketConfiguration/>", " ".repeat(len - 28).as_bytes()].concat());
        assert_eq!(of(CONFIGURATION_BYTES_MAX), Ok(BucketCreation::default()));
        assert_eq!(of(CONFIGURATION_BYTES_MAX + 1), Err(DocumentError::TooLarge));
        assert_eq!(creation(&[b' '; CONFIGURATION_BYTES_MAX + 1]), Err(DocumentError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
            prop_assert!(creation(&bytes).is_err() || bytes.trim_ascii().is_empty());
        }
    }
}
