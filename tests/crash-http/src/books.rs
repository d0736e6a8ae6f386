//! All that was said: the ledger of keys that belong to one client each, and the contests.
//!
//! What must hold: a contest that the store has decided is over. Its key goes to the ledger, and to a client who may
//! delete it.

use std::collections::BTreeMap;

use stratum_crash::ledger::Ledger;
use stratum_crash::saying::Saying;

use crate::bucket::Trouble;
use crate::contest::{Contests, State};

/// The books.
#[derive(Debug, Default)]
pub struct Books {
    /// Keys that belong to one client each, and uploads.
    pub ledger: Ledger,
    /// Keys that belong to nobody yet.
    pub contests: Contests,
}

impl Books {
    /// Takes what a client wants or was told.
    ///
    /// # Errors
    /// What this shows to be wrong.
    pub fn hear(&mut self, saying: &Saying) -> Result<(), Trouble> {
        self.ledger.hear(saying).map_err(Trouble::Wrong)
    }

    /// Compares with all that the store holds, and goes on from there. The keys that contests left.
    ///
    /// # Errors
    /// Everything that is not as it may be.
    pub fn compare(&mut self, said: &[Saying]) -> Result<Vec<String>, Vec<String>> {
        let found: BTreeMap<&str, State> = said
            .iter()
            .filter_map(|saying| match saying {
                Saying::Object(key, version, size, _) => Some((key.as_str(), (*version, *size))),
                _ => None,
            })
            .collect();
        let outcome = self.contests.decide(&found);
        let mut wrong = outcome.wrong;
        for (key, (version, size)) in &outcome.created {
            for saying in [Saying::Put(key.clone(), *version, *size), Saying::Done(key.clone())] {
                wrong.extend(self.ledger.hear(&saying).err());
            }
        }
        wrong.extend(self.ledger.compare(said).err().unwrap_or_default());
        if wrong.is_empty() { Ok(outcome.created.into_iter().map(|(key, _)| key).collect()) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_decided_contest_is_one_like_others() {
        let mut books = Books::default();
        books.contests.enter("a", (1, 8));
        let there = [Saying::Object("a".to_owned(), 1, 8, String::new()), Saying::Finished];
        assert_eq!(books.compare(&there), Ok(vec!["a".to_owned()]));
        assert_eq!(books.compare(&there), Ok(Vec::new()), "it is there to stay");
        assert!(books.compare(&there[1..]).is_err(), "lost");
    }

    #[test]
    fn what_nobody_wanted_is_wrong() {
        let there = [Saying::Object("a".to_owned(), 1, 8, String::new()), Saying::Finished];
        assert!(Books::default().compare(&there).is_err());
    }
}
