//! The model: a bucket as a map with S3's rules. It is what the store must be, written so plainly that it can be read
//! in one go.
//!
//! What must hold: it shares no code with the engine. `apply` is the whole of it: an operation, done at one moment, and
//! its answer. When that moment was is for `history` to find out.

use std::collections::BTreeMap;
use std::fmt;

use md5::{Digest, Md5};

use crate::chance::body;

/// A number that names one operation, and the upload it may have created.
pub type OpId = u64;
/// An entity tag: an MD5 and a number of parts, 0 for a body put in one piece.
pub type Etag = ([u8; 16], u16);
/// Names and values.
pub type Attributes = Vec<(String, String)>;

/// A piece of a body: the bytes that a seed decides, and their MD5.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The seed.
    pub seed: u64,
    /// The bytes.
    pub len: usize,
    /// Their MD5.
    pub md5: [u8; 16],
}

impl Piece {
    /// The piece of this seed and length.
    #[must_use]
    pub fn new(seed: u64, len: usize) -> Piece {
        Piece { seed, len, md5: Md5::digest(body(seed, len)).into() }
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{:02x}{:02x}", self.len, self.md5[0], self.md5[1])
    }
}

/// An object.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Its body: one piece, or one for every part.
    pub pieces: Vec<Piece>,
    /// Its entity tag.
    pub etag: Etag,
    /// Its attributes.
    pub attributes: Attributes,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} parts, {:?}", self.pieces, self.etag.1, self.attributes)
    }
}

impl Object {
    /// Bytes of its body.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len as u64).sum()
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| body(piece.seed, piece.len)).collect()
    }
}

/// An upload that has begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// What its object will have.
    pub attributes: Attributes,
    /// Its parts.
    pub parts: BTreeMap<u16, Piece>,
    /// The tag of the object that it was completed to.
    pub completed: Option<Etag>,
}

/// What a bucket has under one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// The object.
    pub object: Option<Object>,
    /// Its uploads, open and completed, by the operation that began them.
    pub uploads: BTreeMap<OpId, Upload>,
}

/// A bucket, or none. A piece of one where keys are judged apart from each other.
pub type State = Option<BTreeMap<String, Slot>>;

/// When a write is done at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    None,
    /// Only if there is no object.
    IfNone,
    /// Only if there is an object with this tag.
    IfMatch(Etag),
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "S3 has documented its operations")]
pub enum Op {
    CreateBucket,
    DeleteBucket,
    Put { key: String, piece: Piece, attributes: Attributes, condition: Condition },
    Delete { key: String, condition: Condition },
    Get { key: String },
    CreateUpload { key: String, attributes: Attributes },
    Part { key: String, upload: OpId, number: u16, piece: Piece },
    Complete { key: String, upload: OpId, parts: Vec<(u16, [u8; 16])> },
    Abort { key: String, upload: OpId },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is done and made this.
    Made(Etag),
    /// The object is this.
    Found(Object),
    /// It is not done.
    Refused(Refusal),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are S3's error codes")]
pub enum Refusal {
    NoSuchBucket,
    BucketExists,
    BucketNotEmpty,
    NoSuchKey,
    NoSuchUpload,
    PreconditionFailed,
    InvalidPart,
}

impl Op {
    /// The key it is about; none for a whole bucket.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Op::CreateBucket | Op::DeleteBucket => None,
            Op::Put { key, .. }
            | Op::Delete { key, .. }
            | Op::Get { key }
            | Op::CreateUpload { key, .. }
            | Op::Part { key, .. }
            | Op::Complete { key, .. }
            | Op::Abort { key, .. } => Some(key),
        }
    }
}

/// The tag of an object completed from parts with these MD5s.
#[must_use]
pub fn completed_etag<'a>(parts: impl Iterator<Item = &'a [u8; 16]>) -> Etag {
    let mut md5 = Md5::new();
    let mut count = 0;
    for part in parts {
        md5.update(part);
        count += 1;
    }
    (md5.finalize().into(), count)
}

/// Does the operation `id` and gives its answer.
pub fn apply(state: &mut State, id: OpId, op: &Op) -> Answer {
    decide(state, id, op).unwrap_or_else(Answer::Refused)
}

fn decide(state: &mut State, id: OpId, op: &Op) -> Result<Answer, Refusal> {
    match op {
        Op::CreateBucket if state.is_some() => return Err(Refusal::BucketExists),
        Op::CreateBucket => *state = Some(BTreeMap::new()),
        _ => {}
    }
    let bucket = state.as_mut().ok_or(Refusal::NoSuchBucket)?;
    let Some(key) = op.key() else {
        if *op == Op::DeleteBucket {
            if bucket.values().any(|slot| slot.object.is_some()) {
                return Err(Refusal::BucketNotEmpty);
            }
            *state = None;
        }
        return Ok(Answer::Done);
    };
    let slot = bucket.entry(key.to_owned()).or_default();
    let answer = decide_key(slot, id, op);
    if *slot == Slot::default() {
        bucket.remove(key);
    }
    answer
}

fn decide_key(slot: &mut Slot, id: OpId, op: &Op) -> Result<Answer, Refusal> {
    match op {
        Op::CreateBucket | Op::DeleteBucket => {}
        Op::Put { piece, attributes, condition, .. } => {
            judge(slot.object.as_ref(), *condition)?;
            let etag = (piece.md5, 0);
            slot.object = Some(Object { pieces: vec![*piece], etag, attributes: attributes.clone() });
            return Ok(Answer::Made(etag));
        }
        Op::Delete { condition, .. } => {
            judge(slot.object.as_ref(), *condition)?;
            slot.object = None;
        }
        Op::Get { .. } => return slot.object.clone().map(Answer::Found).ok_or(Refusal::NoSuchKey),
        Op::CreateUpload { attributes, .. } => {
            slot.uploads.insert(id, Upload { attributes: attributes.clone(), ..Upload::default() });
        }
        Op::Part { upload, number, piece, .. } => {
            open(slot, *upload)?.parts.insert(*number, *piece);
            return Ok(Answer::Made((piece.md5, 0)));
        }
        Op::Complete { upload, parts, .. } => {
            if let Some(etag) = slot.uploads.get(upload).and_then(|upload| upload.completed) {
                return Ok(Answer::Made(etag));
            }
            let upload = open(slot, *upload)?;
            let named = |(number, md5): &(u16, [u8; 16])| {
                upload.parts.get(number).filter(|part| part.md5 == *md5).copied().ok_or(Refusal::InvalidPart)
            };
            let pieces: Vec<Piece> = parts.iter().map(named).collect::<Result<_, _>>()?;
            let etag = completed_etag(parts.iter().map(|(_, md5)| md5));
            let attributes = upload.attributes.clone();
            *upload = Upload { completed: Some(etag), ..Upload::default() };
            slot.object = Some(Object { pieces, etag, attributes });
            return Ok(Answer::Made(etag));
        }
        Op::Abort { upload, .. } => {
            open(slot, *upload)?;
            slot.uploads.remove(upload);
        }
    }
    Ok(Answer::Done)
}

fn judge(object: Option<&Object>, condition: Condition) -> Result<(), Refusal> {
    match (condition, object) {
        (Condition::IfNone, Some(_)) => Err(Refusal::PreconditionFailed),
        (Condition::IfMatch(_), None) => Err(Refusal::NoSuchKey),
        (Condition::IfMatch(etag), Some(object)) if object.etag != etag => Err(Refusal::PreconditionFailed),
        _ => Ok(()),
    }
}

fn open(slot: &mut Slot, upload: OpId) -> Result<&mut Upload, Refusal> {
    slot.uploads.get_mut(&upload).filter(|upload| upload.completed.is_none()).ok_or(Refusal::NoSuchUpload)
}
