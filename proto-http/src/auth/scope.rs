//! The credential of a signature, `ACCESS-KEY/20130524/us-east-1/s3/aws4_request`, and what this endpoint expects of
//! it.
//!
//! What must hold: a credential that is accepted is for this service, for a region that is served here and for the day
//! of the request. Its four last parts, the scope, are kept as they were sent, since they are signed.

use super::encoding::{Stamp, is_iso_day};
use super::error::Flaw;

/// What ends every credential.
pub(super) const TERMINAL: &str = "aws4_request";

/// A credential of the right form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    text: String,
    /// Where the scope begins.
    scope_at: usize,
}

impl Credential {
    /// Reads a credential.
    ///
    /// # Errors
    /// It has not the form of one.
    pub fn parse(text: String) -> Result<Credential, Flaw> {
        let mut parts = text.rsplitn(5, '/');
        let (terminal, service, region, day) = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(terminal), Some(_), Some(_), Some(day), Some(key)) = (terminal, service, region, day, parts.next())
        else {
            return Err(Flaw::Credential);
        };
        if key.is_empty() {
            return Err(Flaw::NoAccessKey);
        }
        // An access key has no slash (see `credentials`), so this is a credential with too many parts.
        if key.contains('/') {
            return Err(Flaw::Credential);
        }
        if terminal != TERMINAL {
            return Err(Flaw::Terminal(terminal.to_owned()));
        }
        if !is_iso_day(day.as_bytes()) {
            return Err(Flaw::Day(day.to_owned()));
        }
        let scope_at = key.len() + 1;
        Ok(Credential { text, scope_at })
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the key.
    #[must_use]
    pub fn access_key(&self) -> &str {
        self.text.get(..self.scope_at.saturating_sub(1)).unwrap_or_default()
    }

    /// Day, region, service and terminal, as they are signed.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.text.get(self.scope_at..).unwrap_or_default()
    }

    /// The day.
    #[must_use]
    pub fn day(&self) -> &str {
        self.scope().split('/').next().unwrap_or_default()
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.scope().split('/').nth(1).unwrap_or_default()
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        self.scope().split('/').nth(2).unwrap_or_default()
    }
}

/// What an endpoint serves.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The region that it says it is in.
    pub region: String,
    /// Whether signatures for other regions are taken too.
    pub any_region: bool,
    /// The service: `s3`. The signatures of other services differ in their canonical paths; `s3express` is alike.
    pub service: String,
}

impl Endpoint {
    /// S3 in this region, and in no other.
    #[must_use]
    pub fn s3(region: &str) -> Endpoint {
        Endpoint { region: region.to_owned(), any_region: false, service: "s3".to_owned() }
    }

    /// Whether a credential may be used here on the day of this request.
    pub(super) fn check(&self, credential: &Credential, stamp: &Stamp) -> Result<(), Flaw> {
        let (day, region, service) = (credential.day(), credential.region(), credential.service());
        if region != self.region && !self.any_region {
            return Err(Flaw::Region { given: region.to_owned(), expected: self.region.clone() });
        }
        if service != self.service {
            return Err(Flaw::Service { given: service.to_owned(), expected: self.service.clone() });
        }
        if day.as_bytes() != stamp.day() {
            let expected = stamp.text().chars().take(8).collect();
            return Err(Flaw::OtherDay { given: day.to_owned(), expected });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Credential, Flaw> {
        Credential::parse(text.to_owned())
    }

    #[test]
    fn a_credential_has_five_parts() {
        let credential = parse("AKID/20130524/us-east-1/s3/aws4_request").expect("well formed");
        assert_eq!((credential.access_key(), credential.scope()), ("AKID", "20130524/us-east-1/s3/aws4_request"));
        assert_eq!((credential.day(), credential.region(), credential.service()), ("20130524", "us-east-1", "s3"));
    }

    #[test]
    fn every_wrong_part_has_its_flaw() {
        let cases = [
            ("", Flaw::Credential),
            ("AKID", Flaw::Credential),
            ("20130524/us-east-1/s3/aws4_request", Flaw::Credential),
            ("AK/ID/20130524/us-east-1/s3/aws4_request", Flaw::Credential),
            ("/20130524/us-east-1/s3/aws4_request", Flaw::NoAccessKey),
            ("AKID/20130524/us-east-1/s3/aws5_request", Flaw::Terminal("aws5_request".to_owned())),
            ("AKID/2013-05-24/us-east-1/s3/aws4_request", Flaw::Day("2013-05-24".to_owned())),
            ("AKID/20130532/us-east-1/s3/aws4_request", Flaw::Day("20130532".to_owned())),
        ];
        for (text, flaw) in cases {
            assert_eq!(parse(text), Err(flaw), "{text}");
        }
    }

    #[test]
    fn an_endpoint_takes_its_region_its_service_and_the_day_of_the_request() {
        let check = |endpoint: &Endpoint, scope: &str| {
            let credential = parse(&format!("AKID/{scope}/aws4_request")).expect("well formed");
            endpoint.check(&credential, &Stamp::at(1_369_353_600)).map_err(|flaw| format!("{flaw:?}"))
        };
        let endpoint = Endpoint::s3("us-east-1");
        assert_eq!(check(&endpoint, "20130524/us-east-1/s3"), Ok(()));
        let cases = [("20130524/eu-west-1/s3", "Region"), ("20130524//s3", "Region")];
        let cases =
            cases.into_iter().chain([("20130524/us-east-1/sts", "Service"), ("20130523/us-east-1/s3", "OtherDay")]);
        for (scope, flaw) in cases {
            assert!(check(&endpoint, scope).is_err_and(|error| error.starts_with(flaw)), "{scope}");
        }
        let tolerant = Endpoint { any_region: true, ..endpoint.clone() };
        assert_eq!(check(&tolerant, "20130524/eu-west-1/s3"), Ok(()));
        let express = Endpoint { service: "s3express".to_owned(), ..endpoint };
        assert_eq!(check(&express, "20130524/us-east-1/s3express"), Ok(()));
        assert!(check(&express, "20130524/us-east-1/s3").is_err());
    }
}
