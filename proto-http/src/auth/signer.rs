//! The client's side: what to send so that a server lets us in.
//!
//! What must hold: it is written the obvious way, with a sorted map and strings, and shares nothing with the server's
//! side but the digest and the alphabet; so each is a test of the other.
//!
//! Not here: sending, and the framing of chunks.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::authorization::ALGORITHM;
use super::credentials::Credentials;
use super::encoding::{Stamp, encoded, hex_string};
use super::payload::{PayloadHash, UNSIGNED};
use super::scope::{Credential, TERMINAL};
use super::signing_key::SigningKey;

/// A request that is to be signed.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: String,
    /// The value of the header `host`, with the port unless it is the default one.
    pub host: String,
    /// The path, not encoded: `/bucket/my key`.
    pub path: Vec<u8>,
    /// Names and values of the query, not encoded.
    pub query: Vec<(String, String)>,
    /// Names and values of headers that are sent and signed, beside `host` and those that signing adds.
    pub headers: Vec<(String, String)>,
    /// How the body is bound to the signature.
    pub payload: PayloadHash,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Path and query, encoded.
    pub target: String,
    /// All headers, in order.
    pub headers: Vec<(String, String)>,
    /// What signs the chunks of the body, if they are to be signed.
    pub chunks: ChunkSigner,
}

/// Signs requests with one key for one region and service.
#[derive(Clone, Debug)]
pub struct Signer {
    credentials: Credentials,
    region: String,
    service: String,
}

impl Signer {
    /// A signer for S3 in this region.
    #[must_use]
    pub fn s3(credentials: Credentials, region: &str) -> Signer {
        Signer { credentials, region: region.to_owned(), service: "s3".to_owned() }
    }

    /// Signs in the header `Authorization`, at this time in seconds since 1970.
    #[must_use]
    pub fn sign(&self, outgoing: &Outgoing, now_s: u64) -> Signed {
        let stamp = Stamp::at(now_s);
        let payload = outgoing.payload.text();
        let mut headers = vec![("host".to_owned(), outgoing.host.clone())];
        headers.extend(outgoing.headers.iter().cloned());
        headers.push(("x-amz-content-sha256".to_owned(), payload.clone()));
        headers.push(("x-amz-date".to_owned(), stamp.text()));
        if let Some(token) = self.credentials.session_token() {
            headers.push(("x-amz-security-token".to_owned(), token.to_owned()));
        }
        let query = query_text(&outgoing.query);
        let (names, canonical) = canonical(outgoing, &headers, &query, &payload);
        let chunks = self.chunk_signer(&stamp, &canonical);
        let credential = self.credential_text(&stamp);
        let signature = &chunks.previous;
        let value = format!("{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}");
        headers.push(("authorization".to_owned(), value));
        Signed { target: target(outgoing, &query), headers, chunks }
    }

    /// Signs in the query: whoever has the target may use it until `validity_s` seconds after this time.
    #[must_use]
    pub fn presign(&self, outgoing: &Outgoing, now_s: u64, validity_s: u64) -> Signed {
        let stamp = Stamp::at(now_s);
        let mut headers = vec![("host".to_owned(), outgoing.host.clone())];
        headers.extend(outgoing.headers.iter().cloned());
        let payload = match &outgoing.payload {
            PayloadHash::Unsigned => UNSIGNED.to_owned(),
            signed => {
                headers.push(("x-amz-content-sha256".to_owned(), signed.text()));
                signed.text()
            }
        };
        let mut parameters = outgoing.query.clone();
        let mut add = |name: &str, value: String| parameters.push((name.to_owned(), value));
        add("X-Amz-Algorithm", ALGORITHM.to_owned());
        add("X-Amz-Credential", self.credential_text(&stamp));
        add("X-Amz-Date", stamp.text());
        add("X-Amz-Expires", validity_s.to_string());
        add("X-Amz-SignedHeaders", header_names(&sorted(&headers)));
        if let Some(token) = self.credentials.session_token() {
            add("X-Amz-Security-Token", token.to_owned());
        }
        let query = query_text(&parameters);
        let (_, canonical) = canonical(outgoing, &headers, &query, &payload);
        let chunks = self.chunk_signer(&stamp, &canonical);
        let target = format!("{}&X-Amz-Signature={}", target(outgoing, &query), chunks.previous);
        Signed { target, headers, chunks }
    }

    fn credential_text(&self, stamp: &Stamp) -> String {
        let (key, day) = (self.credentials.access_key().as_str(), stamp.text());
        let day = day.split('T').next().unwrap_or_default();
        format!("{key}/{day}/{}/{}/{TERMINAL}", self.region, self.service)
    }

    /// Signs a head; its signature begins the chain of its chunks.
    fn chunk_signer(&self, stamp: &Stamp, canonical: &str) -> ChunkSigner {
        let credential = Credential::parse(self.credential_text(stamp))
            .expect("an access key has no slash and a stamp's day is one, so this is a credential");
        let key = SigningKey::derive(self.credentials.secret_key(), &credential);
        let context = format!("{}\n{}", stamp.text(), credential.scope());
        let text = format!("{ALGORITHM}\n{context}\n{}", digest(canonical.as_bytes()));
        let previous = hex_string(&key.sign(&[text.as_bytes()]));
        ChunkSigner { key, context, previous }
    }
}

/// Signs the chunks of one body, each over the one before it.
#[derive(Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    context: String,
    previous: String,
}

impl ChunkSigner {
    /// The signature of the next chunk, which is empty at the end of the body.
    #[must_use]
    pub fn chunk(&mut self, data: &[u8]) -> String {
        let rest = format!("{}\n{}", digest(b""), digest(data));
        self.link("AWS4-HMAC-SHA256-PAYLOAD", &rest)
    }

    /// The signature of the trailer: `name:value` and a line break for each of its headers.
    #[must_use]
    pub fn trailer(&mut self, trailer: &[u8]) -> String {
        self.link("AWS4-HMAC-SHA256-TRAILER", &digest(trailer))
    }

    fn link(&mut self, algorithm: &str, rest: &str) -> String {
        let text = format!("{algorithm}\n{}\n{}\n{rest}", self.context, self.previous);
        self.previous = hex_string(&self.key.sign(&[text.as_bytes()]));
        self.previous.clone()
    }
}

impl std::fmt::Debug for ChunkSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkSigner").field("context", &self.context).finish_non_exhaustive()
    }
}

/// The list of signed headers and the canonical request.
fn canonical(outgoing: &Outgoing, headers: &[(String, String)], query: &str, payload: &str) -> (String, String) {
    let sorted = sorted(headers);
    let names = header_names(&sorted);
    let lines: String = sorted.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let (method, path) = (&outgoing.method, encoded(&outgoing.path, b"/"));
    let text = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
    (names, text)
}

/// Headers by name in lower case, values shortened and joined.
fn sorted(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut sorted: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        sorted
            .entry(name.to_ascii_lowercase())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    sorted
}

fn header_names(sorted: &BTreeMap<String, String>) -> String {
    sorted.keys().map(String::as_str).collect::<Vec<_>>().join(";")
}

/// The query as it is both sent and signed.
fn query_text(parameters: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| (encoded(name.as_bytes(), b""), encoded(value.as_bytes(), b"")))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn target(outgoing: &Outgoing, query: &str) -> String {
    let path = encoded(&outgoing.path, b"/");
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

fn digest(bytes: &[u8]) -> String {
    hex_string(&Sha256::digest(bytes).into())
}
