//! What may be true: all orders in which overlapping operations can have happened, as far as the answers allow them.
//!
//! Each operation happens at one moment between its question and its answer. A [`Unit`] holds every state that some
//! choice of these moments leads to. An answer that no choice explains is a failure. At a crash an operation without an
//! answer has happened or has not; what is seen afterwards decides, for good.
//!
//! What must hold: an answer, a refusal and a read too, rules out every history in which it would be wrong. So what was
//! read before a crash is there after it, and a 412 means that the winner stays.

use std::collections::BTreeMap;

use crate::model::{Answer, Op, OpId, Refusal, State, apply};

/// A piece of the store that is judged by itself: one key, or one bucket.
#[derive(Clone, Debug)]
pub struct Unit {
    worlds: Vec<World>,
    pending: BTreeMap<OpId, Asked>,
    changes: u64,
}

/// One possible truth.
#[derive(Clone, Debug, PartialEq)]
struct World {
    state: State,
    /// Operations that have happened and wait for their answer, with the answer it must be.
    happened: BTreeMap<OpId, Answer>,
}

#[derive(Clone, Debug)]
struct Asked {
    op: Op,
    /// It overlaps a change of its bucket: cores may not know the bucket yet, or not any more.
    bucket_changes: bool,
}

/// What came back.
#[derive(Clone, Debug)]
pub enum Heard {
    /// An answer.
    Answer(Answer),
    /// Nothing was done: no room, or too much under way.
    Untouched,
}

impl Unit {
    /// A unit that is in this state.
    #[must_use]
    pub fn new(state: State) -> Unit {
        let worlds = vec![World { state, happened: BTreeMap::new() }];
        Unit { worlds, pending: BTreeMap::new(), changes: 0 }
    }

    /// An operation is asked for.
    pub fn ask(&mut self, id: OpId, op: Op) {
        self.changes += 1;
        let is_bucket = |op: &Op| op.key().is_none();
        let mut bucket_changes = self.pending.values().any(|asked| is_bucket(&asked.op));
        if is_bucket(&op) {
            bucket_changes |= !self.pending.is_empty();
            self.pending.values_mut().for_each(|asked| asked.bucket_changes = true);
        }
        self.pending.insert(id, Asked { op, bucket_changes });
    }

    /// It is answered.
    ///
    /// # Errors
    /// What no history explains.
    pub fn hear(&mut self, id: OpId, heard: &Heard) -> Result<(), String> {
        self.changes += 1;
        let asked = self.pending.get(&id).ok_or("an answer to nothing")?.clone();
        let answer = match heard {
            Heard::Answer(Answer::Refused(Refusal::NoSuchBucket)) if asked.bucket_changes => None,
            // A deletion of its bucket ends the uploads first.
            Heard::Answer(Answer::Refused(Refusal::NoSuchUpload)) if asked.bucket_changes => None,
            Heard::Answer(answer) => Some(answer),
            Heard::Untouched => None,
        };
        let mut worlds = Vec::new();
        match answer {
            // A deletion that was given up may have ended uploads.
            None if asked.op == Op::DeleteBucket => {
                worlds.extend(self.reachable().into_iter().filter(|world| !world.happened.contains_key(&id)));
            }
            None => worlds.extend(self.worlds.iter().filter(|world| !world.happened.contains_key(&id)).cloned()),
            Some(answer) => {
                for mut world in self.reachable() {
                    if world.happened.remove(&id).as_ref() == Some(answer) && !worlds.contains(&world) {
                        worlds.push(world);
                    }
                }
            }
        }
        if worlds.is_empty() {
            let before: Vec<_> = self.worlds.iter().collect();
            return Err(format!("no history explains {heard:?} to {asked:?}; possible before: {before:?}"));
        }
        self.pending.remove(&id);
        self.worlds = worlds;
        Ok(())
    }

    /// The process has died: what was not answered has happened or has not.
    pub fn crash(&mut self) {
        let mut worlds: Vec<World> = Vec::new();
        for World { state, .. } in self.reachable() {
            let world = World { state, happened: BTreeMap::new() };
            if !worlds.contains(&world) {
                worlds.push(world);
            }
        }
        self.worlds = worlds;
        self.pending.clear();
    }

    /// It was looked at: `is` says whether a state is what is there.
    ///
    /// # Errors
    /// If it is none of the possible ones.
    pub fn look(&mut self, is: impl Fn(&State) -> bool) -> Result<(), String> {
        let Some(found) = self.worlds.iter().position(|world| is(&world.state)) else {
            let possible: Vec<_> = self.worlds.iter().map(|world| &world.state).collect();
            return Err(format!("what is there is none of {possible:?}"));
        };
        self.worlds = vec![self.worlds.swap_remove(found)];
        Ok(())
    }

    /// The state, if it is certain and nothing is under way.
    #[must_use]
    pub fn known(&self) -> Option<&State> {
        match self.worlds.as_slice() {
            [world] if self.pending.is_empty() => Some(&world.state),
            _ => None,
        }
    }

    /// Grows with every question and answer.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Every world that what is pending can lead to, the present ones included.
    fn reachable(&self) -> Vec<World> {
        let mut found = self.worlds.clone();
        let mut next = 0;
        while let Some(world) = found.get(next).cloned() {
            next += 1;
            for (id, asked) in &self.pending {
                if world.happened.contains_key(id) {
                    continue;
                }
                if asked.op == Op::DeleteBucket {
                    for swept in sweeps(&world) {
                        if !found.contains(&swept) {
                            found.push(swept);
                        }
                    }
                }
                let mut after = world.clone();
                let answer = apply(&mut after.state, *id, &asked.op);
                after.happened.insert(*id, answer);
                if !found.contains(&after) {
                    found.push(after);
                }
            }
        }
        found
    }
}

/// A deletion of a bucket ends its open uploads one after the other before the bucket ends.
fn sweeps(world: &World) -> Vec<World> {
    let Some(keys) = &world.state else { return Vec::new() };
    if keys.values().any(|slot| slot.object.is_some()) {
        return Vec::new();
    }
    let mut swept = Vec::new();
    for (key, slot) in keys {
        for (upload, _) in slot.uploads.iter().filter(|(_, upload)| upload.completed.is_none()) {
            let mut after = world.clone();
            let abort = Op::Abort { key: key.clone(), upload: *upload };
            apply(&mut after.state, 0, &abort);
            swept.push(after);
        }
    }
    swept
}
