//! The process that is killed.
//!
//! ```text
//!  victim load   STORE CORES DRIVER SEED VERSIONS    works until it is killed
//!  victim verify STORE CORES DRIVER close|exit       says all that the store holds
//!  victim fill   STORE CORES DRIVER SCALE OBJECTS    fills a store and ends
//!  victim open   STORE CORES DRIVER SCALE            says how long a start takes
//!  victim tear   STORE CORES DRIVER SHARD            cuts off the index of a shard and reads on
//!
//!  DRIVER: ring or epoll    SCALE: small or product
//! ```
use std::path::PathBuf;
use std::process::ExitCode;

use stratum_crash::options::{Scale, tell};
use stratum_crash::verify::{Leaving, verify};
use stratum_crash::{fill, load, tear};
use stratum_engine::rt::real::Driver;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match obey(&words) {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => {
            tell("usage: victim load|verify|fill|open|tear STORE CORES ring|epoll ...");
            ExitCode::from(64)
        }
    }
}

fn obey(words: &[&str]) -> Option<bool> {
    let (verb, store, cores, driver) = match words {
        [verb, store, cores, driver, ..] => (*verb, PathBuf::from(store), cores.parse().ok()?, *driver),
        _ => return None,
    };
    let driver = match driver {
        "ring" => Driver::Auto,
        "epoll" => Driver::Epoll,
        _ => return None,
    };
    let scale = |word: &str| match word {
        "small" => Some(Scale::Small),
        "product" => Some(Scale::Product),
        _ => None,
    };
    match (verb, words.get(4..)?) {
        ("load", [seed, versions]) => {
            Some(load::load(store, cores, driver, seed.parse().ok()?, versions.parse().ok()?))
        }
        ("verify", ["close"]) => Some(verify(&Scale::Small.options(store, cores), driver, Leaving::Closing)),
        ("verify", ["exit"]) => Some(verify(&Scale::Small.options(store, cores), driver, Leaving::AtOnce)),
        ("fill", [size, objects]) => {
            Some(fill::fill(&scale(size)?.options(store, cores), driver, objects.parse().ok()?))
        }
        ("tear", [shard]) => Some(tear::tear(&Scale::Small.options(store, cores), driver, shard.parse().ok()?)),
        ("open", [size]) => Some(fill::open(&scale(size)?.options(store, cores), driver)),
        _ => None,
    }
}
