//! What the victim says, one line each, and how the line is read again.
//!
//! What must hold: a line is shorter than what a pipe takes in one piece (4096 bytes), so a kill never tears one. An
//! intent is said before the store hears of it, an acknowledgement after the store has given it.

use std::fmt;
use std::io::Write;

/// What a victim is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It opens the store.
    Start,
    /// It makes a checkpoint.
    Checkpoint,
    /// It writes more than the open log segments of all its cores hold.
    Turn,
    /// It streams a body that is longer than a data segment.
    DataTurn,
}

/// One line. Keys are words without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saying {
    /// A phase begins.
    Begin(Phase),
    /// It has ended.
    End(Phase),
    /// The key shall have a body of this version and size.
    Put(String, u64, u64),
    /// The same, unless the key is there.
    Create(String, u64, u64),
    /// The key shall be gone.
    Delete(String),
    /// What was last wanted of the key is acknowledged.
    Done(String),
    /// The key is there, so it was not created.
    Refused(String),
    /// Nothing was done for want of room.
    Full(String),
    /// An upload to the key shall begin.
    UploadWanted(String),
    /// It was not begun, for want of room.
    UploadRefused(String),
    /// The upload to the key is open, for a body of this version.
    Opened(String, String, u64),
    /// The first parts of an upload, so many, are acknowledged, and so many bytes.
    Parts(String, u64, u64),
    /// The upload shall become the key's body of so many bytes.
    Complete(String, String, u64),
    /// The upload shall end without a body.
    Abort(String),
    /// It has.
    Aborted(String),
    /// One line of the store's listing: key, version, size, and all else that the listing has.
    Object(String, u64, u64, String),
    /// An open upload: key, upload, parts, bytes.
    Upload(String, String, u64, u64),
    /// A measured number.
    Number(String, u64),
    /// What must not be.
    Wrong(String),
    /// All was said.
    Finished,
}

impl Phase {
    const ALL: [(Phase, &str); 4] = [
        (Phase::Start, "start"),
        (Phase::Checkpoint, "checkpoint"),
        (Phase::Turn, "turn"),
        (Phase::DataTurn, "data-turn"),
    ];

    fn name(self) -> &'static str {
        Phase::ALL.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Saying::Begin(phase) => write!(f, "begin {}", phase.name()),
            Saying::End(phase) => write!(f, "end {}", phase.name()),
            Saying::Put(key, version, size) => write!(f, "put {key} {version} {size}"),
            Saying::Create(key, version, size) => write!(f, "create {key} {version} {size}"),
            Saying::Delete(key) => write!(f, "delete {key}"),
            Saying::Done(key) => write!(f, "done {key}"),
            Saying::Refused(key) => write!(f, "refused {key}"),
            Saying::Full(key) => write!(f, "full {key}"),
            Saying::UploadWanted(key) => write!(f, "upload-wanted {key}"),
            Saying::UploadRefused(key) => write!(f, "upload-refused {key}"),
            Saying::Opened(key, upload, version) => write!(f, "opened {key} {upload} {version}"),
            Saying::Parts(upload, parts, bytes) => write!(f, "parts {upload} {parts} {bytes}"),
            Saying::Complete(key, upload, size) => write!(f, "complete {key} {upload} {size}"),
            Saying::Abort(upload) => write!(f, "abort {upload}"),
            Saying::Aborted(upload) => write!(f, "aborted {upload}"),
            Saying::Object(key, version, size, rest) => write!(f, "object {key} {version} {size} {rest}"),
            Saying::Upload(key, upload, parts, bytes) => write!(f, "upload {key} {upload} {parts} {bytes}"),
            Saying::Number(what, number) => write!(f, "number {what} {number}"),
            Saying::Wrong(what) => write!(f, "wrong {what}"),
            Saying::Finished => write!(f, "finished"),
        }
    }
}

impl Saying {
    /// Says it. A victim whose listener has gone has nothing more to do and ends.
    pub fn say(&self) {
        let mut line = self.to_string();
        line.push('\n');
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(3);
        }
    }

    /// Reads a line, `None` if it is none of ours.
    #[must_use]
    pub fn read(line: &str) -> Option<Saying> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split(' ').collect();
        let word = |at: usize| words.get(at).map(|word| (*word).to_owned());
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let phase = || Phase::ALL.iter().find(|(_, name)| *name == rest).map(|(phase, _)| *phase);
        Some(match verb {
            "begin" => Saying::Begin(phase()?),
            "end" => Saying::End(phase()?),
            "put" => Saying::Put(word(0)?, number(1)?, number(2)?),
            "create" => Saying::Create(word(0)?, number(1)?, number(2)?),
            "delete" => Saying::Delete(word(0)?),
            "done" => Saying::Done(word(0)?),
            "refused" => Saying::Refused(word(0)?),
            "full" => Saying::Full(word(0)?),
            "upload-wanted" => Saying::UploadWanted(word(0)?),
            "upload-refused" => Saying::UploadRefused(word(0)?),
            "opened" => Saying::Opened(word(0)?, word(1)?, number(2)?),
            "parts" => Saying::Parts(word(0)?, number(1)?, number(2)?),
            "complete" => Saying::Complete(word(0)?, word(1)?, number(2)?),
            "abort" => Saying::Abort(word(0)?),
            "aborted" => Saying::Aborted(word(0)?),
            "object" => Saying::Object(word(0)?, number(1)?, number(2)?, words.get(3..)?.join(" ")),
            "upload" => Saying::Upload(word(0)?, word(1)?, number(2)?, number(3)?),
            "number" => Saying::Number(word(0)?, number(1)?),
            "wrong" => Saying::Wrong(rest.to_owned()),
            "finished" => Saying::Finished,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again() {
        let key = || "c1/4".to_owned();
        let upload = || "00ff".to_owned();
        let all = [
            Saying::Begin(Phase::Start),
            Saying::End(Phase::DataTurn),
            Saying::Put(key(), 1, 2),
            Saying::Create(key(), 1, 2),
            Saying::Delete(key()),
            Saying::Done(key()),
            Saying::Refused(key()),
            Saying::Full(key()),
            Saying::UploadWanted(key()),
            Saying::UploadRefused(key()),
            Saying::Opened(key(), upload(), 9),
            Saying::Parts(upload(), 2, 800),
            Saying::Complete(key(), upload(), 800),
            Saying::Abort(upload()),
            Saying::Aborted(upload()),
            Saying::Object(key(), 1, 2, "etag 5 6".to_owned()),
            Saying::Upload(key(), upload(), 1, 2),
            Saying::Number("start_us".to_owned(), 3),
            Saying::Wrong("a thing happened".to_owned()),
            Saying::Finished,
        ];
        for saying in all {
            assert_eq!(Saying::read(&saying.to_string()), Some(saying));
        }
        assert_eq!(Saying::read("something else"), None);
    }
}
