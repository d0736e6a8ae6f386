//! Presigned requests of version 2: what boto3 and aws-cli 1 still make unless they are told otherwise.
//!
//! ```text
//!  ?AWSAccessKeyId=...&Expires=1795256162&Signature=base64(HMAC-SHA1(secret, text))
//!
//!  text:  method LF content-md5 LF content-type LF expires LF x-amz-headers /bucket/key?subresources
//! ```
//!
//! What must hold: this form and no other of version 2 is taken: it names its end, and it signs the method, the bucket
//! and the key. The host is not signed: a bucket that it names is signed in front of the path, as every signer of
//! virtual hosts does, so that a request cannot be sent to another bucket by another host. Signers put headers of
//! theirs that are signed into the query; they count as headers here.
//!
//! Not here: which bucket a host names. This file knows no domains.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::constant_time::same;
use super::error::{AuthError, Flaw, Form, Mismatch};
use crate::http1::Head;
use crate::limits::PRESIGNED_S_MAX;
use crate::text::{decimal, percent, query};

/// Parameters that are a part of what is signed, in their order.
const SUBRESOURCES: [&str; 28] = [
    "accelerate",
    "acl",
    "cors",
    "defaultObjectAcl",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// What such a request says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresignedV2 {
    /// Whose key.
    pub access_key: String,
    /// When it ends, in seconds since 1970.
    pub expires_s: u64,
    /// The signature as it was sent, decoded once.
    pub signature: String,
    pairs: Vec<(String, String)>,
}

impl PresignedV2 {
    /// Reads the parameters.
    ///
    /// # Errors
    /// One of the three is missing, or twice there, or none.
    pub(super) fn of(raw: Option<&[u8]>) -> Result<PresignedV2, AuthError> {
        let malformed = |flaw| AuthError::Malformed { form: Form::Query, flaw };
        let mut pairs = Vec::new();
        for (name, value) in query::raw_pairs(raw.unwrap_or_default()) {
            let decoded = |text| percent::decode(text).and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
            let pair = decoded(name).zip(decoded(value.unwrap_or_default()));
            pairs.push(pair.ok_or_else(|| malformed(Flaw::Parts))?);
        }
        let only = |name: &str| {
            let mut values = pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone());
            values.next().filter(|_| values.next().is_none()).ok_or_else(|| malformed(Flaw::Parts))
        };
        let (access_key, signature, expires) = (only("AWSAccessKeyId")?, only("Signature")?, only("Expires")?);
        let expires_s = decimal::parse(expires.as_bytes()).ok_or_else(|| malformed(Flaw::ExpiresNoNumber))?;
        Ok(PresignedV2 { access_key, expires_s, signature, pairs })
    }

    /// The session token, which is signed among the headers.
    pub(super) fn token(&self) -> Option<&[u8]> {
        let mut pairs = self.pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-security-token"));
        pairs.next().map(|(_, token)| token.as_bytes())
    }

    /// What the query says of the body: `x-amz-content-sha256`, which is signed among the headers.
    ///
    /// # Errors
    /// It says several things.
    pub(super) fn payload(&self) -> Result<Option<&[u8]>, AuthError> {
        let pairs = self.pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-content-sha256"));
        let values: Vec<&str> = pairs.map(|(_, value)| value.trim()).collect();
        match values[..] {
            [] => Ok(None),
            [value] => Ok(Some(value.as_bytes())),
            _ => Err(AuthError::PayloadHashInvalid { value: values.join(",") }),
        }
    }

    /// Compares the signature with the one that `secret` makes at `now_s`. `hosted` is the bucket that the host named.
    ///
    /// # Errors
    /// It is too late, or too early for any such request, or the signature is another.
    pub(super) fn check(&self, head: &Head, hosted: Option<&str>, secret: &str, now_s: u64) -> Result<(), AuthError> {
        if now_s > self.expires_s {
            return Err(AuthError::Expired { validity_s: 0, end_s: self.expires_s, server_s: now_s });
        }
        if self.expires_s - now_s > PRESIGNED_S_MAX {
            return Err(AuthError::Malformed { form: Form::Query, flaw: Flaw::ExpiresTooLong });
        }
        let text = self.text(head, hosted);
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        if same(signature.as_bytes(), self.signature.as_bytes()) {
            return Ok(());
        }
        Err(AuthError::WrongSignature(Box::new(Mismatch {
            access_key: self.access_key.clone(),
            provided: self.signature.clone(),
            string_to_sign: text,
            canonical_request: None,
        })))
    }

    /// What is signed.
    fn text(&self, head: &Head, hosted: Option<&str>) -> String {
        let sent = |name: &str| {
            let header = head.header(name).map(|value| String::from_utf8_lossy(value).trim().to_owned());
            let parameter = || self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            header.or_else(parameter).unwrap_or_default()
        };
        let (method, expires) = (head.method(), self.expires_s);
        let mut text = format!("{method}\n{}\n{}\n{expires}\n", sent("content-md5"), sent("content-type"));
        let mut headers: Vec<(String, String)> = Vec::new();
        let of_headers =
            head.headers().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()));
        // What was signed into the query is often sent as a header too: it is the same.
        let of_query = self.pairs.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let of_query = of_query.filter(|(name, _)| head.header(name).is_none());
        for (name, value) in of_headers.chain(of_query).filter(|(name, _)| name.starts_with("x-amz-")) {
            match headers.iter_mut().find(|(other, _)| *other == name) {
                Some((_, before)) => *before = format!("{before},{}", value.trim()),
                None => headers.push((name, value.trim().to_owned())),
            }
        }
        headers.sort();
        for (name, value) in headers {
            text.push_str(&format!("{name}:{value}\n"));
        }
        if let Some(bucket) = hosted {
            text.push('/');
            text.push_str(bucket);
        }
        text.push_str(&String::from_utf8_lossy(head.path()));
        let mut separator = '?';
        for name in SUBRESOURCES {
            let Some((_, value)) = self.pairs.iter().find(|(other, _)| other == name) else { continue };
            text.push(separator);
            text.push_str(name);
            if !value.is_empty() {
                text.push('=');
                text.push_str(value);
            }
            separator = '&';
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Credentials, Endpoint, Keys, PayloadHash, Verifier};

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn head(request: &str) -> Head {
        Head::parse(request.as_bytes()).expect("a good head").expect("a whole head").0
    }

    fn checked(method: &str, target: &str, headers: &str, now_s: u64) -> Result<(), &'static str> {
        on_host(None, method, target, headers, now_s)
    }

    fn on_host(
        hosted: Option<&str>,
        method: &str,
        target: &str,
        headers: &str,
        now_s: u64,
    ) -> Result<(), &'static str> {
        let head = head(&format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n{headers}\r\n"));
        let presigned = PresignedV2::of(head.query()).map_err(|error| error.answer().0)?;
        presigned.check(&head, hosted, SECRET, now_s).map_err(|error| error.answer().0)
    }

    const GET: &str = "/cli-b/small%20%2B%2F?response-content-type=text%2Fcsv&AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE\
        &Signature=vkO1tubj87o0Cdjp8aiWPOg%2FJGA%3D&Expires=1795256162";
    const PUT: &str = "/cli-b/small?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=wzZciRjDSBXPzcsSsHj3bXoP9KU%3D\
        &content-type=text%2Fplain&x-amz-meta-colour=blue&Expires=1795256162";

    /// Recorded from botocore, which boto3 and aws-cli are made of; the keys are those of the documentation.
    #[test]
    fn what_boto3_presigns_by_default_is_let_in() {
        let until = 1_795_256_162;
        assert_eq!(checked("GET", GET, "", until), Ok(()));
        assert_eq!(checked("PUT", PUT, "Content-Type: text/plain\r\n", until - 10), Ok(()));
        assert_eq!(checked("PUT", PUT, "Content-Type: text/html\r\n", until - 10), Err("SignatureDoesNotMatch"));
    }

    /// The path alone was signed once: a host that names a bucket sent the request to that bucket. With the bucket in
    /// front of it the path is what was signed, so that URLs of virtual hosts are let in as well.
    #[test]
    fn a_bucket_that_the_host_names_is_signed_in_front_of_the_path() {
        let until = 1_795_256_162;
        let hosted = GET.replace("/cli-b/small", "/small");
        assert_eq!(on_host(Some("cli-b"), "GET", &hosted, "", until), Ok(()));
        assert_eq!(on_host(Some("other"), "GET", &hosted, "", until), Err("SignatureDoesNotMatch"));
        assert_eq!(on_host(Some("other"), "GET", GET, "", until), Err("SignatureDoesNotMatch"));
        assert_eq!(on_host(None, "GET", &hosted, "", until), Err("SignatureDoesNotMatch"));
    }

    /// What a head says of its body, signed with `x-amz-content-sha256` in a header or in the query.
    fn payload(word: &str, in_header: bool) -> Result<PayloadHash, &'static str> {
        let until = 1_795_256_162;
        let text = format!("PUT\n\n\n{until}\nx-amz-content-sha256:{word}\n/b/k");
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes()).replace('+', "%2B");
        let (line, parameter) = match in_header {
            true => (format!("x-amz-content-sha256: {word}\r\n"), String::new()),
            false => (String::new(), format!("&X-Amz-Content-Sha256={word}")),
        };
        let query = format!("AWSAccessKeyId=AKID&Expires={until}&Signature={signature}{parameter}");
        let head = head(&format!("PUT /b/k?{query} HTTP/1.1\r\nHost: h\r\n{line}\r\n"));
        let keys = Keys::of_root(Credentials::new("AKID", SECRET).expect("credentials"));
        let verified = Verifier::new(Endpoint::s3("us-east-1"), keys).verify(&head, None, until);
        verified.map(|verified| verified.payload).map_err(|error| error.answer().0)
    }

    /// The word was signed and not looked at, so that a body in chunks was stored with their lines in it.
    #[test]
    fn what_is_said_of_the_body_is_heeded() {
        for in_header in [true, false] {
            let of = |word: &str| payload(word, in_header);
            assert_eq!(of("UNSIGNED-PAYLOAD"), Ok(PayloadHash::Unsigned));
            assert_eq!(of("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), Ok(PayloadHash::StreamingUnsignedTrailer));
            assert_eq!(of(&"0a".repeat(32)), Ok(PayloadHash::Literal([10; 32])));
            assert_eq!(of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), Err("InvalidRequest"), "nothing begins the chain");
            assert_eq!(of("STREAMING-SOMETHING"), Err("InvalidArgument"));
        }
    }

    /// Row 39: the method is signed, and so is the path; the end is an end.
    #[test]
    fn nothing_else_is_let_in_by_it() {
        let until = 1_795_256_162;
        assert_eq!(checked("HEAD", GET, "", until), Err("SignatureDoesNotMatch"));
        assert_eq!(checked("GET", &GET.replace("small", "other"), "", until), Err("SignatureDoesNotMatch"));
        assert_eq!(checked("GET", &format!("{GET}&acl"), "", until), Err("SignatureDoesNotMatch"));
        assert_eq!(checked("GET", GET, "x-amz-acl: private\r\n", until), Err("SignatureDoesNotMatch"));
        assert_eq!(checked("GET", GET, "", until + 1), Err("AccessDenied"));
        assert_eq!(checked("GET", GET, "", until - 604_801), Err("AuthorizationQueryParametersError"));
        assert_eq!(checked("GET", "/b/k?AWSAccessKeyId=a&Expires=1", "", 0), Err("AuthorizationQueryParametersError"));
    }
}
