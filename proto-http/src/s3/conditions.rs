//! The conditions of a request: what it says of the object that is there, and what follows.
//!
//! What must hold: times are compared at whole seconds, since that is what a client was shown. The conditions of a
//! write are judged by the engine when it commits, never here.

use stratum_engine::shard::{Conditions, EtagMatch};
use stratum_engine::types::Etag;

use crate::error::S3Error;
use crate::error::code;
use crate::http1::Head;
use crate::text::{dates, decimal, hex};

/// What the conditions of a read come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// The client has it already.
    NotModified,
    /// It is not what the client wants.
    Failed,
}

/// The conditions of a read, or of the source of a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReadConditions {
    if_match: Option<EtagMatch>,
    if_none_match: Option<EtagMatch>,
    if_modified_since: Option<u64>,
    if_unmodified_since: Option<u64>,
}

impl ReadConditions {
    /// Those of a read.
    #[must_use]
    pub(super) fn of_read(head: &Head, now_ms: u64) -> ReadConditions {
        ReadConditions::named(head, now_ms, ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"])
    }

    /// Those on the source of a copy.
    #[must_use]
    pub(super) fn of_source(head: &Head, now_ms: u64) -> ReadConditions {
        ReadConditions::named(
            head,
            now_ms,
            [
                "x-amz-copy-source-if-match",
                "x-amz-copy-source-if-none-match",
                "x-amz-copy-source-if-modified-since",
                "x-amz-copy-source-if-unmodified-since",
            ],
        )
    }

    fn named(head: &Head, now_ms: u64, [matches, none, modified, unmodified]: [&str; 4]) -> ReadConditions {
        // A date that is none is as if it had not been sent (RFC 9110).
        let date = |name| head.header(name).and_then(dates::parse_http).map(|ms| ms / 1000);
        ReadConditions {
            if_match: named_etags(head, matches),
            if_none_match: named_etags(head, none),
            // Nobody knows yet what will have been modified by then: S3 passes such a date over.
            if_modified_since: date(modified).filter(|since| *since <= now_ms / 1000),
            if_unmodified_since: date(unmodified),
        }
    }

    /// What they come to for an object. An entity tag says more than a time, so a time only counts where no tag of its
    /// kind was sent.
    #[must_use]
    pub(super) fn judge(&self, etag: Etag, modified_ms: u64) -> Verdict {
        let modified = modified_ms / 1000;
        let kept = match &self.if_match {
            Some(wanted) => matches(wanted, etag),
            None => self.if_unmodified_since.is_none_or(|since| modified <= since),
        };
        if !kept {
            return Verdict::Failed;
        }
        let changed = match &self.if_none_match {
            Some(known) => !matches(known, etag),
            None => self.if_modified_since.is_none_or(|since| modified > since),
        };
        if changed { Verdict::Send } else { Verdict::NotModified }
    }

    /// The one that decided against the object, as documents of errors name it.
    #[must_use]
    pub(super) fn decisive(&self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::NotModified if self.if_none_match.is_some() => "If-None-Match",
            Verdict::NotModified => "If-Modified-Since",
            Verdict::Failed | Verdict::Send if self.if_match.is_some() => "If-Match",
            Verdict::Failed | Verdict::Send => "If-Unmodified-Since",
        }
    }
}

/// The conditions of a write or a delete.
///
/// # Errors
/// `NotImplemented` for those that only reads know.
pub(super) fn of_write(head: &Head) -> Result<Conditions, S3Error> {
    for name in ["if-modified-since", "if-unmodified-since"] {
        if head.header(name).is_some() {
            return Err(S3Error::not_served(name));
        }
    }
    Ok(Conditions { if_match: named_etags(head, "if-match"), if_none_match: named_etags(head, "if-none-match") })
}

/// The condition of a write that has only one, as documents of errors name it. Of two nobody says which one failed.
#[must_use]
pub(super) fn sole(conditions: &Conditions) -> Option<&'static str> {
    match (&conditions.if_match, &conditions.if_none_match) {
        (Some(_), None) => Some("If-Match"),
        (None, Some(_)) => Some("If-None-Match"),
        _ => None,
    }
}

/// The error of a write, with its condition if that is the reason.
#[must_use]
pub(super) fn with_condition(error: S3Error, condition: Option<&'static str>) -> S3Error {
    match condition {
        Some(condition) if error.code == code::PRECONDITION_FAILED => error.with("Condition", condition),
        _ => error,
    }
}

/// Whether a range counts. `If-Range` names the object that the client has a piece of: of another one it gets all. A
/// weak tag names none, and neither does what is no tag and no date.
#[must_use]
pub(super) fn range_counts(head: &Head, found: Etag, modified_ms: u64) -> bool {
    let Some(value) = head.header("if-range").map(<[u8]>::trim_ascii) else { return true };
    match dates::parse_http(value) {
        Some(since_ms) => since_ms / 1000 == modified_ms / 1000,
        None => !value.starts_with(b"W/") && etag(value) == Some(found),
    }
}

/// The condition of one key of many that are deleted.
#[must_use]
pub(super) fn of_entity_tag(tag: &str) -> Conditions {
    Conditions { if_match: Some(etags(std::iter::once(tag.as_bytes()))), if_none_match: None }
}

/// The error of a read whose conditions failed.
#[must_use]
pub(super) fn failed(condition: impl Into<String>) -> S3Error {
    S3Error::from(code::PRECONDITION_FAILED).with("Condition", condition)
}

fn matches(wanted: &EtagMatch, etag: Etag) -> bool {
    match wanted {
        EtagMatch::Any => true,
        EtagMatch::OneOf(all) => all.contains(&etag),
    }
}

/// The entity tags in all headers of this name: several lines are one list.
fn named_etags(head: &Head, name: &str) -> Option<EtagMatch> {
    head.header(name).map(|_| etags(head.all(name)))
}

/// A list of entity tags, quoted or not, weak or not. One that no object here can have matches nothing.
fn etags<'a>(values: impl Iterator<Item = &'a [u8]>) -> EtagMatch {
    let items = values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let items: Vec<&[u8]> = items.collect();
    if items.contains(&b"*".as_slice()) {
        return EtagMatch::Any;
    }
    EtagMatch::OneOf(items.into_iter().filter_map(etag).collect())
}

/// An entity tag, quoted or not, weak or not.
#[must_use]
pub(super) fn etag(text: &[u8]) -> Option<Etag> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"W/").unwrap_or(text);
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let (md5, parts) = text.split_at_checked(32)?;
    let md5 = hex::decode(md5)?;
    let parts = match parts {
        b"" => 0,
        parts => u16::try_from(decimal::parse(parts.strip_prefix(b"-")?)?).ok().filter(|parts| *parts > 0)?,
    };
    Some(Etag { md5, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Etag = Etag { md5: [0xab; 16], parts: 0 };
    const B: Etag = Etag { md5: [0xab; 16], parts: 3 };
    /// Sat, 21 Nov 2026 08:00:00.400 GMT.
    const MODIFIED_MS: u64 = 1_795_248_000_400;
    const BEFORE: &str = "Sat, 21 Nov 2026 07:59:59 GMT";
    const THEN: &str = "Sat, 21 Nov 2026 08:00:00 GMT";
    const LATER: &str = "Sat, 21 Nov 2026 09:00:01 GMT";
    /// An hour after the modification.
    const NOW_MS: u64 = MODIFIED_MS + 3_600_000;

    fn judged(headers: &str) -> Verdict {
        let request = format!("GET /b/k HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        let (head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
        ReadConditions::of_read(&head, NOW_MS).judge(A, MODIFIED_MS)
    }

    /// Row 50: all the ways in which clients write an entity tag.
    #[test]
    fn entity_tags_come_in_many_forms() {
        let tag = "ab".repeat(16);
        for form in [format!("\"{tag}\""), tag.clone(), format!("W/\"{tag}\""), format!(" \"{tag}\" ")] {
            assert_eq!(etag(form.as_bytes()), Some(A), "{form}");
        }
        assert_eq!(etag(format!("\"{tag}-3\"").as_bytes()), Some(B));
        for none in ["", "\"", "abc", &format!("{tag}-0"), &format!("{tag}-99999"), &format!("{tag}x")] {
            assert_eq!(etag(none.as_bytes()), None, "{none}");
        }
        let list = format!("\"x\", \"{tag}-3\" ,{tag}");
        assert_eq!(etags(std::iter::once(list.as_bytes())), EtagMatch::OneOf(vec![B, A]));
        assert_eq!(etags([&b"x"[..], b"*"].into_iter()), EtagMatch::Any);
    }

    /// Rows 48 and 51: tags before times, times at whole seconds.
    #[test]
    fn the_table_of_conditions() {
        let (same, other) = ("ab".repeat(16), "cd".repeat(16));
        let rows = [
            (String::new(), Verdict::Send),
            (format!("If-Match: \"{same}\"\r\n"), Verdict::Send),
            (format!("If-Match: \"{other}\"\r\n"), Verdict::Failed),
            ("If-Match: *\r\n".to_owned(), Verdict::Send),
            (format!("If-None-Match: \"{same}\"\r\n"), Verdict::NotModified),
            (format!("If-None-Match: \"{other}\"\r\n"), Verdict::Send),
            (format!("If-Modified-Since: {THEN}\r\n"), Verdict::NotModified),
            (format!("If-Modified-Since: {BEFORE}\r\n"), Verdict::Send),
            (format!("If-Unmodified-Since: {THEN}\r\n"), Verdict::Send),
            (format!("If-Unmodified-Since: {BEFORE}\r\n"), Verdict::Failed),
            (format!("If-Match: \"{same}\"\r\nIf-Unmodified-Since: {BEFORE}\r\n"), Verdict::Send),
            (format!("If-None-Match: \"{same}\"\r\nIf-Modified-Since: {BEFORE}\r\n"), Verdict::NotModified),
            (format!("If-None-Match: \"{other}\"\r\nIf-Modified-Since: {THEN}\r\n"), Verdict::Send),
            ("If-Modified-Since: yesterday\r\n".to_owned(), Verdict::Send),
            // A date to come was believed, so that a client whose clock is ahead never saw a change.
            (format!("If-Modified-Since: {LATER}\r\n"), Verdict::Send),
            // Of several lines only the first was read.
            (format!("If-None-Match: \"{other}\"\r\nIf-None-Match: \"{same}\"\r\n"), Verdict::NotModified),
            (format!("If-Match: \"{other}\"\r\nIf-Match: \"{same}\"\r\n"), Verdict::Send),
        ];
        for (headers, expected) in rows {
            assert_eq!(judged(&headers), expected, "{headers}");
        }
    }

    /// `If-Range` was passed over: a client that went on with a download got the end of another object.
    #[test]
    fn a_range_counts_for_the_object_that_the_client_knows() {
        let counts = |value: &str| {
            let request = format!("GET /b/k HTTP/1.1\r\nHost: h\r\nIf-Range: {value}\r\n\r\n");
            let (head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
            range_counts(&head, A, MODIFIED_MS)
        };
        let tag = "ab".repeat(16);
        assert!(counts(&format!("\"{tag}\"")) && counts(THEN));
        for other in
            [format!("W/\"{tag}\""), format!("\"{tag}-3\""), BEFORE.to_owned(), LATER.to_owned(), "x".to_owned()]
        {
            assert!(!counts(&other), "{other}");
        }
    }

    #[test]
    fn a_failed_write_names_its_only_condition() {
        let refused = |conditions: &Conditions| {
            with_condition(code::PRECONDITION_FAILED.into(), sole(conditions)).details.pop().map(|(_, name)| name)
        };
        let (matches, none) = (Some(EtagMatch::Any), Some(EtagMatch::OneOf(vec![A])));
        let named = |if_match: &Option<EtagMatch>, if_none_match: &Option<EtagMatch>| {
            refused(&Conditions { if_match: if_match.clone(), if_none_match: if_none_match.clone() })
        };
        assert_eq!(named(&matches, &None).as_deref(), Some("If-Match"));
        assert_eq!(named(&None, &none).as_deref(), Some("If-None-Match"));
        assert_eq!(named(&matches, &none), None);
        assert_eq!(with_condition(code::NO_SUCH_KEY.into(), Some("If-Match")), code::NO_SUCH_KEY.into());
    }
}
