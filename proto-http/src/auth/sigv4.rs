//! Whether a signature is right, and whose it is.
//!
//! ```text
//!  head -> Presented -> time -> scope -> what stands for the body -> which headers are signed -> key -> signature
//! ```
//!
//! What must hold: the first thing that is wrong decides the answer, in this order, so that a client with a wrong
//! clock or region is told so whatever its key is. Nothing is let in before the signature was compared, in constant
//! time.
//!
//! Senders differ in what a plus sign in a query is and in whether a session's token was in the query when it was
//! signed. S3's reading comes first; only if it fails and the query has such a thing are the other readings tried, and
//! the answer says which one was signed.
//!
//! A verifier lives on one core. It has no clock: the time is an argument.

use super::authorization::{Claim, Presented};
use super::canonical::{CanonicalRequest, Reading};
use super::chunks::ChunkSignatures;
use super::constant_time::same;
use super::credentials::{Keys, Principal};
use super::encoding::{Plus, Stamp, hex_string};
use super::error::{AuthError, Form, Mismatch};
use super::fields::Fields;
use super::payload::{PayloadHash, UNSIGNED};
use super::presigned::Presigned;
use super::presigned_v2::PresignedV2;
use super::query::parameters;
use super::scope::Endpoint;
use super::signing_key::{SigningKey, SigningKeys};
use crate::http1::Head;
use crate::limits::SKEW_S_MAX;

/// What is known of a request that was let in.
#[derive(Debug)]
pub struct Verified {
    /// Who asks.
    pub principal: Principal,
    /// How the body is bound to the signature.
    pub payload: PayloadHash,
    /// What the body's chunks are compared with, if they are signed.
    pub chunks: Option<Box<ChunkSignatures>>,
    /// What a plus sign in the query means.
    pub plus: Plus,
}

/// Judges the signatures of an endpoint.
pub struct Verifier {
    endpoint: Endpoint,
    keys: Keys,
    signing_keys: SigningKeys,
}

/// What both forms come down to.
struct Asked<'a> {
    form: Form,
    claim: Claim,
    stamp: Stamp,
    /// What was signed in place of the body.
    payload: &'a [u8],
    token: Option<&'a [u8]>,
}

impl Verifier {
    /// A verifier for this endpoint and these keys.
    #[must_use]
    pub fn new(endpoint: Endpoint, keys: Keys) -> Verifier {
        Verifier { endpoint, keys, signing_keys: SigningKeys::default() }
    }

    /// Takes other keys. What was derived from the old ones is forgotten.
    pub fn replace_keys(&mut self, keys: Keys) {
        self.keys = keys;
        self.signing_keys = SigningKeys::default();
    }

    /// Who sent this request, at this time in seconds since 1970. `hosted` is the bucket that its host named, if that
    /// did: version 2 signs the bucket and not the host.
    ///
    /// # Errors
    /// Whatever it presents is not right.
    pub fn verify(&mut self, head: &Head, hosted: Option<&str>, now_s: u64) -> Result<Verified, AuthError> {
        let fields = Fields::of(head);
        match Presented::read(head, &fields)? {
            Presented::Anonymous => anonymous(&fields),
            Presented::Header(claim) => self.header(head, &fields, claim, now_s),
            Presented::Presigned(presigned) => self.presigned(head, &fields, presigned, now_s),
            Presented::PresignedV2(presigned) => self.presigned_v2(head, &fields, &presigned, hosted, now_s),
        }
    }

    fn header(&mut self, head: &Head, fields: &Fields<'_>, claim: Claim, now_s: u64) -> Result<Verified, AuthError> {
        let stamp = date(fields)?;
        if stamp.seconds.abs_diff(now_s) > SKEW_S_MAX {
            return Err(AuthError::Skewed { request: stamp.text(), server_s: now_s });
        }
        let payload = payload_hash(fields)?.ok_or(AuthError::PayloadHashMissing)?;
        let token = fields.first(TOKEN).map(|(value, _)| value);
        self.judge(head, fields, &Asked { form: Form::Header, claim, stamp, payload, token })
    }

    fn presigned(
        &mut self,
        head: &Head,
        fields: &Fields<'_>,
        presigned: Presigned,
        now_s: u64,
    ) -> Result<Verified, AuthError> {
        presigned.check_time(now_s)?;
        let Presigned { claim, stamp, token, payload, .. } = presigned;
        let header = payload_hash(fields)?.filter(|_| claim.signs(CONTENT_SHA256));
        let payload = payload.as_deref().or(header).unwrap_or(UNSIGNED.as_bytes());
        let token = token.as_deref().or(fields.first(TOKEN).map(|(value, _)| value));
        self.judge(head, fields, &Asked { form: Form::Query, claim, stamp, payload, token })
    }

    fn presigned_v2(
        &self,
        head: &Head,
        fields: &Fields<'_>,
        presigned: &PresignedV2,
        hosted: Option<&str>,
        now_s: u64,
    ) -> Result<Verified, AuthError> {
        let access_key = &presigned.access_key;
        let Some(credentials) = self.keys.find(access_key) else {
            return Err(AuthError::UnknownAccessKey { access_key: access_key.clone() });
        };
        presigned.check(head, hosted, credentials.secret_key(), now_s)?;
        if !credentials.accepts_token(presigned.token()) {
            return Err(AuthError::WrongToken);
        }
        let payload = payload_hash(fields)?.or(presigned.payload()?).unwrap_or(UNSIGNED.as_bytes());
        let principal = Principal::Key(credentials.access_key().clone());
        Ok(Verified { principal, payload: without_seed(payload)?, chunks: None, plus: Plus::Literal })
    }

    fn judge(&mut self, head: &Head, fields: &Fields<'_>, asked: &Asked<'_>) -> Result<Verified, AuthError> {
        let Asked { form, claim, stamp, payload, token } = asked;
        let malformed = |flaw| AuthError::Malformed { form: *form, flaw };
        self.endpoint.check(&claim.credential, stamp).map_err(malformed)?;
        let payload_hash = PayloadHash::parse(payload)?;
        let request = CanonicalRequest::new(head, fields, &claim.signed_headers, payload)?;
        let names = request.unsigned_headers(*form == Form::Header);
        if !names.is_empty() {
            return Err(AuthError::HeadersNotSigned { names });
        }
        let access_key = claim.credential.access_key();
        let Some(credentials) = self.keys.find(access_key) else {
            return Err(AuthError::UnknownAccessKey { access_key: access_key.to_owned() });
        };
        let remembered = self.signing_keys.find(&claim.credential);
        let derived;
        let key = match remembered {
            Some(key) => key,
            None => {
                derived = SigningKey::derive(credentials.secret_key(), &claim.credential);
                &derived
            }
        };
        let Some((reading, signature)) = signed_reading(head, &request, asked, key) else {
            return Err(AuthError::WrongSignature(Box::new(mismatch(&request, asked))));
        };
        if !credentials.accepts_token(*token) {
            return Err(AuthError::WrongToken);
        }
        let principal = Principal::Key(credentials.access_key().clone());
        let chunks = payload_hash.signs_chunks().then(|| {
            Box::new(ChunkSignatures::new(access_key.to_owned(), key.clone(), stamp, &claim.credential, signature))
        });
        if remembered.is_none() {
            let key = key.clone();
            self.signing_keys.keep(&claim.credential, key);
        }
        Ok(Verified { principal, payload: payload_hash, chunks, plus: reading.plus })
    }
}

/// What a request means that nobody signed. It may still say how its body is framed.
fn anonymous(fields: &Fields<'_>) -> Result<Verified, AuthError> {
    let payload = without_seed(payload_hash(fields)?.unwrap_or(UNSIGNED.as_bytes()))?;
    Ok(Verified { principal: Principal::Anonymous, payload, chunks: None, plus: Plus::Space })
}

/// What these words say of a body whose head has no signature that a chain of chunks could begin with.
fn without_seed(payload: &[u8]) -> Result<PayloadHash, AuthError> {
    match PayloadHash::parse(payload)? {
        payload if payload.signs_chunks() => Err(AuthError::ChunksWithoutSeed { value: payload.text() }),
        payload => Ok(payload),
    }
}

/// The reading of the request under which its signature is right, and that signature.
fn signed_reading(
    head: &Head,
    request: &CanonicalRequest<'_>,
    asked: &Asked<'_>,
    key: &SigningKey,
) -> Option<(Reading, [u8; 64])> {
    let attempt = |reading| {
        let signature = key.sign_request(&asked.stamp, &asked.claim.credential, &request.digest(reading));
        same(&signature, asked.claim.signature.as_bytes()).then_some((reading, signature))
    };
    attempt(AS_S3_READS).or_else(|| {
        let has_plus = head.query().is_some_and(|query| query.contains(&b'+'));
        let has_token = parameters(head.query()).any(|parameter| parameter.is("X-Amz-Security-Token"));
        let literal = Reading { plus: Plus::Literal, ..AS_S3_READS };
        let others = [
            (has_plus, literal),
            (has_token, Reading { token: false, ..AS_S3_READS }),
            (has_plus && has_token, Reading { token: false, ..literal }),
        ];
        others.into_iter().filter(|(possible, _)| *possible).find_map(|(_, reading)| attempt(reading))
    })
}

const AS_S3_READS: Reading = Reading { plus: Plus::Space, token: true };
const CONTENT_SHA256: &str = "x-amz-content-sha256";
const TOKEN: &str = "x-amz-security-token";

/// What the error document shows of a request whose signature is wrong.
fn mismatch(request: &CanonicalRequest<'_>, asked: &Asked<'_>) -> Mismatch {
    let digest = hex_string(&request.digest(AS_S3_READS));
    let credential = &asked.claim.credential;
    Mismatch {
        access_key: credential.access_key().to_owned(),
        provided: asked.claim.signature.clone(),
        string_to_sign: format!("AWS4-HMAC-SHA256\n{}\n{}\n{digest}", asked.stamp.text(), credential.scope()),
        canonical_request: Some(request.beginning(AS_S3_READS)),
    }
}

/// The time of a request: `x-amz-date`, or `Date` if that did not come. Two dates are none: which of them counts would
/// be anybody's guess.
fn date(fields: &Fields<'_>) -> Result<Stamp, AuthError> {
    match fields.first("x-amz-date").or_else(|| fields.first("date")) {
        Some((value, 1)) => Stamp::from_header(value).ok_or(AuthError::DateMissing),
        _ => Err(AuthError::DateMissing),
    }
}

/// The value of `x-amz-content-sha256`, which may come once.
fn payload_hash<'a>(fields: &Fields<'a>) -> Result<Option<&'a [u8]>, AuthError> {
    match fields.first(CONTENT_SHA256) {
        None => Ok(None),
        Some((value, 1)) => Ok(Some(value)),
        Some(_) => {
            let values: Vec<_> = fields.all(CONTENT_SHA256.as_bytes()).map(String::from_utf8_lossy).collect();
            Err(AuthError::PayloadHashInvalid { value: values.join(",") })
        }
    }
}
