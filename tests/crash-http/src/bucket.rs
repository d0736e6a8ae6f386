//! The one bucket of all this, as a client asks for it: signed requests, and what their answers say.
//!
//! What must hold: an answer is read as what it promises and no more. A refusal, a server that is busy, a cut
//! connection and an answer that must not be are four things.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use stratum_proto_http::auth::{Credentials, Outgoing, PayloadHash, Signer};

use crate::document::{bare, elements, text};
use crate::wire::{Answer, Wire};

/// The root's credentials of every server here.
pub const ACCESS_KEY: &str = "crash-http";
/// See `ACCESS_KEY`.
pub const SECRET_KEY: &str = "not-a-secret-at-all";
const BUCKET: &str = "crash";

/// Why a request did not come to what was asked.
#[derive(Debug)]
pub enum Trouble {
    /// Its condition does not hold: nothing was done.
    Refused,
    /// There is no room just now: nothing was done.
    Busy,
    /// What it names is not there: what the server said.
    Absent(String),
    /// The connection was cut: it may have been done or not.
    Cut(io::Error),
    /// What must not be.
    Wrong(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Refused => f.write_str("refused, where nothing refuses"),
            Trouble::Busy => f.write_str("busy, where nothing else is under way"),
            Trouble::Absent(what) => write!(f, "not there: {what}"),
            Trouble::Cut(why) => write!(f, "cut: {why}"),
            Trouble::Wrong(what) => f.write_str(what),
        }
    }
}

/// An object as a page of the listing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// Its length.
    pub bytes: u64,
}

/// A page of a list, and the parameters that ask for the next one.
#[derive(Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What asks for the next page, if there is one.
    pub next: Option<Vec<(String, String)>>,
}

/// One client's way to the bucket.
#[derive(Debug)]
pub struct Bucket {
    wire: Wire,
    host: String,
    signer: Signer,
}

impl Bucket {
    /// A way to the bucket of the server at this address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Bucket {
        let root = Credentials::new(ACCESS_KEY, SECRET_KEY).expect("both are of the form that is taken");
        Bucket { wire: Wire::to(address), host: address.to_string(), signer: Signer::s3(root, "us-east-1") }
    }

    /// Makes the bucket.
    ///
    /// # Errors
    /// It was not made, or is there.
    pub fn make(&mut self) -> Result<(), Trouble> {
        self.ask("PUT", "", &[], &[], &[]).map(drop)
    }

    /// Puts an object; `new` asks that nothing is there. Its entity tag.
    ///
    /// # Errors
    /// It was not put.
    pub fn put(&mut self, key: &str, body: &[u8], new: bool) -> Result<String, Trouble> {
        let headers: &[(&str, &str)] = if new { &[("if-none-match", "*")] } else { &[] };
        etag_of(&self.ask("PUT", key, &[], headers, body)?)
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// It was not deleted.
    pub fn delete(&mut self, key: &str) -> Result<(), Trouble> {
        self.ask("DELETE", key, &[], &[], &[]).map(drop)
    }

    /// Gets an object: its entity tag and body.
    ///
    /// # Errors
    /// It was not sent.
    pub fn get(&mut self, key: &str) -> Result<(String, Vec<u8>), Trouble> {
        let answer = self.ask("GET", key, &[], &[], &[])?;
        Ok((etag_of(&answer)?, answer.body))
    }

    /// Asks for an object without its body.
    ///
    /// # Errors
    /// Nothing was said of it.
    pub fn head(&mut self, key: &str) -> Result<(), Trouble> {
        self.ask("HEAD", key, &[], &[], &[]).map(drop)
    }

    /// Begins an upload: its id.
    ///
    /// # Errors
    /// It was not begun.
    pub fn begin(&mut self, key: &str) -> Result<String, Trouble> {
        let document = self.ask("POST", key, &[("uploads", "")], &[], &[])?.text();
        owned(text(&document, "UploadId"), &document)
    }

    /// Puts a part: its entity tag.
    ///
    /// # Errors
    /// It was not put.
    pub fn part(&mut self, key: &str, upload: &str, number: u64, body: &[u8]) -> Result<String, Trouble> {
        let number = number.to_string();
        etag_of(&self.ask("PUT", key, &[("partNumber", &number), ("uploadId", upload)], &[], body)?)
    }

    /// Completes an upload from parts of these digests: the entity tag of what it became.
    ///
    /// # Errors
    /// It was not completed.
    pub fn complete(&mut self, key: &str, upload: &str, parts: &[String]) -> Result<String, Trouble> {
        let part = |(number, etag): (usize, &String)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>")
        };
        let parts: String = (1..).zip(parts).map(part).collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let document = self.ask("POST", key, &[("uploadId", upload)], &[], body.as_bytes())?.text();
        // Where it takes long, the status is sent before the outcome is known.
        owned(text(&document, "ETag").map(bare), &document)
    }

    /// Aborts an upload.
    ///
    /// # Errors
    /// It was not aborted.
    pub fn abort(&mut self, key: &str, upload: &str) -> Result<(), Trouble> {
        self.ask("DELETE", key, &[("uploadId", upload)], &[], &[]).map(drop)
    }

    /// A page of all objects.
    ///
    /// # Errors
    /// It was not sent.
    pub fn objects(&mut self, most: u64, from: &[(String, String)]) -> Result<Page<Listed>, Trouble> {
        let document = self.page("", &[("list-type", "2"), ("max-keys", &most.to_string())], from)?;
        let items = elements(&document, "Contents").map(|item| {
            let bytes = text(item, "Size").and_then(|size| size.parse().ok());
            let (key, etag) = (text(item, "Key"), text(item, "ETag").map(bare));
            match (key, etag, bytes) {
                (Some(key), Some(etag), Some(bytes)) => {
                    Ok(Listed { key: key.to_owned(), etag: etag.to_owned(), bytes })
                }
                _ => Err(Trouble::Wrong(format!("not an object of a listing: {item}"))),
            }
        });
        let items = items.collect::<Result<_, _>>()?;
        Ok(Page { items, next: next(&document, &[("NextContinuationToken", "continuation-token")])? })
    }

    /// A page of all open uploads: keys and ids.
    ///
    /// # Errors
    /// It was not sent.
    pub fn uploads(&mut self, most: u64, from: &[(String, String)]) -> Result<Page<(String, String)>, Trouble> {
        let document = self.page("", &[("uploads", ""), ("max-uploads", &most.to_string())], from)?;
        let items = elements(&document, "Upload")
            .map(|item| Ok((owned(text(item, "Key"), item)?, owned(text(item, "UploadId"), item)?)))
            .collect::<Result<_, Trouble>>()?;
        let markers = [("NextKeyMarker", "key-marker"), ("NextUploadIdMarker", "upload-id-marker")];
        Ok(Page { items, next: next(&document, &markers)? })
    }

    /// A page of the parts of an upload: numbers, entity tags and lengths.
    ///
    /// # Errors
    /// It was not sent.
    pub fn parts(
        &mut self,
        key: &str,
        upload: &str,
        most: u64,
        from: &[(String, String)],
    ) -> Result<Page<(u64, String, u64)>, Trouble> {
        let document = self.page(key, &[("uploadId", upload), ("max-parts", &most.to_string())], from)?;
        let number = |item, name| {
            let number = text(item, name).and_then(|number| number.parse().ok());
            number.ok_or_else(|| Trouble::Wrong(format!("not a part: {item}")))
        };
        let items = elements(&document, "Part")
            .map(|item| {
                let etag = owned(text(item, "ETag").map(bare), item)?;
                Ok((number(item, "PartNumber")?, etag, number(item, "Size")?))
            })
            .collect::<Result<_, Trouble>>()?;
        Ok(Page { items, next: next(&document, &[("NextPartNumberMarker", "part-number-marker")])? })
    }

    fn page(&mut self, key: &str, query: &[(&str, &str)], from: &[(String, String)]) -> Result<String, Trouble> {
        let from = from.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let query: Vec<(&str, &str)> = query.iter().copied().chain(from).collect();
        Ok(self.ask("GET", key, &query, &[], &[])?.text())
    }

    /// Sends a signed request. Its answer, if it was done.
    fn ask(
        &mut self,
        method: &str,
        key: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Trouble> {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let path = if key.is_empty() { format!("/{BUCKET}") } else { format!("/{BUCKET}/{key}") };
        let outgoing = Outgoing {
            method: method.to_owned(),
            host: self.host.clone(),
            path: path.into_bytes(),
            query: owned(query),
            headers: owned(headers),
            payload: PayloadHash::Unsigned,
        };
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let signed = self.signer.sign(&outgoing, now_s);
        let mut head = format!("{method} {} HTTP/1.1\r\n", signed.target);
        for (name, value) in &signed.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if matches!(method, "PUT" | "POST") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let said = |what: &str| format!("{method} {key} {query:?}: {what}");
        let answer = self.wire.exchange(&head, body).map_err(|why| match why.kind() {
            // A kill cuts; it does not garble.
            ErrorKind::InvalidData => Trouble::Wrong(said(&why.to_string())),
            _ => Trouble::Cut(why),
        })?;
        match answer.status {
            200 | 204 => Ok(answer),
            412 => Err(Trouble::Refused),
            503 => Err(Trouble::Busy),
            404 => Err(Trouble::Absent(said(&answer.text()))),
            status => Err(Trouble::Wrong(said(&format!("{status} {}", answer.text())))),
        }
    }
}

fn etag_of(answer: &Answer) -> Result<String, Trouble> {
    owned(answer.header("etag").map(bare), "an answer without an entity tag")
}

fn owned(found: Option<&str>, within: &str) -> Result<String, Trouble> {
    found.map(str::to_owned).ok_or_else(|| Trouble::Wrong(format!("something is missing: {within}")))
}

/// What asks for the page behind this one.
fn next(document: &str, markers: &[(&str, &str)]) -> Result<Option<Vec<(String, String)>>, Trouble> {
    if text(document, "IsTruncated") != Some("true") {
        return Ok(None);
    }
    let marker = |(element, parameter): &(&str, &str)| {
        let value = owned(text(document, element), document)?;
        Ok(((*parameter).to_owned(), value))
    };
    markers.iter().map(marker).collect::<Result<Vec<_>, Trouble>>().map(Some)
}
