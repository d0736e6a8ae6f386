//! What a rule answers: a place, what is wrong there, and what to do instead.

use std::fmt;

/// One violation of one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, from the root of the repository.
    pub(crate) path: String,
    /// The line, counted from one.
    pub(crate) line: usize,
    /// What is wrong and what to do instead.
    pub(crate) message: String,
}

impl Finding {
    /// A violation in `path` at the line with this index, which counts from zero.
    pub(crate) fn at(path: &str, index: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line: index + 1, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { path, line, message } = self;
        write!(f, "{path}:{line}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_path_line_message() {
        assert_eq!(Finding::at("a/b.rs", 0, "wrong, do right").to_string(), "a/b.rs:1: wrong, do right");
    }
}
