//! A store with many small objects, and how long its start takes.

use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::node::{Options, PutOptions, Store};
use stratum_engine::rt::{self, real::Driver};

use crate::body;
use crate::load::{bucket, key, make_bucket};
use crate::node::{Core, run_node, signal_all};
use crate::saying::Saying;

/// Puts of one core that are under way together: enough to fill its groups.
const TOGETHER: u64 = 64;
/// The bytes of each body.
const BYTES: u64 = 64;

/// Fills the store with `objects` objects and closes it.
#[must_use]
pub fn fill(options: &Options, driver: Driver, objects: u64) -> bool {
    let cores = u64::from(options.cores);
    run_node(options, driver, move |core| async move {
        let Core { store, last_to_open, signals, signal } = core;
        if last_to_open {
            make_bucket(&store).await;
            signal_all(&signals).await;
        }
        signal.next().await;
        let lanes = cores * TOGETHER;
        let first = u64::from(store.core().0) * TOGETHER;
        let tasks: Vec<_> =
            (first..first + TOGETHER).map(|lane| rt::spawn(puts(store.clone(), lane, lanes, objects))).collect();
        for task in tasks {
            task.await;
        }
        // Core 0 waits for all of them: a core that left before would leave the others without its shards.
        signal_all(signals.get(..1).unwrap_or_default()).await;
        if store.core().0 > 0 {
            return std::future::pending().await;
        }
        for _ in 0..cores {
            signal.next().await;
        }
        if let Err(why) = store.checkpoint().await {
            Saying::Wrong(format!("no checkpoint: {why}")).say();
        }
        Saying::Finished.say();
        std::process::exit(0);
    })
}

/// Opens the store and says how long that took, and how many objects are in it.
#[must_use]
pub fn open(options: &Options, driver: Driver) -> bool {
    let began = rt::real::now();
    run_node(options, driver, move |core| async move {
        if !core.last_to_open {
            return std::future::pending().await;
        }
        Saying::Number("start_us".to_owned(), (rt::real::now() - began) / 1000).say();
        Saying::Number("cpu_us".to_owned(), cpu_ns() / 1000).say();
        match core.store.counts(&bucket()).await {
            Ok((objects, _)) => Saying::Number("objects".to_owned(), objects).say(),
            Err(why) => Saying::Wrong(format!("no counts: {why}")).say(),
        }
        Saying::Finished.say();
        std::process::exit(0);
    })
}

/// CPU time of all threads of this process; 0 where the kernel does not tell.
fn cpu_ns() -> u64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let of_thread = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    threads.filter_map(Result::ok).filter_map(|thread| of_thread(thread.path())).sum()
}

async fn puts(store: Store, lane: u64, lanes: u64, objects: u64) {
    let mut number = lane;
    while number < objects {
        let name = format!("many/{number:08}");
        let bytes = body::piece(&name, number, 0, BYTES);
        match store.put(&bucket(), &key(&name), &bytes, PutOptions::default()).await {
            Ok(_) => number += lanes,
            Err(Error::SlowDown) => rt::sleep(Duration::from_millis(10)).await,
            Err(why) => {
                Saying::Wrong(format!("{name}: {why}")).say();
                return;
            }
        }
    }
}
