//! A cursor over all layers of one table: ascending keys, each once, with the value of the highest position.
//!
//! What must hold: it only moves forward; removed keys are not shown. Every source is read in batches that start
//! small and double, so that a listing that skips much reads little of what it skips.
//!
//! It borrows the layers and lives within one call.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Bound;

use super::error::IndexError;
use super::keys::Table;
use super::layers::Layers;
use super::memtable::Memtable;
use super::seal::stamp;
use super::store::{Row, Store, start};
use crate::limits::{SCAN_ROWS_MAX, SCAN_ROWS_MIN};
use crate::types::Sequence;

/// Walks one table of all layers.
pub(super) struct Cursor<'a> {
    sources: Vec<Source<'a>>,
    heads: BinaryHeap<Head>,
}

/// The first row of a source that the cursor has not passed.
#[derive(PartialEq, Eq)]
struct Head {
    row: Changed,
    source: usize,
}

/// A key and what one layer holds under it: `None` if it was removed.
#[derive(PartialEq, Eq)]
struct Changed {
    key: Box<[u8]>,
    position: Sequence,
    value: Option<Box<[u8]>>,
}

/// One layer, read in batches.
struct Source<'a> {
    origin: Origin<'a>,
    table: Table,
    prefix: &'a [u8],
    batch: usize,
    rows: VecDeque<Changed>,
    /// Where the next batch begins, `None` if there is none.
    from: Option<Bound<Box<[u8]>>>,
}

enum Origin<'a> {
    Memtable(&'a Memtable),
    Store(&'a Store),
}

impl<'a> Cursor<'a> {
    /// A cursor before the first key at or above `from` that begins with `prefix`.
    pub(super) fn new(
        layers: &'a Layers,
        table: Table,
        prefix: &'a [u8],
        from: &[u8],
    ) -> Result<Cursor<'a>, IndexError> {
        let memtables = [Some(layers.active()), layers.frozen().map(|frozen| &**frozen)].into_iter().flatten();
        let origins = memtables.map(Origin::Memtable).chain(layers.stores().values().map(Origin::Store));
        let mut sources: Vec<_> = origins
            .map(|origin| Source {
                origin,
                table,
                prefix,
                batch: SCAN_ROWS_MIN,
                rows: VecDeque::new(),
                from: Some(Bound::Included(from.into())),
            })
            .collect();
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            heads.extend(source.next()?.map(|row| Head { row, source: number }));
        }
        Ok(Cursor { sources, heads })
    }

    /// The next key and its value.
    pub(super) fn next(&mut self) -> Result<Option<Row>, IndexError> {
        loop {
            let Some(Changed { key, value, .. }) = self.pop()? else { return Ok(None) };
            while self.heads.peek().is_some_and(|head| head.row.key == key) {
                self.pop()?;
            }
            if let Some(value) = value {
                return Ok(Some((key, value)));
            }
        }
    }

    /// Moves before the first key at or above `key`, if it is not past it already.
    pub(super) fn seek(&mut self, key: &[u8]) -> Result<(), IndexError> {
        while self.heads.peek().is_some_and(|head| *head.row.key < *key) {
            let Some(Head { source: number, .. }) = self.heads.pop() else { break };
            let Some(source) = self.sources.get_mut(number) else { break };
            source.skip_to(key);
            self.heads.extend(source.next()?.map(|row| Head { row, source: number }));
        }
        Ok(())
    }

    /// The first of all heads; its source's next row takes its place.
    fn pop(&mut self) -> Result<Option<Changed>, IndexError> {
        let Some(Head { row, source: number }) = self.heads.pop() else { return Ok(None) };
        if let Some(source) = self.sources.get_mut(number) {
            self.heads.extend(source.next()?.map(|row| Head { row, source: number }));
        }
        Ok(Some(row))
    }
}

impl Source<'_> {
    fn next(&mut self) -> Result<Option<Changed>, IndexError> {
        if self.rows.is_empty() {
            self.fill()?;
        }
        Ok(self.rows.pop_front())
    }

    fn fill(&mut self) -> Result<(), IndexError> {
        let Some(from) = self.from.take() else { return Ok(()) };
        let from = from.as_ref().map(|key| &**key);
        match self.origin {
            Origin::Memtable(memtable) => {
                let rows = memtable.range(self.table, start(from, self.prefix));
                let rows = rows.take_while(|(key, _)| key.starts_with(self.prefix)).take(self.batch);
                self.rows.extend(rows.map(|(key, change)| Changed {
                    key: key.into(),
                    position: change.position,
                    value: change.value.clone(),
                }));
            }
            Origin::Store(store) => {
                for (key, value) in store.scan(self.table, from, self.prefix, self.batch)? {
                    let position = stamp(&value).ok_or(IndexError::Corrupt)?;
                    self.rows.push_back(Changed { key, position, value: Some(value) });
                }
            }
        }
        // Fewer rows than asked for: there are no more.
        self.from =
            self.rows.back().filter(|_| self.rows.len() == self.batch).map(|row| Bound::Excluded(row.key.clone()));
        self.batch = SCAN_ROWS_MAX.min(self.batch * 2);
        Ok(())
    }

    fn skip_to(&mut self, key: &[u8]) {
        let passed = self.rows.partition_point(|row| *row.key < *key);
        self.rows.drain(..passed);
        if self.rows.is_empty() && self.from.is_some() {
            self.from = Some(Bound::Included(key.into()));
            self.batch = SCAN_ROWS_MIN;
        }
    }
}

/// The heap's greatest head is the one with the smallest key, and among equal keys the one with the highest position;
/// at equal positions the upper layer, which has removals.
impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        let keys = other.row.key.cmp(&self.row.key);
        keys.then(self.row.position.cmp(&other.row.position)).then(other.source.cmp(&self.source))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
