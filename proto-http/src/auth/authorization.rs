//! What a request presents to prove who asks: nothing, a header, or parameters of its query.
//!
//! ```text
//!  Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...  -> Header
//!  ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=...&X-Amz-Signature=...        -> Presigned (see `presigned`)
//!  ?AWSAccessKeyId=...&Expires=...&Signature=...                                     -> PresignedV2
//!  neither                                                                           -> Anonymous
//! ```
//!
//! What must hold: a request is anonymous only if it presents nothing at all. An empty header, an unknown scheme, half
//! of the parameters, an old signature, or two signatures at once are refused, each with S3's code.
//!
//! Not here: whether what is presented is true (`sigv4`).

use super::error::{AuthError, Flaw, Form};
use super::fields::Fields;
use super::presigned::Presigned;
use super::presigned_v2::PresignedV2;
use super::query::parameters;
use super::scope::Credential;
use crate::http1::Head;
use crate::limits::{AUTHORIZATION_BYTES_MAX, SIGNED_HEADERS_MAX};

/// What a request presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    Anonymous,
    /// The header `Authorization`.
    Header(Claim),
    /// The parameters of a presigned request.
    Presigned(Presigned),
    /// Those of version 2.
    PresignedV2(PresignedV2),
}

/// What both forms say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose key, and for what.
    pub credential: Credential,
    /// The names of the signed headers, with semicolons between, as they were sent.
    pub signed_headers: String,
    /// The signature as it was sent: 64 small hexadecimal digits, if it is one.
    pub signature: String,
}

/// The algorithm that we take, in both forms.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The algorithm of version 4A, which we do not.
pub(super) const ALGORITHM_V4A: &str = "AWS4-ECDSA-P256-SHA256";

impl Presented {
    /// Reads what a request presents.
    ///
    /// # Errors
    /// It presents something that is refused whoever asks.
    pub fn of(head: &Head) -> Result<Presented, AuthError> {
        Self::read(head, &Fields::of(head))
    }

    /// The same for a head whose fields were found before.
    pub(super) fn read(head: &Head, fields: &Fields<'_>) -> Result<Presented, AuthError> {
        let header = fields.first("authorization");
        let query = QueryMechanisms::of(head.query());
        let mechanisms = header.map_or(0, |(_, count)| count) + query.count();
        match header {
            _ if mechanisms > 1 => Err(AuthError::ManyMechanisms),
            Some((value, _)) => Claim::of_header(value).map(Presented::Header),
            None if query.version_4 => Presigned::of(head.query()).map(Presented::Presigned),
            None if query.version_2 => PresignedV2::of(head.query()).map(Presented::PresignedV2),
            None => Ok(Presented::Anonymous),
        }
    }
}

/// Which signatures a query presents.
struct QueryMechanisms {
    version_4: bool,
    version_2: bool,
}

impl QueryMechanisms {
    fn of(query: Option<&[u8]>) -> QueryMechanisms {
        let mut found = QueryMechanisms { version_4: false, version_2: false };
        for parameter in parameters(query) {
            found.version_4 |=
                ["X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential"].iter().any(|n| parameter.is(n));
            found.version_2 |= ["Signature", "AWSAccessKeyId"].iter().any(|name| parameter.is(name));
        }
        found
    }

    fn count(&self) -> usize {
        usize::from(self.version_4) + usize::from(self.version_2)
    }
}

impl Claim {
    /// Reads the value of the header `Authorization`.
    fn of_header(value: &[u8]) -> Result<Claim, AuthError> {
        let malformed = |flaw| AuthError::Malformed { form: Form::Header, flaw };
        if value.is_empty() {
            return Err(AuthError::EmptyAuthorization);
        }
        let Ok(value) = std::str::from_utf8(value) else { return Err(AuthError::UnknownScheme) };
        let (scheme, parts) = value.split_once([' ', '\t']).unwrap_or((value, ""));
        match scheme {
            ALGORITHM => {}
            ALGORITHM_V4A => return Err(AuthError::SignatureV4a { place: "Authorization" }),
            "AWS" => return Err(AuthError::SignatureV2),
            _ => return Err(AuthError::UnknownScheme),
        }
        let strange = |part: &str| malformed(Flaw::Part(part.to_owned()));
        if value.len() > AUTHORIZATION_BYTES_MAX {
            return Err(strange("Authorization"));
        }
        let [mut credential, mut signed_headers, mut signature] = [None; 3];
        for part in parts.split(',').map(str::trim_ascii).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| strange(part))?;
            let place = match name.trim_ascii_end() {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                unknown => return Err(strange(unknown)),
            };
            if place.replace(value.trim_ascii_start()).is_some() {
                return Err(malformed(Flaw::Parts));
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature)) = (credential, signed_headers, signature) else {
            return Err(malformed(Flaw::Parts));
        };
        Claim::new(credential.to_owned(), signed_headers.to_owned(), signature.to_owned()).map_err(malformed)
    }

    /// Puts the parts of either form together.
    pub(super) fn new(credential: String, signed_headers: String, signature: String) -> Result<Claim, Flaw> {
        if signed_headers.bytes().filter(|byte| *byte == b';').count() >= SIGNED_HEADERS_MAX {
            return Err(Flaw::Part("SignedHeaders".to_owned()));
        }
        Ok(Claim { credential: Credential::parse(credential)?, signed_headers, signature })
    }

    /// Whether the header of this name, in lower case, is signed.
    pub(super) fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIAL: &str = "AKID/20130524/us-east-1/s3/aws4_request";

    fn of(target: &str, headers: &[&str]) -> Result<Presented, AuthError> {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let bytes = format!("GET {target} HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        Presented::of(&Head::parse(bytes.as_bytes()).expect("a head").expect("all of it").0)
    }

    fn header(value: &str) -> Result<Presented, AuthError> {
        of("/", &[&format!("Authorization: {value}")])
    }

    fn answer(result: Result<Presented, AuthError>) -> (&'static str, u16) {
        let (code, status, _) = result.expect_err("to be refused").answer();
        (code, status)
    }

    #[test]
    fn parts_come_in_any_order_with_or_without_spaces() {
        let parts =
            [format!("Credential={CREDENTIAL}"), "SignedHeaders=host;x-amz-date".into(), "Signature=00ff".into()];
        let [credential, names, signature] = &parts;
        let expected = header(&format!("AWS4-HMAC-SHA256 {credential}, {names}, {signature}")).expect("well formed");
        let Presented::Header(claim) = &expected else { panic!("{expected:?}") };
        assert_eq!((claim.credential.text(), claim.signature.as_str()), (CREDENTIAL, "00ff"));
        assert!(claim.signs("host") && claim.signs("x-amz-date") && !claim.signs("x-amz") && !claim.signs(""));
        let others = [
            format!("AWS4-HMAC-SHA256 {signature},{names},{credential}"),
            format!("  AWS4-HMAC-SHA256\t {names} ,{signature} ,, {credential},  "),
            format!("AWS4-HMAC-SHA256 {}", parts.join(",").replace('=', " = ")),
        ];
        for other in others {
            assert_eq!(header(&other), Ok(expected.clone()), "{other}");
        }
    }

    #[test]
    fn row_41_only_a_request_that_presents_nothing_is_anonymous() {
        assert_eq!(of("/b/k?prefix=a&x-id=GetObject", &["x-amz-date: 20130524T000000Z"]), Ok(Presented::Anonymous));
    }

    #[test]
    fn row_42_empty_and_unknown_authorization_is_refused() {
        assert_eq!(answer(header("")), ("AccessDenied", 403));
        assert_eq!(answer(header("   ")), ("AccessDenied", 403));
        for value in ["Basic dXNlcjpwYXNz", "Bearer token", "AWS4-HMAC-SHA512 x", "aws4-hmac-sha256 x", "AWSX"] {
            assert_eq!(answer(header(value)), ("InvalidArgument", 400), "{value}");
        }
        assert_eq!(answer(header("Gr\u{fc}\u{df}e")), ("InvalidArgument", 400));
    }

    #[test]
    fn a_header_with_missing_double_or_strange_parts_is_malformed() {
        let (credential, rest) = (format!("Credential={CREDENTIAL}"), "SignedHeaders=host, Signature=00");
        let values = [
            "AWS4-HMAC-SHA256".to_owned(),
            "AWS4-HMAC-SHA256 Credential=HAHAHA".to_owned(),
            format!("AWS4-HMAC-SHA256 {credential}"),
            format!("AWS4-HMAC-SHA256 {rest}"),
            format!("AWS4-HMAC-SHA256 {credential}, {rest}, Signature=01"),
            format!("AWS4-HMAC-SHA256 {credential}, {rest}, Extra=01"),
            format!("AWS4-HMAC-SHA256 {credential}, {rest}, Extra"),
            format!("AWS4-HMAC-SHA256 Credential=AKID, {rest}"),
        ];
        for value in values {
            assert_eq!(answer(header(&value)), ("AuthorizationHeaderMalformed", 400), "{value}");
        }
    }

    #[test]
    fn a_header_has_bounds() {
        let value =
            |names: &str| format!("AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders={names}, Signature=00");
        let names = vec!["n"; SIGNED_HEADERS_MAX].join(";");
        assert!(header(&value(&names)).is_ok());
        assert_eq!(answer(header(&value(&format!("{names};n")))), ("AuthorizationHeaderMalformed", 400));
        let longest = "n".repeat(AUTHORIZATION_BYTES_MAX - value("").len());
        assert!(header(&value(&longest)).is_ok());
        assert_eq!(answer(header(&value(&format!("{longest}n")))), ("AuthorizationHeaderMalformed", 400));
    }

    #[test]
    fn row_4_version_4a_is_not_implemented() {
        let value = "AWS4-ECDSA-P256-SHA256 Credential=AKID/20130524/s3/aws4_request, SignedHeaders=host, Signature=00";
        assert_eq!(answer(header(value)), ("NotImplemented", 501));
        assert_eq!(answer(of("/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256", &[])), ("NotImplemented", 501));
    }

    #[test]
    fn version_2_in_the_header_is_refused_with_the_name_of_what_is_taken() {
        for result in [header("AWS AKID:frJIUN8DYpKDtOLCwo//yllqDzg="), header("AWS HAHAHA")] {
            let (code, status, message) = result.expect_err("to be refused").answer();
            assert_eq!((code, status), ("InvalidRequest", 400));
            assert!(message.contains("Please use AWS4-HMAC-SHA256."), "{message}");
        }
    }

    #[test]
    fn version_2_is_taken_in_the_query_with_all_its_parts() {
        let whole = of("/b/k?AWSAccessKeyId=AKID&Signature=vjbyPxybd&Expires=1175139620", &[]);
        assert!(matches!(whole, Ok(Presented::PresignedV2(_))), "{whole:?}");
        assert_eq!(answer(of("/b/k?Signature=vjbyPxybd", &[])), ("AuthorizationQueryParametersError", 400));
    }

    #[test]
    fn two_signatures_at_once_are_refused() {
        let value =
            format!("Authorization: AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature=00");
        let cases = [
            of("/?X-Amz-Signature=00", &[&value]),
            of("/?X-Amz-Algorithm=AWS4-HMAC-SHA256", &[&value]),
            of("/?X%2DAmz-Signature=00", &[&value]),
            of("/?Signature=00", &["Authorization: AWS AKID:x"]),
            of("/?Signature=00&X-Amz-Signature=00", &[]),
            of("/", &[&value, &value]),
        ];
        for result in cases {
            assert_eq!(answer(result), ("InvalidArgument", 400));
        }
    }
}
