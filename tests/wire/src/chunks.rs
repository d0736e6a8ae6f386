//! A body in chunks, each signed over the one before it, as clients write them over plain HTTP.

use crate::digests::sha256_hex;
use crate::signature::DayKey;

/// Signs the chunks of one body.
pub struct ChunkSigner {
    key: DayKey,
    previous: String,
}

impl ChunkSigner {
    /// Goes on from the signature of the head.
    pub(crate) fn new(key: DayKey, seed: &str) -> ChunkSigner {
        ChunkSigner { key, previous: seed.to_owned() }
    }

    /// A chunk with its line and its end. The last one is empty, and its end belongs to what follows it.
    pub fn chunk(&mut self, data: &[u8]) -> Vec<u8> {
        let rest = format!("{}\n{}\n{}", self.previous, sha256_hex(b""), sha256_hex(data));
        self.previous = self.key.sign("AWS4-HMAC-SHA256-PAYLOAD", &rest);
        let mut out = format!("{:x};chunk-signature={}\r\n", data.len(), self.previous).into_bytes();
        if !data.is_empty() {
            out.extend_from_slice(data);
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// All of a body without a trailer, in chunks of `size` bytes.
    pub fn body(&mut self, data: &[u8], size: usize) -> Vec<u8> {
        let mut out: Vec<u8> = data.chunks(size).flat_map(|piece| self.chunk(piece)).collect();
        out.extend(self.chunk(b""));
        out.extend_from_slice(b"\r\n");
        out
    }

    /// A trailer of one line (`name:value`) and its signature, behind the last chunk.
    pub fn trailer(&mut self, line: &str) -> Vec<u8> {
        let rest = format!("{}\n{}", self.previous, sha256_hex(format!("{line}\n").as_bytes()));
        self.previous = self.key.sign("AWS4-HMAC-SHA256-TRAILER", &rest);
        format!("{line}\r\nx-amz-trailer-signature:{}\r\n\r\n", self.previous).into_bytes()
    }
}
