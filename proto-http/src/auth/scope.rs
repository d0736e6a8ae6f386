//! The credential of a signature, `ACCESS-KEY/20130524/us-east-1/s3/aws4_request`, and what this endpoint expects of
//! it.
//!
//! What must hold: a credential that is accepted is for this service, for a region that is served here and for the day
//! of the request. Its four last parts, the scope, are kept as they were sent, since they are signed.

use super::encoding::Stamp;
use super::error::Flaw;

/// What ends every credential.
pub(super) const TERMINAL: &str = "aws4_request";

/// A credential of the right form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    text: String,
    /// Where its four slashes are.
    slashes: [usize; 4],
}

impl Credential {
    /// Reads a credential.
    ///
    /// # Errors
    /// It has not the form of one.
    pub fn parse(text: String) -> Result<Credential, Flaw> {
        let mut slashes = [0; 4];
        let mut found = text.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
        for slash in &mut slashes {
            *slash = found.next().ok_or(Flaw::Credential)?;
        }
        if found.next().is_some() {
            return Err(Flaw::Credential);
        }
        let credential = Credential { text, slashes };
        if credential.access_key().is_empty() {
            return Err(Flaw::NoAccessKey);
        }
        let [_, _, _, last] = slashes;
        if credential.after(last) != TERMINAL {
            return Err(Flaw::Terminal(credential.after(last).to_owned()));
        }
        // Whether there is such a day shows when it is compared with the request's.
        let day = credential.day();
        if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Flaw::Day(day.to_owned()));
        }
        Ok(credential)
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the key.
    #[must_use]
    pub fn access_key(&self) -> &str {
        let [first, ..] = self.slashes;
        self.text.get(..first).unwrap_or_default()
    }

    /// Day, region, service and terminal, as they are signed.
    #[must_use]
    pub fn scope(&self) -> &str {
        let [first, ..] = self.slashes;
        self.after(first)
    }

    /// The day.
    #[must_use]
    pub fn day(&self) -> &str {
        let [first, second, ..] = self.slashes;
        self.between(first, second)
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        let [_, second, third, _] = self.slashes;
        self.between(second, third)
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        let [.., third, last] = self.slashes;
        self.between(third, last)
    }

    fn between(&self, slash: usize, next: usize) -> &str {
        self.text.get(slash + 1..next).unwrap_or_default()
    }

    fn after(&self, slash: usize) -> &str {
        self.text.get(slash + 1..).unwrap_or_default()
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
            ("AKID/2013052/us-east-1/s3/aws4_request", Flaw::Day("2013052".to_owned())),
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
