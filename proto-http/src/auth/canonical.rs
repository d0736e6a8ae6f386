//! The canonical request: the one text that all ways of sending the same request have, of which the signature is made.
//!
//! ```text
//!  PUT                                        method
//!  /bucket/a%20key                            path: decoded, then encoded once; slashes and dots are left alone
//!  partNumber=1&uploadId=x                    query: each name and value like the path, sorted
//!  host:example.org                           the signed headers, in the order of their list
//!  x-amz-date:20130524T000000Z
//!                                             an empty line
//!  host;x-amz-date                            the list
//!  UNSIGNED-PAYLOAD                           what stands for the body
//! ```
//!
//! What must hold: two requests that mean different things have different texts. A value has its outer white space cut
//! off and each inner run of it shortened to one space, within quotes too, since that is what today's clients sign.
//! Headers of one name are joined by a comma. A header that is listed and did not come counts as an empty one, as S3
//! has it: a client in use signs so.
//!
//! The text goes piece by piece into a digest; for the error document its beginning is kept, and no more than is shown.

use sha2::{Digest as _, Sha256};

use super::encoding::{Plus, Sink, put_canonical_path, put_canonical_query};
use super::error::AuthError;
use super::fields::Fields;
use super::query::{Parameter, parameters};
use crate::http1::Head;
use crate::limits::{SHOWN_BYTES_MAX, SIGNED_PARAMETERS_MAX};

/// A request as it was signed.
pub(super) struct CanonicalRequest<'a> {
    head: &'a Head,
    fields: &'a Fields<'a>,
    signed_headers: &'a str,
    /// The names in that list.
    signed_names: Vec<&'a [u8]>,
    payload: &'a [u8],
}

/// How a query is read, where its senders differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// What a plus sign was when it was signed.
    pub(super) plus: Plus,
    /// Whether the session token was in the query when it was signed; some clients append it afterwards.
    pub(super) token: bool,
}

impl<'a> CanonicalRequest<'a> {
    /// The request with this list of signed headers, and these words in place of its body.
    pub(super) fn new(
        head: &'a Head,
        fields: &'a Fields<'a>,
        signed_headers: &'a str,
        payload: &'a [u8],
    ) -> Result<CanonicalRequest<'a>, AuthError> {
        if parameters(head.query()).count() > SIGNED_PARAMETERS_MAX {
            return Err(AuthError::TooManyParameters);
        }
        let mut signed_names = Vec::with_capacity(16);
        signed_names.extend(signed_headers.as_bytes().split(|byte| *byte == b';'));
        Ok(CanonicalRequest { head, fields, signed_headers, signed_names, payload })
    }

    /// The names of the headers that must be signed and are not: `host`, and whatever begins with `x-amz-`. The digest
    /// of the body may be missing from the list if `payload_is_signed` all the same, as the last line of the text.
    pub(super) fn unsigned_headers(&self, payload_is_signed: bool) -> Vec<String> {
        let is_signed = |name: &str| self.signed_names.contains(&name.as_bytes());
        let mut names = Vec::new();
        if !is_signed("host") {
            names.push("host".to_owned());
        }
        for (name, _) in self.fields.lines() {
            let excused = payload_is_signed && name == "x-amz-content-sha256";
            if name.starts_with("x-amz-") && !excused && !is_signed(name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The digest of the text.
    pub(super) fn digest(&self, reading: Reading) -> [u8; 32] {
        let mut sink = Digesting(Sha256::new());
        self.write(reading, &mut sink);
        sink.0.finalize().into()
    }

    /// As much of the text as is shown.
    pub(super) fn beginning(&self, reading: Reading) -> String {
        let mut sink = Beginning(Vec::new());
        self.write(reading, &mut sink);
        String::from_utf8_lossy(&sink.0).into_owned()
    }

    fn write(&self, reading: Reading, sink: &mut impl Sink) {
        sink.put(self.head.method().as_bytes());
        sink.put(b"\n");
        match self.head.path() {
            b"" => sink.put(b"/"),
            path => put_canonical_path(path, sink),
        }
        sink.put(b"\n");
        self.write_query(reading, sink);
        sink.put(b"\n");
        for name in &self.signed_names {
            sink.put(name);
            sink.put(b":");
            for (at, value) in self.fields.all(name).enumerate() {
                if at > 0 {
                    sink.put(b",");
                }
                put_trimmed(value, sink);
            }
            sink.put(b"\n");
        }
        sink.put(b"\n");
        sink.put(self.signed_headers.as_bytes());
        sink.put(b"\n");
        sink.put(self.payload);
    }

    fn write_query(&self, reading: Reading, sink: &mut impl Sink) {
        let is_signed = |p: &Parameter<'_>| !p.is("X-Amz-Signature") && (reading.token || !p.is(TOKEN));
        // All names and values, spelled as they are signed, and where they end.
        let mut spelled = Vec::with_capacity(self.head.query().map_or(0, |query| query.len() + query.len() / 4));
        let mut ends = Vec::new();
        for parameter in parameters(self.head.query()).filter(is_signed) {
            let start = spelled.len();
            put_canonical_query(parameter.name, reading.plus, &mut spelled);
            let middle = spelled.len();
            put_canonical_query(parameter.value, reading.plus, &mut spelled);
            ends.push((start, middle, spelled.len()));
        }
        let part = |from, to| spelled.get(from..to).unwrap_or_default();
        ends.sort_unstable_by_key(|(start, middle, end)| (part(*start, *middle), part(*middle, *end)));
        for (at, (start, middle, end)) in ends.into_iter().enumerate() {
            if at > 0 {
                sink.put(b"&");
            }
            sink.put(part(start, middle));
            sink.put(b"=");
            sink.put(part(middle, end));
        }
    }
}

/// The parameter that holds a session's token.
const TOKEN: &str = "X-Amz-Security-Token";

struct Digesting(Sha256);

impl Sink for Digesting {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// The first bytes of a text, as many as are shown.
struct Beginning(Vec<u8>);

impl Sink for Beginning {
    fn put(&mut self, bytes: &[u8]) {
        let room = SHOWN_BYTES_MAX - self.0.len();
        self.0.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

/// Writes a header's value without outer white space and with each inner run of it as one space.
fn put_trimmed(value: &[u8], sink: &mut impl Sink) {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let value = value.trim_ascii();
    if !value.contains(&b' ') && !value.contains(&b'\t') {
        return sink.put(value);
    }
    let mut separator: &[u8] = b"";
    for word in value.split(is_space).filter(|word| !word.is_empty()) {
        sink.put(separator);
        sink.put(word);
        separator = b" ";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AS_SENT: Reading = Reading { plus: Plus::Space, token: true };

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes()).expect("a head").expect("all of it").0
    }

    fn text(head: &Head, signed_headers: &str, reading: Reading) -> String {
        let fields = Fields::of(head);
        CanonicalRequest::new(head, &fields, signed_headers, b"P").expect("few parameters").beginning(reading)
    }

    /// The path and the query of the text for this target.
    fn target(target: &str, reading: Reading) -> (String, String) {
        let text = text(&head(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")), "host", reading);
        let mut lines = text.lines().skip(1).map(str::to_owned);
        (lines.next().expect("a path"), lines.next().expect("a query"))
    }

    fn path(sent: &str) -> String {
        target(sent, AS_SENT).0
    }

    fn query(sent: &str, reading: Reading) -> String {
        target(&format!("/?{sent}"), reading).1
    }

    /// The line of the header `a` with these values.
    fn header(values: &[&str]) -> String {
        let lines: String = values.iter().map(|value| format!("A: {value}\r\n")).collect();
        let text = text(&head(&format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n")), "a", AS_SENT);
        text.lines().nth(3).expect("a header").to_owned()
    }

    #[test]
    fn the_text_has_its_parts_in_order() {
        let head =
            head("PUT /b/a%20key?uploadId=x&partNumber=1 HTTP/1.1\r\nX-Amz-Date: d\r\nHost: h:9000\r\nB: c\r\n\r\n");
        let expected = "PUT\n/b/a%20key\npartNumber=1&uploadId=x\nhost:h:9000\nx-amz-date:d\n\nhost;x-amz-date\nP";
        assert_eq!(text(&head, "host;x-amz-date", AS_SENT), expected);
        let fields = Fields::of(&head);
        let request = CanonicalRequest::new(&head, &fields, "host;x-amz-date", b"P").expect("few parameters");
        assert_eq!(request.digest(AS_SENT), <[u8; 32]>::from(Sha256::digest(expected)));
    }

    #[test]
    fn row_26_dots_and_slashes_are_left_alone() {
        assert_eq!(path("//b//a/./../c//"), "//b//a/./../c//");
        assert_eq!(path("/"), "/");
    }

    #[test]
    fn row_27_a_plus_in_a_path_is_a_plus() {
        assert_eq!(path("/b/a+b%2Bc%20d"), "/b/a%2Bb%2Bc%20d");
    }

    #[test]
    fn row_28_an_encoded_slash_is_a_slash_and_small_digits_are_taken() {
        assert_eq!(path("/b/a%2Fb%2fc%e4%7E"), "/b/a/b/c%E4~");
    }

    #[test]
    fn row_29_what_was_sent_raw_is_encoded() {
        assert_eq!(path("/b/k=@:,()!*'"), "/b/k%3D%40%3A%2C%28%29%21%2A%27");
        assert_eq!(path("/b/k%3D%40:,()!*'"), path("/b/k=@:,()!*'"));
    }

    #[test]
    fn row_30_the_query_is_sorted_by_name_then_value_and_keeps_doubles() {
        assert_eq!(query("acl", AS_SENT), "acl=");
        assert_eq!(query("b=2&a=2&acl&a=1&a=2", AS_SENT), "a=1&a=2&a=2&acl=&b=2");
        // By whole parameters `a-b=1` would come before `a=2`; by encoded names `%20` before `A`.
        assert_eq!(query("a-b=1&a=2", AS_SENT), "a=2&a-b=1");
        assert_eq!(query("A=1&%20=2&%c3%a9=3&~=4", AS_SENT), "%20=2&%C3%A9=3&A=1&~=4");
        assert_eq!(query("prefix=a/b&delimiter=%2f&x=a=b", AS_SENT), "delimiter=%2F&prefix=a%2Fb&x=a%3Db");
    }

    #[test]
    fn row_31_what_clients_add_for_themselves_is_signed_like_the_rest() {
        assert_eq!(query("x-id=PutObject", AS_SENT), "x-id=PutObject");
    }

    #[test]
    fn row_27_a_plus_in_a_query_is_read_both_ways() {
        assert_eq!(query("prefix=a+b", AS_SENT), "prefix=a%20b");
        assert_eq!(query("prefix=a+b", Reading { plus: Plus::Literal, ..AS_SENT }), "prefix=a%2Bb");
    }

    #[test]
    fn the_signature_is_no_part_of_the_query_and_the_token_may_be_none() {
        let sent = "X-Amz-Signature=00&X%2DAmz-Signature=00&X-Amz-Security-Token=t&a=1";
        assert_eq!(query(sent, AS_SENT), "X-Amz-Security-Token=t&a=1");
        assert_eq!(query(sent, Reading { token: false, ..AS_SENT }), "a=1");
        assert_eq!(query("X-Amz-Signature=00", AS_SENT), "");
    }

    #[test]
    fn row_32_values_are_trimmed_shortened_and_joined() {
        assert_eq!(header(&["  b \t c\t "]), "a:b c");
        assert_eq!(header(&["\"b   c\"  d"]), "a:\"b c\" d");
        assert_eq!(header(&["b\tc"]), "a:b c");
        assert_eq!(header(&[""]), "a:");
        assert_eq!(header(&["b, c", "", " d  e "]), "a:b, c,,d e");
        assert_eq!(header(&[]), "a:");
    }

    #[test]
    fn host_and_all_amz_headers_must_be_signed() {
        let head =
            head("GET / HTTP/1.1\r\nHost: h\r\nX-Amz-Acl: a\r\nX-Amz-Content-Sha256: P\r\nX-Amzn-Trace-Id: 1\r\n\r\n");
        let unsigned = |list: &str, payload_is_signed: bool| {
            let fields = Fields::of(&head);
            let request = CanonicalRequest::new(&head, &fields, list, b"P").expect("few parameters");
            request.unsigned_headers(payload_is_signed)
        };
        assert_eq!(unsigned("host;x-amz-acl", true), Vec::<String>::new());
        assert_eq!(unsigned("host;x-amz-acl", false), ["x-amz-content-sha256"]);
        assert_eq!(unsigned("", true), ["host", "x-amz-acl"]);
        assert_eq!(unsigned("hos;x-amz-aclx;Host", true), ["host", "x-amz-acl"]);
    }

    #[test]
    fn the_beginning_of_a_long_text_is_kept_and_no_more() {
        let head = head(&format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "|".repeat(SHOWN_BYTES_MAX)));
        let shown = text(&head, "host", AS_SENT);
        assert_eq!((shown.len(), shown.get(..12)), (SHOWN_BYTES_MAX, Some("GET\n/%7C%7C%")));
    }

    #[test]
    fn a_query_has_a_limit() {
        let request = |count: usize| {
            let head = head(&format!("GET /?{} HTTP/1.1\r\nHost: h\r\n\r\n", vec!["a"; count].join("&")));
            CanonicalRequest::new(&head, &Fields::of(&head), "host", b"P").map(|_| ()).map_err(|error| error.answer().0)
        };
        assert_eq!(request(SIGNED_PARAMETERS_MAX), Ok(()));
        assert_eq!(request(SIGNED_PARAMETERS_MAX + 1), Err("InvalidRequest"));
    }

    proptest! {
        #[test]
        fn the_digest_is_that_of_the_text(
            target in "/[a-z%/+]{0,12}(\\?[a-c%+=&]{0,24})?",
            values in proptest::collection::vec("[a-c\" \t]{0,8}", 0..4),
        ) {
            let lines: String = values.iter().map(|value| format!("A:{value}\r\n")).collect();
            let head = head(&format!("GET {target} HTTP/1.1\r\n{lines}Host: h\r\n\r\n"));
            let fields = Fields::of(&head);
            let request = CanonicalRequest::new(&head, &fields, "a;host", b"P").expect("few parameters");
            let text = request.beginning(AS_SENT);
            prop_assert_eq!(request.digest(AS_SENT), <[u8; 32]>::from(Sha256::digest(&text)));
            // The slow way to shorten values: all white space goes, one space comes between words.
            let words = |value: &String| value.split_whitespace().collect::<Vec<_>>().join(" ");
            let joined: Vec<String> = values.iter().map(words).collect();
            let line = format!("a:{}", joined.join(","));
            prop_assert_eq!(text.lines().nth(3), Some(line.as_str()));
        }
    }
}
