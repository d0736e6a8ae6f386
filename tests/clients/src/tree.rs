//! A folder full of files with odd names, of the kinds that tools that synchronize get wrong.
//!
//! What must hold: every call makes the same tree. No two files have the same bytes, but for the empty ones.

use std::path::Path;

use crate::body;

/// Names that are in every tree, each below a folder of its own.
const ODD: [&str; 30] = [
    " leading space",
    "trailing space ",
    "!bang",
    "#hash",
    "$dollar",
    "%",
    "%20 is no space",
    "%2Fis no slash",
    "&ampersand&amp;",
    "'single quote'",
    "(round)[square]{curly}<angle>",
    "+plus+and space+",
    ",comma;semicolon:colon",
    "-hyphen",
    ".leading dot",
    "..leading dots",
    "trailing dot.",
    "=equals@at",
    "?question=mark&more",
    "\"double quote\"",
    "\\back\\slash",
    "^caret`backtick|pipe",
    "*star*",
    "~tilde",
    "tab\tstop",
    "ünïcödé",
    "u\u{308} is written with two signs",
    "日本語",
    "Ελληνικά и русский",
    "😀 beyond the basic plane",
];

/// Makes `count` files below `folder`.
///
/// # Panics
/// If they cannot be made.
pub fn grow(folder: &Path, count: usize) {
    for number in 0..count {
        let path = folder.join(path(number));
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder can be made");
        std::fs::write(path, body::bytes(size(number), number as u64 + 1)).expect("a file can be written");
    }
}

/// Where a file lies. The odd names come first, then plain ones in folders with odd names.
fn path(number: usize) -> String {
    let odd = ODD.get(number % ODD.len()).copied().unwrap_or_default();
    match number / ODD.len() {
        0 => format!("odd/{odd}"),
        1 => format!("within/{odd}/file"),
        2 => format!("deep/{odd}/{odd}/{odd}"),
        // A name may be 255 bytes long here, and clients write beside it first, under a name that is longer by some.
        3 => format!("long/{number:03}{}", "n".repeat(237)),
        4 => format!("long/{number:03}{}", "語".repeat(79)),
        folder => format!("plain/{folder}/{odd}/file {number}.txt"),
    }
}

/// Mostly small, some empty, a few of some hundred KiB.
fn size(number: usize) -> usize {
    match number % 100 {
        0 => 0,
        1 => 300_000 + number,
        _ => number * 7 % 5000 + 1,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_differ_and_fit() {
        let all: BTreeSet<String> = (0..2000).map(path).collect();
        assert_eq!(all.len(), 2000);
        assert!(all.iter().all(|path| path.len() < 1000 && path.split('/').all(|name| (1..241).contains(&name.len()))));
    }
}
