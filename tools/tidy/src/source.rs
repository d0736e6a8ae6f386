//! A Rust file taken apart: its lines as written, its lines without comments and literals, and its comments alone.
//!
//! What must hold: the three have the same number of lines, and a column means the same in the first two. A rule about
//! code is then never misled by a word in a string, and a rule about comments never by code.
//!
//! This is no parser of Rust. It knows comments, strings and characters, which is all that the rules need.

/// A Rust file.
pub(crate) struct Source {
    /// Where it lies, from the root of the repository.
    pub(crate) path: String,
    /// Its lines as written.
    pub(crate) lines: Vec<String>,
    /// Its lines with blanks where comments and the insides of literals were.
    pub(crate) code: Vec<String>,
    /// Its lines with blanks where anything but a comment was.
    pub(crate) comments: Vec<String>,
}

/// What the scanner stands in.
#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment,
    BlockComment {
        depth: usize,
    },
    Text,
    RawText {
        hashes: usize,
    },
    /// Before the quote that ends a character.
    Character,
}

impl Source {
    /// Takes `text` apart.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let chars: Vec<char> = text.chars().collect();
        let mut code = String::new();
        let mut comments = String::new();
        let mut state = State::Code;
        let mut at = 0;
        while at < chars.len() {
            let (next, length) = step(state, &chars, at);
            for &c in chars.iter().skip(at).take(length) {
                let is_comment = is_comment(state) || is_comment(next);
                let is_code = matches!(state, State::Code) && matches!(next, State::Code);
                code.push(if is_code || c == '\n' { c } else { ' ' });
                comments.push(if is_comment || c == '\n' { c } else { ' ' });
            }
            state = next;
            at += length;
        }
        Source { path: path.to_owned(), lines: split(text), code: split(&code), comments: split(&comments) }
    }

    /// The name of the file without its folder.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

fn split(text: &str) -> Vec<String> {
    text.split('\n').map(str::to_owned).collect()
}

fn is_comment(state: State) -> bool {
    matches!(state, State::LineComment | State::BlockComment { .. })
}

/// The state after the characters at `at`, and how many of them it took.
fn step(state: State, chars: &[char], at: usize) -> (State, usize) {
    let is = |offset: usize, wanted: char| chars.get(at + offset) == Some(&wanted);
    match state {
        State::Code if is(0, '/') && is(1, '/') => (State::LineComment, 2),
        State::Code if is(0, '/') && is(1, '*') => (State::BlockComment { depth: 1 }, 2),
        State::Code if is(0, '"') => (State::Text, 1),
        State::Code if is(0, 'r') && !follows_word(chars, at) => match raw_hashes(chars, at + 1) {
            Some(hashes) => (State::RawText { hashes }, hashes + 2),
            None => (State::Code, 1),
        },
        State::Code if is(0, '\'') => match character_length(chars, at) {
            Some(length) => (State::Character, length - 1),
            None => (State::Code, 1),
        },
        State::Code => (State::Code, 1),
        State::LineComment if is(0, '\n') => (State::Code, 1),
        State::LineComment => (State::LineComment, 1),
        State::BlockComment { depth } if is(0, '/') && is(1, '*') => (State::BlockComment { depth: depth + 1 }, 2),
        State::BlockComment { depth: 1 } if is(0, '*') && is(1, '/') => (State::Code, 2),
        State::BlockComment { depth } if is(0, '*') && is(1, '/') => (State::BlockComment { depth: depth - 1 }, 2),
        State::BlockComment { depth } => (State::BlockComment { depth }, 1),
        State::Text if is(0, '\\') => (State::Text, 2),
        State::Text if is(0, '"') => (State::Code, 1),
        State::Text => (State::Text, 1),
        State::RawText { hashes } if is(0, '"') && (1..=hashes).all(|n| is(n, '#')) => (State::Code, hashes + 1),
        State::RawText { hashes } => (State::RawText { hashes }, 1),
        State::Character => (State::Code, 1),
    }
}

/// Whether the character before `at` belongs to a word, but for the `b` and `c` that may stand before a raw string.
fn follows_word(chars: &[char], at: usize) -> bool {
    let before = |distance: usize| at.checked_sub(distance).and_then(|index| chars.get(index));
    let in_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
    match before(1) {
        Some('b' | 'c') => in_word(before(2)),
        other => in_word(other),
    }
}

/// How many `#` stand before the quote of a raw string, if one begins after the `r`.
fn raw_hashes(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars.iter().skip(at).take_while(|c| **c == '#').count();
    (chars.get(at + hashes) == Some(&'"')).then_some(hashes)
}

/// The length of the character literal at `at`, quotes included; `None` for the quote of a lifetime.
fn character_length(chars: &[char], at: usize) -> Option<usize> {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let rest = chars.iter().skip(at + 3).take_while(|c| **c != '\'' && **c != '\n').count();
            Some(rest + 4)
        }
        (Some(_), Some('\'')) => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("x.rs", text).code.join("\n")
    }

    #[test]
    fn strings_are_no_code() {
        assert_eq!(code("f(\"a \\\" b\"); g"), format!("f({}); g", " ".repeat(8)));
        assert_eq!(code("f(r#\"a \" b\"#); g"), format!("f({}); g", " ".repeat(10)));
        assert_eq!(code("f(br\"\\\"); g").trim_end(), format!("f(b{}); g", " ".repeat(4)));
    }

    #[test]
    fn comments_are_no_code_and_blocks_nest() {
        assert_eq!(code("a // b\nc").replace(' ', ""), "a\nc");
        assert_eq!(code("a /* b /* c */ d */ e").replace(' ', ""), "ae");
    }

    #[test]
    fn code_is_no_comment() {
        let source = Source::new("x.rs", "let x = \"// no\"; // yes");
        assert_eq!(source.comments.join("").trim(), "// yes");
    }

    #[test]
    fn a_quote_in_a_character_opens_no_string() {
        assert!(code("let a = '\"'; unsafe").contains("unsafe"));
        assert!(code("let a = '\\''; unsafe").contains("unsafe"));
        assert!(code("fn f<'a>(x: &'a str) { unsafe").contains("unsafe"));
    }

    #[test]
    fn the_parts_have_the_same_number_of_lines() {
        let source = Source::new("x.rs", "a /* b\nc */ \"d\ne\" f\n");
        assert_eq!((source.lines.len(), source.code.len(), source.comments.len()), (4, 4, 4));
    }
}
