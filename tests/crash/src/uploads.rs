//! Uploads in parts, as the victim makes them, and what it does with those that an earlier victim left open.
//!
//! What must hold: parts are put in order and the first `n` of them make the first bytes of one body.

use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::index::{After, Item};
use stratum_engine::node::{PutOptions, Store};
use stratum_engine::rt;
use stratum_engine::shard::{Completion, NamedPart};
use stratum_engine::types::{ObjectKey, UploadId};

use crate::body;
use crate::chance::Chance;
use crate::load::{bucket, key, report};
use crate::saying::Saying;

/// An open upload as the store lists it.
pub struct Left {
    /// Its key.
    pub key: ObjectKey,
    /// Itself.
    pub upload: UploadId,
    /// Its parts, in order.
    pub parts: Vec<NamedPart>,
    /// The bytes of all of them.
    pub bytes: u64,
}

/// Begins an upload, puts some parts, and completes, aborts or leaves it.
pub(crate) async fn upload(store: &Store, name: &str, version: u64, chance: &mut Chance) {
    Saying::UploadWanted(name.to_owned()).say();
    let upload = match store.create_upload(&bucket(), &key(name), Vec::new()).await {
        Ok(upload) => upload,
        Err(Error::SlowDown | Error::NoSpace) => {
            Saying::UploadRefused(name.to_owned()).say();
            return rt::sleep(Duration::from_millis(20)).await;
        }
        Err(why) => return Saying::Wrong(format!("{name}: no upload: {why}")).say(),
    };
    Saying::Opened(name.to_owned(), upload.to_string(), version).say();
    let mut left = Left { key: key(name), upload, parts: Vec::new(), bytes: 0 };
    for number in 1..=u16::try_from(chance.between(1, 4)).unwrap_or(1) {
        let size = chance.between(8, 500 * 1024) / 8 * 8;
        let bytes = body::piece(name, version, left.bytes, size);
        match part(store, &left, number, &bytes).await {
            Ok(md5) => left.parts.push((number, md5)),
            Err(Error::SlowDown | Error::NoSpace) => break,
            Err(why) => return Saying::Wrong(format!("{name}: no part: {why}")).say(),
        }
        left.bytes += size;
        Saying::Parts(upload.to_string(), u64::from(number), left.bytes).say();
    }
    // Some stay open, for whoever comes after the kill.
    if chance.below(10) > 0 {
        end(store, &left, chance.below(4) > 0).await;
    }
}

/// Ends every upload that an earlier run left open.
pub(crate) async fn end_all(store: &Store, chance: &mut Chance) {
    match open_uploads(store).await {
        Ok(all) => {
            for left in all {
                end(store, &left, chance.below(2) > 0).await;
            }
        }
        Err(why) => Saying::Wrong(format!("uploads are not listed: {why}")).say(),
    }
}

/// All open uploads with their parts.
///
/// # Errors
/// The store's.
pub async fn open_uploads(store: &Store) -> Result<Vec<Left>, Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_uploads(&bucket(), b"", None, after.take(), 100).await?;
        for item in page.items {
            let Item::Upload { key, upload, .. } = item else { continue };
            let mut left = Left { key, upload, parts: Vec::new(), bytes: 0 };
            for (number, entry) in store.list_parts(&bucket(), &left.key, upload, 0, 1000).await?.parts {
                left.parts.push((number, entry.md5));
                left.bytes += entry.size;
            }
            after = Some(After::Upload(left.key.as_bytes().to_vec(), upload));
            all.push(left);
        }
        if !page.more {
            return Ok(all);
        }
    }
}

async fn part(store: &Store, left: &Left, number: u16, bytes: &[u8]) -> Result<[u8; 16], Error> {
    let mut part = store.upload_part(&bucket(), &left.key, left.upload, number, Some(bytes.len() as u64)).await?;
    part.write(bytes).await?;
    Ok(part.finish(PutOptions::default()).await?.etag.md5)
}

async fn end(store: &Store, left: &Left, complete: bool) {
    let (name, upload) = (String::from_utf8_lossy(left.key.as_bytes()).into_owned(), left.upload);
    if complete && !left.parts.is_empty() {
        Saying::Complete(name.clone(), upload.to_string(), left.bytes).say();
        let completion = Completion { parts: left.parts.clone(), ..Completion::default() };
        let answer = store.complete_upload(&bucket(), &left.key, upload, completion).await;
        return report(&name, answer.map(|_| ())).await;
    }
    Saying::Abort(upload.to_string()).say();
    match store.abort_upload(&bucket(), &left.key, upload).await {
        Ok(()) => Saying::Aborted(upload.to_string()).say(),
        Err(Error::SlowDown | Error::NoSpace) => {}
        Err(why) => Saying::Wrong(format!("{name}: not aborted: {why}")).say(),
    }
}
