//! The power is cut ten thousand times, over a workload in which everything happens, and every start shows what the
//! model has. `STRATUM_SEED=n` replays one seed; `STRATUM_CYCLES=n` is the number of cycles of all seeds together.

use std::io::Write;

use stratum_tests::crash::{Totals, run, run_on};
use stratum_tests::index_files::IndexFiles;
use stratum_tests::node::SHARDS;

/// Cycles of one seed: enough for its store to grow old, few enough to replay quickly.
const CYCLES_PER_SEED: u64 = 50;
/// Power cuts that count, of all seeds together, unless the environment says otherwise. Good ends, exits and kills come
/// on top.
const CYCLES: u64 = 10_000;

/// Seeds that run with LMDB itself: its syncs are real, and slow.
const LMDB_SEEDS: u64 = 12;
/// Their numbers begin here, so that a number says what it runs with.
const LMDB_FIRST: u64 = 1_000_000;

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn power_cuts(half: u64) {
    let mut totals = Totals::default();
    if let Some(seed) = environment("STRATUM_SEED") {
        if half == 0 && seed < LMDB_FIRST {
            totals.add(&run(seed, environment("STRATUM_CYCLES").unwrap_or(CYCLES_PER_SEED)));
            say(&totals);
        }
        return;
    }
    let cycles = environment("STRATUM_CYCLES").unwrap_or(CYCLES) / 2;
    let mut seed = half;
    while totals.counted < cycles {
        totals.add(&run(seed, CYCLES_PER_SEED));
        seed += 2;
    }
    say(&totals);
    assert!(totals.counted >= cycles && totals.power_cuts >= totals.counted && totals.exits > 0, "{totals:?}");
    assert!(totals.moved > 0 && totals.bucket_deletes > 0 && totals.completions > 0, "{totals:?}");
    assert!(totals.rebuilds > 0 && totals.part_rebuilds > 0, "{totals:?}");
    assert!(totals.checkpoints > 0 && totals.segments > totals.freed && totals.freed > 0, "{totals:?}");
    assert!(totals.untouched > 0, "{totals:?}");
    assert!(totals.recovery_cuts > 0 && totals.torn > 0, "{totals:?}");
}

fn say(totals: &Totals) {
    drop(writeln!(std::io::stderr(), "{totals:?}"));
}

#[test]
fn power_cuts_of_even_seeds_lose_nothing_acknowledged() {
    power_cuts(0);
}

#[test]
fn power_cuts_of_odd_seeds_lose_nothing_acknowledged() {
    power_cuts(1);
}

#[test]
fn a_seed_replays_exactly() {
    assert_eq!(run(4, 6), run(4, 6));
}

#[test]
fn power_cuts_with_lmdb_lose_nothing_acknowledged() {
    let mut totals = Totals::default();
    let seeds = match environment("STRATUM_SEED") {
        Some(seed) if seed < LMDB_FIRST => return,
        Some(seed) => seed..seed + 1,
        None => LMDB_FIRST..LMDB_FIRST + LMDB_SEEDS,
    };
    for seed in seeds {
        totals.add(&run_on(IndexFiles::lmdb(SHARDS), seed, CYCLES_PER_SEED));
    }
    say(&totals);
    assert!(totals.checkpoints > 0, "{totals:?}");
}
