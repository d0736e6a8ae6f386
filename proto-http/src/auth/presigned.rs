//! Requests that carry their signature in the query, so that whoever has the address may use it for a while.
//!
//! What must hold: six parameters are there, each once; the validity is no longer than a week. What else the query has
//! is part of what was signed (`canonical`).

use super::authorization::{ALGORITHM, ALGORITHM_V4A, Claim};
use super::encoding::Stamp;
use super::error::{AuthError, Flaw, Form};
use super::query::parameters;
use crate::limits::{PRESIGNED_S_MAX, SKEW_S_MAX};

/// What the parameters of a presigned request say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presigned {
    /// Whose signature, over which headers.
    pub claim: Claim,
    /// When it was signed.
    pub(super) stamp: Stamp,
    /// For how many seconds it is valid.
    pub validity_s: u64,
    /// The session's token.
    pub token: Option<Vec<u8>>,
    /// What was signed in place of the body's digest, if the query says so.
    pub payload: Option<Vec<u8>>,
}

/// The parameters that are read here. The last two may be missing.
const NAMES: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

impl Presigned {
    /// Reads the parameters.
    pub(super) fn of(query: Option<&[u8]>) -> Result<Presigned, AuthError> {
        let malformed = |flaw| AuthError::Malformed { form: Form::Query, flaw };
        let mut values = [const { None }; NAMES.len()];
        for parameter in parameters(query) {
            for (name, value) in NAMES.iter().zip(&mut values) {
                if parameter.is(name) && value.replace(parameter.decoded_value()).is_some() {
                    return Err(malformed(Flaw::Part((*name).to_owned())));
                }
            }
        }
        let [algorithm, credential, date, expires, signed_headers, signature, token, payload] = values;
        if algorithm.as_deref() == Some(ALGORITHM_V4A.as_bytes()) {
            return Err(AuthError::SignatureV4a { place: "X-Amz-Algorithm" });
        }
        let (Some(algorithm), Some(credential), Some(date)) = (algorithm, credential, date) else {
            return Err(malformed(Flaw::Parts));
        };
        let (Some(expires), Some(signed_headers), Some(signature)) = (expires, signed_headers, signature) else {
            return Err(malformed(Flaw::Parts));
        };
        if algorithm != ALGORITHM.as_bytes() {
            return Err(malformed(Flaw::Algorithm));
        }
        let text = |bytes, name: &str| String::from_utf8(bytes).map_err(|_| malformed(Flaw::Part(name.to_owned())));
        let signed_headers = text(signed_headers, "X-Amz-SignedHeaders")?;
        let signature = text(signature, "X-Amz-Signature")?;
        let claim = Claim::new(text(credential, "X-Amz-Credential")?, signed_headers, signature).map_err(malformed)?;
        let stamp = Stamp::from_basic(&date).ok_or_else(|| malformed(Flaw::Date))?;
        let validity_s = validity_s(&expires).map_err(malformed)?;
        Ok(Presigned { claim, stamp, validity_s, token, payload })
    }

    /// Whether it is valid now. Its time may lie as far ahead of ours as any request's. What is valid for no second
    /// never was.
    pub(super) fn check_time(&self, now_s: u64) -> Result<(), AuthError> {
        let end_s = self.stamp.seconds + self.validity_s;
        if self.stamp.seconds > now_s + SKEW_S_MAX {
            return Err(AuthError::NotYetValid { request: self.stamp.text(), server_s: now_s });
        }
        if now_s > end_s || self.validity_s == 0 {
            return Err(AuthError::Expired { validity_s: self.validity_s, end_s, server_s: now_s });
        }
        Ok(())
    }
}

fn validity_s(text: &[u8]) -> Result<u64, Flaw> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Flaw::ExpiresNoNumber);
    }
    if negative {
        return Err(Flaw::ExpiresNegative);
    }
    // What does not fit is more than a week too.
    let seconds =
        digits.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    if seconds > PRESIGNED_S_MAX { Err(Flaw::ExpiresTooLong) } else { Ok(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKID%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("X-Amz-Expires", "86400"),
        ("X-Amz-SignedHeaders", "host"),
        ("X-Amz-Signature", "00ff"),
    ];

    fn parse(parameters: &[(&str, &str)]) -> Result<Presigned, AuthError> {
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Presigned::of(Some(query.join("&").as_bytes()))
    }

    /// The message for the good parameters with one changed.
    fn refused(name: &str, value: &str) -> String {
        let changed = GOOD.map(|(other, old)| (other, if other == name { value } else { old }));
        let (code, status, message) = parse(&changed).expect_err("to be refused").answer();
        assert_eq!((code, status), ("AuthorizationQueryParametersError", 400));
        message
    }

    #[test]
    fn six_parameters_are_read_and_others_are_not_looked_at() {
        let mut all = GOOD.to_vec();
        all.insert(2, ("x-id", "GetObject"));
        let presigned = parse(&all).expect("well formed");
        assert_eq!(presigned.claim.credential.scope(), "20130524/us-east-1/s3/aws4_request");
        assert_eq!((presigned.stamp.seconds, presigned.validity_s), (1_369_353_600, 86_400));
        assert_eq!((&presigned.token, &presigned.payload), (&None, &None));
    }

    #[test]
    fn row_40_the_semicolon_is_raw_or_encoded() {
        for spelling in ["host;x-amz-acl", "host%3Bx-amz-acl", "host%3bx-amz-acl"] {
            let changed = GOOD.map(|(name, old)| (name, if name == "X-Amz-SignedHeaders" { spelling } else { old }));
            assert!(parse(&changed).expect("well formed").claim.signs("x-amz-acl"));
        }
    }

    #[test]
    fn every_one_of_the_six_is_needed_once() {
        for (at, parameter) in GOOD.iter().enumerate() {
            let mut fewer = GOOD.to_vec();
            fewer.remove(at);
            let (_, _, message) = parse(&fewer).expect_err("one is missing").answer();
            assert!(message.starts_with("Query-string authentication version 4 requires"), "{message}");
            let mut more = GOOD.to_vec();
            more.push(*parameter);
            let (code, _, message) = parse(&more).expect_err("one is there twice").answer();
            assert_eq!(code, "AuthorizationQueryParametersError");
            assert!(message.contains(parameter.0), "{message}");
        }
    }

    #[test]
    fn malformed_parameters_are_named() {
        assert!(refused("X-Amz-Algorithm", "AWS4-HMAC-SHA512").contains("X-Amz-Algorithm only supports"));
        assert!(refused("X-Amz-Credential", "AKID").contains("the Credential is mal-formed"));
        assert!(refused("X-Amz-Credential", "AKID/20130524/r/s3/aws5_request").contains("incorrect terminal"));
        assert!(refused("X-Amz-Credential", "%ff").contains("X-Amz-Credential"));
        assert!(refused("X-Amz-Date", "Fri,%2024%20May%202013%2000:00:00%20GMT").contains("ISO8601 Long Format"));
    }

    #[test]
    fn row_36_the_validity_is_a_number_of_at_most_a_week() {
        assert_eq!(refused("X-Amz-Expires", "undefined"), "X-Amz-Expires should be a number");
        assert_eq!(refused("X-Amz-Expires", ""), "X-Amz-Expires should be a number");
        assert_eq!(refused("X-Amz-Expires", "-1"), "X-Amz-Expires must be non-negative");
        for value in ["604801", "99999999999999999999999999"] {
            assert!(refused("X-Amz-Expires", value).contains("must be less than a week"));
        }
        assert_eq!(validity_s(b"604800"), Ok(604_800));
    }

    #[test]
    fn row_36_it_is_valid_from_its_time_to_its_end() {
        let presigned = parse(&GOOD).expect("well formed");
        let (begin, end) = (1_369_353_600, 1_369_440_000);
        for now_s in [begin - SKEW_S_MAX, begin, end] {
            assert_eq!(presigned.check_time(now_s), Ok(()));
        }
        let error = presigned.check_time(end + 1).expect_err("too late");
        assert_eq!(error.answer(), ("AccessDenied", 403, "Request has expired".to_owned()));
        let expected = [
            ("X-Amz-Expires", "86400".to_owned()),
            ("Expires", "2013-05-25T00:00:00Z".to_owned()),
            ("ServerTime", "2013-05-25T00:00:01Z".to_owned()),
        ];
        assert_eq!(error.elements(), expected);
        let never = Presigned { validity_s: 0, ..presigned.clone() };
        assert_eq!(never.check_time(begin).expect_err("never").answer().2, "Request has expired");
        let error = presigned.check_time(begin - SKEW_S_MAX - 1).expect_err("too early");
        assert_eq!(error.answer(), ("AccessDenied", 403, "Request is not yet valid".to_owned()));
    }
}
