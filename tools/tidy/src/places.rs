//! The rules of what may stand where: `unsafe`, sleeping threads, ignored tests and unfinished work.
//!
//! The places of `unsafe` are read from the table under "Unsafe" in `engine/ARCHITECTURE.md`: its first column names
//! files and folders below `engine/src`. No other crate has any.

use crate::finding::Finding;
use crate::source::Source;

const ENGINE: &str = "engine/src/";
/// Where a thread may sleep: it is the clock of the real world there.
const CLOCK: &str = "engine/src/rt/real";

/// The files and folders that may hold `unsafe`.
pub(crate) struct UnsafePlaces {
    places: Vec<String>,
}

impl UnsafePlaces {
    /// Reads the table out of the text of `ARCHITECTURE.md`.
    pub(crate) fn parse(text: &str) -> UnsafePlaces {
        let section = text.lines().skip_while(|line| !line.starts_with("## Unsafe")).skip(1);
        let rows = section.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with('|'));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        let places = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
        UnsafePlaces { places }
    }

    fn allows(&self, path: &str) -> bool {
        let Some(inner) = path.strip_prefix(ENGINE) else { return false };
        let below = |place: &str| place.ends_with('/') && inner.starts_with(place);
        self.places.iter().any(|place| inner == place || below(place))
    }
}

/// The findings of one Rust file.
pub(crate) fn check(source: &Source, unsafe_places: &UnsafePlaces) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, code) in source.code.iter().enumerate() {
        if has_word(code, "unsafe") && !unsafe_places.allows(&source.path) {
            let message = "`unsafe` outside its places: do without, or argue for a row in the table of ARCHITECTURE.md";
            findings.push(Finding::at(&source.path, index, message));
        }
        if code.contains("thread::sleep") && !source.path.starts_with(CLOCK) {
            let message = "a sleeping thread: wait for the event itself, or for `rt::sleep`";
            findings.push(Finding::at(&source.path, index, message));
        }
        if code.contains("#[ignore") {
            let message = "an ignored test: repair it, or remove it and say why in the commit";
            findings.push(Finding::at(&source.path, index, message));
        }
    }
    for (index, comment) in source.comments.iter().enumerate() {
        for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")] {
            if has_word(comment, word) {
                let message = format!("{word}: do it now, or write down what is missing where the operator reads it");
                findings.push(Finding::at(&source.path, index, message));
            }
        }
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "# Map\n## Unsafe\n| where | why |\n|---|---|\n| `rt/buffer.rs` | x |\n| `rt/real/` | `no.rs` |\n";

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text), &UnsafePlaces::parse(TABLE)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unsafe_is_allowed_where_the_table_names_it() {
        for path in ["engine/src/rt/buffer.rs", "engine/src/rt/real/file.rs"] {
            assert_eq!(messages(path, "unsafe { f() }"), Vec::<String>::new());
        }
    }

    #[test]
    fn unsafe_elsewhere_is_found() {
        for path in ["engine/src/rt/file.rs", "engine/src/no.rs", "cli/src/rt/buffer.rs"] {
            assert!(messages(path, "\nunsafe { f() }")[0].starts_with(&format!("{path}:2: `unsafe`")));
        }
        assert_eq!(messages("a.rs", "// unsafe\n#![forbid(unsafe_code)]\nlet x = \"unsafe\";"), Vec::<String>::new());
    }

    #[test]
    fn a_thread_sleeps_only_in_the_real_world() {
        assert_eq!(messages("tests/src/a.rs", "std::thread::sleep(x);").len(), 1);
        assert_eq!(messages("engine/src/rt/real/a.rs", "std::thread::sleep(x);"), Vec::<String>::new());
    }

    #[test]
    fn an_ignored_test_is_found() {
        assert_eq!(messages("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}").len(), 1);
    }

    #[test]
    fn unfinished_work_is_found_in_comments_only() {
        let word = concat!("TO", "DO");
        assert_eq!(messages("a.rs", &format!("f(); // {word}: more")).len(), 1);
        assert_eq!(messages("a.rs", &format!("f(\"{word}\"); // TODOS")), Vec::<String>::new());
    }
}
