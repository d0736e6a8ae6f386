//! Why a server's answer did not come, or is none.

use std::fmt;

use crate::http1::ChunkError;
use crate::net::Gone;

/// Why there is no answer. The connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// Nobody listens there, or the network is not there.
    Unreachable,
    /// The server took or sent nothing for too long.
    Slow,
    /// The connection ended before the answer did.
    Closed,
    /// What came is no answer of HTTP/1.
    Malformed,
    /// The head of the answer is longer than is taken.
    HeadTooLarge,
    /// It cannot be said where the body of the answer ends.
    Framing,
    /// The body of the answer is longer than was asked for.
    BodyTooLarge,
    /// The chunks of the body are none.
    Chunks(ChunkError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Unreachable => f.write_str("the server cannot be reached"),
            ClientError::Slow => f.write_str("the server did not answer in time"),
            ClientError::Closed => f.write_str("the connection ended before the answer did"),
            ClientError::Malformed => f.write_str("the answer is not HTTP/1"),
            ClientError::HeadTooLarge => f.write_str("the head of the answer is too large"),
            ClientError::Framing => f.write_str("the answer does not say clearly where its body ends"),
            ClientError::BodyTooLarge => f.write_str("the body of the answer is too large"),
            ClientError::Chunks(why) => write!(f, "the body of the answer cannot be read: {why}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<Gone> for ClientError {
    fn from(gone: Gone) -> ClientError {
        match gone {
            Gone::Closed => ClientError::Closed,
            Gone::Slow => ClientError::Slow,
        }
    }
}

impl From<ChunkError> for ClientError {
    fn from(why: ChunkError) -> ClientError {
        ClientError::Chunks(why)
    }
}
