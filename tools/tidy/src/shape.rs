//! The rules of a file's shape: its header, its length, its lines, and `mod.rs` without logic.

use crate::finding::Finding;
use crate::source::Source;

/// A file above this length holds more than one concern.
const LINES_MAX: usize = 600;
/// What rustfmt wraps code at; it leaves comments alone, so they are looked at here.
const LINE_CHARS_MAX: usize = 120;

/// The findings of one Rust file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = lines(source);
    findings.extend(header(source));
    findings.extend(length(source));
    if source.file_name() == "mod.rs" {
        findings.extend(no_logic(source));
    }
    findings
}

fn header(source: &Source) -> Option<Finding> {
    let has_header = source.lines.first().is_some_and(|line| line.starts_with("//! "));
    (!has_header).then(|| {
        let message = "no header: begin with `//! ` and say what this file is, what must hold, and what is not here";
        Finding::at(&source.path, 0, message)
    })
}

fn length(source: &Source) -> Option<Finding> {
    // The text after the last line break is a line only if something is in it.
    let count = source.lines.len() - usize::from(source.lines.last().is_some_and(String::is_empty));
    (count > LINES_MAX).then(|| {
        let message = format!("{count} lines, {LINES_MAX} are allowed: split it into one file per concern");
        Finding::at(&source.path, LINES_MAX, message)
    })
}

fn lines(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.lines.iter().enumerate() {
        let chars = line.chars().count();
        if chars > LINE_CHARS_MAX {
            let message = format!("{chars} characters, {LINE_CHARS_MAX} are allowed: wrap the line");
            findings.push(Finding::at(&source.path, index, message));
        }
        if line.contains('\t') {
            findings.push(Finding::at(&source.path, index, "a tab: use spaces, or \\t inside a literal"));
        }
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::at(&source.path, index, "trailing white space: remove it"));
        }
    }
    findings
}

/// In a `mod.rs` every statement declares a module, an import or a constant.
fn no_logic(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut depth = 0_i32;
    let mut at_start = true;
    for (index, line) in source.code.iter().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if at_start && !is_declaration(line) {
            let message = "logic in a mod.rs: move it into a file named by its role, and declare that here";
            findings.push(Finding::at(&source.path, index, message));
        }
        for c in line.chars() {
            depth += i32::from(matches!(c, '(' | '[' | '{')) - i32::from(matches!(c, ')' | ']' | '}'));
        }
        let is_attribute = at_start && line.starts_with('#') && line.ends_with(']');
        at_start = depth == 0 && (is_attribute || line.ends_with([';', '}']));
    }
    findings
}

fn is_declaration(line: &str) -> bool {
    let mut rest = line;
    if let Some(after) = rest.strip_prefix("pub") {
        rest = match after.strip_prefix('(') {
            Some(scoped) => scoped.split_once(')').map_or(rest, |(_, item)| item.trim_start()),
            None => after.trim_start(),
        };
    }
    let is_constant = rest.starts_with("const ") && !rest.starts_with("const fn ");
    let is_module = rest.starts_with("mod ") && rest.ends_with(';');
    is_constant || is_module || rest.starts_with("use ") || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_clean_file_has_no_findings() {
        assert_eq!(messages("a.rs", "//! A thing.\n\nfn f() {}\n"), Vec::<String>::new());
    }

    #[test]
    fn a_file_without_header_is_found() {
        assert!(messages("a.rs", "fn f() {}\n")[0].starts_with("a.rs:1: no header"));
        assert!(messages("a.rs", "")[0].starts_with("a.rs:1: no header"));
    }

    #[test]
    fn the_line_after_the_last_allowed_one_is_found() {
        let allowed = format!("//! A thing.\n{}", "\n".repeat(LINES_MAX - 1));
        assert_eq!(messages("a.rs", &allowed), Vec::<String>::new());
        assert!(messages("a.rs", &format!("{allowed}\n"))[0].starts_with("a.rs:601: 601 lines"));
    }

    #[test]
    fn a_long_line_is_found_also_in_a_comment() {
        let text = format!("//! A thing.\n// {}\n", "x".repeat(LINE_CHARS_MAX));
        assert!(messages("a.rs", &text)[0].starts_with("a.rs:2: 123 characters"));
    }

    #[test]
    fn tabs_and_trailing_spaces_are_found() {
        let found = messages("a.rs", "//! A thing.\n\tx\ny \n");
        assert!(found[0].starts_with("a.rs:2: a tab"));
        assert!(found[1].starts_with("a.rs:3: trailing"));
    }

    #[test]
    fn a_mod_file_may_declare_import_and_fix_constants() {
        let modules = "mod a;\n#[cfg(test)]\npub(crate) mod b;\n";
        let text = format!("//! A thing.\n\n{modules}pub use a::{{\n    C,\n    D,\n}};\nconst E: u8 = 1;\n");
        assert_eq!(messages("a/mod.rs", &text), Vec::<String>::new());
    }

    #[test]
    fn logic_in_a_mod_file_is_found_once_per_item() {
        let text = "//! A thing.\n\nmod a;\npub fn f() {\n    g();\n}\nmod tests {\n    use super::*;\n}\n";
        let found = messages("a/mod.rs", text);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("a/mod.rs:4: logic"));
        assert!(found[1].starts_with("a/mod.rs:7: logic"));
    }
}
