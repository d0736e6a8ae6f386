//! A request as a client sent it, with places for what must be fresh.
//!
//! ```text
//!  {host}  {bucket}           where it goes
//!  {date}  {http-date}        20130524T000000Z   Fri, 24 May 2013 00:00:00 GMT
//!  {scope} {credential}       the credential, as in a header and as in a query
//!  {sha256}  {md5}  {crc32}  {length}   of the body
//!  {signature}                over everything else
//! ```
//!
//! What must hold: all other bytes leave as they are written.

use crate::chunks::ChunkSigner;
use crate::digests::{base64, crc32, md5, sha256_hex};
use crate::signature::{ACCESS_KEY, DayKey, REGION, of_head};

/// Where and when a request is sent.
#[derive(Clone, Debug)]
pub struct Place {
    /// `Host`.
    pub host: String,
    /// The bucket.
    pub bucket: String,
    /// Seconds since 1970.
    pub now_s: u64,
    /// The region that is signed for.
    pub region: String,
}

/// A recorded request.
pub struct Recorded {
    head: String,
    path: Option<String>,
    query: Option<String>,
}

impl Recorded {
    /// A head, from the request line to the empty line.
    #[must_use]
    pub fn new(head: &str) -> Recorded {
        Recorded { head: head.to_owned(), path: None, query: None }
    }

    /// The client signs another path than it sends.
    #[must_use]
    pub fn signing_path(mut self, path: &str) -> Recorded {
        self.path = Some(path.to_owned());
        self
    }

    /// The client signs another query than it sends.
    #[must_use]
    pub fn signing_query(mut self, query: &str) -> Recorded {
        self.query = Some(query.to_owned());
        self
    }

    /// The head as it is sent with this body, and what signs the chunks of it.
    #[must_use]
    pub fn fill(&self, place: &Place, body: &[u8]) -> (Vec<u8>, ChunkSigner) {
        let date = iso_basic(place.now_s);
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{ACCESS_KEY}/{day}/{}/s3/aws4_request", place.region);
        let fill = |text: &str| {
            text.replace("{host}", &place.host)
                .replace("{bucket}", &place.bucket)
                .replace("{date}", &date)
                .replace("{http-date}", &http_date(place.now_s))
                .replace("{scope}", &scope)
                .replace("{credential}", &scope.replace('/', "%2F"))
                .replace("{sha256}", &sha256_hex(body))
                .replace("{md5}", &base64(&md5(body)))
                .replace("{crc32}", &crc32(body))
                .replace("{length}", &body.len().to_string())
        };
        let head = fill(&self.head);
        let key = DayKey::of(&date, &place.region);
        let (path, query) = (self.path.as_deref().map(fill), self.query.as_deref().map(fill));
        let signature = of_head(&head, &key, path.as_deref(), query.as_deref());
        (head.replace("{signature}", &signature).into_bytes(), ChunkSigner::new(key, &signature))
    }
}

impl Place {
    /// A place of the servers' own region.
    #[must_use]
    pub fn new(host: &str, bucket: &str, now_s: u64) -> Place {
        Place { host: host.to_owned(), bucket: bucket.to_owned(), now_s, region: REGION.to_owned() }
    }
}

/// Year, month and day of a number of days since 1970, counted year by year and month by month.
fn civil(days: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

fn iso_basic(now_s: u64) -> String {
    let (year, month, day) = civil(now_s / 86_400);
    let (hour, minute, second) = (now_s / 3600 % 24, now_s / 60 % 60, now_s % 60);
    format!("{year}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", month + 1)
}

/// A time as headers have it: `Fri, 24 May 2013 00:00:00 GMT`.
#[must_use]
pub fn http_date(now_s: u64) -> String {
    let (year, month, day) = civil(now_s / 86_400);
    let (hour, minute, second) = (now_s / 3600 % 24, now_s / 60 % 60, now_s % 60);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(now_s / 86_400 % 7).unwrap_or(0)];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!("{weekday}, {day:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", months[month])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_both_forms() {
        let documented = 1_369_353_600;
        assert_eq!(iso_basic(documented), "20130524T000000Z");
        assert_eq!(http_date(documented), "Fri, 24 May 2013 00:00:00 GMT");
        assert_eq!(http_date(1_709_210_096), "Thu, 29 Feb 2024 12:34:56 GMT");
    }

    #[test]
    fn places_are_filled_and_nothing_else_is_touched() {
        let recorded =
            Recorded::new("PUT /{bucket}/a%2Fb HTTP/1.1\r\nhOsT:  {host}\r\nContent-Length: {length}\r\n\r\n");
        let (head, _) = recorded.fill(&Place::new("h:1", "b", 0), b"xyz");
        assert_eq!(head, b"PUT /b/a%2Fb HTTP/1.1\r\nhOsT:  h:1\r\nContent-Length: 3\r\n\r\n");
    }
}
