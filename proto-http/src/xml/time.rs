//! The times of documents: `2006-02-03T16:45:09.000Z`.
//!
//! What must hold: the milliseconds are there, because parsers expect them, and are zero, because `Last-Modified` has
//! none: a client that compares a listing with a HEAD must see the same time.

/// The last second that has a year of four digits.
const SECONDS_MAX: u64 = 253_402_300_799;
const DAY: u64 = 24 * 60 * 60;

/// The second that `unix_ms` lies in.
pub(super) fn text(unix_ms: u64) -> [u8; 24] {
    let seconds = (unix_ms / 1000).min(SECONDS_MAX);
    let (year, month, day) = date(seconds / DAY);
    let [century, year] = [year / 100, year % 100].map(digits);
    let [month, day] = [month, day].map(digits);
    let [hour, minute, second] = [seconds % DAY / 3600, seconds / 60 % 60, seconds % 60].map(digits);
    let mut text = *b"YYYY-MM-DDThh:mm:ss.000Z";
    [text[0], text[1], text[2], text[3]] = [century[0], century[1], year[0], year[1]];
    [text[5], text[6], text[8], text[9]] = [month[0], month[1], day[0], day[1]];
    [text[11], text[12], text[14], text[15]] = [hour[0], hour[1], minute[0], minute[1]];
    [text[17], text[18]] = second;
    text
}

/// Two digits.
fn digits(value: u64) -> [u8; 2] {
    [value / 10, value % 10].map(|digit| b'0' + u8::try_from(digit % 10).unwrap_or_default())
}

/// Year, month and day of the day with this number, counted from 1970.
///
/// Years are counted from March here, so that the day which some years have more is their last: the lengths of the
/// months up to it then follow one line, and centuries and groups of four years begin with whole ones.
fn date(day: u64) -> (u64, u64, u64) {
    const ERA: u64 = 400 * 365 + 97;
    // The first of March of the year 0.
    let day = day + 719_468;
    let (era, day) = (day / ERA, day % ERA);
    // The last day of 4, 100 and 400 years is the one that is there too much, or missing.
    let year = (day - day / (4 * 365) + day / (100 * 365 + 24) - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_written_as_s3_writes_them() {
        for (unix_ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (999, "1970-01-01T00:00:00.000Z"),
            (1_138_985_109_000, "2006-02-03T16:45:09.000Z"),
            (1_709_164_799_999, "2024-02-28T23:59:59.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
            (u64::MAX, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(text(unix_ms), expected.as_bytes());
        }
    }

    #[test]
    fn every_day_up_to_the_year_2800_follows_the_day_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        let mut number = 0;
        while year < 2800 {
            assert_eq!(date(number), (year, month, day));
            number += 1;
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 => 28 + u64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, last) if last == days => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }
}
