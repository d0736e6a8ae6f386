//! What a fuzzer calls: documents of any bytes are read, and what was read can be written. Tests call it, too.
//!
//! What must hold: no input is a panic, what is read is within the limits, and a name that was read and written reads
//! back as the same.

use stratum_engine::limits::{DELETE_KEYS_MAX, PARTS_MAX};

use super::{Deletion, Outcome, delete_result, reader};

/// A document, read as everything that a client or a server may send.
pub fn documents(bytes: &[u8]) {
    if let Ok(completion) = reader::completion(bytes) {
        assert!((1..=usize::from(PARTS_MAX)).contains(&completion.parts.len()));
        let ascends = completion.parts.windows(2).all(|pair| matches!(pair, [a, b] if a.number < b.number));
        assert_eq!(completion.is_ascending(), ascends);
    }
    if let Ok(request) = reader::deletion(bytes) {
        assert!((1..=DELETE_KEYS_MAX).contains(&request.objects.len()));
        written_back(&request);
    }
    if let Ok(creation) = reader::creation(bytes) {
        assert!(creation.location.is_none_or(|location| location.len() <= bytes.len()));
    }
    // What servers answer is read with no promise but to come back.
    drop((reader::error_answer(bytes), reader::listed_keys(bytes), reader::upload_id(bytes)));
    drop(reader::deletion_failures(bytes));
}

/// Names that were read and written into an answer are read by clients as they were. (What XML cannot say has a
/// stand-in there.)
fn written_back(request: &reader::DeleteRequest) {
    let can_be_said = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let objects = request.objects.iter().filter(|object| object.key.chars().all(can_be_said));
    let failed = Outcome::Failed { code: "Code", message: "a <message> & more" };
    let deletions: Vec<Deletion<'_>> = objects
        .map(|object| Deletion { key: object.key.as_bytes(), version: object.version.as_deref(), outcome: failed })
        .collect();
    let read = reader::deletion_failures(&delete_result(&deletions, request.quiet)).expect("what we write can be read");
    assert_eq!(read.len(), deletions.len());
    for ((key, code), deletion) in read.iter().zip(&deletions) {
        assert_eq!((key.as_bytes(), code.as_str()), (deletion.key, "Code"));
    }
}
