//! The rule of the engine's layers: imports point down the list under "Layers" in `engine/ARCHITECTURE.md`.
//!
//! That list is read, not repeated: a numbered line is a layer, the names in backticks are its modules. A module may
//! name modules of lower layers and itself. Modules of one layer may not name each other, but for the lowest layer,
//! whose modules are the words that all others are made of.

use crate::finding::Finding;
use crate::source::Source;

/// Where the list stands.
pub(crate) const ARCHITECTURE: &str = "engine/ARCHITECTURE.md";
const ENGINE: &str = "engine/src/";

/// The layers of the engine.
pub(crate) struct Layers {
    /// From the lowest to the highest, the modules of each.
    modules: Vec<Vec<String>>,
}

impl Layers {
    /// Reads the list out of the text of `ARCHITECTURE.md`.
    pub(crate) fn parse(text: &str) -> Result<Layers, Finding> {
        let mut modules = Vec::new();
        let section =
            text.lines().skip_while(|line| !is_heading(line)).skip(1).take_while(|line| !line.starts_with('#'));
        for line in section {
            if let Some((number, names)) = line.split_once(". ")
                && number.parse::<usize>().is_ok_and(|number| number == modules.len() + 1)
            {
                modules.push(names.split('`').skip(1).step_by(2).map(str::to_owned).collect());
            }
        }
        if modules.is_empty() {
            let message =
                "no layers found: write a heading `Layers` and below it a numbered list of modules in backticks";
            return Err(Finding::at(ARCHITECTURE, 0, message));
        }
        Ok(Layers { modules })
    }

    /// The findings of one Rust file.
    pub(crate) fn check(&self, source: &Source) -> Vec<Finding> {
        let Some(inner) = source.path.strip_prefix(ENGINE) else { return Vec::new() };
        let mut path: Vec<&str> = inner.trim_end_matches(".rs").split('/').collect();
        if path.last() == Some(&"mod") {
            path.pop();
        }
        let Some(own) = path.first().copied().filter(|name| *name != "lib") else { return Vec::new() };
        let Some(layer) = self.layer(own) else {
            let message = format!("`{own}` stands in no layer: add it to the list in {ARCHITECTURE}");
            return vec![Finding::at(&source.path, 0, message)];
        };
        let mut findings = Vec::new();
        for (index, name) in mentions(&source.code.join("\n"), path.len()) {
            let Some(other) = self.layer(&name).filter(|_| name != own) else { continue };
            if other > layer {
                let message = format!("`{own}` names `{name}`, a layer above it: let `{name}` hand in what is needed");
                findings.push(Finding::at(&source.path, index, message));
            } else if other == layer && layer > 0 {
                let message =
                    format!("`{own}` names `{name}`, which stands beside it: let a layer above bring them together");
                findings.push(Finding::at(&source.path, index, message));
            }
        }
        findings
    }

    fn layer(&self, module: &str) -> Option<usize> {
        self.modules.iter().position(|layer| layer.iter().any(|name| name == module))
    }
}

fn is_heading(line: &str) -> bool {
    line.starts_with('#') && line.trim_start_matches('#').trim_start().starts_with("Layers")
}

/// The first names of all paths that begin at the crate's root, with their lines, for a file whose module lies `depth`
/// below the root.
fn mentions(code: &str, depth: usize) -> Vec<(usize, String)> {
    let climb = "super::".repeat(depth);
    let mut found = Vec::new();
    for root in ["crate::", climb.as_str()] {
        for (start, _) in code.match_indices(root) {
            let before = code.get(..start).unwrap_or_default();
            if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            let line = before.matches('\n').count();
            let after = code.get(start + root.len()..).unwrap_or_default();
            for (lines_below, name) in first_names(after) {
                found.push((line + lines_below, name));
            }
        }
    }
    found.sort();
    found
}

/// The names that a path goes on with: one, or all of a group in braces, each with its distance in lines.
fn first_names(after: &str) -> Vec<(usize, String)> {
    let Some(group) = after.strip_prefix('{') else {
        return vec![(0, leading_name(after))];
    };
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut line = 0;
    let mut expects_name = true;
    for (at, c) in group.char_indices() {
        match c {
            '\n' => line += 1,
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_name = true,
            _ if expects_name && !c.is_whitespace() => {
                names.push((line, leading_name(group.get(at..).unwrap_or_default())));
                expects_name = false;
            }
            _ => {}
        }
    }
    names
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "# Map\n### Layers (down)\n\n1. `words`, `limits`\n2. `rt`\n3. `log`, `index`\n\n## Next\n1. `no`\n";

    fn messages(path: &str, text: &str) -> Vec<String> {
        let layers = Layers::parse(LIST).expect("the list of this test is well formed");
        layers.check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_list_ends_with_its_section() {
        let layers = Layers::parse(LIST).expect("the list of this test is well formed");
        assert_eq!((layers.layer("limits"), layers.layer("index"), layers.layer("no")), (Some(0), Some(2), None));
    }

    #[test]
    fn a_text_without_the_list_is_found() {
        assert!(Layers::parse("# Map\n1. `a`\n").is_err());
    }

    #[test]
    fn downwards_is_allowed_and_within_a_module_too() {
        let text = "use crate::rt::File;\nuse crate::words::Key;\nuse crate::log::Group;\nuse super::format;";
        assert_eq!(messages("engine/src/log/writer.rs", text), Vec::<String>::new());
    }

    #[test]
    fn upwards_is_found_in_imports_and_in_paths() {
        assert!(
            messages("engine/src/rt/file.rs", "\nuse crate::log::Group;")[0].starts_with("engine/src/rt/file.rs:2:")
        );
        assert_eq!(messages("engine/src/rt/file.rs", "let x = crate::index::open();").len(), 1);
        assert_eq!(messages("engine/src/limits.rs", "use crate::{\n    words::{Key, log},\n    rt,\n};").len(), 1);
    }

    #[test]
    fn upwards_by_super_is_found_too() {
        assert_eq!(messages("engine/src/rt/mod.rs", "use super::log::Group;").len(), 1);
        assert_eq!(messages("engine/src/rt/sim/disk.rs", "use super::super::super::log::Group;").len(), 1);
        assert_eq!(messages("engine/src/rt/sim/disk.rs", "use super::super::File;"), Vec::<String>::new());
    }

    #[test]
    fn sideways_is_found_above_the_lowest_layer() {
        assert!(messages("engine/src/index/page.rs", "use crate::log::Group;")[0].contains("beside it"));
        assert_eq!(messages("engine/src/words/key.rs", "use crate::limits::MAX;"), Vec::<String>::new());
    }

    #[test]
    fn comments_and_other_crates_are_no_imports() {
        assert_eq!(messages("engine/src/rt/file.rs", "// crate::log\nfn f() {}"), Vec::<String>::new());
        assert_eq!(messages("tests/src/lib.rs", "use crate::log;"), Vec::<String>::new());
    }

    #[test]
    fn a_module_without_layer_is_found() {
        assert!(messages("engine/src/attic/box.rs", "")[0].contains("stands in no layer"));
        assert_eq!(messages("engine/src/lib.rs", "mod attic;"), Vec::<String>::new());
    }
}
