//! What a copy answers: that of an object, and that of a part.

use stratum_engine::types::Etag;

use super::writer::Writer;
use crate::checksum::{Checksum, ObjectChecksum};

/// An object that was copied.
#[derive(Clone, Copy, Debug)]
pub struct CopiedObject {
    /// The entity tag of the copy.
    pub etag: Etag,
    /// The last modification of the copy.
    pub modified_ms: u64,
    /// The checksum of the copy.
    pub checksum: Option<ObjectChecksum>,
}

/// A part that was copied.
#[derive(Clone, Copy, Debug)]
pub struct CopiedPart {
    /// The MD5 of the part.
    pub md5: [u8; 16],
    /// When the part was put.
    pub modified_ms: u64,
    /// The checksum of the part.
    pub checksum: Option<Checksum>,
}

/// The document `CopyObjectResult`.
#[must_use]
pub fn copied_object(copy: &CopiedObject) -> Vec<u8> {
    let mut writer = Writer::new("CopyObjectResult", 256);
    writer.time("LastModified", copy.modified_ms);
    writer.etag(&copy.etag);
    if let Some(checksum) = &copy.checksum {
        writer.object_checksum(checksum);
    }
    writer.finish()
}

/// The document `CopyPartResult`.
#[must_use]
pub fn copied_part(copy: &CopiedPart) -> Vec<u8> {
    let mut writer = Writer::new("CopyPartResult", 256);
    writer.time("LastModified", copy.modified_ms);
    writer.etag(&Etag { md5: copy.md5, parts: 0 });
    if let Some(checksum) = &copy.checksum {
        writer.checksum(checksum);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Algorithm, Hasher};
    use crate::xml::leaves::leaves;

    #[test]
    fn a_copy_is_that_of_s3() {
        let copy =
            CopiedObject { etag: Etag { md5: [0x9b; 16], parts: 0 }, modified_ms: 1_256_759_420_999, checksum: None };
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <CopyObjectResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <LastModified>2009-10-28T19:50:20.000Z</LastModified>\
            <ETag>&quot;9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b&quot;</ETag></CopyObjectResult>";
        assert_eq!(copied_object(&copy), expected.as_bytes());
    }

    #[test]
    fn copies_show_their_checksums() {
        let checksum = Hasher::whole(Algorithm::Crc32, b"123456789");
        let object = ObjectChecksum { checksum, parts: Some(2) };
        let copy = CopiedObject { etag: Etag::default(), modified_ms: 0, checksum: Some(object) };
        let leaf = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let found = leaves(&copied_object(&copy));
        assert!(found.contains(&leaf("CopyObjectResult/ChecksumCRC32", "y/Q5Jg==-2")));
        assert!(found.contains(&leaf("CopyObjectResult/ChecksumType", "COMPOSITE")));
        let found = leaves(&copied_part(&CopiedPart { md5: [1; 16], modified_ms: 0, checksum: Some(checksum) }));
        let expected = [
            leaf("CopyPartResult/LastModified", "1970-01-01T00:00:00.000Z"),
            leaf("CopyPartResult/ETag", &format!("\"{}\"", "01".repeat(16))),
            leaf("CopyPartResult/ChecksumCRC32", "y/Q5Jg=="),
        ];
        assert_eq!(found, expected);
    }
}
