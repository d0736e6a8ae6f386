//! A store belongs to one process: a second one is told who has it, and the first does not notice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use stratum_crash::child::{SILENCE_MAX, Victim};
use stratum_crash::saying::{Phase, Saying};
use tempfile::TempDir;

/// A second process waits for ten seconds: the first may be about to leave.
const ANSWER_MAX: Duration = Duration::from_secs(20);

fn start(arguments: &[&str]) -> Victim {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    Victim::start(&PathBuf::from(env!("CARGO_BIN_EXE_victim")), &arguments).expect("the victim starts")
}

fn hear_until(victim: &mut Victim, wanted: &Saying) -> bool {
    std::iter::from_fn(|| victim.hear(deadline())).any(|saying| saying == *wanted)
}

#[expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]
fn deadline() -> Instant {
    Instant::now() + SILENCE_MAX
}

#[test]
fn a_second_process_is_told_the_number_of_the_first() {
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
    let store = home.path().join("store").to_string_lossy().into_owned();
    let mut first = start(&["load", &store, "2", "ring", "1", "1000"]);
    assert!(hear_until(&mut first, &Saying::End(Phase::Start)), "the first one opens it");

    // The first goes on working all the while, or the second would show nothing.
    let began = deadline();
    let second = start(&["verify", &store, "1", "ring", "close"]).wait().expect("it ends by itself");
    assert!(deadline() - began < ANSWER_MAX, "it answers soon");
    assert_eq!(second.status.code(), Some(2));
    let why = format!("the store does not open: the store is in use by process {}", first.pid());
    assert!(second.said.contains(&Saying::Wrong(why)), "{second:?}");

    assert!(hear_until(&mut first, &Saying::End(Phase::Checkpoint)), "the first one goes on");
    let remains = first.kill().expect("a child may be killed");
    assert!(remains.said.iter().all(|saying| !matches!(saying, Saying::Wrong(_))), "{remains:?}");
    let third = start(&["verify", &store, "4", "ring", "close"]).wait().expect("it ends by itself");
    assert_eq!(third.said.last(), Some(&Saying::Finished), "a dead process holds nothing: {third:?}");
}
