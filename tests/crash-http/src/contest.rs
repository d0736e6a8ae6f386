//! Keys that several clients try to create at once, of whom one may win.
//!
//! ```text
//!  entered     | the key may get this body
//!  won         | it has it, and nobody else's
//!  refused     | it does not get it, and somebody has won, or wins
//!  withdrawn   | it does not get it: the server was busy
//!  (killed)    | as it stands; the next start decides, and the contest is over
//! ```
//!
//! What must hold: a key of a contest is never deleted or replaced while it is open.

use std::collections::BTreeMap;

/// A body: its version and size.
pub type State = (u64, u64);

/// All open contests.
#[derive(Debug, Default)]
pub struct Contests(BTreeMap<String, Contest>);

#[derive(Debug, Default)]
struct Contest {
    /// Sizes by versions of what may still win.
    open: BTreeMap<u64, u64>,
    winner: Option<State>,
    refused: u64,
    /// What was said, for whoever must find out how a wrong thing came about.
    heard: Vec<String>,
}

/// What the contests came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Keys that were created, with what they are.
    pub created: Vec<(String, State)>,
    /// What is not as it may be.
    pub wrong: Vec<String>,
}

impl Contests {
    /// A client is about to ask.
    pub fn enter(&mut self, key: &str, (version, size): State) {
        let contest = self.heard(key, "entered", version);
        contest.open.insert(version, size);
    }

    /// It was told that it created the key.
    ///
    /// # Errors
    /// Somebody else was told so before.
    pub fn won(&mut self, key: &str, version: u64) -> Result<(), String> {
        let contest = self.heard(key, "won", version);
        let size = contest.open.remove(&version).unwrap_or_default();
        match contest.winner.replace((version, size)) {
            None => Ok(()),
            Some(_) => Err(format!("{key} was created twice: {:?}", contest.heard)),
        }
    }

    /// It was told that the key is there.
    ///
    /// # Errors
    /// Nobody can have created it.
    pub fn refused(&mut self, key: &str, version: u64) -> Result<(), String> {
        let contest = self.heard(key, "refused", version);
        contest.open.remove(&version);
        contest.refused += 1;
        match contest.winner.is_none() && contest.open.is_empty() {
            false => Ok(()),
            true => Err(format!("{key} was refused as being there, and nobody had created it: {:?}", contest.heard)),
        }
    }

    /// It was told that the server is busy.
    pub fn withdrawn(&mut self, key: &str, version: u64) {
        self.heard(key, "withdrawn", version).open.remove(&version);
    }

    /// Compares with what the store has, and ends all contests.
    pub fn decide(&mut self, found: &BTreeMap<&str, State>) -> Outcome {
        let mut outcome = Outcome::default();
        for (key, contest) in std::mem::take(&mut self.0) {
            let state = found.get(key.as_str()).copied();
            let may_be = match (state, contest.winner) {
                (Some(state), None) => contest.open.get(&state.0) == Some(&state.1),
                (state, Some(winner)) => state == Some(winner),
                (None, None) => contest.refused == 0,
            };
            if !may_be {
                outcome.wrong.push(format!("{key} is {state:?} after {:?}", contest.heard));
            }
            outcome.created.extend(state.map(|state| (key, state)));
        }
        outcome
    }

    fn heard(&mut self, key: &str, what: &str, version: u64) -> &mut Contest {
        let contest = self.0.entry(key.to_owned()).or_default();
        contest.heard.push(format!("{what} {version}"));
        contest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest(versions: &[u64]) -> Contests {
        let mut contests = Contests::default();
        versions.iter().for_each(|version| contests.enter("a", (*version, 8)));
        contests
    }

    fn agrees(mut contests: Contests, found: Option<u64>) -> bool {
        let found = found.map(|version| ("a", (version, 8))).into_iter().collect();
        contests.decide(&found).wrong.is_empty()
    }

    #[test]
    fn one_wins_and_keeps_the_key() {
        let won = || {
            let mut contests = contest(&[1, 2, 3]);
            assert_eq!(contests.won("a", 2), Ok(()));
            assert_eq!(contests.refused("a", 1), Ok(()));
            contests
        };
        assert!(agrees(won(), Some(2)));
        assert!(!agrees(won(), Some(3)), "one that was under way came after");
        assert!(!agrees(won(), None), "lost");
        assert!(won().won("a", 3).is_err(), "two were told");
    }

    #[test]
    fn whoever_is_refused_knows_that_somebody_wins() {
        let refused = || {
            let mut contests = contest(&[1, 2]);
            assert_eq!(contests.refused("a", 1), Ok(()), "2 may have won already");
            contests
        };
        assert!(agrees(refused(), Some(2)));
        assert!(!agrees(refused(), None), "the refusal was an answer too");
        assert!(!agrees(refused(), Some(1)), "it was told that it did not");
        assert!(refused().refused("a", 2).is_err(), "nobody is left");
    }

    #[test]
    fn what_was_under_way_may_be_either_unless_the_server_was_busy() {
        assert!(agrees(contest(&[1, 2]), Some(1)));
        assert!(agrees(contest(&[1, 2]), None));
        let mut busy = contest(&[1, 2]);
        busy.withdrawn("a", 1);
        assert!(!agrees(busy, Some(1)));
    }
}
