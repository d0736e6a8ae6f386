//! The rules of every text: no path of one machine, and in Markdown no link to a file that is not there.

use std::path::Path;

use crate::finding::Finding;

/// How paths begin that exist on one machine only. (Joined here, so that this file passes its own rule.)
const MACHINE: [&str; 3] = [concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];

/// The findings of one text file of any kind.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for place in MACHINE {
            if is_named(line, place) {
                let message =
                    format!("`{place}` exists on one machine only: name paths from the root of the repository");
                findings.push(Finding::at(path, index, message));
            }
        }
    }
    findings
}

/// The findings of one Markdown file; `exists` answers for a path from the root of the repository.
pub(crate) fn check_links(path: &str, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_local = !file.is_empty() && !file.contains(':');
            if is_local && !exists(&folder.join(file)) {
                let message = format!("the link `{target}` leads nowhere: repair or remove it");
                findings.push(Finding::at(path, index, message));
            }
        }
    }
    findings
}

/// Whether an absolute path in `line` begins with `place`. In the middle of a longer path the same letters are
/// harmless.
fn is_named(line: &str, place: &str) -> bool {
    let in_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '}');
    line.match_indices(place).any(|(at, _)| !line.get(..at).is_some_and(|before| before.ends_with(in_path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        for place in MACHINE {
            assert_eq!(check("a.md", &format!("see\n`{place}x`"))[0].line, 2);
            assert_eq!(check("a.md", &format!("target{place}x and https://example.org{place}")), Vec::new());
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let exists = |path: &Path| path == Path::new("engine/FORMAT.md");
        let text = "[a](FORMAT.md#top) [b](https://example.org) [c](#here)\n[d](MISSING.md)";
        let found = check_links("engine/ARCHITECTURE.md", text, exists);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("engine/ARCHITECTURE.md:2: the link `MISSING.md`"));
    }
}
