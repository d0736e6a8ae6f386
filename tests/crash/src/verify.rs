//! Reads the whole store and says what is in it: every object with its listing and its body, every open upload.

use stratum_engine::error::Error;
use stratum_engine::index::{After, Item};
use stratum_engine::node::{Options, Store};
use stratum_engine::rt::real::Driver;
use stratum_engine::types::ObjectKey;

use crate::body;
use crate::load::bucket;
use crate::node::{Core, run_node, signal_all};
use crate::saying::Saying;
use crate::uploads::open_uploads;

/// How a verifying process leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// As a node that was told to stop: everything is checkpointed.
    Closing,
    /// On the spot, so that the next start finds what this one found and what it did.
    AtOnce,
}

/// Opens the store and says all that is in it.
#[must_use]
pub fn verify(options: &Options, driver: Driver, leaving: Leaving) -> bool {
    run_node(options, driver, move |core| work(core, leaving))
}

async fn work(core: Core, leaving: Leaving) {
    let Core { store, last_to_open, signals, signal } = core;
    if last_to_open {
        for damage in store.damage() {
            Saying::Wrong(format!("damage: {damage}")).say();
        }
        match everything(&store).await {
            Ok(()) | Err(Error::NoSuchBucket) => {}
            Err(why) => Saying::Wrong(format!("the store is not read: {why}")).say(),
        }
        if leaving == Leaving::AtOnce {
            Saying::Finished.say();
            std::process::exit(0);
        }
        signal_all(&signals).await;
    }
    signal.next().await;
    match store.close().await {
        // With more cores than before a full disk may have no segment for each of them: the next start replays.
        Ok(()) | Err(Error::NoSpace) => {}
        Err(why) => Saying::Wrong(format!("the store does not close: {why}")).say(),
    }
    if last_to_open {
        Saying::Finished.say();
    }
}

/// Says every object and every open upload, or why that cannot be done.
pub(crate) async fn everything(store: &Store) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = store.list(&bucket(), b"", None, after.take(), 500).await?;
        for item in page.items {
            let Item::Key { key, entry } = item else { continue };
            let name = String::from_utf8_lossy(key.as_bytes()).into_owned();
            after = Some(After::Key(key.as_bytes().to_vec()));
            match version(store, &key, &name).await {
                Ok(Some(version)) => {
                    let rest = format!("{} {} {}", entry.etag, entry.sequence, entry.time_ms);
                    Saying::Object(name, version, entry.size, rest).say();
                }
                Ok(None) => Saying::Wrong(format!("{name} has bytes that were never put")).say(),
                Err(why) => Saying::Wrong(format!("{name} is listed and not read: {why}")).say(),
            }
        }
        if !page.more {
            break;
        }
    }
    for left in open_uploads(store).await? {
        let name = String::from_utf8_lossy(left.key.as_bytes()).into_owned();
        Saying::Upload(name, left.upload.to_string(), left.parts.len() as u64, left.bytes).say();
    }
    Ok(())
}

async fn version(store: &Store, key: &ObjectKey, name: &str) -> Result<Option<u64>, Error> {
    let object = store.get(&bucket(), key).await?;
    let bytes = object.read(0, object.head.size).await?;
    Ok(body::version_of(name, &bytes))
}
