//! The head of a request: one owned copy of its bytes and where things lie in it.
//!
//! What must hold: path, query and header values are kept exactly as they were sent, since signatures are made over
//! them. Header names are lower case. Everything on which two servers could disagree is refused: line ends other than
//! CRLF, folded lines, spaces before a colon, control bytes, a request that names no host or several, a target that
//! names another host than the header does.
//!
//! What is let through, because clients send it: raw bytes above ASCII in values, raw UTF-8 in the target. A target
//! that is not UTF-8 is refused; no key could be made of it.
//!
//! Not here: reading a head that comes in pieces (`scanner`), and what it means for the body (`framing`).

use std::fmt;
use std::mem::MaybeUninit;

use super::target::{Target, is_host};
use crate::limits::{EMPTY_LINES_MAX, HEAD_BYTES_MAX, HEADERS_MAX};

/// A parsed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    bytes: Vec<u8>,
    method: Span,
    authority: Option<Span>,
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

/// Why a head is none. The connection ends with the answer: nobody knows where the next request begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// More bytes or more lines than are taken.
    TooLarge,
    /// Not HTTP/1.
    Malformed,
    /// A request of another version of HTTP.
    Version,
    /// No host, several, one that cannot be, or one in the target and another in the header.
    Host,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeadError::TooLarge => "the head is too large",
            HeadError::Malformed => "the head is malformed",
            HeadError::Version => "the version is not supported",
            HeadError::Host => "the host is missing, repeated, invalid or contradicted by the target",
        })
    }
}

impl std::error::Error for HeadError {}

impl Head {
    /// Takes a head from the front of `input`, and tells how many bytes it had, empty lines before it included.
    /// `None` if it has not all come yet.
    ///
    /// Every call begins at the front: whoever reads from a slow client asks `HeadScanner`, which does not.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn parse(input: &[u8]) -> Result<Option<(Head, usize)>, HeadError> {
        let Some(skipped) = empty_lines(input)? else { return Ok(None) };
        let input = input.get(skipped..).unwrap_or_default();
        // No more is looked at than a head may have: what is incomplete within that is too large.
        let within_limit = input.get(..HEAD_BYTES_MAX).unwrap_or(input);
        let mut lines = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut []);
        let length = match request.parse_with_uninit_headers(within_limit, &mut lines) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if input.len() < HEAD_BYTES_MAX => return Ok(None),
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
            Err(httparse::Error::Version) => return Err(version_error(within_limit, request.path)),
            Err(_) => return Err(HeadError::Malformed),
        };
        let head = Head::copy(within_limit.get(..length).ok_or(HeadError::Malformed)?, &request)?;
        head.check_lines()?;
        head.check_host()?;
        Ok(Some((head, skipped + length)))
    }

    /// Copies what the parser found in `input`.
    fn copy(input: &[u8], request: &httparse::Request<'_, '_>) -> Result<Head, HeadError> {
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
            return Err(HeadError::Malformed);
        };
        let within = |part: &[u8]| {
            let from = part.as_ptr() as usize - input.as_ptr() as usize;
            from..from + part.len()
        };
        let parts = Target::parse(method, target.as_bytes()).ok_or(HeadError::Malformed)?;
        let base = within(target.as_bytes()).start;
        let moved = |span: Span| base + span.start..base + span.end;
        let mut bytes = input.to_vec();
        let mut headers = Vec::with_capacity(request.headers.len());
        for line in request.headers.iter() {
            let name = within(line.name.as_bytes());
            bytes.get_mut(name.clone()).ok_or(HeadError::Malformed)?.make_ascii_lowercase();
            headers.push((name, within(line.value)));
        }
        Ok(Head {
            bytes,
            method: within(method.as_bytes()),
            authority: parts.authority.map(moved),
            path: moved(parts.path),
            query: parts.query.map(moved),
            version: if version == 0 { Version::Http10 } else { Version::Http11 },
            headers,
        })
    }

    /// The parser takes a bare LF for the end of a line. Servers that do not would see other lines than we do.
    fn check_lines(&self) -> Result<(), HeadError> {
        let ends_well = |end: usize| end.checked_sub(2).and_then(|from| self.bytes.get(from..end)) == Some(b"\r\n");
        let begins = self.headers.iter().map(|(name, _)| name.start);
        let all_well = begins.chain([self.bytes.len()]).all(ends_well) && self.bytes.ends_with(b"\r\n\r\n");
        all_well.then_some(()).ok_or(HeadError::Malformed)
    }

    /// The header is what signatures cover, and the host names a bucket: an absolute target that names another host
    /// would send a signed request to a bucket that nobody signed. RFC 9112 (3.2) wants both to be identical, and they
    /// are compared so, down to the port.
    fn check_host(&self) -> Result<(), HeadError> {
        let mut hosts = self.all("host");
        let (first, another) = (hosts.next(), hosts.next());
        let is_missing = first.is_none() && self.version == Version::Http11;
        let contradicts = self
            .authority
            .as_ref()
            .map(|span| self.at(span))
            .is_some_and(|named| named.is_empty() || !first.is_some_and(|host| host.eq_ignore_ascii_case(named)));
        if is_missing || contradicts || another.is_some() || !first.is_none_or(is_host) {
            return Err(HeadError::Host);
        }
        Ok(())
    }

    /// The method, as sent.
    #[must_use]
    pub fn method(&self) -> &str {
        std::str::from_utf8(self.at(&self.method)).unwrap_or_default()
    }

    /// The path, as sent: percent-encoded, with its slash, without the query. `*` if an OPTIONS asks for the server.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        match self.at(&self.path) {
            b"" => b"/",
            path => path,
        }
    }

    /// What stands after the question mark, as sent.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        self.query.as_ref().map(|span| self.at(span))
    }

    /// The host that is asked, with its port, as the header says it. `None` in HTTP/1.0.
    #[must_use]
    pub fn host(&self) -> Option<&[u8]> {
        self.header("host")
    }

    /// The client's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The value of the first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.headers.iter().find(|(other, _)| self.at(other) == name.as_bytes())?;
        Some(self.at(value))
    }

    /// The values of all headers of this name, which is given in lower case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let is_named = move |span: &Span| self.at(span) == name.as_bytes();
        self.headers.iter().filter(move |(other, _)| is_named(other)).map(|(_, value)| self.at(value))
    }

    /// All headers in order, their names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (std::str::from_utf8(self.at(name)).unwrap_or_default(), self.at(value)))
    }

    /// Adds a header that the request carries in another place. Its name is lower case; neither it nor the value has
    /// bytes that no header line may have.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        let mut append = |part: &[u8]| {
            let from = self.bytes.len();
            self.bytes.extend_from_slice(part);
            from..self.bytes.len()
        };
        let line = (append(name.as_bytes()), append(value));
        self.headers.push(line);
    }

    fn at(&self, span: &Span) -> &[u8] {
        self.bytes.get(span.clone()).unwrap_or_default()
    }
}

/// What is wrong after the target: another version, or no version at all, as where a space stands in the target.
fn version_error(input: &[u8], target: Option<&str>) -> HeadError {
    let end = target.map(|target| target.as_ptr() as usize - input.as_ptr() as usize + target.len());
    match end.and_then(|end| input.get(end..)) {
        Some(rest) if rest.starts_with(b" HTTP/") => HeadError::Version,
        _ => HeadError::Malformed,
    }
}

/// The bytes of the empty lines that `input` begins with. `None` if nothing else has come yet.
///
/// # Errors
/// There are too many, or a CR stands alone.
pub(super) fn empty_lines(input: &[u8]) -> Result<Option<usize>, HeadError> {
    let mut skipped = 0;
    loop {
        match input.get(skipped..).unwrap_or_default() {
            [b'\r', b'\n', ..] if skipped == 2 * EMPTY_LINES_MAX => return Err(HeadError::Malformed),
            [b'\r', b'\n', ..] => skipped += 2,
            [] | [b'\r'] => return Ok(None),
            [b'\r' | b'\n', ..] => return Err(HeadError::Malformed),
            _ => return Ok(Some(skipped)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Head, HeadError> {
        Head::parse(text.as_bytes()).map(|found| found.expect("the head is complete").0)
    }

    /// A request with this line among its headers.
    fn with_line(line: &str) -> Result<Head, HeadError> {
        parse(&format!("GET /b/k HTTP/1.1\r\nHost: h\r\n{line}\r\nlast: 1\r\n\r\n"))
    }

    #[test]
    fn a_recorded_put_is_read() {
        let text = "PUT /bucket/a%20key?x-id=PutObject HTTP/1.1\r\nHost: s3.local:9000\r\nAccept-Encoding: identity\r\n\
                    User-Agent: Boto3/1.36.2 md/Botocore#1.36.2\r\nContent-MD5:  rL0Y20zC+Fzt72VPzMSk2A==\t \r\n\
                    Expect: 100-continue\r\nX-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nEmpty:\r\n\r\nbody";
        let (head, length) = Head::parse(text.as_bytes()).expect("valid").expect("complete");
        assert_eq!(length, text.len() - 4);
        assert_eq!(
            (head.method(), head.path(), head.version()),
            ("PUT", b"/bucket/a%20key".as_slice(), Version::Http11)
        );
        assert_eq!(head.query(), Some(b"x-id=PutObject".as_slice()));
        assert_eq!(head.host(), Some(b"s3.local:9000".as_slice()));
        assert_eq!(head.header("content-md5"), Some(b"rL0Y20zC+Fzt72VPzMSk2A==".as_slice()));
        assert_eq!(head.header("empty"), Some(b"".as_slice()));
        assert_eq!(head.header("absent"), None);
        assert_eq!(head.headers().count(), 7);
    }

    #[test]
    fn an_incomplete_head_is_no_error_at_any_byte() {
        let text = b"\r\n\r\nDELETE /b/k?versionId=1 HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(Head::parse(&text[..end]), Ok(None), "{end}");
        }
        assert!(Head::parse(text).expect("valid").is_some());
    }

    #[test]
    fn header_names_come_in_any_case() {
        let head = parse("GET / HTTP/1.1\r\nhOsT: h\r\nX-AMZ-date: D\r\nx-amz-DATE: E\r\n\r\n").expect("valid");
        assert_eq!(head.all("x-amz-date").collect::<Vec<_>>(), [b"D", b"E"]);
        assert_eq!(head.host(), Some(b"h".as_slice()));
    }

    #[test]
    fn an_added_header_is_found_like_the_others() {
        let mut head = with_line("x-a: 1").expect("valid");
        head.add("x-a", b"2");
        head.add("x-b", b"");
        assert_eq!(head.all("x-a").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!((head.header("x-b"), head.path()), (Some(b"".as_slice()), b"/b/k".as_slice()));
    }

    #[test]
    fn an_absolute_target_names_the_same_host_in_any_case() {
        let head = parse("GET http://Real:9000/b/k?acl HTTP/1.1\r\nHost: real:9000\r\n\r\n").expect("valid");
        assert_eq!((head.path(), head.query()), (b"/b/k".as_slice(), Some(b"acl".as_slice())));
        assert_eq!(head.host(), Some(b"real:9000".as_slice()));
        let head = parse("GET http://real HTTP/1.1\r\nHost: real\r\n\r\n").expect("valid");
        assert_eq!(head.path(), b"/");
        assert!(parse("GET http://real/ HTTP/1.0\r\nHost: real\r\n\r\n").is_ok());
    }

    /// The target's host once won over the header, which is what signatures cover: with a domain of buckets, a URL that
    /// was presigned for one bucket reached the same key of another.
    #[test]
    fn a_target_that_names_another_host_than_the_header_is_refused() {
        for (target, host) in [
            ("http://other.s3.example.com/b/k", "Host: s3.example.com\r\n"),
            ("http://real/b/k", "Host: real:9000\r\n"),
            ("http://real:80/b/k", "Host: real\r\n"),
            ("http://real/b/k", "Host:\r\n"),
            ("http://real/b/k", "Host: real.\r\n"),
        ] {
            let refused = parse(&format!("GET {target} HTTP/1.1\r\n{host}\r\n"));
            assert_eq!(refused, Err(HeadError::Host), "{target} {host}");
        }
        assert_eq!(parse("GET http://real/b/k HTTP/1.0\r\n\r\n"), Err(HeadError::Host), "no header at all");
    }

    #[test]
    fn an_absolute_target_without_host_or_with_a_user_is_refused() {
        for target in ["http:///b/k", "http://u@h/b", "http://?acl"] {
            assert_eq!(parse(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")), Err(HeadError::Host));
        }
    }

    #[test]
    fn options_may_ask_for_the_server() {
        let head = parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").expect("valid");
        assert_eq!(head.path(), b"*");
        assert_eq!(parse("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), Err(HeadError::Malformed));
    }

    #[test]
    fn a_request_of_http_1_1_names_one_host() {
        assert_eq!(parse("GET / HTTP/1.1\r\nA: b\r\n\r\n"), Err(HeadError::Host));
        assert_eq!(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), Err(HeadError::Host));
        assert_eq!(parse("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), Err(HeadError::Host));
        assert_eq!(parse("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), Err(HeadError::Host));
        assert_eq!(parse("GET http://a/ HTTP/1.1\r\nA: b\r\n\r\n"), Err(HeadError::Host));
        assert_eq!(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n").expect("valid").host(), Some(b"".as_slice()));
    }

    #[test]
    fn a_request_of_http_1_0_needs_no_host() {
        let head = parse("GET / HTTP/1.0\r\n\r\n").expect("valid");
        assert_eq!((head.host(), head.version()), (None, Version::Http10));
    }

    #[test]
    fn folded_lines_are_refused() {
        assert_eq!(with_line("X-A: one\r\n two"), Err(HeadError::Malformed));
        assert_eq!(with_line("X-A: one\r\n\ttwo"), Err(HeadError::Malformed));
        assert_eq!(parse("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), Err(HeadError::Malformed));
    }

    #[test]
    fn a_space_in_or_after_a_name_is_refused() {
        for line in ["Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", "a b: c", ": c", "nameless"] {
            assert_eq!(with_line(line), Err(HeadError::Malformed), "{line}");
        }
    }

    #[test]
    fn control_bytes_are_refused_wherever_they_stand() {
        for byte in (0..0x20).chain([0x7f]).map(char::from).filter(|c| !matches!(c, '\t' | '\n')) {
            assert_eq!(with_line(&format!("X-A: a{byte}b")), Err(HeadError::Malformed), "{byte:?} in a value");
            assert_eq!(with_line(&format!("X{byte}A: a")), Err(HeadError::Malformed), "{byte:?} in a name");
            let text = format!("GET /a{byte}b HTTP/1.1\r\nHost: h\r\n\r\n");
            assert_eq!(parse(&text), Err(HeadError::Malformed), "{byte:?} in a path");
        }
        assert_eq!(with_line("X-A: a\tb").expect("valid").header("x-a"), Some(b"a\tb".as_slice()));
    }

    #[test]
    fn bare_line_feeds_are_refused() {
        for text in [
            "GET / HTTP/1.1\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n\n",
            "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.0\r\n\n",
            "GET / HTTP/1.0\n\r\n",
        ] {
            assert_eq!(parse(text), Err(HeadError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn raw_bytes_above_ascii_are_kept() {
        let text = "PUT /b/gr\u{fc}n HTTP/1.1\r\nHost: h\r\nx-amz-meta-a: gr\u{fc}n\r\nx-amz-meta-b: \u{0}\r\n\r\n";
        let mut bytes = text.as_bytes().to_vec();
        let at = bytes.iter().position(|byte| *byte == 0).expect("it is there");
        bytes[at] = 0xff;
        let (head, _) = Head::parse(&bytes).expect("valid").expect("complete");
        assert_eq!(head.path(), "/b/gr\u{fc}n".as_bytes());
        assert_eq!(head.header("x-amz-meta-a"), Some("gr\u{fc}n".as_bytes()));
        assert_eq!(head.header("x-amz-meta-b"), Some([0xff].as_slice()));
    }

    #[test]
    fn a_path_that_is_not_utf_8_is_refused() {
        assert_eq!(Head::parse(b"GET /b/\xff HTTP/1.1\r\nHost: h\r\n\r\n"), Err(HeadError::Malformed));
    }

    #[test]
    fn a_number_sign_belongs_to_the_path() {
        assert_eq!(parse("GET /b/a#b HTTP/1.1\r\nHost: h\r\n\r\n").expect("valid").path(), b"/b/a#b");
    }

    #[test]
    fn two_empty_lines_may_come_first_but_not_three() {
        let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let (_, length) = Head::parse(format!("\r\n\r\n{get}").as_bytes()).expect("valid").expect("complete");
        assert_eq!(length, get.len() + 4);
        assert_eq!(Head::parse(format!("\r\n\r\n\r\n{get}").as_bytes()), Err(HeadError::Malformed));
        assert_eq!(Head::parse(b"\rG"), Err(HeadError::Malformed));
    }

    #[test]
    fn other_versions_are_told_from_garbage() {
        assert_eq!(Head::parse(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Err(HeadError::Version));
        assert_eq!(Head::parse(b"GET / HTTP/0.9\r\n\r\n"), Err(HeadError::Version));
        assert_eq!(Head::parse(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), Err(HeadError::Malformed));
        assert_eq!(Head::parse(b"GET  / HTTP/1.1\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(Head::parse(b"GET /a b HTTP/1.1\r\n\r\n"), Err(HeadError::Malformed));
    }

    #[test]
    fn pipelined_heads_are_taken_one_by_one() {
        let text = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /b HTTP/1.1\r\nHost: h\r\n\r\n";
        let (first, length) = Head::parse(text).expect("valid").expect("complete");
        let (second, rest) = Head::parse(&text[length..]).expect("valid").expect("complete");
        assert_eq!((first.path(), second.path(), length + rest), (b"/a".as_slice(), b"/b".as_slice(), text.len()));
    }

    #[test]
    fn a_head_of_the_largest_size_is_read_and_one_more_byte_is_too_large() {
        let begin = "GET / HTTP/1.1\r\nHost: h\r\nx-amz-security-token: ";
        let fill = HEAD_BYTES_MAX - begin.len() - 4;
        let text = |fill: usize| format!("{begin}{}\r\n\r\n", "t".repeat(fill));
        assert_eq!(parse(&text(fill)).expect("valid").header("x-amz-security-token").map(<[u8]>::len), Some(fill));
        assert_eq!(parse(&text(fill + 1)), Err(HeadError::TooLarge));
        assert_eq!(Head::parse(&text(fill + 100).as_bytes()[..HEAD_BYTES_MAX]), Err(HeadError::TooLarge));
    }

    #[test]
    fn sixteen_kib_of_policy_token_are_no_trouble() {
        let token = "t".repeat(16 * 1024);
        let head = with_line(&format!("x-amz-security-token: {token}")).expect("valid");
        assert_eq!(head.header("x-amz-security-token"), Some(token.as_bytes()));
    }

    #[test]
    fn more_lines_than_are_taken_are_too_large() {
        let text = |count: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "a: b\r\n".repeat(count));
        assert_eq!(parse(&text(HEADERS_MAX - 1)).expect("valid").headers().count(), HEADERS_MAX);
        assert_eq!(parse(&text(HEADERS_MAX)), Err(HeadError::TooLarge));
    }
}
