//! Reads all that the store holds over HTTP, and compares every byte of it with what it must be by its own account.
//!
//! What must hold: a page, an object and a part are each judged by themselves here; whether they are what was
//! acknowledged, the books say. Nothing else is under way, so no request may be refused.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::thread::scope;

use stratum_crash::body;
use stratum_crash::chance::Chance;
use stratum_crash::saying::Saying;

use crate::bucket::{Bucket, Listed, Page, Trouble};
use crate::content::{PART_BYTES, etag, md5_of_part};

/// Readers at once.
const READERS: usize = 4;

/// What was found.
#[derive(Debug, Default)]
pub struct Reading {
    /// Every object, every open upload, and what is wrong.
    pub said: Vec<Saying>,
    /// Open uploads by id, with their key and parts.
    pub uploads: BTreeMap<String, (String, u64)>,
    /// Bytes of all objects.
    pub bytes: u64,
}

/// What the clients know, and the store is asked about.
#[derive(Debug, Default)]
pub struct Known {
    /// Keys that have an object or not.
    pub keys: BTreeSet<String>,
    /// Keys and versions of uploads by their ids.
    pub uploads: BTreeMap<String, (String, u64)>,
}

/// Reads everything.
///
/// # Errors
/// The store could not be read to its end.
pub fn read(server: SocketAddr, known: &Known, chance: &mut Chance) -> Result<Reading, Trouble> {
    let mut bucket = Bucket::at(server);
    let mut reading = Reading::default();
    let most = chance.between(50, 1001);
    let objects = pages(|from| bucket.objects(most, from))?;
    if !objects.is_sorted_by(|one, next| one.key < next.key) {
        reading.wrong("the listing is not in order, or names a key twice".to_owned());
    }
    let listed: BTreeSet<&str> = objects.iter().map(|object| object.key.as_str()).collect();
    let absent: Vec<&str> = known.keys.iter().map(String::as_str).filter(|key| !listed.contains(key)).collect();
    let share = |all: usize| all.div_ceil(READERS).max(1);
    let shares = objects.chunks(share(objects.len())).map(|share| (share, &[][..]));
    let shares = shares.chain(absent.chunks(share(absent.len())).map(|share| (&[][..], share)));
    let said: Vec<Result<Vec<Saying>, Trouble>> = scope(|scope| {
        let readers: Vec<_> = shares.map(|share| scope.spawn(move || one_share(server, share.0, share.1))).collect();
        readers.into_iter().map(|reader| reader.join().expect("a reader does not panic")).collect()
    });
    for said in said {
        reading.said.append(&mut said?);
    }
    reading.bytes = objects.iter().map(|object| object.bytes).sum();
    let most = chance.between(3, 100);
    for (key, upload) in pages(|from| bucket.uploads(most, from))? {
        reading.upload(&mut bucket, key, upload, known)?;
    }
    reading.said.push(Saying::Finished);
    Ok(reading)
}

impl Reading {
    fn wrong(&mut self, what: String) {
        self.said.push(Saying::Wrong(what));
    }

    /// An upload with its parts, all of which are from the first on what they must be.
    fn upload(&mut self, bucket: &mut Bucket, key: String, upload: String, known: &Known) -> Result<(), Trouble> {
        let parts = pages(|from| bucket.parts(&key, &upload, 2, from))?;
        let (mut count, mut bytes) = (0, 0);
        let version = known.uploads.get(&upload).filter(|(of, _)| *of == key).map(|(_, version)| *version);
        for (number, etag, size) in parts {
            // Whoever was not told of his upload puts no part to it.
            let must_be = version.map(|version| md5_of_part(&key, version, number, size));
            if number != count + 1 || bytes != count * PART_BYTES || must_be.as_ref() != Some(&etag) {
                let what = format!("part {number} of upload {upload} to {key}: {size} bytes, {etag}, not {must_be:?}");
                self.wrong(what);
            }
            (count, bytes) = (number, bytes + size);
        }
        self.said.push(Saying::Upload(key.clone(), upload.clone(), count, bytes));
        if self.uploads.insert(upload.clone(), (key, count)).is_some() {
            self.wrong(format!("upload {upload} is listed twice"));
        }
        Ok(())
    }
}

/// Gets objects that were listed, and asks for some that were not.
fn one_share(server: SocketAddr, objects: &[Listed], absent: &[&str]) -> Result<Vec<Saying>, Trouble> {
    let mut bucket = Bucket::at(server);
    let mut said = Vec::new();
    for object in objects {
        said.push(match bucket.get(&object.key) {
            Ok((told, body)) => judged(object, &told, &body).unwrap_or_else(Saying::Wrong),
            Err(Trouble::Absent(_)) => Saying::Wrong(format!("{} is listed, and is not there", object.key)),
            Err(trouble) => return Err(trouble),
        });
    }
    for key in absent {
        match bucket.head(key) {
            Err(Trouble::Absent(_)) => {}
            Ok(()) => said.push(Saying::Wrong(format!("{key} is there, and is not listed"))),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(said)
}

/// What is said of an object that was got.
fn judged(object: &Listed, told: &str, body: &[u8]) -> Result<Saying, String> {
    let Listed { key, etag: listed, bytes } = object;
    if body.len() as u64 != *bytes {
        return Err(format!("{key} has {} bytes, and {bytes} are listed", body.len()));
    }
    let version = body::version_of(key, body).ok_or_else(|| format!("{key} has bytes that were never put"))?;
    let must_be = etag(version, body);
    if *listed != must_be || told != must_be {
        return Err(format!("{key} is listed as {listed} and sent as {told}, and is {must_be}"));
    }
    Ok(Saying::Object(key.clone(), version, *bytes, must_be))
}

/// All items of a list, page by page.
fn pages<T>(mut page: impl FnMut(&[(String, String)]) -> Result<Page<T>, Trouble>) -> Result<Vec<T>, Trouble> {
    let (mut all, mut from) = (Vec::new(), Vec::new());
    loop {
        let mut page = page(&from)?;
        all.append(&mut page.items);
        match page.next {
            Some(next) if next == from => return Err(Trouble::Wrong(format!("a page leads to itself: {next:?}"))),
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(key: &str, version: u64, body: &[u8]) -> Listed {
        Listed { key: key.to_owned(), etag: etag(version, body), bytes: body.len() as u64 }
    }

    #[test]
    fn an_object_is_what_it_says_to_its_last_byte() {
        let mut body = body::piece("a", 2, 0, 80);
        let object = listed("a", 2, &body);
        let told = object.etag.clone();
        assert!(judged(&object, &told, &body).is_ok());
        assert!(judged(&Listed { key: "b".to_owned(), ..object.clone() }, &told, &body).is_err(), "another's");
        assert!(judged(&object, &told, &body[..72]).is_err(), "cut");
        assert!(judged(&object, "x", &body).is_err(), "sent under another tag");
        let in_parts = listed("a", 3, &body);
        assert!(judged(&in_parts, &in_parts.etag, &body).is_err(), "put whole, listed as put in parts");
        body[79] ^= 1;
        assert!(judged(&listed("a", 2, &body), &etag(2, &body), &body).is_err(), "one bit, with a tag to match");
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let mut asked = Vec::new();
        let all = pages(|from| {
            asked.push(from.to_vec());
            let next = (asked.len() < 3).then(|| vec![("m".to_owned(), asked.len().to_string())]);
            Ok(Page { items: vec![asked.len()], next })
        });
        assert_eq!(all.ok(), Some(vec![1, 2, 3]));
        assert_eq!(asked.len(), 3);
        let round = |_: &[(String, String)]| Ok(Page { items: vec![0], next: Some(vec![("m".into(), "1".into())]) });
        assert!(pages(round).is_err(), "it would never end");
    }
}
