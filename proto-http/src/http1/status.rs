//! The statuses that S3 answers with.
//!
//! Not here: which error of S3 has which status; the table of errors knows.

/// A status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are the reasons that HTTP gives them")]
pub enum Status {
    Ok,
    Created,
    Accepted,
    NoContent,
    PartialContent,
    MovedPermanently,
    Found,
    SeeOther,
    NotModified,
    TemporaryRedirect,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    LengthRequired,
    PreconditionFailed,
    ContentTooLarge,
    UriTooLong,
    RangeNotSatisfiable,
    ExpectationFailed,
    TooManyRequests,
    HeaderFieldsTooLarge,
    InternalServerError,
    NotImplemented,
    ServiceUnavailable,
    VersionNotSupported,
    InsufficientStorage,
}

/// All of them.
const ALL: [Status; 30] = [
    Status::Ok,
    Status::Created,
    Status::Accepted,
    Status::NoContent,
    Status::PartialContent,
    Status::MovedPermanently,
    Status::Found,
    Status::SeeOther,
    Status::NotModified,
    Status::TemporaryRedirect,
    Status::BadRequest,
    Status::Unauthorized,
    Status::Forbidden,
    Status::NotFound,
    Status::MethodNotAllowed,
    Status::RequestTimeout,
    Status::Conflict,
    Status::LengthRequired,
    Status::PreconditionFailed,
    Status::ContentTooLarge,
    Status::UriTooLong,
    Status::RangeNotSatisfiable,
    Status::ExpectationFailed,
    Status::TooManyRequests,
    Status::HeaderFieldsTooLarge,
    Status::InternalServerError,
    Status::NotImplemented,
    Status::ServiceUnavailable,
    Status::VersionNotSupported,
    Status::InsufficientStorage,
];

impl Status {
    /// The status of this number; a fault of ours if it is none of S3's.
    #[must_use]
    pub fn of(code: u16) -> Status {
        ALL.into_iter().find(|status| status.code() == code).unwrap_or(Status::InternalServerError)
    }

    /// The number of the status.
    #[must_use]
    pub fn code(self) -> u16 {
        let line = self.line().as_bytes();
        line.iter().skip("HTTP/1.1 ".len()).take(3).fold(0, |code, digit| code * 10 + u16::from(digit - b'0'))
    }

    /// Whether an answer of this status never has a body, so that no length may be said either.
    #[must_use]
    pub fn is_bodyless(self) -> bool {
        matches!(self, Status::NoContent | Status::NotModified)
    }

    /// The first line of an answer.
    pub(super) fn line(self) -> &'static str {
        match self {
            Status::Ok => "HTTP/1.1 200 OK\r\n",
            Status::Created => "HTTP/1.1 201 Created\r\n",
            Status::Accepted => "HTTP/1.1 202 Accepted\r\n",
            Status::NoContent => "HTTP/1.1 204 No Content\r\n",
            Status::PartialContent => "HTTP/1.1 206 Partial Content\r\n",
            Status::MovedPermanently => "HTTP/1.1 301 Moved Permanently\r\n",
            Status::Found => "HTTP/1.1 302 Found\r\n",
            Status::SeeOther => "HTTP/1.1 303 See Other\r\n",
            Status::NotModified => "HTTP/1.1 304 Not Modified\r\n",
            Status::TemporaryRedirect => "HTTP/1.1 307 Temporary Redirect\r\n",
            Status::BadRequest => "HTTP/1.1 400 Bad Request\r\n",
            Status::Unauthorized => "HTTP/1.1 401 Unauthorized\r\n",
            Status::Forbidden => "HTTP/1.1 403 Forbidden\r\n",
            Status::NotFound => "HTTP/1.1 404 Not Found\r\n",
            Status::MethodNotAllowed => "HTTP/1.1 405 Method Not Allowed\r\n",
            Status::RequestTimeout => "HTTP/1.1 408 Request Timeout\r\n",
            Status::Conflict => "HTTP/1.1 409 Conflict\r\n",
            Status::LengthRequired => "HTTP/1.1 411 Length Required\r\n",
            Status::PreconditionFailed => "HTTP/1.1 412 Precondition Failed\r\n",
            Status::ContentTooLarge => "HTTP/1.1 413 Content Too Large\r\n",
            Status::UriTooLong => "HTTP/1.1 414 URI Too Long\r\n",
            Status::RangeNotSatisfiable => "HTTP/1.1 416 Range Not Satisfiable\r\n",
            Status::ExpectationFailed => "HTTP/1.1 417 Expectation Failed\r\n",
            Status::TooManyRequests => "HTTP/1.1 429 Too Many Requests\r\n",
            Status::HeaderFieldsTooLarge => "HTTP/1.1 431 Request Header Fields Too Large\r\n",
            Status::InternalServerError => "HTTP/1.1 500 Internal Server Error\r\n",
            Status::NotImplemented => "HTTP/1.1 501 Not Implemented\r\n",
            Status::ServiceUnavailable => "HTTP/1.1 503 Service Unavailable\r\n",
            Status::VersionNotSupported => "HTTP/1.1 505 HTTP Version Not Supported\r\n",
            Status::InsufficientStorage => "HTTP/1.1 507 Insufficient Storage\r\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_knows_its_number() {
        assert_eq!((Status::Ok.code(), Status::NotFound.code(), Status::InsufficientStorage.code()), (200, 404, 507));
    }

    #[test]
    fn a_number_is_a_status_or_a_fault_of_ours() {
        assert!(ALL.into_iter().all(|status| Status::of(status.code()) == status));
        assert_eq!(Status::of(299), Status::InternalServerError);
    }

    #[test]
    fn two_statuses_have_no_body() {
        assert!(Status::NoContent.is_bodyless() && Status::NotModified.is_bodyless() && !Status::Ok.is_bodyless());
    }

    #[test]
    fn a_line_is_one_that_a_client_reads() {
        for status in [Status::Ok, Status::HeaderFieldsTooLarge, Status::VersionNotSupported] {
            let text = format!("{}\r\n", status.line());
            let mut response = httparse::Response::new(&mut []);
            assert!(response.parse(text.as_bytes()).expect("valid").is_complete());
            assert_eq!((response.version, response.code), (Some(1), Some(status.code())));
        }
    }
}
