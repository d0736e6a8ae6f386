//! The table in `README.md` is true: what it names is there, and no row that is served is left out.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rows that a server without versions, policies and forms has to show.
const ROWS: [(u32, u32); 12] = [
    (1, 3),
    (6, 15),
    (17, 36),
    (38, 38),
    (40, 45),
    (47, 57),
    (59, 61),
    (65, 69),
    (71, 78),
    (80, 92),
    (95, 96),
    (98, 107),
];
/// Rows that would make a test wait.
const NOT_OVER_THE_WIRE: [u32; 1] = [69];

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The tests that a text names: `file::function`.
fn named(text: &str) -> Vec<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let pairs = quoted.filter_map(|word| word.split_once("::"));
    pairs.map(|(file, function)| (file.to_owned(), function.to_owned())).collect()
}

/// All tests, by file.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = std::fs::read_dir(folder).expect("the tests lie there").map(|file| file.expect("it has a name").path());
    files
        .map(|file| {
            let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let source = std::fs::read_to_string(&file).expect("it is text");
            let marked = source.split("#[test]\nfn ").skip(1);
            (name, marked.filter_map(|rest| rest.split('(').next()).map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn every_test_that_is_named_is_there() {
    let tests = tests();
    // The name of this scheme itself is no test.
    let named = named(&text("README.md")).into_iter().filter(|(_, function)| function != "name");
    for (file, function) in named {
        let known = tests.get(&file).is_some_and(|all| all.contains(&function));
        assert!(known, "README.md names {file}::{function}, and there is no such test");
    }
}

#[test]
fn every_row_has_a_test() {
    let table = text("README.md");
    let rows: BTreeMap<u32, Vec<(String, String)>> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter_map(|(row, rest)| Some((row.parse().ok()?, named(rest))))
        .collect();
    for row in ROWS.iter().flat_map(|(first, last)| *first..=*last) {
        let tests = rows.get(&row).unwrap_or_else(|| panic!("row {row} is not in the table"));
        assert_eq!(tests.is_empty(), NOT_OVER_THE_WIRE.contains(&row), "row {row}: {tests:?}");
    }
}
