//! A page of the index cannot be read. A call cannot be told so: the process gets SIGBUS and ends. The next start must
//! know why, or it would touch the same page and end too, and the one after it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use stratum_crash::child::{Remains, Victim};
use stratum_crash::saying::Saying;
use stratum_crash::tear::cut_off;
use tempfile::TempDir;

const OBJECTS: usize = 4000;
/// The number of the signal on x86 and ARM.
const SIGBUS: i32 = 7;
/// The shard whose index is hit.
const HIT: u16 = 3;

fn run(arguments: &[&str]) -> Remains {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let victim = Victim::start(&PathBuf::from(env!("CARGO_BIN_EXE_victim")), &arguments).expect("the victim starts");
    victim.wait().expect("a child may be waited for")
}

/// Reads the whole store: its objects, and what was told.
fn reading(store: &str, cores: &str) -> (Vec<Saying>, String) {
    let remains = run(&["verify", store, cores, "ring", "close"]);
    assert_eq!(remains.said.last(), Some(&Saying::Finished), "{}", remains.told);
    assert!(remains.said.iter().all(|saying| !matches!(saying, Saying::Wrong(_))), "{:?}", remains.said);
    let objects = remains.said.into_iter().filter(|saying| matches!(saying, Saying::Object(..))).collect();
    (objects, remains.told)
}

fn mark(path: &Path) -> PathBuf {
    path.join(format!("index/shard-{HIT}.damaged"))
}

/// The files of the indexes that were not hit: one that is begun anew is another file.
#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
fn others(path: &Path) -> BTreeMap<u16, u64> {
    let file = |shard: u16| std::fs::metadata(path.join(format!("index/shard-{shard}/data.mdb")));
    (0..8).filter(|shard| *shard != HIT).map(|shard| (shard, file(shard).expect("it is there").ino())).collect()
}

/// A store with objects in all shards, all of them in the index, closed.
fn filled() -> (TempDir, PathBuf, String, Vec<Saying>) {
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
    let path = home.path().join("store");
    let store = path.to_string_lossy().into_owned();
    assert_eq!(run(&["fill", &store, "2", "ring", "small", &OBJECTS.to_string()]).told, "");
    let (objects, told) = reading(&store, "2");
    assert_eq!((objects.len(), told.as_str()), (OBJECTS, ""));
    (home, path, store, objects)
}

#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
fn has_died_and_left_a_mark(remains: &Remains, path: &Path) {
    assert_eq!(remains.status.signal(), Some(SIGBUS), "{remains:?}");
    let told: Vec<&str> = remains.told.lines().collect();
    let [line] = told[..] else { panic!("one line is told: {told:?}") };
    for words in ["of shard 3 cannot be read", "the log has everything", "the next start builds this index anew"] {
        assert!(line.contains(words), "{line}");
    }
    assert_eq!(std::fs::read_to_string(mark(path)).expect("the mark is there"), remains.told);
}

/// The next start tells of it, builds that index anew and no other, and everything is there; the start after it has
/// nothing to tell.
#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
fn is_built_anew(path: &Path, store: &str, before: &[Saying]) {
    let untouched = others(path);
    let (objects, told) = reading(store, "1");
    let told: Vec<&str> = told.lines().collect();
    let [line] = told[..] else { panic!("one line is told: {told:?}") };
    for words in ["the index of shard 3 was not to be relied on", "nothing is lost", "built anew"] {
        assert!(line.contains(words), "{line}");
    }
    assert!(objects == before, "the rebuild changed the listing");
    assert!(!mark(path).exists(), "the mark goes with the index that it was for");
    assert_eq!(others(path), untouched, "the other indexes were whole");
    let (objects, told) = reading(store, "4");
    assert!(objects == before, "the start after it lists something else");
    assert_eq!(told, "");
}

#[test]
fn a_page_that_goes_while_the_store_is_served_ends_it_and_the_next_start_builds_that_index_anew() {
    let (_home, path, store, before) = filled();
    let torn = run(&["tear", &store, "2", "ring", &HIT.to_string()]);
    assert!(torn.said.iter().all(|saying| !matches!(saying, Saying::Wrong(_) | Saying::Finished)), "{torn:?}");
    has_died_and_left_a_mark(&torn, &path);
    is_built_anew(&path, &store, &before);
}

#[test]
fn a_page_that_is_gone_before_the_start_ends_one_start_and_no_more() {
    let (_home, path, store, before) = filled();
    cut_off(&path, HIT).expect("the index is there");
    let died = run(&["verify", &store, "2", "epoll", "close"]);
    assert!(died.said.iter().all(|saying| matches!(saying, Saying::Begin(_))), "in its start: {died:?}");
    has_died_and_left_a_mark(&died, &path);
    is_built_anew(&path, &store, &before);
}
