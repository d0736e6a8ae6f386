//! A store is the same with any number of cores: the same objects, without building its index anew.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stratum_crash::child::{Remains, Victim};
use stratum_crash::saying::Saying;
use tempfile::TempDir;

const OBJECTS: u64 = 20_000;

/// Runs a victim to its end; nothing is wrong, and nothing is to be told of.
fn run(arguments: &[&str]) -> Remains {
    let remains = run_telling(arguments);
    assert_eq!(remains.told, "", "{arguments:?}");
    remains
}

fn run_telling(arguments: &[&str]) -> Remains {
    let remains = start(arguments).wait().expect("a child may be waited for");
    assert_eq!(remains.said.last(), Some(&Saying::Finished), "{arguments:?}: {}", remains.told);
    assert!(remains.said.iter().all(|saying| !matches!(saying, Saying::Wrong(_))), "{arguments:?}");
    remains
}

fn start(arguments: &[&str]) -> Victim {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    Victim::start(&PathBuf::from(env!("CARGO_BIN_EXE_victim")), &arguments).expect("the victim starts")
}

/// The files of the index: one that was built anew is another file.
#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
fn index_files(store: &Path) -> BTreeMap<PathBuf, u64> {
    let mut files = BTreeMap::new();
    for shard in std::fs::read_dir(store.join("index")).expect("the index is there") {
        let shard = shard.expect("a readable directory").path();
        for file in std::fs::read_dir(&shard).expect("a shard is a directory") {
            let file = file.expect("a readable directory");
            files.insert(file.path(), file.metadata().expect("it is there").ino());
        }
    }
    files
}

#[test]
fn one_two_and_four_cores_serve_the_same_objects_from_the_same_index() {
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
    let path = home.path().join("store");
    let store = path.to_string_lossy().into_owned();
    run(&["fill", &store, "2", "ring", "small", &OBJECTS.to_string()]);
    let index = index_files(&path);
    assert!(index.len() >= 8, "a file for every shard: {index:?}");
    let listing = |cores, leaving| {
        let said = run(&["verify", &store, cores, "ring", leaving]).said;
        said.into_iter().filter(|saying| matches!(saying, Saying::Object(..))).collect::<Vec<_>>()
    };
    let one = listing("1", "close");
    assert_eq!(one.len() as u64, OBJECTS);
    for (cores, leaving) in [("2", "exit"), ("4", "close"), ("1", "exit")] {
        assert!(listing(cores, leaving) == one, "{cores} cores list something else");
        let opened = run(&["open", &store, cores, "ring", "small"]).said;
        assert!(opened.contains(&Saying::Number("objects".to_owned(), OBJECTS)), "{opened:?}");
        assert_eq!(index_files(&path), index, "{cores} cores built the index anew");
    }
}

/// The store of a rebuild that was cut short is behind what the log confirms, so the next start begins it anew. It once
/// did so while it still had it open, was told that it was in use, and did not start.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
fn a_rebuild_that_was_cut_short_is_begun_again() {
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
    let path = home.path().join("store");
    let store = path.to_string_lossy().into_owned();
    run(&["fill", &store, "2", "ring", "small", "8000"]);
    let listing = |remains: Remains| {
        remains.said.into_iter().filter(|saying| matches!(saying, Saying::Object(..))).collect::<Vec<_>>()
    };
    let before = listing(run(&["verify", &store, "2", "ring", "close"]));
    assert_eq!(before.len(), 8000);
    // Killed later and later, until one is hit after its first commit and before its last.
    let cut_short = (1..100).any(|hundredths| {
        std::fs::remove_dir_all(path.join("index")).expect("the index is there");
        let rebuild = start(&["open", &store, "1", "ring", "small"]);
        rebuild.kill_at(Instant::now() + Duration::from_millis(10 * hundredths)).expect("a child may be killed");
        let next = run_telling(&["open", &store, "4", "ring", "small"]);
        assert!(next.said.contains(&Saying::Number("objects".to_owned(), 8000)), "{next:?}");
        next.told.contains("is older than its log confirms: it is built anew")
    });
    assert!(cut_short, "no kill came in the middle of a rebuild");
    let again = run_telling(&["verify", &store, "4", "ring", "close"]);
    assert!(listing(again) == before, "a rebuild changed the listing");
    run(&["verify", &store, "2", "ring", "exit"]);
}
