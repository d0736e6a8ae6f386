//! What clients asked and heard. It lies outside of the simulated process and survives its death.
//!
//! Keys of a lasting bucket are judged one by one; a bucket that comes and goes is judged as a whole.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::history::{Heard, Unit};
use crate::model::{Answer, Etag, Op, OpId, Piece, Slot, State, completed_etag};

/// A handle that tasks share.
pub type Shared = Rc<RefCell<Ledger>>;
/// A bucket, and a key where keys are judged one by one.
pub type UnitName = (String, Option<String>);

/// The bucket and key of an upload, and its id there: uploads to two keys may have the same one.
pub type UploadIds = BTreeMap<OpId, (String, String, [u8; 16])>;

/// All units, and what has been acknowledged.
#[derive(Debug, Default)]
pub struct Ledger {
    units: BTreeMap<UnitName, Unit>,
    lasting: BTreeSet<String>,
    last_op: OpId,
    /// Every body that was ever sent, by its tag: a read may end when the object has long been another.
    bodies: BTreeMap<Etag, Vec<Piece>>,
    /// The ids that the store gave to uploads, by the operation that began them.
    pub upload_ids: UploadIds,
    /// Changes acknowledged since the start, by kind.
    pub acknowledged: BTreeMap<&'static str, u64>,
    /// The store is being closed, or its writes have failed: answers may be lost.
    pub ending: bool,
    /// Refusals for want of room since the start.
    pub untouched: u64,
}

impl Ledger {
    /// Keys of this bucket are judged one by one from now on. It exists, is empty, and stays.
    pub fn lasting(&mut self, bucket: &str) {
        self.lasting.insert(bucket.to_owned());
    }

    /// The lasting buckets.
    #[must_use]
    pub fn lasting_buckets(&self) -> Vec<String> {
        self.lasting.iter().cloned().collect()
    }

    /// An operation begins.
    pub fn ask(&mut self, bucket: &str, op: &Op) -> OpId {
        self.last_op += 1;
        self.note_body(op);
        let id = self.last_op;
        self.unit(bucket, op.key()).ask(id, op.clone());
        id
    }

    /// It has ended.
    ///
    /// # Errors
    /// What no history explains.
    pub fn hear(&mut self, bucket: &str, id: OpId, op: &Op, heard: &Heard) -> Result<(), String> {
        match heard {
            Heard::Untouched => self.untouched += 1,
            Heard::Answer(Answer::Done | Answer::Made(_)) => *self.acknowledged.entry(kind(op)).or_default() += 1,
            Heard::Answer(_) => {}
        }
        self.unit(bucket, op.key()).hear(id, heard).map_err(|why| format!("bucket {bucket}: {why}"))
    }

    /// The process has died.
    pub fn crash(&mut self) {
        self.units.values_mut().for_each(Unit::crash);
        self.acknowledged.clear();
        self.untouched = 0;
        self.ending = false;
    }

    /// The names of the units.
    #[must_use]
    pub fn names(&self) -> Vec<UnitName> {
        self.units.keys().cloned().collect()
    }

    /// The unit of a key.
    pub fn unit(&mut self, bucket: &str, key: Option<&str>) -> &mut Unit {
        let lasting = self.lasting.contains(bucket);
        let name = (bucket.to_owned(), key.filter(|_| lasting).map(str::to_owned));
        let state: State = lasting.then(BTreeMap::new);
        self.units.entry(name).or_insert_with(|| Unit::new(state))
    }

    /// What is certain of a key; none while something is under way, or if its bucket is not there.
    #[must_use]
    pub fn slot(&self, bucket: &str, key: &str) -> Option<Slot> {
        let lasting = self.lasting.contains(bucket);
        let name = (bucket.to_owned(), lasting.then(|| key.to_owned()));
        match self.units.get(&name) {
            Some(unit) => unit.known()?.as_ref().map(|keys| keys.get(key).cloned().unwrap_or_default()),
            None if lasting => Some(Slot::default()),
            None => None,
        }
    }

    /// All that is certain of a bucket: every state of it that is known, put together.
    #[must_use]
    pub fn known(&self, bucket: &str) -> State {
        let mut all = None;
        for ((of, _), unit) in &self.units {
            if of == bucket
                && let Some(Some(keys)) = unit.known()
            {
                all.get_or_insert_with(BTreeMap::new).extend(keys.clone());
            }
        }
        if self.lasting.contains(bucket) { all.or_else(|| Some(BTreeMap::new())) } else { all }
    }

    /// The pieces of the body that was put under this tag, or completed to it; none if none was.
    #[must_use]
    pub fn pieces(&self, etag: Etag) -> Vec<Piece> {
        self.bodies.get(&etag).cloned().unwrap_or_default()
    }

    fn note_body(&mut self, op: &Op) {
        match op {
            Op::Put { piece, .. } | Op::Part { piece, .. } => {
                self.bodies.insert((piece.md5, 0), vec![*piece]);
            }
            Op::Complete { parts, .. } => {
                let pieces = parts.iter().flat_map(|(_, md5)| self.pieces((*md5, 0))).collect();
                self.bodies.insert(completed_etag(parts.iter().map(|(_, md5)| md5)), pieces);
            }
            _ => {}
        }
    }

    /// Changes acknowledged since the start, and how many kinds of them.
    #[must_use]
    pub fn achieved(&self) -> (u64, usize) {
        (self.acknowledged.values().sum(), self.acknowledged.len())
    }
}

fn kind(op: &Op) -> &'static str {
    match op {
        Op::CreateBucket => "create bucket",
        Op::DeleteBucket => "delete bucket",
        Op::Put { .. } => "put",
        Op::Delete { .. } => "delete",
        Op::Get { .. } => "get",
        Op::CreateUpload { .. } => "create upload",
        Op::Part { .. } => "part",
        Op::Complete { .. } => "complete",
        Op::Abort { .. } => "abort",
    }
}
