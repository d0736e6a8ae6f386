//! Elements of the server's documents, found as text.
//!
//! What must hold: nothing of what is looked for holds a character that XML would have to write in another way: keys
//! are letters, digits, `/` and `-`, and the quotes of an entity tag are cut off.

/// What stands in the first element of this name.
#[must_use]
pub fn text<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    elements(document, name).next()
}

/// What stands in each element of this name.
pub fn elements<'a>(document: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (opening, closing) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = document;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&opening)?;
        let (inner, behind) = behind.split_once(&closing)?;
        rest = behind;
        Some(inner)
    })
}

/// An entity tag without its quotes.
#[must_use]
pub fn bare(etag: &str) -> &str {
    let unquoted = |quote: &str| etag.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    unquoted("&quot;").or_else(|| unquoted("\"")).unwrap_or(etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_their_order() {
        let document = "<R x=\"1\"><K>a</K><C><K>b</K></C><KK>c</KK><K></K></R>";
        assert_eq!(elements(document, "K").collect::<Vec<_>>(), ["a", "b", ""]);
        assert_eq!(text(document, "C"), Some("<K>b</K>"));
        assert_eq!(text(document, "R"), None, "an element with attributes is not asked for");
    }

    #[test]
    fn quotes_are_cut_off_in_both_spellings() {
        assert_eq!((bare("&quot;ab-3&quot;"), bare("\"ab\""), bare("ab")), ("ab-3", "ab", "ab"));
    }
}
