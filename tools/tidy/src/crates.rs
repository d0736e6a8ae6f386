//! The rule of the crates: `cli -> proto-http -> engine`, and the engine knows nothing of HTTP.

use crate::finding::Finding;

/// The crates of the product, from the lowest: each may need those before it.
const ORDER: [(&str, &str); 3] =
    [("engine", "stratum-engine"), ("proto-http", "stratum-proto-http"), ("cli", "stratum")];
/// What speaks HTTP, XML, TLS or signatures. None of it belongs below `proto-http`.
const WIRE: [&str; 12] =
    ["axum", "h2", "hmac", "http", "http-body", "httparse", "hyper", "quick-xml", "reqwest", "rustls", "sha2", "ureq"];

/// The findings of one `Cargo.toml`.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let Some(folder) = path.strip_suffix("/Cargo.toml") else { return Vec::new() };
    let Some(own) = ORDER.iter().position(|(place, _)| *place == folder) else { return Vec::new() };
    let mut findings = Vec::new();
    for (index, name) in dependencies(text) {
        if ORDER.iter().skip(own).any(|(_, package)| *package == name) {
            let message =
                format!("{folder} needs {name}, which lies above it: move what is needed down, or hand it in");
            findings.push(Finding::at(path, index, message));
        }
        if own == 0 && WIRE.contains(&name.as_str()) {
            let message = format!("the engine needs {name}: what speaks of the wire belongs to proto-http");
            findings.push(Finding::at(path, index, message));
        }
    }
    findings
}

/// The names in all tables of dependencies, with their lines.
fn dependencies(text: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table.ends_with("dependencies");
            if let Some((_, name)) = table.split_once("dependencies.") {
                names.push((index, name.trim_matches('"').to_owned()));
            }
        } else if inside && !line.starts_with('#') {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
            if !name.is_empty() {
                names.push((index, name));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_may_need_those_below_it() {
        let text = "[dependencies]\nstratum-engine.workspace = true\nhttparse = \"1\"\n";
        assert_eq!(check("proto-http/Cargo.toml", text), Vec::new());
        assert_eq!(check("tests/Cargo.toml", "[dependencies]\nstratum = { path = \"../cli\" }\n"), Vec::new());
    }

    #[test]
    fn a_crate_that_needs_one_above_it_is_found() {
        let text = "[package]\nname = \"x\"\n[dev-dependencies]\nstratum-proto-http.workspace = true\n";
        assert!(check("engine/Cargo.toml", text)[0].to_string().starts_with("engine/Cargo.toml:4: engine needs"));
        assert_eq!(check("engine/Cargo.toml", "[target.x.dependencies.stratum-proto-http]\npath = \"x\"\n").len(), 1);
        assert_eq!(check("proto-http/Cargo.toml", "[dependencies]\nstratum = { path = \"../cli\" }\n").len(), 1);
    }

    #[test]
    fn the_engine_knows_nothing_of_the_wire() {
        assert!(check("engine/Cargo.toml", "[dependencies]\nhttparse.workspace = true\n")[0].line == 2);
        assert_eq!(
            check("engine/Cargo.toml", "[dependencies]\nhttparse-not = \"1\"\n[features]\nhttp = []\n"),
            Vec::new()
        );
    }
}
