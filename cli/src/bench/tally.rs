//! What came of a step: operations, bytes, times, and errors by their code.

use std::collections::BTreeMap;

use super::histogram::Histogram;
use super::kind::Kind;
use super::trouble::Trouble;

/// Codes of errors that are told apart in one row; a server that invents more does not fill the memory.
const CODES_MAX: usize = 64;
/// Where further ones are counted.
const OTHER: &str = "Other";

/// What came of a step on one core, or on all.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By operation: a mixed load has several.
    pub(super) rows: BTreeMap<Kind, Row>,
    /// When the first operation that counts began, and the last one ended.
    pub(super) span: Option<(u64, u64)>,
}

/// What came of one operation.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Bytes of the bodies of objects.
    pub(super) bytes: u64,
    /// Times of those that went well, in nanoseconds.
    pub(super) times: Histogram,
    /// Those that did not: by code, how many, and what one of them said. The time of warming up included.
    pub(super) errors: BTreeMap<String, (u64, String)>,
}

impl Row {
    /// One of nothing.
    pub(super) fn new() -> Row {
        Row { bytes: 0, times: Histogram::new(), errors: BTreeMap::new() }
    }

    /// All errors.
    pub(super) fn failed(&self) -> u64 {
        self.errors.values().map(|(count, _)| count).sum()
    }

    /// What the other counted counts here.
    pub(super) fn merge(&mut self, other: &Row) {
        self.bytes += other.bytes;
        self.times.merge(&other.times);
        for (code, (count, example)) in &other.errors {
            self.fail(code, *count, example);
        }
    }

    fn fail(&mut self, code: &str, count: u64, example: &str) {
        let is_full = self.errors.len() >= CODES_MAX && !self.errors.contains_key(code);
        let code = if is_full { OTHER } else { code };
        self.errors.entry(code.to_owned()).or_insert_with(|| (0, example.to_owned())).0 += count;
    }
}

impl Tally {
    /// An operation went well, from one time to another.
    pub(super) fn note(&mut self, kind: Kind, (began, ended): (u64, u64), bytes: u64) {
        let row = self.rows.entry(kind).or_insert_with(Row::new);
        row.bytes += bytes;
        row.times.note(ended - began);
        self.extend((began, ended));
    }

    /// An operation did not.
    pub(super) fn fail(&mut self, kind: Kind, trouble: &Trouble) {
        self.rows.entry(kind).or_insert_with(Row::new).fail(&trouble.code(), 1, &trouble.to_string());
    }

    /// What the other counted counts here.
    pub(super) fn merge(&mut self, other: &Tally) {
        for (kind, row) in &other.rows {
            self.rows.entry(*kind).or_insert_with(Row::new).merge(row);
        }
        if let Some(span) = other.span {
            self.extend(span);
        }
    }

    fn extend(&mut self, (began, ended): (u64, u64)) {
        let (first, last) = self.span.unwrap_or((began, ended));
        self.span = Some((first.min(began), last.max(ended)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_of_cores_are_added() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.note(Kind::Get, (100, 150), 10);
        other.note(Kind::Get, (90, 110), 10);
        other.note(Kind::Head, (200, 210), 0);
        other.fail(Kind::Get, &Trouble::WrongLength);
        one.merge(&other);
        assert_eq!(one.span, Some((90, 210)));
        let get = &one.rows[&Kind::Get];
        assert_eq!((get.bytes, get.times.total(), get.times.max(), get.failed()), (20, 2, 50, 1));
        assert_eq!(one.rows[&Kind::Head].times.total(), 1);
    }

    #[test]
    fn more_codes_than_are_told_apart_are_counted_together() {
        let mut tally = Tally::default();
        for status in 0..100 {
            tally.fail(Kind::Put, &Trouble::refused(400 + status, b""));
        }
        tally.fail(Kind::Put, &Trouble::refused(400, b""));
        let errors = &tally.rows[&Kind::Put].errors;
        assert_eq!((errors.len(), errors["Http400"].0, errors[OTHER].0), (CODES_MAX + 1, 2, 36));
    }
}
