//! Why a request is not let in: data, and what S3 says about each.
//!
//! ```text
//!  AuthError --answer()----> code, status, message     every error document has these
//!            --elements()--> name, text                what this kind of document shows beside them
//! ```
//!
//! What must hold: nothing here holds a secret of ours. What a variant carries came with the request or is known to
//! everybody. The text that was signed is shown back to its sender, as S3 does, because whoever debugs a client needs
//! it; it may hold the sender's session token, so it belongs into the answer and not into a log. Whoever sends it has
//! proved nothing yet, so no more of it is shown than a client's text has.
//!
//! Not here: the document itself, and errors that have nothing to do with who asks.

use std::fmt;

use super::encoding::{hex_string, iso_extended, push_hex};
use crate::limits::{PRESIGNED_S_MAX, SHOWN_BYTES_MAX, SKEW_S_MAX};

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// The header `Authorization` is there and empty.
    EmptyAuthorization,
    /// The header `Authorization` names a scheme that is none of S3's. Its value is not kept: it may be a password.
    UnknownScheme,
    /// More than one signature was presented.
    ManyMechanisms,
    /// The signature is of version 2, which we do not take.
    SignatureV2,
    /// The signature is of version 4A, which we do not take.
    SignatureV4a {
        /// The header or parameter that names it.
        place: &'static str,
    },
    /// What was presented has the wrong form or the wrong scope.
    Malformed {
        /// Where it was presented.
        form: Form,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// No readable date came with the request.
    DateMissing,
    /// The request's time is too far from ours.
    Skewed {
        /// The request's time, as it was signed.
        request: String,
        /// Our time, in seconds since 1970.
        server_s: u64,
    },
    /// A presigned request came too late.
    Expired {
        /// For how many seconds it was valid.
        validity_s: u64,
        /// When it ended, in seconds since 1970.
        end_s: u64,
        /// Our time, in seconds since 1970.
        server_s: u64,
    },
    /// A presigned request came before its time.
    NotYetValid {
        /// The request's time, as it was signed.
        request: String,
        /// Our time, in seconds since 1970.
        server_s: u64,
    },
    /// These headers must be signed and are not.
    HeadersNotSigned {
        /// Their names.
        names: Vec<String>,
    },
    /// The header `x-amz-content-sha256` did not come.
    PayloadHashMissing,
    /// The header `x-amz-content-sha256` is neither a digest nor a known word.
    PayloadHashInvalid {
        /// Its value.
        value: String,
    },
    /// The payload is signed in a way that we do not take.
    PayloadUnsupported {
        /// The value of `x-amz-content-sha256`.
        value: String,
    },
    /// The chunks of the body are said to be signed, but the head is not, so nothing begins their chain.
    ChunksWithoutSeed {
        /// The value of `x-amz-content-sha256`.
        value: String,
    },
    /// The body is not the one that was signed.
    PayloadMismatch {
        /// The digest that was signed.
        claimed: [u8; 32],
        /// The digest of what came.
        computed: [u8; 32],
    },
    /// Nobody has this access key.
    UnknownAccessKey {
        /// The key.
        access_key: String,
    },
    /// The session token is not the one that belongs to the key.
    WrongToken,
    /// The query has more parameters than are put in order.
    TooManyParameters,
    /// The signature is not ours.
    WrongSignature(Box<Mismatch>),
}

/// Where a signature was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the header `Authorization`.
    Header,
    /// In the parameters of the query.
    Query,
}

/// What is wrong with what was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Parts are missing, twice there, or too many.
    Parts,
    /// A part is not spelled as it should be, or is longer than is taken.
    Part(String),
    /// The credential has not five parts.
    Credential,
    /// The credential names no access key.
    NoAccessKey,
    /// The day in the credential is none.
    Day(String),
    /// The credential does not end with `aws4_request`.
    Terminal(String),
    /// The credential is for another service.
    Service {
        /// The one it is for.
        given: String,
        /// The one that is served here.
        expected: String,
    },
    /// The credential is for another region.
    Region {
        /// The one it is for.
        given: String,
        /// The one that is served here.
        expected: String,
    },
    /// The day in the credential is not the day of the request.
    OtherDay {
        /// The day in the credential.
        given: String,
        /// The day of the request.
        expected: String,
    },
    /// `X-Amz-Algorithm` is none that we know.
    Algorithm,
    /// `X-Amz-Date` is not spelled `20130524T000000Z`.
    Date,
    /// `X-Amz-Expires` is no number.
    ExpiresNoNumber,
    /// `X-Amz-Expires` is below zero.
    ExpiresNegative,
    /// `X-Amz-Expires` is more than a week.
    ExpiresTooLong,
}

/// What was signed, by our reckoning, beside the signature that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Whose signature it should have been.
    pub access_key: String,
    /// The signature that came.
    pub provided: String,
    /// What we signed.
    pub string_to_sign: String,
    /// The request within it; a chunk has none.
    pub canonical_request: Option<String>,
}

impl AuthError {
    /// S3's code, the status and the message.
    #[must_use]
    pub fn answer(&self) -> (&'static str, u16, String) {
        let (code, status, message) = match self {
            Self::EmptyAuthorization => ("AccessDenied", 403, "Access Denied"),
            Self::UnknownScheme => ("InvalidArgument", 400, "Unsupported Authorization Type"),
            Self::ManyMechanisms => ("InvalidArgument", 400, MANY_MECHANISMS),
            Self::SignatureV2 => ("InvalidRequest", 400, SIGNATURE_V2),
            Self::SignatureV4a { .. } | Self::PayloadUnsupported { .. } => ("NotImplemented", 501, NOT_IMPLEMENTED),
            Self::Malformed { form: Form::Header, flaw } => {
                return (HEADER_MALFORMED, 400, format!("The authorization header is malformed; {}", flaw.says()));
            }
            Self::Malformed { form: Form::Query, flaw } => return (QUERY_MALFORMED, 400, flaw.says_of_query()),
            Self::DateMissing => ("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"),
            Self::Skewed { .. } => ("RequestTimeTooSkewed", 403, SKEWED),
            Self::Expired { .. } => ("AccessDenied", 403, "Request has expired"),
            Self::NotYetValid { .. } => ("AccessDenied", 403, "Request is not yet valid"),
            Self::HeadersNotSigned { .. } => ("AccessDenied", 403, NOT_SIGNED),
            Self::PayloadHashMissing => ("InvalidRequest", 400, HASH_MISSING),
            Self::PayloadHashInvalid { .. } => ("InvalidArgument", 400, HASH_INVALID),
            Self::ChunksWithoutSeed { .. } => ("InvalidRequest", 400, NO_SEED),
            Self::PayloadMismatch { .. } => ("XAmzContentSHA256Mismatch", 400, PAYLOAD_MISMATCH),
            Self::UnknownAccessKey { .. } => ("InvalidAccessKeyId", 403, UNKNOWN_KEY),
            Self::WrongToken => ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
            Self::TooManyParameters => ("InvalidRequest", 400, "The query string has too many parameters."),
            Self::WrongSignature(_) => ("SignatureDoesNotMatch", 403, WRONG_SIGNATURE),
        };
        (code, status, message.to_owned())
    }

    /// The elements that this error's document has beside code and message, in order.
    #[must_use]
    pub fn elements(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::UnknownScheme | Self::ManyMechanisms => vec![("ArgumentName", "Authorization".to_owned())],
            Self::SignatureV4a { place } => vec![("Header", (*place).to_owned())],
            Self::Malformed { flaw: Flaw::Region { expected, .. }, .. } => vec![("Region", expected.clone())],
            Self::Skewed { request, server_s } => vec![
                ("RequestTime", request.clone()),
                ("ServerTime", iso_extended(*server_s)),
                ("MaxAllowedSkewMilliseconds", (SKEW_S_MAX * 1000).to_string()),
            ],
            Self::Expired { validity_s, end_s, server_s } => vec![
                ("X-Amz-Expires", validity_s.to_string()),
                ("Expires", iso_extended(*end_s)),
                ("ServerTime", iso_extended(*server_s)),
            ],
            Self::NotYetValid { request, server_s } => {
                vec![("X-Amz-Date", request.clone()), ("ServerTime", iso_extended(*server_s))]
            }
            Self::HeadersNotSigned { names } => vec![("HeadersNotSigned", names.join(", "))],
            Self::PayloadHashInvalid { value } | Self::ChunksWithoutSeed { value } => {
                vec![("ArgumentName", CONTENT_SHA256.to_owned()), ("ArgumentValue", value.clone())]
            }
            Self::PayloadUnsupported { .. } => vec![("Header", CONTENT_SHA256.to_owned())],
            Self::PayloadMismatch { claimed, computed } => vec![
                ("ClientComputedContentSHA256", hex_string(claimed)),
                ("S3ComputedContentSHA256", hex_string(computed)),
            ],
            Self::UnknownAccessKey { access_key } => vec![("AWSAccessKeyId", access_key.clone())],
            Self::WrongSignature(mismatch) => mismatch.elements(),
            Self::EmptyAuthorization
            | Self::SignatureV2
            | Self::Malformed { .. }
            | Self::DateMissing
            | Self::PayloadHashMissing
            | Self::WrongToken
            | Self::TooManyParameters => Vec::new(),
        }
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, _, message) = self.answer();
        write!(f, "not let in, {code}: {message}")
    }
}

impl std::error::Error for AuthError {}

impl Flaw {
    /// What the documents of both forms say.
    fn says(&self) -> String {
        match self {
            Self::Parts => "the authorization header requires three components: Credential, SignedHeaders, and \
                            Signature."
                .to_owned(),
            Self::Part(name) => format!("the authorization component \"{name}\" is malformed."),
            Self::Credential => "the Credential is mal-formed; expecting \
                                 \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
                .to_owned(),
            Self::NoAccessKey => "a non-empty Access Key (AKID) must be provided in the credential.".to_owned(),
            Self::Day(given) => format!(
                "incorrect date format \"{given}\". This date in the credential must be in the format \"yyyyMMdd\"."
            ),
            Self::Terminal(given) => {
                format!("incorrect terminal \"{given}\". This endpoint uses \"aws4_request\".")
            }
            Self::Service { given, expected } => {
                format!("incorrect service \"{given}\". This endpoint belongs to \"{expected}\".")
            }
            Self::Region { given, expected } => format!("the region '{given}' is wrong; expecting '{expected}'"),
            Self::OtherDay { given, expected } => {
                format!("Invalid credential date \"{given}\". This date is not the same as X-Amz-Date: \"{expected}\".")
            }
            Self::Algorithm => "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"".to_owned(),
            Self::Date => "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned(),
            Self::ExpiresNoNumber => "X-Amz-Expires should be a number".to_owned(),
            Self::ExpiresNegative => "X-Amz-Expires must be non-negative".to_owned(),
            Self::ExpiresTooLong => format!(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                 than {PRESIGNED_S_MAX} seconds"
            ),
        }
    }

    /// What the document of the presigned form says.
    fn says_of_query(&self) -> String {
        match self {
            Self::Parts => "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                            X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
                .to_owned(),
            Self::Part(name) => format!("Error parsing the {name} parameter."),
            Self::Credential
            | Self::NoAccessKey
            | Self::Day(_)
            | Self::Terminal(_)
            | Self::Service { .. }
            | Self::Region { .. } => format!("Error parsing the X-Amz-Credential parameter; {}", self.says()),
            Self::OtherDay { .. }
            | Self::Algorithm
            | Self::Date
            | Self::ExpiresNoNumber
            | Self::ExpiresNegative
            | Self::ExpiresTooLong => self.says(),
        }
    }
}

impl Mismatch {
    fn elements(&self) -> Vec<(&'static str, String)> {
        let mut elements = vec![
            ("AWSAccessKeyId", shown(&self.access_key).to_owned()),
            ("StringToSign", shown(&self.string_to_sign).to_owned()),
            ("SignatureProvided", shown(&self.provided).to_owned()),
            ("StringToSignBytes", spaced_hex(&self.string_to_sign)),
        ];
        if let Some(request) = &self.canonical_request {
            elements.push(("CanonicalRequest", shown(request).to_owned()));
            elements.push(("CanonicalRequestBytes", spaced_hex(request)));
        }
        elements
    }
}

/// As much of a text as is shown.
fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SHOWN_BYTES_MAX)).unwrap_or_default()
}

/// Bytes as `41 57 53`, so that a reader sees the ones that have no glyph.
fn spaced_hex(text: &str) -> String {
    let text = shown(text);
    let mut spaced = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        push_hex(byte, &mut spaced);
    }
    spaced
}

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const HEADER_MALFORMED: &str = "AuthorizationHeaderMalformed";
const QUERY_MALFORMED: &str = "AuthorizationQueryParametersError";
const MANY_MECHANISMS: &str = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature \
                               query string parameter or the Authorization header should be specified";
const SIGNATURE_V2: &str =
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
const NOT_IMPLEMENTED: &str = "A header you provided implies functionality that is not implemented";
const SKEWED: &str = "The difference between the request time and the current time is too large.";
const NOT_SIGNED: &str = "There were headers present in the request which were not signed";
const HASH_MISSING: &str = "Missing required header for this request: x-amz-content-sha256";
const HASH_INVALID: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                            STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
                            STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER \
                            or a valid sha256 value.";
const NO_SEED: &str = "The chunks of the body are signed but the request is not.";
const PAYLOAD_MISMATCH: &str = "The provided 'x-amz-content-sha256' header does not match what was computed.";
const UNKNOWN_KEY: &str = "The AWS Access Key Id you provided does not exist in our records.";
const WRONG_SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. Check \
                               your key and signing method.";

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(form: Form, flaw: Flaw) -> AuthError {
        AuthError::Malformed { form, flaw }
    }

    #[test]
    fn a_wrong_region_tells_the_right_one() {
        let flaw = Flaw::Region { given: "us-east-1".to_owned(), expected: "eu-north-7".to_owned() };
        let error = malformed(Form::Header, flaw.clone());
        let message = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-north-7'";
        assert_eq!(error.answer(), ("AuthorizationHeaderMalformed", 400, message.to_owned()));
        assert_eq!(error.elements(), [("Region", "eu-north-7".to_owned())]);
        let error = malformed(Form::Query, flaw);
        let message = "Error parsing the X-Amz-Credential parameter; the region 'us-east-1' is wrong; expecting \
                       'eu-north-7'";
        assert_eq!(error.answer(), ("AuthorizationQueryParametersError", 400, message.to_owned()));
        assert_eq!(error.elements(), [("Region", "eu-north-7".to_owned())]);
    }

    #[test]
    fn a_wrong_signature_shows_what_was_signed_and_its_bytes() {
        let mismatch = Mismatch {
            access_key: "AK".to_owned(),
            provided: "00".to_owned(),
            string_to_sign: "A\n".to_owned(),
            canonical_request: Some("GET\n".to_owned()),
        };
        let elements = AuthError::WrongSignature(Box::new(mismatch.clone())).elements();
        let names: Vec<&str> = elements.iter().map(|(name, _)| *name).collect();
        let expected = [
            "AWSAccessKeyId",
            "StringToSign",
            "SignatureProvided",
            "StringToSignBytes",
            "CanonicalRequest",
            "CanonicalRequestBytes",
        ];
        assert_eq!(names, expected);
        assert_eq!(elements.get(3).map(|(_, text)| text.as_str()), Some("41 0a"));
        let chunk = Mismatch { canonical_request: None, ..mismatch };
        assert_eq!(AuthError::WrongSignature(Box::new(chunk)).elements().len(), 4);
    }

    /// Bytes of a head that nobody had proved anything about came back five times over, each with a string of its own.
    #[test]
    fn what_is_shown_has_a_limit() {
        let long = "\u{fc}".repeat(SHOWN_BYTES_MAX);
        let mismatch = Mismatch {
            access_key: long.clone(),
            provided: long.clone(),
            string_to_sign: long.clone(),
            canonical_request: Some(long),
        };
        let elements = AuthError::WrongSignature(Box::new(mismatch)).elements();
        assert_eq!(elements.len(), 6);
        for (name, text) in elements {
            let most = if name.ends_with("Bytes") { 3 * SHOWN_BYTES_MAX - 1 } else { SHOWN_BYTES_MAX };
            assert!(text.len() <= most && text.len() + 6 >= most, "{name}: {}", text.len());
        }
        assert_eq!(spaced_hex("\u{0}A\u{fc}"), "00 41 c3 bc");
    }

    #[test]
    fn times_are_shown_as_s3_shows_them() {
        let error = AuthError::Skewed { request: "20130524T000000Z".to_owned(), server_s: 1_369_353_600 };
        assert_eq!(error.answer().0, "RequestTimeTooSkewed");
        let expected = [
            ("RequestTime", "20130524T000000Z".to_owned()),
            ("ServerTime", "2013-05-24T00:00:00Z".to_owned()),
            ("MaxAllowedSkewMilliseconds", "900000".to_owned()),
        ];
        assert_eq!(error.elements(), expected);
    }

    #[test]
    fn the_two_forms_have_their_own_words_for_missing_parts() {
        let (_, _, header) = malformed(Form::Header, Flaw::Parts).answer();
        let (_, _, query) = malformed(Form::Query, Flaw::Parts).answer();
        assert!(header.contains("three components: Credential, SignedHeaders, and Signature."), "{header}");
        assert!(query.contains("X-Amz-SignedHeaders, and X-Amz-Expires parameters."), "{query}");
    }
}
