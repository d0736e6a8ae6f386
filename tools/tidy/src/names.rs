//! The rules of names: a name says what the thing is, so the words that fit everything are banned.

use crate::finding::Finding;
use crate::source::Source;

/// No file, folder or module is called one of these.
const PLACES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "managers"];
/// No item has one of these among the words of its name. (`common` may be one: S3 speaks of common prefixes.)
const WORDS: [&str; 4] = ["util", "utils", "manager", "managers"];
/// What stands before the name of an item.
const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "mod", "type", "const", "static"];

/// The findings of one Rust file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for part in source.path.trim_end_matches(".rs").split('/') {
        if PLACES.contains(&part) {
            let message = format!("a place called `{part}`: name it by its role, as `writer` or `recovery`");
            findings.push(Finding::at(&source.path, 0, message));
        }
    }
    for (index, line) in source.code.iter().enumerate() {
        let words: Vec<&str> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            if let [keyword, name] = pair
                && let Some(message) = item(keyword, name)
            {
                findings.push(Finding::at(&source.path, index, message));
            }
        }
    }
    findings
}

/// What is wrong with the item that this keyword and name declare.
fn item(keyword: &str, name: &str) -> Option<String> {
    if !ITEMS.contains(&keyword) {
        return None;
    }
    if keyword == "fn" && name.starts_with("get_") {
        return Some(format!("`{name}`: a getter is called what it gives, without `get_`"));
    }
    if keyword == "mod" && PLACES.contains(&name) {
        return Some(format!("a module called `{name}`: name it by its role, as `writer` or `recovery`"));
    }
    let word = words(name).into_iter().find(|word| WORDS.contains(&word.as_str()))?;
    Some(format!("`{name}`: `{word}` fits everything, say what it does"))
}

/// The words of a name in snake or camel case, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && after_small) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && c != '_'
        {
            word.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn places_that_fit_everything_are_found() {
        for path in ["a/util.rs", "tests/common/mod.rs", "a/helpers.rs"] {
            assert_eq!(messages(path, "").len(), 1, "{path}");
        }
        assert_eq!(messages("a/commonplace.rs", ""), Vec::<String>::new());
    }

    #[test]
    fn getters_are_called_what_they_give() {
        assert!(messages("a.rs", "fn f() {}\npub fn get_x() {}")[0].starts_with("a.rs:2: `get_x`"));
        assert_eq!(messages("a.rs", "fn get() {}\nfn target_x() {}\ncell.get_mut();"), Vec::<String>::new());
    }

    #[test]
    fn item_names_are_looked_at_word_by_word() {
        assert_eq!(messages("a.rs", "struct SlotManager;\nmod helpers;\nconst MANAGER: u8 = 0;").len(), 3);
        assert_eq!(messages("a.rs", "enum Helper {}\nstruct CommonPrefix;\nlet manager = 1;"), Vec::<String>::new());
    }
}
