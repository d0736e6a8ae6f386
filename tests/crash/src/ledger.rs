//! What every key may be, by what victims said: kept outside of the store and of the process that is killed.
//!
//! ```text
//!  said            | the key may then be
//!  put, delete     | what it might have been before, or what is wanted
//!  done            | what was wanted, and nothing else
//!  refused, full   | what it might have been before
//!  (killed)        | as it stands; the next start decides, and what it shows counts from then on
//! ```
//!
//! What must hold: nothing is taken out of a key's states without a word of the store. Versions are never used twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::saying::Saying;

/// Lines of a story that are shown.
const STORY_LINES: usize = 60;

/// A body that a key may have: its version and size. `None` is no body.
type State = Option<(u64, u64)>;

/// All keys and uploads.
#[derive(Debug, Default)]
pub struct Ledger {
    keys: BTreeMap<String, Key>,
    uploads: BTreeMap<String, Upload>,
    /// Uploads that may have begun without anybody being told of, by key: one for each victim that was killed while
    /// it waited for the answer. A start that is killed is not read after, so there may be several.
    untold: BTreeMap<String, usize>,
    /// Uploads whose end was acknowledged: none of them is ever open again.
    ended: BTreeSet<String>,
    /// Everything that was said, for whoever must find out how a wrong thing came about.
    heard: Vec<String>,
    /// Acknowledgements seen.
    pub acknowledged: u64,
}

#[derive(Debug)]
struct Key {
    states: BTreeSet<State>,
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    state: State,
    /// The key might have been so before.
    was_possible: bool,
    /// The key had a body for certain, and was to get one only if it had none.
    must_be_refused: bool,
}

#[derive(Debug)]
struct Upload {
    key: String,
    version: u64,
    parts: u64,
    bytes: u64,
    /// Its end was asked for: it may be gone.
    ending: bool,
}

impl Default for Key {
    fn default() -> Key {
        Key { states: BTreeSet::from([None]), wanted: None }
    }
}

impl Ledger {
    /// Takes what a working victim said.
    ///
    /// # Errors
    /// What the saying shows to be wrong.
    pub fn hear(&mut self, saying: &Saying) -> Result<(), String> {
        self.heard.push(saying.to_string());
        match saying {
            Saying::Put(key, version, size) => self.want(key, Some((*version, *size))),
            Saying::Create(key, version, size) => {
                let there = self.keys.get(key).is_some_and(|known| !known.states.contains(&None));
                self.want(key, Some((*version, *size)));
                let wanted = self.keys.get_mut(key).and_then(|known| known.wanted.as_mut());
                wanted.into_iter().for_each(|wanted| wanted.must_be_refused = there);
            }
            Saying::Delete(key) => self.want(key, None),
            Saying::Complete(key, upload, size) => {
                let open = self.uploads.get_mut(upload).ok_or_else(|| format!("upload {upload} was never opened"))?;
                open.ending = true;
                let state = Some((open.version, *size));
                self.want(key, state);
            }
            Saying::Done(key) => {
                self.acknowledged += 1;
                let known = self.keys.entry(key.clone()).or_default();
                let wanted = known.wanted.take().ok_or_else(|| format!("{key} was done and never wanted"))?;
                if wanted.must_be_refused {
                    return Err(format!("{key} was created, and was there"));
                }
                known.states = BTreeSet::from([wanted.state]);
                // A completed upload is no longer open.
                let completed = |upload: &Upload| upload.ending && upload.key == *key && is(upload, wanted.state);
                let ended = self.uploads.extract_if(.., |_, upload| completed(upload));
                self.ended.extend(ended.map(|(name, _)| name));
            }
            Saying::Refused(key) => {
                self.undo(key)?;
                let known = self.keys.entry(key.clone()).or_default();
                known.states.remove(&None);
                if known.states.is_empty() {
                    return Err(format!("{key} was refused as being there, and it was not"));
                }
            }
            Saying::Full(key) => self.undo(key)?,
            Saying::UploadWanted(key) => *self.untold.entry(key.clone()).or_default() += 1,
            Saying::UploadRefused(key) => self.told(key)?,
            Saying::Opened(key, upload, version) => {
                self.told(key)?;
                let opened = Upload { key: key.clone(), version: *version, parts: 0, bytes: 0, ending: false };
                self.uploads.insert(upload.clone(), opened);
            }
            Saying::Parts(upload, parts, bytes) => {
                let open = self.uploads.get_mut(upload).ok_or_else(|| format!("upload {upload} was never opened"))?;
                (open.parts, open.bytes) = (*parts, *bytes);
                self.acknowledged += 1;
            }
            Saying::Abort(upload) => {
                if let Some(open) = self.uploads.get_mut(upload) {
                    open.ending = true;
                }
            }
            Saying::Aborted(upload) => {
                self.uploads.remove(upload);
                self.ended.insert(upload.clone());
                self.acknowledged += 1;
            }
            Saying::Wrong(what) => return Err(what.clone()),
            _ => {}
        }
        Ok(())
    }

    /// Compares with what a verifying process said of the whole store, and goes on from there.
    ///
    /// # Errors
    /// Everything that is not as it may be.
    pub fn compare(&mut self, said: &[Saying]) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        let mut found: BTreeMap<String, State> = BTreeMap::new();
        let mut open: BTreeMap<String, Upload> = BTreeMap::new();
        for saying in said {
            match saying {
                Saying::Object(key, version, size, _) => {
                    found.insert(key.clone(), Some((*version, *size)));
                }
                Saying::Upload(key, upload, parts, bytes) => {
                    if self.ended.contains(upload) {
                        wrong.push(format!("upload {upload} to {key} is open, and was ended"));
                    } else if !self.uploads.contains_key(upload) && self.told(key).is_err() {
                        wrong.push(format!("upload {upload} to {key} is open, and was never begun"));
                    }
                    let known = self.uploads.get(upload);
                    let version = known.map_or(0, |known| known.version);
                    let listed = Upload { key: key.clone(), version, parts: *parts, bytes: *bytes, ending: false };
                    open.insert(upload.clone(), listed);
                }
                Saying::Wrong(what) => wrong.push(what.clone()),
                _ => {}
            }
        }
        if said.last() != Some(&Saying::Finished) {
            wrong.push("the verifying process did not finish".to_owned());
        }
        for key in found.keys() {
            self.keys.entry(key.clone()).or_default();
        }
        for (key, known) in &mut self.keys {
            let state = found.get(key).copied().flatten();
            if !known.states.contains(&state) {
                wrong.push(format!("{key} is {state:?}, and may be {:?}", known.states));
            }
            *known = Key { states: BTreeSet::from([state]), wanted: None };
        }
        for (upload, known) in &self.uploads {
            match open.get(upload) {
                None if !known.ending => wrong.push(format!("upload {upload} to {} is gone", known.key)),
                Some(listed) if listed.parts < known.parts => {
                    wrong.push(format!(
                        "upload {upload} to {} has {} parts of {}",
                        known.key, listed.parts, known.parts
                    ));
                }
                Some(listed) if listed.parts == known.parts && listed.bytes != known.bytes => {
                    wrong.push(format!(
                        "upload {upload} to {} has {} bytes of {}",
                        known.key, listed.bytes, known.bytes
                    ));
                }
                Some(_) if is(known, found.get(&known.key).copied().flatten()) => {
                    wrong.push(format!("upload {upload} to {} is completed, and open", known.key));
                }
                _ => {}
            }
        }
        self.uploads = open;
        self.untold.clear();
        self.heard.push("-- read".to_owned());
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The last that was said of any of these words, between the starts and the readings.
    #[must_use]
    pub fn story(&self, of: &[&str]) -> String {
        let about = |line: &&String| line.split(' ').any(|word| of.contains(&word)) || is_mark(line);
        let mut last: Vec<_> = self.heard.iter().rev().filter(about).take(STORY_LINES).map(String::as_str).collect();
        last.reverse();
        last.join("\n")
    }

    /// Keys that have a body, whatever came.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.keys.values().filter(|key| !key.states.contains(&None)).count()
    }

    /// Keys of which two things or more are possible: what was under way at a kill, and is not yet decided.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.keys.values().filter(|key| key.states.len() > 1).count()
    }

    /// One upload to the key less that nobody was told of.
    fn told(&mut self, key: &str) -> Result<(), String> {
        let untold = self.untold.get_mut(key).filter(|untold| **untold > 0);
        *untold.ok_or_else(|| format!("an upload to {key} was never wanted"))? -= 1;
        Ok(())
    }

    fn want(&mut self, key: &str, state: State) {
        let known = self.keys.entry(key.to_owned()).or_default();
        // An earlier victim may have been killed with something under way: that stays possible.
        let was_possible = !known.states.insert(state);
        known.wanted = Some(Wanted { state, was_possible, must_be_refused: false });
    }

    fn undo(&mut self, key: &str) -> Result<(), String> {
        let known = self.keys.entry(key.to_owned()).or_default();
        let wanted = known.wanted.take().ok_or_else(|| format!("{key} was refused and never wanted"))?;
        if !wanted.was_possible {
            known.states.remove(&wanted.state);
        }
        Ok(())
    }
}

/// Whether the line tells one victim or reading from the next.
fn is_mark(line: &str) -> bool {
    line == "-- read" || line == "begin start"
}

fn is(upload: &Upload, state: State) -> bool {
    state.is_some_and(|(version, _)| version == upload.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Ledger {
        let mut ledger = Ledger::default();
        for line in lines {
            let saying = Saying::read(line).expect("a line of ours");
            assert_eq!(ledger.hear(&saying), Ok(()), "{line}");
        }
        ledger
    }

    fn agrees(ledger: &mut Ledger, lines: &[&str]) -> bool {
        let said: Vec<_> = lines.iter().filter_map(|line| Saying::read(line)).chain([Saying::Finished]).collect();
        ledger.compare(&said).is_ok()
    }

    #[test]
    fn what_was_acknowledged_must_be_there() {
        let story = ["put a 1 8", "done a"];
        assert!(agrees(&mut heard(&story), &["object a 1 8 x"]));
        assert!(!agrees(&mut heard(&story), &[]), "lost");
        assert!(!agrees(&mut heard(&story), &["object a 2 8 x"]), "another body");
        assert!(!agrees(&mut heard(&story), &["object a 1 16 x"]), "another size");
        assert!(!agrees(&mut heard(&["put a 1 8", "done a", "delete a", "done a"]), &["object a 1 8 x"]), "risen");
    }

    #[test]
    fn what_was_not_acknowledged_may_be_either_until_a_start_has_shown_it() {
        let mut ledger = heard(&["put a 1 8", "done a", "put a 2 8"]);
        assert_eq!(ledger.undecided(), 1);
        assert!(agrees(&mut ledger, &["object a 1 8 x"]));
        assert_eq!(ledger.undecided(), 0);
        assert!(!agrees(&mut ledger, &["object a 2 8 x"]), "it was decided by the first start");
        let mut twice_killed = heard(&["put a 1 8", "done a", "put a 2 8", "delete a"]);
        assert!(agrees(&mut twice_killed, &["object a 2 8 x"]));
    }

    #[test]
    fn a_refusal_says_that_the_key_is_there() {
        assert!(agrees(&mut heard(&["put a 1 8", "create a 2 8", "refused a"]), &["object a 1 8 x"]));
        assert!(!agrees(&mut heard(&["put a 1 8", "create a 2 8", "refused a"]), &[]));
        let mut ledger = heard(&["create a 1 8"]);
        assert!(ledger.hear(&Saying::Refused("a".to_owned())).is_err(), "it was never there");
    }

    #[test]
    fn what_is_there_for_certain_is_not_created() {
        let done = Saying::Done("a".to_owned());
        assert!(heard(&["put a 1 8", "done a", "create a 2 8"]).hear(&done).is_err());
        assert!(heard(&["put a 1 8", "create a 2 8"]).hear(&done).is_ok(), "the put was under way at a kill");
        assert!(heard(&["put a 1 8", "done a", "delete a", "done a", "create a 2 8"]).hear(&done).is_ok());
    }

    #[test]
    fn an_upload_keeps_its_parts_until_its_end_was_wanted() {
        let story = ["upload-wanted a", "opened a 01 7", "parts 01 2 800"];
        assert!(agrees(&mut heard(&story), &["upload a 01 2 800"]));
        assert!(!agrees(&mut heard(&story), &["upload a 01 1 400"]), "a part is lost");
        assert!(!agrees(&mut heard(&story), &["upload a 01 2 792"]), "a part is cut");
        assert!(!agrees(&mut heard(&story), &[]), "the upload is lost");
        let ended = [&story[..], &["complete a 01 800"]].concat();
        assert!(agrees(&mut heard(&ended), &["object a 7 800 x"]));
        assert!(agrees(&mut heard(&ended), &["upload a 01 2 800"]));
        assert!(!agrees(&mut heard(&ended), &["object a 7 800 x", "upload a 01 2 800"]), "completed by half");
        let done = [&ended[..], &["done a"]].concat();
        assert!(!agrees(&mut heard(&done), &["object a 7 800 x", "upload a 01 2 800"]), "open after its end");
    }

    /// A victim killed in its start is followed by the next without a reading: what the first began without an answer
    /// may be open beside what the second was told of, if the second found no room to end it.
    #[test]
    fn every_upload_that_nobody_was_told_of_may_be_open_and_no_more() {
        let story = ["upload-wanted a", "upload-wanted a", "opened a 02 7"];
        let (first, second, third) = ("upload a 01 0 0", "upload a 02 0 0", "upload a 03 0 0");
        assert!(agrees(&mut heard(&story), &[second]));
        assert!(agrees(&mut heard(&story), &[first, second]));
        assert!(!agrees(&mut heard(&story), &[first, second, third]), "only one was wanted without an answer");
        let refused = [&story[..], &["upload-wanted a", "upload-refused a"]].concat();
        assert!(!agrees(&mut heard(&refused), &[first, second, third]), "what was refused was not begun");
        let aborted = [&story[..1], &["abort 01", "aborted 01"]].concat();
        assert!(!agrees(&mut heard(&aborted), &[first]), "an upload that was ended stays so");
    }
}
