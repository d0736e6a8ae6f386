//! The head of a request: one owned copy of its bytes and where things lie in it.
//!
//! What must hold: path, query and header values are kept exactly as they were sent, since signatures are made over
//! them. Header names are lower case.

use crate::limits::{HEAD_BYTES_MAX, HEADERS_MAX};

/// A parsed head.
#[derive(Clone, Debug)]
pub struct Head {
    bytes: Vec<u8>,
    method: Span,
    path: Span,
    query: Option<Span>,
    version: Version,
    headers: Vec<(Span, Span)>,
}

/// Where something lies in the head.
type Span = std::ops::Range<usize>;

/// The version of the protocol that the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: the connection ends with the answer unless both sides want it to stay.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// Why a head is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// More bytes or more lines than are taken.
    TooLarge,
    /// Not HTTP/1.
    Malformed,
}

impl Head {
    /// Takes a head from the front of `input`, and tells how many bytes it had. `None` if it has not all come yet.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn parse(input: &[u8]) -> Result<Option<(Head, usize)>, HeadError> {
        let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut lines);
        let length = match request.parse(input) {
            Ok(httparse::Status::Complete(length)) if length <= HEAD_BYTES_MAX => length,
            Ok(httparse::Status::Partial) if input.len() < HEAD_BYTES_MAX => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
            Err(_) => return Err(HeadError::Malformed),
        };
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
            return Err(HeadError::Malformed);
        };
        let within = |part: &[u8]| {
            let from = part.as_ptr() as usize - input.as_ptr() as usize;
            from..from + part.len()
        };
        let target = within(target.as_bytes());
        let mark = input.get(target.clone()).and_then(|bytes| bytes.iter().position(|byte| *byte == b'?'));
        let (path, query) = match mark {
            Some(at) => (target.start..target.start + at, Some(target.start + at + 1..target.end)),
            None => (target, None),
        };
        let headers: Vec<_> =
            request.headers.iter().map(|line| (within(line.name.as_bytes()), within(line.value))).collect();
        let method = within(method.as_bytes());
        let version = if version == 0 { Version::Http10 } else { Version::Http11 };
        let mut bytes = input.get(..length).ok_or(HeadError::Malformed)?.to_vec();
        for (name, _) in &headers {
            bytes.get_mut(name.clone()).ok_or(HeadError::Malformed)?.make_ascii_lowercase();
        }
        Ok(Some((Head { bytes, method, path, query, version, headers }, length)))
    }

    /// The method, as sent.
    #[must_use]
    pub fn method(&self) -> &str {
        std::str::from_utf8(self.at(&self.method)).unwrap_or_default()
    }

    /// The path, as sent: percent-encoded, with its slash, without the query.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        self.at(&self.path)
    }

    /// What stands after the question mark, as sent.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        self.query.as_ref().map(|span| self.at(span))
    }

    /// The client's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The value of the first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// The values of all headers of this name, which is given in lower case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All headers in order, their names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (std::str::from_utf8(self.at(name)).unwrap_or_default(), self.at(value)))
    }

    fn at(&self, span: &Span) -> &[u8] {
        self.bytes.get(span.clone()).unwrap_or_default()
    }
}
