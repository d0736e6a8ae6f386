//! A request's body with the connection that it comes over, as the operations see it.

use super::body::{Body, BodyError, Payload};
use super::connection::Connection;
use crate::checksum::content_md5;
use crate::error::{Code, S3Error, code};

/// What comes in for one request.
pub struct Incoming {
    /// Whence.
    pub connection: Connection,
    /// The body.
    pub body: Body,
    /// `x-amz-decoded-content-length`.
    pub decoded_length: Option<u64>,
    /// The MD5 that the headers promise. The engine compares it for objects and parts.
    pub promised_md5: Option<[u8; 16]>,
    /// The headers promise a checksum or an MD5.
    pub proves_its_body: bool,
}

impl Incoming {
    /// A body of which nothing is promised yet.
    #[must_use]
    pub fn new(connection: Connection, body: Body) -> Incoming {
        Incoming { connection, body, decoded_length: None, promised_md5: None, proves_its_body: false }
    }

    /// Holds the body to what was promised.
    pub fn promise(&mut self, payload: Payload) {
        self.decoded_length = payload.decoded_length;
        self.promised_md5 = payload.promises.md5;
        self.proves_its_body = payload.promises.prove_the_body();
        self.body.promise(payload);
    }

    /// The next piece of payload, lent where it came.
    ///
    /// # Errors
    /// As [`Body::next`].
    pub async fn next(&mut self) -> Result<Option<&[u8]>, BodyError> {
        self.body.next(&mut self.connection).await
    }

    /// Reads a document of at most `most` bytes, and compares its MD5 if one was promised.
    ///
    /// # Errors
    /// As [`Body::document`], and `BadDigest`.
    pub async fn document(&mut self, most: usize, too_long: Code) -> Result<Vec<u8>, BodyError> {
        let document = self.body.document(&mut self.connection, most, too_long).await?;
        if self.promised_md5.is_some_and(|promised| promised != content_md5(&document)) {
            return Err(BodyError::Refused(Box::new(S3Error::from(code::BAD_DIGEST))));
        }
        Ok(document)
    }
}
