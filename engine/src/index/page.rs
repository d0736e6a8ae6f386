//! One page of a listing: what was asked for, what came, and how the pages of several cores become one.
//!
//! What must hold: items ascend, each is there once, and `more` is true exactly if something follows the last item.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::value::{Entry, PartEntry, UploadEntry};
use crate::types::{BucketId, ObjectKey, UploadId};

/// What to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The bucket.
    pub bucket: BucketId,
    /// Only keys that begin with this.
    pub prefix: Vec<u8>,
    /// Keys with the same bytes up to this one behind the prefix become one item. An empty one is none.
    pub delimiter: Option<Vec<u8>>,
    /// Where the page before has ended.
    pub after: Option<After>,
    /// The most items of the page.
    pub limit: usize,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Behind this key and all uploads to it.
    Key(Vec<u8>),
    /// Behind this upload to this key.
    Upload(Vec<u8>, UploadId),
    /// Behind every key that begins with this.
    Prefix(Vec<u8>),
}

/// One item of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An object.
    Key {
        /// Its key.
        key: ObjectKey,
        /// What the index holds of it.
        entry: Entry,
    },
    /// An open upload.
    Upload {
        /// The key it will make.
        key: ObjectKey,
        /// The upload.
        upload: UploadId,
        /// What the index holds of it.
        entry: UploadEntry,
    },
    /// What several keys begin with, up to the delimiter.
    Prefix(Vec<u8>),
}

/// A page of objects or uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Ascending.
    pub items: Vec<Item>,
    /// True if more items follow.
    pub more: bool,
}

/// A page of the parts of one upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartsPage {
    /// Part numbers and parts, ascending.
    pub parts: Vec<(u16, PartEntry)>,
    /// True if more parts follow.
    pub more: bool,
}

impl Item {
    fn order(&self) -> (&[u8], Option<UploadId>) {
        match self {
            Item::Key { key, .. } => (key.as_bytes(), None),
            Item::Upload { key, upload, .. } => (key.as_bytes(), Some(*upload)),
            Item::Prefix(prefix) => (prefix, None),
        }
    }
}

/// Makes one page of the pages that several cores gave to the same request.
#[must_use]
pub fn merge(pages: Vec<Page>, limit: usize) -> Page {
    let mut sources: Vec<(VecDeque<Item>, bool)> =
        pages.into_iter().map(|page| (page.items.into(), page.more)).collect();
    let mut merged = Page::default();
    loop {
        // Where a page ended early nobody knows what follows it, so that nothing above its end may be taken.
        if sources.iter().any(|(items, more)| items.is_empty() && *more) {
            merged.more = true;
            return merged;
        }
        let heads = sources.iter_mut().filter(|(items, _)| !items.is_empty());
        let first = heads.min_by(|(a, _), (b, _)| match (a.front(), b.front()) {
            (Some(a), Some(b)) => a.order().cmp(&b.order()),
            _ => Ordering::Equal,
        });
        let Some(item) = first.and_then(|(items, _)| items.pop_front()) else { return merged };
        // A common prefix of keys on several cores is one item.
        let again = merged.items.last().is_some_and(|last| last.order() == item.order());
        if again {
            continue;
        }
        if merged.items.len() >= limit {
            merged.more = true;
            return merged;
        }
        merged.items.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[&str], more: bool) -> Page {
        Page { items: items.iter().map(|item| Item::Prefix(item.as_bytes().to_vec())).collect(), more }
    }

    #[test]
    fn equal_prefixes_become_one_and_the_order_is_kept() {
        let pages = vec![page(&["a/", "c/"], false), page(&["a/", "b/"], false), Page::default()];
        assert_eq!(merge(pages, 9), page(&["a/", "b/", "c/"], false));
        assert_eq!(merge(Vec::new(), 9), Page::default());
    }

    #[test]
    fn more_is_told_if_an_item_is_left_or_a_page_had_more() {
        assert_eq!(merge(vec![page(&["a", "c"], false), page(&["b"], false)], 2), page(&["a", "b"], true));
        assert_eq!(merge(vec![page(&["a", "b"], false), page(&["a", "b"], false)], 2), page(&["a", "b"], false));
        assert_eq!(merge(vec![page(&["a", "b"], true), page(&["a", "b"], false)], 2), page(&["a", "b"], true));
    }

    #[test]
    fn nothing_is_taken_from_above_the_end_of_a_page_that_had_more() {
        assert_eq!(merge(vec![page(&["a"], true), page(&["b", "c"], false)], 9), page(&["a"], true));
    }
}
