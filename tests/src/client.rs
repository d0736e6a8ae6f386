//! A client: carries out an operation on the real store, and tells the ledger what was asked and heard.

use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::log::Attribute;
use stratum_engine::node::{PutOptions, Store, Upload};
use stratum_engine::rt;
use stratum_engine::shard::{Completion, Conditions, EtagMatch};
use stratum_engine::types::{BucketName, Etag, ObjectKey, UploadId};

use crate::chance::body;
use crate::history::Heard;
use crate::ledger::Shared;
use crate::model::{self, Answer, Attributes, Condition, Object, Op, Piece, Refusal};

/// How a body comes in: in pieces of so many bytes, with so long a pause before each.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Bytes of a piece.
    pub bytes: usize,
    /// The pause.
    pub pause: Duration,
}

/// A body that comes at once.
pub const AT_ONCE: Pace = Pace { bytes: usize::MAX, pause: Duration::ZERO };

/// Asks for an operation and notes what is heard.
///
/// # Panics
/// If the answer is one that no history explains.
pub async fn perform(store: &Store, ledger: &Shared, bucket: &str, op: &Op, pace: Pace) -> Heard {
    let id = ledger.borrow_mut().ask(bucket, op);
    let carried = carry_out(store, ledger, bucket, op, pace, id).await;
    let heard = match carried {
        Ok(answer) => Heard::Answer(answer),
        // Nothing is said of it: it stays open until the next start shows what became of it.
        Err(Error::Stopping | Error::WritesStopped | Error::Disk(_)) if ledger.borrow().ending => {
            return Heard::Untouched;
        }
        Err(error) => heard(&error).unwrap_or_else(|| panic!("operation {id} {op:?} on {bucket}: {error}")),
    };
    let noted = ledger.borrow_mut().hear(bucket, id, op, &heard);
    if let Err(why) = noted {
        panic!("operation {id}: {why}");
    }
    heard
}

/// The checked name.
///
/// # Panics
/// If it is none: a test names things well.
#[must_use]
pub fn bucket_name(name: &str) -> BucketName {
    BucketName::new(name).expect("a test names buckets well")
}

/// The checked key.
///
/// # Panics
/// If it is none: a test names things well.
#[must_use]
pub fn object_key(key: &str) -> ObjectKey {
    ObjectKey::new(key.as_bytes()).expect("a test names objects well")
}

/// An error as a client hears it; `None` for what must not come.
fn heard(error: &Error) -> Option<Heard> {
    let refusal = match error {
        Error::NoSpace | Error::SlowDown => return Some(Heard::Untouched),
        Error::NoSuchBucket => Refusal::NoSuchBucket,
        Error::BucketExists => Refusal::BucketExists,
        Error::BucketNotEmpty => Refusal::BucketNotEmpty,
        Error::NoSuchKey => Refusal::NoSuchKey,
        Error::NoSuchUpload => Refusal::NoSuchUpload,
        Error::PreconditionFailed => Refusal::PreconditionFailed,
        Error::InvalidPart => Refusal::InvalidPart,
        _ => return None,
    };
    Some(Heard::Answer(Answer::Refused(refusal)))
}

async fn carry_out(
    store: &Store,
    ledger: &Shared,
    bucket: &str,
    op: &Op,
    pace: Pace,
    id: model::OpId,
) -> Result<Answer, Error> {
    let bucket = &bucket_name(bucket);
    match op {
        Op::CreateBucket => store.create_bucket(bucket).await.map(|_| Answer::Done),
        Op::DeleteBucket => store.delete_bucket(bucket).await.map(|()| Answer::Done),
        Op::Put { key, piece, attributes, condition } => {
            let upload = store.upload(bucket, &object_key(key), Some(piece.len as u64))?;
            let options = PutOptions {
                attributes: to_engine(attributes),
                conditions: conditions(*condition),
                expected_md5: piece.seed.is_multiple_of(2).then_some(piece.md5),
                ..PutOptions::default()
            };
            stream(upload, *piece, options, pace).await
        }
        Op::Delete { key, condition } => {
            store.delete(bucket, &object_key(key), conditions(*condition)).await.map(|_| Answer::Done)
        }
        Op::Get { key } => {
            let object = store.get(bucket, &object_key(key)).await?;
            rt::sleep(pace.pause).await;
            let body = object.read(0, object.head.size).await?;
            Ok(Answer::Found(found(&object.head, &body, ledger, bucket.as_str(), key)))
        }
        Op::CreateUpload { key, attributes } => {
            let upload = store.create_upload(bucket, &object_key(key), to_engine(attributes)).await?;
            ledger.borrow_mut().upload_ids.insert(id, (bucket.as_str().to_owned(), key.clone(), upload.0));
            Ok(Answer::Done)
        }
        Op::Part { key, upload, number, piece } => {
            let upload = upload_id(ledger, *upload);
            let part = store.upload_part(bucket, &object_key(key), upload, *number, Some(piece.len as u64)).await?;
            stream(part, *piece, PutOptions::default(), pace).await
        }
        Op::Complete { key, upload, parts } => {
            let upload = upload_id(ledger, *upload);
            let completion = Completion { parts: parts.clone(), ..Completion::default() };
            let done = store.complete_upload(bucket, &object_key(key), upload, completion).await?;
            Ok(Answer::Made((done.etag.md5, done.etag.parts)))
        }
        Op::Abort { key, upload } => {
            store.abort_upload(bucket, &object_key(key), upload_id(ledger, *upload)).await.map(|()| Answer::Done)
        }
    }
}

async fn stream(mut upload: Upload, piece: Piece, options: PutOptions, pace: Pace) -> Result<Answer, Error> {
    for bytes in body(piece.seed, piece.len).chunks(pace.bytes) {
        rt::sleep(pace.pause).await;
        upload.write(bytes).await?;
    }
    let answer = upload.finish(options).await?;
    assert_eq!(answer.size, piece.len as u64, "the answer states another size");
    Ok(Answer::Made((answer.etag.md5, answer.etag.parts)))
}

/// The object that was read. Its pieces are those of the body that was put under this tag if it is that body.
fn found(head: &stratum_engine::node::Head, body: &[u8], ledger: &Shared, bucket: &str, key: &str) -> Object {
    let etag = (head.etag.md5, head.etag.parts);
    let pieces = ledger.borrow().pieces(etag);
    let object = Object { pieces, etag, attributes: from_engine(&head.attributes) };
    assert_eq!(object.size(), head.size, "{bucket}/{key} has another size than was put");
    assert!(object.body() == body, "{bucket}/{key} has other bytes than were put");
    object
}

/// Attributes as the model has them.
#[must_use]
pub fn from_engine(attributes: &[Attribute]) -> Attributes {
    attributes.iter().map(|attribute| (attribute.name.clone(), attribute.value.clone())).collect()
}

fn to_engine(attributes: &Attributes) -> Vec<Attribute> {
    attributes.iter().map(|(name, value)| Attribute { name: name.clone(), value: value.clone() }).collect()
}

fn conditions(condition: Condition) -> Conditions {
    match condition {
        Condition::None => Conditions::default(),
        Condition::IfNone => Conditions { if_none_match: Some(EtagMatch::Any), ..Conditions::default() },
        Condition::IfMatch((md5, parts)) => {
            Conditions { if_match: Some(EtagMatch::OneOf(vec![Etag { md5, parts }])), ..Conditions::default() }
        }
    }
}

fn upload_id(ledger: &Shared, upload: model::OpId) -> UploadId {
    let known = ledger.borrow().upload_ids.get(&upload).map(|(.., id)| *id);
    UploadId(known.expect("a client uses only uploads whose id it was told"))
}
