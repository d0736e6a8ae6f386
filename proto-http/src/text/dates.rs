//! The dates of HTTP and of S3, over milliseconds since 1970, in UTC.
//!
//! ```text
//!  Sat, 21 Nov 2026 08:00:00 GMT     http       headers; whole seconds
//!  Saturday, 21-Nov-26 08:00:00 GMT             read only: obsolete
//!  Sat Nov 21 08:00:00 2026                     read only: obsolete
//!  20261121T080000Z                  iso_basic  signatures
//!  20261121                          day        scopes of signatures
//!  2026-11-21T08:00:00.000Z          iso        documents
//! ```
//!
//! What must hold: what is written has a fixed length and is read back as the same time, cut to what the form can
//! say. A time before 1970 reads as its begin: every object is younger than either, so conditions are decided the same.

use super::Ascii;
use super::civil::Civil;

const WEEKDAYS: [&[u8]; 7] = [b"Sunday", b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Writes the date of a header.
#[must_use]
pub fn http(unix_ms: u64) -> Ascii<29> {
    let shown = Civil::of(unix_ms);
    let mut text = *b"Www, dd Mmm yyyy hh:mm:ss GMT";
    let weekday = WEEKDAYS.iter().zip(0..).find(|(_, number)| *number == shown.weekday()).map(|(name, _)| *name);
    let month = MONTHS.iter().zip(1..).find(|(_, number)| *number == shown.month).map(|(name, _)| name.as_slice());
    place(&mut text, 0, weekday.and_then(|name| name.get(..3)).unwrap_or_default());
    number(&mut text, 5, 2, shown.day);
    place(&mut text, 8, month.unwrap_or_default());
    number(&mut text, 12, 4, shown.year);
    clock(&mut text, [17, 20, 23], shown);
    Ascii::new(text)
}

/// Reads the date of a header in any of the three forms.
#[must_use]
pub fn parse_http(text: &[u8]) -> Option<u64> {
    let mut rest = Cursor(text);
    let weekday = WEEKDAYS.iter().find(|name| text.starts_with(name));
    if let Some(name) = weekday {
        rest.literal(name)?;
        return match rest.0 {
            [b',', ..] => rfc850(rest),
            _ => None,
        };
    }
    let short = WEEKDAYS.iter().filter_map(|name| name.get(..3)).find(|name| text.starts_with(name))?;
    rest.literal(short)?;
    match rest.0 {
        [b',', ..] => fixed(rest),
        _ => asctime(rest),
    }
}

/// Writes the time of a signature.
#[must_use]
pub fn iso_basic(unix_ms: u64) -> Ascii<16> {
    let shown = Civil::of(unix_ms);
    let mut text = *b"yyyymmddThhmmssZ";
    date(&mut text, [0, 4, 6], shown);
    clock(&mut text, [9, 11, 13], shown);
    Ascii::new(text)
}

/// Reads the time of a signature.
#[must_use]
pub fn parse_iso_basic(text: &[u8]) -> Option<u64> {
    let mut rest = Cursor(text);
    let (year, month, day) = (rest.number(4)?, rest.number(2)?, rest.number(2)?);
    rest.literal(b"T")?;
    let (hour, minute, second) = (rest.number(2)?, rest.number(2)?, rest.number(2)?);
    rest.literal(b"Z")?;
    rest.end()?;
    Civil { year, month, day, hour, minute, second, millisecond: 0 }.unix_ms()
}

/// Writes the day of a signature's scope.
#[must_use]
pub fn day(unix_ms: u64) -> Ascii<8> {
    let mut text = *b"yyyymmdd";
    date(&mut text, [0, 4, 6], Civil::of(unix_ms));
    Ascii::new(text)
}

/// Writes the time of a document.
#[must_use]
pub fn iso(unix_ms: u64) -> Ascii<24> {
    let shown = Civil::of(unix_ms);
    let mut text = *b"yyyy-mm-ddThh:mm:ss.mmmZ";
    date(&mut text, [0, 5, 8], shown);
    clock(&mut text, [11, 14, 17], shown);
    number(&mut text, 20, 3, shown.millisecond);
    Ascii::new(text)
}

/// Reads the time of a document: with or without a fraction of the second, of which three digits count.
#[must_use]
pub fn parse_iso(text: &[u8]) -> Option<u64> {
    let mut rest = Cursor(text);
    let year = rest.number(4)?;
    rest.literal(b"-")?;
    let month = rest.number(2)?;
    rest.literal(b"-")?;
    let day = rest.number(2)?;
    rest.literal(b"T")?;
    let (hour, minute, second) = rest.clock()?;
    let millisecond = rest.fraction()?;
    rest.literal(b"Z")?;
    rest.end()?;
    Civil { year, month, day, hour, minute, second, millisecond }.unix_ms()
}

/// `, 21 Nov 2026 08:00:00 GMT`
fn fixed(mut rest: Cursor<'_>) -> Option<u64> {
    rest.literal(b", ")?;
    let day = rest.number(2)?;
    rest.literal(b" ")?;
    let month = rest.month()?;
    rest.literal(b" ")?;
    let year = rest.number(4)?;
    rest.literal(b" ")?;
    let (hour, minute, second) = rest.clock()?;
    // Some libraries write an offset of nothing instead of the name.
    rest.literal(b" GMT").or_else(|| rest.literal(b" +0000"))?;
    rest.end()?;
    Civil { year, month, day, hour, minute, second, millisecond: 0 }.unix_ms()
}

/// `, 21-Nov-26 08:00:00 GMT`. Two digits name a year from 1970 to 2069: nobody has sent this form for decades, and a
/// window that moves with the clock would need the clock.
fn rfc850(mut rest: Cursor<'_>) -> Option<u64> {
    rest.literal(b", ")?;
    let day = rest.number(2)?;
    rest.literal(b"-")?;
    let month = rest.month()?;
    rest.literal(b"-")?;
    let short = rest.number(2)?;
    let year = if short < 70 { 2000 + short } else { 1900 + short };
    rest.literal(b" ")?;
    let (hour, minute, second) = rest.clock()?;
    rest.literal(b" GMT")?;
    rest.end()?;
    Civil { year, month, day, hour, minute, second, millisecond: 0 }.unix_ms()
}

/// ` Nov 21 08:00:00 2026`, the day with a space instead of its zero.
fn asctime(mut rest: Cursor<'_>) -> Option<u64> {
    rest.literal(b" ")?;
    let month = rest.month()?;
    rest.literal(b" ")?;
    let day = if rest.literal(b" ").is_some() { rest.number(1)? } else { rest.number(2)? };
    rest.literal(b" ")?;
    let (hour, minute, second) = rest.clock()?;
    rest.literal(b" ")?;
    let year = rest.number(4)?;
    rest.end()?;
    Civil { year, month, day, hour, minute, second, millisecond: 0 }.unix_ms()
}

/// What is left of a text that is read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn number(&mut self, digits: usize) -> Option<u64> {
        let (text, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        super::decimal::parse(text)
    }

    fn month(&mut self) -> Option<u64> {
        let (name, rest) = self.0.split_at_checked(3)?;
        self.0 = rest;
        MONTHS.iter().zip(1..).find(|(month, _)| month.as_slice() == name).map(|(_, number)| number)
    }

    /// `08:00:00`
    fn clock(&mut self) -> Option<(u64, u64, u64)> {
        let hour = self.number(2)?;
        self.literal(b":")?;
        let minute = self.number(2)?;
        self.literal(b":")?;
        Some((hour, minute, self.number(2)?))
    }

    /// The milliseconds of `.123456`, or none of nothing.
    fn fraction(&mut self) -> Option<u64> {
        if self.literal(b".").is_none() {
            return Some(0);
        }
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (text, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        let thousandths = text.iter().chain(b"00").take(3).fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
        (!text.is_empty()).then_some(thousandths)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn date(text: &mut [u8], [year, month, day]: [usize; 3], shown: Civil) {
    number(text, year, 4, shown.year);
    number(text, month, 2, shown.month);
    number(text, day, 2, shown.day);
}

fn clock(text: &mut [u8], [hour, minute, second]: [usize; 3], shown: Civil) {
    number(text, hour, 2, shown.hour);
    number(text, minute, 2, shown.minute);
    number(text, second, 2, shown.second);
}

/// Writes the last digits of a number.
fn number(text: &mut [u8], at: usize, digits: usize, number: u64) {
    let mut rest = number;
    for place in text.iter_mut().skip(at).take(digits).rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

fn place(text: &mut [u8], at: usize, part: &[u8]) {
    text.iter_mut().skip(at).zip(part).for_each(|(place, byte)| *place = *byte);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A day that RFC 9110 writes in three ways.
    const SAMPLE_MS: u64 = 784_111_777_000;

    #[test]
    fn a_header_is_written_as_the_rfc_shows_it() {
        assert_eq!(http(SAMPLE_MS).as_str(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http(0).as_str(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http(u64::MAX).as_str(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn all_three_forms_of_a_header_are_read() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse_http(text.as_bytes()), Some(SAMPLE_MS), "{text}");
        }
        assert_eq!(parse_http(b"Sun, 06 Nov 1994 08:49:37 +0000"), Some(SAMPLE_MS));
        assert_eq!(parse_http(b"Wed Nov 16 08:49:37 1994"), Some(SAMPLE_MS + 10 * 86_400_000));
        assert_eq!(parse_http(b"Tuesday, 31-Dec-69 00:00:00 GMT"), parse_http(b"Tue, 31 Dec 2069 00:00:00 GMT"));
        assert_eq!(parse_http(b"Fri, 01 Jan 1960 00:00:00 GMT"), Some(0));
    }

    #[test]
    fn what_is_nearly_a_date_is_none() {
        for text in [
            "",
            "Sun",
            "Sunday",
            "Sunday 06-Nov-94 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(parse_http(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_time_of_a_signature_is_written_and_read() {
        assert_eq!(iso_basic(SAMPLE_MS).as_str(), "19941106T084937Z");
        assert_eq!(day(SAMPLE_MS).as_str(), "19941106");
        assert_eq!(parse_iso_basic(b"19941106T084937Z"), Some(SAMPLE_MS));
        for text in
            ["19941106", "19941106T084937", "19941106t084937z", "19941306T084937Z", "19941106T084937Z0", "1994-11-06"]
        {
            assert_eq!(parse_iso_basic(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_time_of_a_document_has_milliseconds() {
        assert_eq!(iso(1_795_248_000_000).as_str(), "2026-11-21T08:00:00.000Z");
        assert_eq!(iso(1_795_248_000_007).as_str(), "2026-11-21T08:00:00.007Z");
    }

    #[test]
    fn the_time_of_a_document_is_read_with_any_fraction() {
        for (text, ms) in [("", 0), (".5", 500), (".25", 250), (".007", 7), (".0079999", 7), (".123456789", 123)] {
            let text = format!("2026-11-21T08:00:00{text}Z");
            assert_eq!(parse_iso(text.as_bytes()), Some(1_795_248_000_000 + ms), "{text}");
        }
        for text in ["2026-11-21", "2026-11-21T08:00:00", "2026-11-21T08:00:00.Z", "2026-11-21 08:00:00Z"] {
            assert_eq!(parse_iso(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_time_comes_back_cut_to_what_the_form_says(unix_ms in 0..253_402_300_800_000_u64) {
            let second = unix_ms - unix_ms % 1000;
            prop_assert_eq!(parse_http(http(unix_ms).as_bytes()), Some(second));
            prop_assert_eq!(parse_iso_basic(iso_basic(unix_ms).as_bytes()), Some(second));
            prop_assert_eq!(parse_iso(iso(unix_ms).as_bytes()), Some(unix_ms));
            prop_assert!(iso_basic(unix_ms).as_str().starts_with(day(unix_ms).as_str()));
        }

        #[test]
        fn any_bytes_are_an_answer(text in "[A-Za-z0-9 ,:+.TZ-]{0,32}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let read = [parse_http(text), parse_iso_basic(text), parse_iso(text)];
                prop_assert!(read.iter().flatten().all(|unix_ms| *unix_ms < 253_402_300_801_000));
            }
        }
    }
}
