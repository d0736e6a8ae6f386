//! The target of a request line: where its authority, its path and its query lie.
//!
//! ```text
//!  /path?query                   origin form, what clients send
//!  http://authority/path?query   absolute form, what clients of a proxy send
//!  *                             with OPTIONS: the server as a whole
//! ```
//!
//! What must hold: nothing is decoded, nothing normalised. Slashes, dots and bytes that a strict reading of the RFC
//! would have encoded (`#`, `|`, raw UTF-8) belong to the path as they stand: they are letters of a key, and a server
//! that drops one stores under another key than the client meant.
//!
//! Not here: the form of CONNECT (`host:port`), which is no target of ours.

use std::ops::Range;

/// The parts of a target, as ranges of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Host and port of an absolute form.
    pub(super) authority: Option<Range<usize>>,
    /// The path. Empty only in an absolute form that has none, where it means `/`.
    pub(super) path: Range<usize>,
    /// What stands after the first question mark.
    pub(super) query: Option<Range<usize>>,
}

impl Target {
    /// Splits the target of a request with this method. `None` if it has none of the three forms.
    pub(super) fn parse(method: &str, target: &[u8]) -> Option<Target> {
        if target == b"*" {
            return (method == "OPTIONS").then_some(Target { authority: None, path: 0..1, query: None });
        }
        let path_from = match scheme_bytes(target) {
            None => target.starts_with(b"/").then_some(0)?,
            Some(from) => from + target.get(from..)?.iter().take_while(|byte| !matches!(byte, b'/' | b'?')).count(),
        };
        let authority = scheme_bytes(target).map(|from| from..path_from);
        let mark = target.get(path_from..)?.iter().position(|byte| *byte == b'?').map(|at| path_from + at);
        let path = path_from..mark.unwrap_or(target.len());
        let query = mark.map(|at| at + 1..target.len());
        Some(Target { authority, path, query })
    }
}

/// How long the scheme is that this target begins with.
fn scheme_bytes(target: &[u8]) -> Option<usize> {
    [b"http://".as_slice(), b"https://"]
        .iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
        .map(|scheme| scheme.len())
}

/// Whether these bytes can be a host with an optional port. An empty one is allowed: HTTP wants the header even where
/// there is no name to send. User names, lists and whatever could be taken for the begin of a path are not.
pub(super) fn is_host(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Authority, path and query of a GET.
    fn parts(target: &str) -> Option<(Option<&str>, &str, Option<&str>)> {
        let found = Target::parse("GET", target.as_bytes())?;
        let at = |range: Range<usize>| &target[range];
        Some((found.authority.map(at), at(found.path), found.query.map(at)))
    }

    #[test]
    fn an_origin_form_is_split_at_the_first_question_mark() {
        assert_eq!(parts("/"), Some((None, "/", None)));
        assert_eq!(parts("/b/k?acl"), Some((None, "/b/k", Some("acl"))));
        assert_eq!(parts("/b/k?a=b?c"), Some((None, "/b/k", Some("a=b?c"))));
        assert_eq!(parts("/b/k?"), Some((None, "/b/k", Some(""))));
    }

    #[test]
    fn nothing_in_a_path_is_normalised() {
        for path in
            ["//", "//b//k", "/b/../k/./", "/b/a#b", "/b/a%2fb", "/b/a|\"<>^`{}\\", "/b/http://x", "/b/gr\u{fc}n"]
        {
            assert_eq!(parts(path), Some((None, path, None)));
        }
    }

    #[test]
    fn an_absolute_form_has_an_authority() {
        assert_eq!(parts("http://h/b/k?q"), Some((Some("h"), "/b/k", Some("q"))));
        assert_eq!(parts("HTTPS://h:9000/b"), Some((Some("h:9000"), "/b", None)));
        assert_eq!(parts("http://[::1]:9000/"), Some((Some("[::1]:9000"), "/", None)));
    }

    #[test]
    fn an_absolute_form_without_path_has_an_empty_one() {
        assert_eq!(parts("http://h"), Some((Some("h"), "", None)));
        assert_eq!(parts("http://h?q"), Some((Some("h"), "", Some("q"))));
    }

    #[test]
    fn a_star_is_for_options_alone() {
        let star = Target { authority: None, path: 0..1, query: None };
        assert_eq!(Target::parse("OPTIONS", b"*"), Some(star));
        assert_eq!(Target::parse("GET", b"*"), None);
    }

    #[test]
    fn other_forms_are_none() {
        for target in ["", "b/k", "h:443", "ftp://h/b", "?acl", "*a", "http:/h/b", "http:"] {
            assert_eq!(parts(target), None, "{target}");
        }
    }

    #[test]
    fn hosts_are_names_and_addresses() {
        for host in ["", "h", "bucket.with.dots.s3.local:9000", "[::1]:80", "under_score", "H%41"] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in ["u@h", "a, b", "a,b", "a b", "h/p", "h?q", "h#f", "h\\p", "h\"", "gr\u{fc}n"] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
