//! What a file or a directory answers when it does not do what was asked: data, for the layer that decides what
//! follows.

use std::fmt;

/// The kinds that lead to different decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoKind {
    /// There is no room: a normal state.
    NoSpace,
    /// The medium gave an error: damage, never emptiness.
    Media,
    /// There is no such file.
    NotFound,
    /// The file is there already.
    Exists,
    /// Somebody else holds the lock.
    Busy,
    /// This process, or the system, has as many files open as it may: a normal state, that may pass.
    Descriptors,
    /// The end of the file came before the bytes asked for.
    Short,
    /// Anything else; the code says what.
    Other,
}

/// A failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoError {
    /// The call, as a verb: "read", "write", "flush".
    pub operation: &'static str,
    /// What follows from it.
    pub kind: IoKind,
    /// The system's error number, 0 if it had none.
    pub code: i32,
}

impl IoError {
    /// The error of `operation` with the system's error number.
    #[must_use]
    pub fn from_code(operation: &'static str, code: i32) -> IoError {
        let kind = match code {
            libc::ENOSPC | libc::EDQUOT | libc::EFBIG => IoKind::NoSpace,
            libc::EIO | libc::ENODATA | libc::EILSEQ | libc::EREMOTEIO => IoKind::Media,
            libc::ENOENT => IoKind::NotFound,
            libc::EEXIST => IoKind::Exists,
            libc::EMFILE | libc::ENFILE => IoKind::Descriptors,
            libc::EAGAIN | libc::EACCES | libc::EBUSY => IoKind::Busy,
            _ => IoKind::Other,
        };
        IoError { operation, kind, code }
    }

    /// The error of `operation` from the standard library's error.
    #[must_use]
    pub fn from_std(operation: &'static str, error: &std::io::Error) -> IoError {
        IoError::from_code(operation, error.raw_os_error().unwrap_or(0))
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IoError { operation, kind, code } = self;
        match kind {
            IoKind::NoSpace => write!(f, "{operation}: no space left"),
            IoKind::Media => write!(f, "{operation}: the medium failed (error {code})"),
            IoKind::NotFound => write!(f, "{operation}: not found"),
            IoKind::Exists => write!(f, "{operation}: exists already"),
            IoKind::Busy => write!(f, "{operation}: held by another process"),
            IoKind::Descriptors => write!(f, "{operation}: too many files are open; raise the limit (ulimit -n)"),
            IoKind::Short => write!(f, "{operation}: past the end"),
            IoKind::Other => write!(f, "{operation}: error {code}"),
        }
    }
}
