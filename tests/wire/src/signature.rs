//! Signatures of version 4, and of version 2 in a query, written the obvious way and sharing nothing with the server.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::digests::{base64, hex, hmac_sha1, sha256_hex};

/// The root's access key on every server of these tests.
pub const ACCESS_KEY: &str = "wireaccess";
/// The root's secret key on every server of these tests.
pub const SECRET_KEY: &str = "wiresecretkey";
/// The region of every server of these tests.
pub const REGION: &str = "us-east-1";

/// The query of a request of version 2 that ends at this time. `resource` is what it signs: bucket and key. `headers`
/// are the lines of what it signs among those of Amazon, sorted, each with its end.
#[must_use]
pub fn query_of_version_2(method: &str, resource: &str, headers: &str, expires_s: u64) -> String {
    let text = format!("{method}\n\n\n{expires_s}\n{headers}{resource}");
    let signature = base64(&hmac_sha1(SECRET_KEY.as_bytes(), text.as_bytes()));
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("AWSAccessKeyId={ACCESS_KEY}&Expires={expires_s}&Signature={signature}")
}

/// The key of one day, region and service.
#[derive(Clone)]
pub(crate) struct DayKey {
    key: Vec<u8>,
    date: String,
    scope: String,
}

impl DayKey {
    /// The key with which a request of this date (`20130524T000000Z`) is signed.
    pub(crate) fn of(date: &str, region: &str) -> DayKey {
        let day = date.get(..8).unwrap_or_default();
        let steps = [day, region, "s3", "aws4_request"];
        let begin = format!("AWS4{SECRET_KEY}").into_bytes();
        let key = steps.iter().fold(begin, |key, step| mac(&key, step.as_bytes()));
        DayKey { key, date: date.to_owned(), scope: steps.join("/") }
    }

    /// Signs what follows the date and the scope.
    pub(crate) fn sign(&self, algorithm: &str, rest: &str) -> String {
        hex(&mac(&self.key, format!("{algorithm}\n{}\n{}\n{rest}", self.date, self.scope).as_bytes()))
    }
}

/// The signature of a filled-in head, in which `{signature}` stands where it belongs. `path` and `query` are what the
/// client signs in their place, if that is not what it sends.
pub(crate) fn of_head(head: &str, key: &DayKey, path: Option<&str>, query: Option<&str>) -> String {
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (sent_path, sent_query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, &str)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let value = |name: &str| headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim());
    let between = |text: &str, from: &str, to: &str| {
        let rest = text.split_once(from).map(|(_, rest)| rest.to_owned())?;
        rest.split(to).next().map(str::to_owned)
    };
    let names = value("authorization").and_then(|text| between(text, "SignedHeaders=", ","));
    let names = names.or_else(|| between(sent_query, "X-Amz-SignedHeaders=", "&")).unwrap_or_default();
    let names = names.replace("%3B", ";").replace("%3b", ";");
    let canonical_headers: String = names
        .split(';')
        .map(|name| {
            let values = headers.iter().filter(|(other, _)| other == name).map(|(_, value)| collapsed(value));
            format!("{name}:{}\n", values.collect::<Vec<_>>().join(","))
        })
        .collect();
    let query = query.map_or_else(|| canonical_query(sent_query), str::to_owned);
    let payload = value("x-amz-content-sha256").unwrap_or("UNSIGNED-PAYLOAD");
    let path = path.unwrap_or(sent_path);
    let canonical = format!("{method}\n{path}\n{query}\n{canonical_headers}\n{names}\n{payload}");
    key.sign("AWS4-HMAC-SHA256", &sha256_hex(canonical.as_bytes()))
}

/// Parameters as sent, sorted, those without a value with an empty one, without the signature itself.
fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("X-Amz-Signature="));
    let mut pairs: Vec<(&str, &str)> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn collapsed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("every length is a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
