//! The signatures of a body's chunks: each is made over the one before it, so that none can be left out, doubled or
//! moved.
//!
//! ```text
//!  signature of the head -> chunk 1 -> chunk 2 -> ... -> the empty chunk -> the trailer, if there is one
//! ```
//!
//! What must hold: the bytes of a chunk are believed only after `end_chunk`, and the body only after the empty chunk,
//! or the trailer. After an error nothing is right any more. What is kept does not grow with the body.
//!
//! Not here: the framing, which knows where chunks end and where their signatures stand.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::constant_time::same;
use super::encoding::{Stamp, hex};
use super::error::{AuthError, Mismatch};
use super::scope::Credential;
use super::signing_key::SigningKey;

/// Follows the chain of signatures through one body.
pub struct ChunkSignatures {
    access_key: String,
    key: SigningKey,
    /// Time and scope, with a line break after each, as every text that is signed here has them.
    context: String,
    previous: [u8; 64],
    data: Sha256,
}

const CHUNK: &str = "AWS4-HMAC-SHA256-PAYLOAD\n";
const TRAILER: &str = "AWS4-HMAC-SHA256-TRAILER\n";
/// The digest of nothing, which S3 signs with each chunk in the place of headers, and its line break.
const NO_HEADERS: &[u8] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

impl ChunkSignatures {
    /// The chain that begins with the signature of a head.
    pub(super) fn new(
        access_key: String,
        key: SigningKey,
        stamp: &Stamp,
        credential: &Credential,
        seed: [u8; 64],
    ) -> ChunkSignatures {
        let context = format!("{}\n{}\n", stamp.text(), credential.scope());
        ChunkSignatures { access_key, key, context, previous: seed, data: Sha256::new() }
    }

    /// Takes the next bytes of the chunk that is being read.
    pub fn data(&mut self, bytes: &[u8]) {
        self.data.update(bytes);
    }

    /// Ends the chunk, whose signature is given as it was sent: 64 small hexadecimal digits.
    ///
    /// # Errors
    /// The signature is not the one of this chunk at this place.
    pub fn end_chunk(&mut self, signature: &[u8]) -> Result<(), AuthError> {
        let digest = hex(&self.data.finalize_reset().into());
        self.link(CHUNK, &[NO_HEADERS, &digest], signature)
    }

    /// Ends the body with its trailer: `name:value` of each trailing header but the signature, names in lower case,
    /// outer white space cut off, a line break after each.
    ///
    /// # Errors
    /// The signature is not the one of this trailer.
    pub fn end_trailer(&mut self, trailer: &[u8], signature: &[u8]) -> Result<(), AuthError> {
        let digest = hex(&Sha256::digest(trailer).into());
        self.link(TRAILER, &[&digest], signature)
    }

    /// Compares the next signature of the chain.
    fn link(&mut self, algorithm: &str, rest: &[&[u8]], provided: &[u8]) -> Result<(), AuthError> {
        let mut text: Vec<&[u8]> = vec![algorithm.as_bytes(), self.context.as_bytes(), &self.previous, b"\n"];
        text.extend(rest);
        let signature = hex(&self.key.sign(&text));
        if same(&signature, provided) {
            self.previous = signature;
            return Ok(());
        }
        let error = AuthError::WrongSignature(Box::new(Mismatch {
            access_key: self.access_key.clone(),
            provided: String::from_utf8_lossy(provided).into_owned(),
            string_to_sign: String::from_utf8_lossy(&text.concat()).into_owned(),
            canonical_request: None,
        }));
        // No signature is made of zeros, so nothing continues from here.
        self.previous = [0; 64];
        Err(error)
    }
}

impl fmt::Debug for ChunkSignatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkSignatures").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}
