//! Pages of a folder whose keys are known: what each has to show.
//!
//! What must hold: the first answer for a page is read key by key. Later ones are compared with it byte by byte, which
//! costs a tenth; one that differs is read too. So a wrong page is found, and the generator is not busy with XML.

use std::cell::RefCell;

use stratum_proto_http::xml::reader;

use super::names::{Folder, Names};
use super::trouble::Trouble;

/// Keys on a page (S3).
pub(super) const PAGE_KEYS: u64 = 1000;
/// Pages that are asked for: each is kept as it came.
const PAGES_MAX: u64 = 16;

/// The pages of one folder.
pub(super) struct Pages {
    names: Names,
    objects: u64,
    /// Answers that were found right.
    known: RefCell<Vec<Option<Vec<u8>>>>,
}

impl Pages {
    /// The pages of a folder that holds the keys with numbers below `objects`.
    pub(super) fn new(names: Names, objects: u64) -> Pages {
        let count = usize::try_from(objects.div_ceil(PAGE_KEYS).clamp(1, PAGES_MAX)).unwrap_or(1);
        Pages { names, objects, known: RefCell::new(vec![None; count]) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.known.borrow().len() as u64
    }

    /// What all keys of the folder begin with.
    pub(super) fn prefix(&self) -> String {
        self.names.folder(Folder::List)
    }

    /// The key behind which a page begins; none for the first.
    pub(super) fn after(&self, page: u64) -> String {
        let before = (page * PAGE_KEYS).checked_sub(1);
        before.map_or_else(String::new, |number| self.names.key(Folder::List, number))
    }

    /// Compares an answer with what the page has to show.
    pub(super) fn check(&self, page: u64, answer: Vec<u8>) -> Result<(), Trouble> {
        let index = usize::try_from(page).unwrap_or(usize::MAX);
        if self.known.borrow().get(index).is_some_and(|known| known.as_deref() == Some(&answer[..])) {
            return Ok(());
        }
        let listed = reader::listed_keys(&answer).map_err(|_| Trouble::WrongDocument)?;
        let begin = page * PAGE_KEYS;
        let end = (begin + PAGE_KEYS).min(self.objects);
        let expected = (begin..end).map(|number| self.names.key(Folder::List, number));
        if listed.truncated != (end < self.objects) || !listed.keys.iter().cloned().eq(expected) {
            return Err(Trouble::WrongListing);
        }
        if let Some(known) = self.known.borrow_mut().get_mut(index) {
            *known = Some(answer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(names: &Names, numbers: impl Iterator<Item = u64>, truncated: bool) -> Vec<u8> {
        let rows = numbers.map(|number| format!("<Contents><Key>{}</Key></Contents>", names.key(Folder::List, number)));
        let rows: String = rows.collect();
        format!("<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{rows}</ListBucketResult>").into_bytes()
    }

    #[test]
    fn a_page_shows_exactly_its_keys() {
        let names = Names::new([0; 4]);
        let pages = Pages::new(names.clone(), 1500);
        assert_eq!((pages.count(), pages.after(0), pages.after(1)), (2, String::new(), names.key(Folder::List, 999)));
        for _ in 0..2 {
            assert_eq!(pages.check(0, answer(&names, 0..1000, true)), Ok(()));
            assert_eq!(pages.check(1, answer(&names, 1000..1500, false)), Ok(()));
            for wrong in [
                answer(&names, 0..999, true),
                answer(&names, 0..1001, true),
                answer(&names, (0..1000).rev(), true),
                answer(&names, 0..1000, false),
                answer(&names, 1..1001, true),
            ] {
                assert_eq!(pages.check(0, wrong), Err(Trouble::WrongListing));
            }
            assert_eq!(pages.check(0, b"<html>".to_vec()), Err(Trouble::WrongDocument));
        }
    }

    #[test]
    fn few_pages_are_kept_of_many() {
        assert_eq!(Pages::new(Names::new([0; 4]), 1_000_000).count(), PAGES_MAX);
        assert_eq!(Pages::new(Names::new([0; 4]), 1).count(), 1);
    }
}
