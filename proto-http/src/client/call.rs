//! The operations of S3 as a client asks for them: method, path and query. Nothing is encoded yet; signing does that.
//!
//! What must hold: what a call says is what the server's side understands by it; the tests ask that side.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checksum::content_md5;

/// One operation, not signed and not addressed to anybody yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// The path, not encoded: `/bucket/my key`.
    pub path: Vec<u8>,
    /// Names and values of the query, not encoded.
    pub query: Vec<(String, String)>,
    /// Names and values of headers that are sent and signed, beside those that every request has.
    pub headers: Vec<(String, String)>,
}

impl Call {
    /// CreateBucket.
    #[must_use]
    pub fn create_bucket(bucket: &str) -> Call {
        Call::of("PUT", bucket, b"")
    }

    /// HeadBucket.
    #[must_use]
    pub fn head_bucket(bucket: &str) -> Call {
        Call::of("HEAD", bucket, b"")
    }

    /// DeleteBucket.
    #[must_use]
    pub fn delete_bucket(bucket: &str) -> Call {
        Call::of("DELETE", bucket, b"")
    }

    /// PutObject.
    #[must_use]
    pub fn put(bucket: &str, key: &[u8]) -> Call {
        Call::of("PUT", bucket, key)
    }

    /// GetObject.
    #[must_use]
    pub fn get(bucket: &str, key: &[u8]) -> Call {
        Call::of("GET", bucket, key)
    }

    /// GetObject of the bytes from `first` to `last`, both included.
    #[must_use]
    pub fn range(bucket: &str, key: &[u8], first: u64, last: u64) -> Call {
        Call::of("GET", bucket, key).header("range", &format!("bytes={first}-{last}"))
    }

    /// HeadObject.
    #[must_use]
    pub fn head(bucket: &str, key: &[u8]) -> Call {
        Call::of("HEAD", bucket, key)
    }

    /// DeleteObject.
    #[must_use]
    pub fn delete(bucket: &str, key: &[u8]) -> Call {
        Call::of("DELETE", bucket, key)
    }

    /// DeleteObjects, whose body is this `deletion_document`: the operation demands proof of it.
    #[must_use]
    pub fn delete_many(bucket: &str, document: &[u8]) -> Call {
        let md5 = STANDARD.encode(content_md5(document));
        Call::of("POST", bucket, b"").query("delete", "").header("content-md5", &md5)
    }

    /// ListObjectsV2: at most `most` keys that begin with `prefix` and come after `after`, if that is not empty.
    #[must_use]
    pub fn list(bucket: &str, prefix: &str, after: &str, most: usize) -> Call {
        let call = Call::of("GET", bucket, b"").query("list-type", "2").query("max-keys", &most.to_string());
        let call = call.query("prefix", prefix);
        if after.is_empty() { call } else { call.query("start-after", after) }
    }

    /// CreateMultipartUpload.
    #[must_use]
    pub fn create_upload(bucket: &str, key: &[u8]) -> Call {
        Call::of("POST", bucket, key).query("uploads", "")
    }

    /// UploadPart.
    #[must_use]
    pub fn upload_part(bucket: &str, key: &[u8], upload: &str, number: u16) -> Call {
        Call::of("PUT", bucket, key).query("partNumber", &number.to_string()).query("uploadId", upload)
    }

    /// CompleteMultipartUpload; its body is a `completion_document`.
    #[must_use]
    pub fn complete_upload(bucket: &str, key: &[u8], upload: &str) -> Call {
        Call::of("POST", bucket, key).query("uploadId", upload)
    }

    /// AbortMultipartUpload.
    #[must_use]
    pub fn abort_upload(bucket: &str, key: &[u8], upload: &str) -> Call {
        Call::of("DELETE", bucket, key).query("uploadId", upload)
    }

    /// With a header that is signed.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Call {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// True if the answer has no body whatever its headers say.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    fn of(method: &'static str, bucket: &str, key: &[u8]) -> Call {
        let mut path = Vec::with_capacity(bucket.len() + key.len() + 2);
        path.push(b'/');
        path.extend_from_slice(bucket.as_bytes());
        if !key.is_empty() {
            path.push(b'/');
            path.extend_from_slice(key);
        }
        Call { method, path, query: Vec::new(), headers: Vec::new() }
    }
}
