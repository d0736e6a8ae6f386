//! `CompleteMultipartUpload`: the parts that become an object.
//!
//! Whether the parts exist, ascend and are large enough is not decided here.

use stratum_engine::limits::PARTS_MAX;

use super::document::Document;
use super::error::DocumentError;
use crate::checksum::{Algorithm, Checksum};
use crate::limits::DOCUMENT_BYTES_MAX;

/// The parts of an object to be, in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// At least one.
    pub parts: Vec<ClaimedPart>,
}

/// What a client says of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedPart {
    /// Its number, between 1 and [`PARTS_MAX`].
    pub number: u16,
    /// The MD5 in its entity tag; `None` if the tag is not that of any part.
    pub md5: Option<[u8; 16]>,
    /// Its checksum.
    pub checksum: Option<Checksum>,
}

const NAMES: [&str; 7] =
    ["PartNumber", "ETag", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256"];

impl Completion {
    /// Whether the numbers of the parts ascend, as they must.
    #[must_use]
    pub fn is_ascending(&self) -> bool {
        self.parts.is_sorted_by(|before, after| before.number < after.number)
    }
}

/// Reads the document.
///
/// # Errors
/// It is none, names no part or too many, or has a number or a checksum that is none.
pub fn completion(bytes: &[u8]) -> Result<Completion, DocumentError> {
    let mut document = Document::open(bytes, DOCUMENT_BYTES_MAX, "CompleteMultipartUpload")?;
    let mut parts = Vec::new();
    while let Some(name) = document.child(&["Part"])? {
        if name.is_empty() {
            document.skip()?;
        } else if parts.len() >= usize::from(PARTS_MAX) {
            return Err(DocumentError::TooLarge);
        } else {
            parts.push(read_part(&mut document)?);
        }
    }
    document.end()?;
    if parts.is_empty() { Err(DocumentError::Malformed) } else { Ok(Completion { parts }) }
}

fn read_part(document: &mut Document<'_>) -> Result<ClaimedPart, DocumentError> {
    let (mut number, mut etag, mut checksum) = (None, None, None);
    while let Some(name) = document.child(&NAMES)? {
        let again = match name {
            "" => {
                document.skip()?;
                false
            }
            "PartNumber" => number.replace(part_number(document.text()?)?).is_some(),
            "ETag" => etag.replace(md5_of_etag(document.text()?)).is_some(),
            _ => match part_checksum(name, document.text()?)? {
                Some(value) => checksum.replace(value).is_some(),
                None => false,
            },
        };
        if again {
            return Err(DocumentError::Malformed);
        }
    }
    match (number, etag) {
        (Some(number), Some(md5)) => Ok(ClaimedPart { number, md5, checksum }),
        _ => Err(DocumentError::Malformed),
    }
}

fn part_number(text: &str) -> Result<u16, DocumentError> {
    let digits = text.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DocumentError::Malformed);
    }
    let number = digits.parse().ok().filter(|number| (1..=PARTS_MAX).contains(number));
    number.ok_or(DocumentError::InvalidPartNumber)
}

/// The MD5 in the entity tag of a part, in quotes or without.
fn md5_of_etag(text: &str) -> Option<[u8; 16]> {
    let tag = text.trim();
    let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    let is_md5 = tag.len() == 32 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(tag, 16).ok().filter(|_| is_md5).map(u128::to_be_bytes)
}

/// A checksum; none if the element is empty, as some SDKs leave it.
fn part_checksum(name: &str, text: &str) -> Result<Option<Checksum>, DocumentError> {
    let text = text.trim();
    let Some(algorithm) = Algorithm::of_element(name).filter(|_| !text.is_empty()) else { return Ok(None) };
    Checksum::parse(algorithm, text.as_bytes()).map(Some).map_err(|_| DocumentError::InvalidChecksum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checksum::Hasher;

    const MD5: &str = "a54357aff0632cce46d942af68356b38";

    fn md5() -> Option<[u8; 16]> {
        Some(0xa543_57af_f063_2cce_46d9_42af_6835_6b38_u128.to_be_bytes())
    }

    fn part(number: u16) -> ClaimedPart {
        ClaimedPart { number, md5: md5(), checksum: None }
    }

    fn read(inner: &str) -> Result<Vec<ClaimedPart>, DocumentError> {
        let document = format!("<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>");
        completion(document.as_bytes()).map(|completion| completion.parts)
    }

    #[test]
    fn a_document_of_boto3_is_read() {
        // Row 88: the namespace, a checksum for every part.
        let part_of = |number: u16| {
            format!(
                "<Part><ETag>\"a54357aff0632cce46d942af68356b38\"</ETag><ChecksumCRC32>y/Q5Jg==</ChecksumCRC32>\
                 <PartNumber>{number}</PartNumber></Part>"
            )
        };
        let root = "CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        let document = format!("<{root}>{}{}</CompleteMultipartUpload>", part_of(1), part_of(2));
        let checksum = Some(Hasher::whole(Algorithm::Crc32, b"123456789"));
        let parts = [1, 2].map(|number| ClaimedPart { checksum, ..part(number) });
        assert_eq!(completion(document.as_bytes()).map(|read| read.parts), Ok(parts.to_vec()));
    }

    #[test]
    fn neither_a_namespace_nor_a_prefix_nor_indenting_matters() {
        // Row 88: what s3cmd and Hadoop send, and what nobody should.
        let (number, etag) = ("<PartNumber>3</PartNumber>", format!("<ETag>{MD5}</ETag>"));
        let (open, close) = ("<CompleteMultipartUpload>", "</CompleteMultipartUpload>");
        for document in [
            format!("{open}<Part>{number}{etag}</Part>{close}"),
            format!(
                "<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>\r\n<!-- by hand -->\r\n\
                 <s3:CompleteMultipartUpload xmlns:s3=\"urn:any\">\r\n  <s3:Part>\r\n    <s3:ETag>{MD5}</s3:ETag>\r\n  \
                 <s3:PartNumber> 3\n</s3:PartNumber>\r\n  </s3:Part>\r\n</s3:CompleteMultipartUpload>\r\n"
            ),
            format!(
                "\u{feff}<?xml version=\"1.0\"?>{open}<Part><PartNumber><![CDATA[3]]></PartNumber>{etag}</Part>{close}"
            ),
            format!(
                "{open}<New/><Part><Size>5<b>&lt;</b></Size><PartNumber>0003</PartNumber>{etag}\
                 <ChecksumSHA512>no</ChecksumSHA512><ChecksumCRC32/></Part>{close}"
            ),
        ] {
            let expected = Completion { parts: vec![part(3)] };
            assert_eq!(completion(document.as_bytes()), Ok(expected), "{document}");
        }
    }

    #[test]
    fn an_entity_tag_may_be_quoted_in_every_way() {
        // Row 85.
        for tag in [
            MD5.to_owned(),
            format!("\"{MD5}\""),
            format!("&quot;{MD5}&quot;"),
            format!("&#34;{MD5}&#34;"),
            format!("&#x22;{MD5}&#x22;"),
            format!(" \"{}\"\n", MD5.to_uppercase()),
        ] {
            assert_eq!(
                read(&format!("<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>")),
                Ok(vec![part(1)]),
                "{tag}"
            );
        }
    }

    #[test]
    fn a_tag_that_no_part_has_is_no_md5() {
        for tag in [
            "",
            "\"\"",
            "etag",
            &MD5[1..],
            "+54357aff0632cce46d942af68356b38",
            &format!("{MD5}-2"),
            &format!("\"{MD5}"),
        ] {
            let expected = vec![ClaimedPart { md5: None, ..part(1) }];
            assert_eq!(
                read(&format!("<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>")),
                Ok(expected),
                "{tag}"
            );
        }
    }

    #[test]
    fn numbers_outside_of_s3s_are_an_invalid_argument_and_others_malformed() {
        // Row 83.
        let number = |text: &str| read(&format!("<Part><PartNumber>{text}</PartNumber><ETag>{MD5}</ETag></Part>"));
        assert_eq!(number("10000"), Ok(vec![part(10_000)]));
        for text in ["0", "10001", "70000", "99999999999999999999999"] {
            assert_eq!(number(text), Err(DocumentError::InvalidPartNumber), "{text}");
        }
        for text in ["", "one", "1.0", "+1", "-1", "1 2", "<a/>"] {
            assert_eq!(number(text), Err(DocumentError::Malformed), "{text}");
        }
        assert_eq!(DocumentError::InvalidPartNumber.code(), "InvalidArgument");
    }

    #[test]
    fn parts_that_do_not_ascend_are_seen() {
        // Row 83.
        let of = |numbers: &[u16]| Completion { parts: numbers.iter().map(|number| part(*number)).collect() };
        assert!(of(&[1]).is_ascending());
        assert!(of(&[1, 5, 10_000]).is_ascending());
        assert!(!of(&[2, 1]).is_ascending());
        assert!(!of(&[1, 1]).is_ascending());
    }

    #[test]
    fn what_a_part_needs_is_there_once() {
        let (number, etag) = ("<PartNumber>1</PartNumber>", format!("<ETag>{MD5}</ETag>"));
        let crc = "<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32>";
        for inner in [
            String::new(),
            "<Part/>".to_owned(),
            format!("<Part>{number}</Part>"),
            format!("<Part>{etag}</Part>"),
            format!("<Part>{number}{number}{etag}</Part>"),
            format!("<Part>{number}{etag}{etag}</Part>"),
            format!("<Part>{number}{etag}{crc}{crc}</Part>"),
            format!("<Part>{number}{etag}{crc}<ChecksumSHA1>98O8HYCOBHMq32eZZczDTKeuNEE=</ChecksumSHA1></Part>"),
            format!("<Part>{number}{etag}text</Part>"),
            format!("text<Part>{number}{etag}</Part>"),
        ] {
            assert_eq!(read(&inner), Err(DocumentError::Malformed), "{inner}");
        }
        assert!(read(&format!("<Part>{number}{etag}</Part>")).is_ok());
        let more = format!("<Part>{number}{etag}</Part></CompleteMultipartUpload><CompleteMultipartUpload>");
        assert_eq!(read(&more), Err(DocumentError::Malformed), "two documents");
        let invalid = read(&format!("<Part>{number}{etag}<ChecksumCRC32>y/Q5</ChecksumCRC32></Part>"));
        assert_eq!(invalid, Err(DocumentError::InvalidChecksum));
        assert_eq!(DocumentError::InvalidChecksum.code(), "InvalidRequest");
    }

    #[test]
    fn ten_thousand_parts_are_taken_and_one_more_is_not() {
        let parts = |count: usize| {
            let part = format!(
                "\n    <Part>\n        <ETag>&quot;{MD5}&quot;</ETag>\n        <PartNumber>10000</PartNumber>\n        \
                 <ChecksumSHA256>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ChecksumSHA256>\n    </Part>"
            );
            read(&part.repeat(count)).map(|parts| parts.len())
        };
        assert_eq!(parts(10_000), Ok(10_000));
        assert_eq!(parts(10_001), Err(DocumentError::TooLarge));
        assert_eq!(DocumentError::TooLarge.code(), "MalformedXML");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(completion(&bytes).is_err());
        }

        #[test]
        fn a_cut_document_is_none_and_a_bent_one_names_no_more_parts(
            cut in 0_usize..200, at in 0_usize..200, byte in any::<u8>(),
        ) {
            let inner = format!("<Part><PartNumber>1</PartNumber><ETag>&quot;{MD5}&#34;</ETag></Part>");
            let mut bytes = format!("<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>").into_bytes();
            prop_assert!(completion(&bytes[..cut % bytes.len()]).is_err());
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(read) = completion(&bytes) {
                prop_assert_eq!(read.parts.len(), 1);
            }
        }

        #[test]
        fn what_is_written_is_read(
            numbers in prop::collection::vec(1_u16..=10_000, 1..20), seed in any::<[u8; 16]>(), which in 0_usize..5,
            spaced in any::<bool>(), prefix in prop_oneof![Just(""), Just("s3:"), Just("a-b:")],
        ) {
            let algorithm = Algorithm::ALL[which];
            let space = if spaced { "\n\t " } else { "" };
            let mut document = format!("<{prefix}CompleteMultipartUpload>");
            let mut expected = Vec::new();
            for number in numbers {
                let md5 = crate::checksum::content_md5(&[&seed[..], &number.to_le_bytes()].concat());
                let checksum = Hasher::whole(algorithm, &md5);
                let (mut text, hex) = (Vec::new(), format!("{:032x}", u128::from_be_bytes(md5)));
                checksum.write_base64(&mut text);
                let (text, name) = (String::from_utf8(text).expect("base64"), algorithm.element());
                document += &format!("{space}<{prefix}Part>{space}<{prefix}ETag>{hex}</{prefix}ETag>{space}");
                document += &format!("<{prefix}PartNumber>{number}</{prefix}PartNumber>");
                document += &format!("<{prefix}{name}>{text}</{prefix}{name}>{space}</{prefix}Part>");
                expected.push(ClaimedPart { number, md5: Some(md5), checksum: Some(checksum) });
            }
            document += &format!("</{prefix}CompleteMultipartUpload>");
            prop_assert_eq!(completion(document.as_bytes()).map(|read| read.parts), Ok(expected));
        }
    }
}
