//! Takes the pages of one shard's index away while the store is open, and reads on: whoever touches them gets SIGBUS,
//! as from a disk that does not read them.

use std::fs::OpenOptions;
use std::path::Path;

use stratum_engine::node::Options;
use stratum_engine::rt::real::Driver;

use crate::node::run_node;
use crate::saying::Saying;
use crate::verify::everything;

/// The pages that LMDB reads before it is open. All that is behind them is mapped.
const LEFT_BYTES: u64 = 2 * 4096;

/// Cuts off the file of a shard's index behind its first pages.
///
/// # Errors
/// If there is none, or the system does not let us.
#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
pub fn cut_off(store: &Path, shard: u16) -> std::io::Result<()> {
    let file = store.join(format!("index/shard-{shard}/data.mdb"));
    OpenOptions::new().write(true).open(file)?.set_len(LEFT_BYTES)
}

/// Opens the store, cuts off the index of a shard, and says all that is in the store, if it can.
#[must_use]
pub fn tear(options: &Options, driver: Driver, shard: u16) -> bool {
    let path = options.store.clone();
    run_node(options, driver, move |core| {
        let path = path.clone();
        async move {
            if !core.last_to_open {
                return std::future::pending().await;
            }
            if let Err(why) = cut_off(&path, shard) {
                Saying::Wrong(format!("shard {shard} has no index: {why}")).say();
            }
            if let Err(why) = everything(&core.store).await {
                Saying::Wrong(format!("the store is not read: {why}")).say();
            }
            Saying::Finished.say();
            std::process::exit(0);
        }
    })
}
