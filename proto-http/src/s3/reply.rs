//! What goes back for a request, before it is bytes.

use std::future::Future;
use std::pin::Pin;

use stratum_engine::error::Error;
use stratum_engine::node::Object;

use crate::error::S3Error;
use crate::http1::Lines;
use crate::net::BodyError;
use crate::s3::range::Slice;

/// An answer.
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers: what every answer has is not among them.
    pub lines: Lines,
    /// Its body.
    pub body: ReplyBody,
    /// What happened within to a part of it: for the journal.
    pub inside: Option<Box<Error>>,
}

/// The body of an answer.
pub enum ReplyBody {
    /// None, and the answer says so.
    Empty,
    /// A document.
    Document(Vec<u8>),
    /// Bytes of an object, read as they are sent.
    Object(Box<Object>, Slice),
    /// None, but the length that a GET would have sent: the answer to HEAD.
    Announced(u64),
}

/// What an operation comes to.
pub enum Outcome {
    /// An answer.
    Now(Reply),
    /// An answer that may take long. All of the request has been read; while it is waited for, the client is kept
    /// patient.
    Later(Pin<Box<dyn Future<Output = Result<Reply, S3Error>>>>),
}

/// Why there is no answer yet, or none at all.
#[derive(Debug)]
pub enum Failure {
    /// The request is refused, or failed.
    Refused(S3Error),
    /// The client has gone: nothing can be said to it.
    Gone,
}

impl Reply {
    /// A status and nothing else.
    #[must_use]
    pub fn status(status: u16) -> Reply {
        Reply { status, lines: Lines::default(), body: ReplyBody::Empty, inside: None }
    }

    /// A document.
    #[must_use]
    pub fn document(document: Vec<u8>) -> Reply {
        Reply { status: 200, lines: Lines::default(), body: ReplyBody::Document(document), inside: None }
    }

    /// With a header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Reply {
        self.lines.add(name, value.as_ref());
        self
    }
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Outcome {
        Outcome::Now(reply)
    }
}

impl<E: Into<S3Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Refused(error.into())
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Failure {
        match error {
            BodyError::Gone => Failure::Gone,
            BodyError::Refused(error) => Failure::Refused(*error),
        }
    }
}
