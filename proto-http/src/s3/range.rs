//! The bytes of an object that a read asks for: a range of bytes, or one of its parts.

use stratum_engine::log::PartSpan;

use crate::error::code;
use crate::error::{S3Error, range as not_satisfiable};
use crate::text::decimal;

/// What a read sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its first byte.
    pub start: u64,
    /// So many.
    pub length: u64,
    /// It was asked for: the answer is 206 and says which bytes.
    pub partial: bool,
}

impl Slice {
    /// All of `size` bytes.
    #[must_use]
    pub fn whole(size: u64) -> Slice {
        Slice { start: 0, length: size, partial: false }
    }

    /// These bytes of a body that is here; `None` if it has not all of them.
    #[must_use]
    pub fn of<'a>(&self, body: &'a [u8]) -> Option<&'a [u8]> {
        let (start, end) = (usize::try_from(self.start).ok()?, usize::try_from(self.start + self.length).ok()?);
        body.get(start..end)
    }

    /// The value of `Content-Range`, of an object of `size` bytes.
    #[must_use]
    pub fn content_range(&self, size: u64) -> String {
        // An empty part has no last byte; S3 says it so.
        let last = (self.start + self.length).saturating_sub(1);
        format!("bytes {}-{last}/{size}", self.start)
    }
}

/// The slice that the value of a `Range` header asks for. What is not one range of bytes is as if it had not been sent.
///
/// # Errors
/// `InvalidRange` for one that begins behind the end.
pub(super) fn of_header(value: Option<&[u8]>, size: u64) -> Result<Slice, S3Error> {
    let whole = Slice::whole(size);
    let Some(wanted) = value.and_then(parse) else { return Ok(whole) };
    let (start, end) = match wanted {
        Wanted::Between(first, last) => (first, last.map_or(size, |last| last.saturating_add(1)).min(size)),
        Wanted::Last(0) => return Err(not_satisfiable(size)),
        // The last bytes of nothing are nothing: readers of a file's tail must not break on an empty one.
        Wanted::Last(_) if size == 0 => return Ok(whole),
        Wanted::Last(count) => (size - count.min(size), size),
    };
    if start >= size {
        return Err(not_satisfiable(size));
    }
    Ok(Slice { start, length: end - start, partial: true })
}

/// The slice that is part `number` of an object of `size` bytes. An object put in one piece is its own first part.
///
/// # Errors
/// `InvalidPartNumber` for one that is not there.
pub(super) fn of_part(number: u16, parts: &[PartSpan], size: u64) -> Result<Slice, S3Error> {
    if parts.is_empty() {
        let first = Slice { partial: true, ..Slice::whole(size) };
        return if number == 1 { Ok(first) } else { Err(no_such_part(number, 1)) };
    }
    // Parts are counted as they lie, whatever numbers they were uploaded under.
    let index = usize::from(number).saturating_sub(1);
    let part = parts.get(index).ok_or_else(|| no_such_part(number, parts.len()))?;
    let start = parts.iter().take(index).map(|part| part.size).sum();
    Ok(Slice { start, length: part.size, partial: true })
}

fn no_such_part(number: u16, parts: usize) -> S3Error {
    let asked = S3Error::from(code::INVALID_PART_NUMBER).with("PartNumberRequested", number.to_string());
    asked.with("ActualPartCount", parts.to_string())
}

/// The source range of a copied part: strictly `bytes=first-last`, all of it there.
///
/// # Errors
/// `InvalidArgument` for anything else, `InvalidRange` for one that is not all there.
pub(super) fn of_copy_source(value: &[u8], size: u64) -> Result<Slice, S3Error> {
    let shown = String::from_utf8_lossy(value).into_owned();
    let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
        zero-based offsets of the first and last bytes to copy";
    let Some(Wanted::Between(first, Some(last))) = parse(value) else {
        return Err(S3Error::argument("x-amz-copy-source-range", shown, message));
    };
    if last >= size {
        let message = format!("Range specified is not valid for source object of size: {size}");
        return Err(S3Error::argument("x-amz-copy-source-range", shown, message));
    }
    Ok(Slice { start: first, length: last - first + 1, partial: true })
}

enum Wanted {
    Between(u64, Option<u64>),
    Last(u64),
}

/// One well-formed range.
fn parse(value: &[u8]) -> Option<Wanted> {
    let value = value.trim_ascii();
    let (unit, range) = value.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return None;
    }
    let dash = range.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (range.get(..dash)?.trim_ascii(), range.get(dash + 1..)?.trim_ascii());
    match (first, last) {
        (b"", last) => decimal::parse(last).map(Wanted::Last),
        (first, b"") => Some(Wanted::Between(decimal::parse(first)?, None)),
        (first, last) => {
            let (first, last) = (decimal::parse(first)?, decimal::parse(last)?);
            (first <= last).then_some(Wanted::Between(first, Some(last)))
        }
    }
}

#[cfg(test)]
mod tests {
    use stratum_engine::types::Note;

    use super::*;

    fn of(value: &str, size: u64) -> Result<Option<(u64, u64)>, &'static str> {
        let slice = of_header(Some(value.as_bytes()), size).map_err(|error| error.code.name)?;
        Ok(slice.partial.then_some((slice.start, slice.length)))
    }

    /// Row 55: the three forms, and what lies outside.
    #[test]
    fn the_three_forms_of_a_range() {
        assert_eq!(of("bytes=0-9", 100), Ok(Some((0, 10))));
        assert_eq!(of("bytes=90-", 100), Ok(Some((90, 10))));
        assert_eq!(of("bytes=-7", 100), Ok(Some((93, 7))));
        assert_eq!(of("bytes=50-5000", 100), Ok(Some((50, 50))), "clamped");
        assert_eq!(of("bytes=-500", 100), Ok(Some((0, 100))));
        assert_eq!(of("bytes=100-", 100), Err("InvalidRange"));
        assert_eq!(of("bytes=-0", 100), Err("InvalidRange"));
        let error = of_header(Some(b"bytes=100-"), 100).expect_err("behind the end");
        assert_eq!(error.headers, vec![("content-range", "bytes */100".to_owned())]);
        assert_eq!(error.details, vec![("ActualObjectSize", "100".to_owned())]);
    }

    /// Rows 56 and 57: what is no single range is passed over.
    #[test]
    fn what_is_no_range_reads_everything() {
        for other in ["bytes=5-2", "bytes=a-b", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes 0-1", ""] {
            assert_eq!(of(other, 100), Ok(None), "{other}");
        }
    }

    /// Row 58: the tail of nothing is nothing, and no error.
    #[test]
    fn the_tail_of_an_empty_object_is_empty() {
        assert_eq!(of("bytes=-8", 0), Ok(None));
        assert_eq!(of("bytes=0-", 0), Err("InvalidRange"));
    }

    /// Row 59: parts are counted from one, and an object put in one piece has one.
    #[test]
    fn a_part_is_a_slice() {
        let part = |number, size| PartSpan { number, size, md5: [0; 16], note: Note::default() };
        let parts = [part(2, 10), part(7, 5)];
        let of = |number, parts: &[PartSpan], size| {
            of_part(number, parts, size).map(|slice| (slice.start, slice.length)).map_err(|error| error.code.name)
        };
        assert_eq!(of(1, &parts, 15), Ok((0, 10)));
        assert_eq!(of(2, &parts, 15), Ok((10, 5)));
        assert_eq!(of(3, &parts, 15), Err("InvalidPartNumber"));
        assert_eq!(of(1, &[], 15), Ok((0, 15)));
        assert_eq!(of(2, &[], 15), Err("InvalidPartNumber"));
    }

    /// Row 90: a source range is exact or refused.
    #[test]
    fn a_source_range_is_exact() {
        let of = |value: &str| {
            of_copy_source(value.as_bytes(), 100)
                .map(|slice| (slice.start, slice.length))
                .map_err(|error| error.code.name)
        };
        assert_eq!(of("bytes=0-99"), Ok((0, 100)));
        for bad in ["bytes=0-100", "bytes=5-", "bytes=-5", "0-5", "bytes=5-2", "bytes=0-1,2-3", ""] {
            assert_eq!(of(bad), Err("InvalidArgument"), "{bad}");
        }
    }
}
