//! Days and times of the calendar, over milliseconds since 1970. No leap seconds, as in Unix time.
//!
//! ```text
//!  The year begins in March here, so that the leap day is its last and every month but February has its usual place:
//!    400 years   146097 days
//!    100 years    36524      one leap day fewer than four times 25; the last hundred of 400 has it
//!      4 years     1461
//!      1 year       365      the last of four has 366
//!    5 months       153      31 30 31 30 31, twice, and then 31 and what is left of February
//! ```

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Days from the first of March of the year 0 to the first of January of 1970.
const DAYS_BEFORE_1970: u64 = 719_468;
/// The last millisecond whose year has four digits.
const MS_MAX: u64 = 253_402_300_799_999;

/// A moment as a calendar and a clock show it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    /// The year: four digits.
    pub(super) year: u64,
    /// The month, from 1.
    pub(super) month: u64,
    /// The day of the month, from 1.
    pub(super) day: u64,
    /// The hour.
    pub(super) hour: u64,
    /// The minute.
    pub(super) minute: u64,
    /// The second.
    pub(super) second: u64,
    /// The millisecond.
    pub(super) millisecond: u64,
}

impl Civil {
    /// What the calendar shows at this time. A time after the year 9999 has no form on the wire, and is shown as its
    /// end.
    pub(super) fn of(unix_ms: u64) -> Civil {
        let unix_ms = unix_ms.min(MS_MAX);
        let (days, ms) = (unix_ms / DAY_MS, unix_ms % DAY_MS);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        Civil { year, month, day, hour, minute, second, millisecond: ms % 1000 }
    }

    /// The time at which the calendar shows this; what lies before 1970 counts as its begin. `None` if no calendar
    /// shows it. A leap second is the begin of the next minute.
    pub(super) fn unix_ms(self) -> Option<u64> {
        let is_date = (1..=12).contains(&self.month) && (1..=month_days(self.year, self.month)).contains(&self.day);
        let is_time = self.hour < 24 && self.minute < 60 && self.second <= 60 && self.millisecond < 1000;
        if !is_date || !is_time || self.year > 9999 {
            return None;
        }
        let Some(days) = days_before(self.year, self.month, self.day).checked_sub(DAYS_BEFORE_1970) else {
            return Some(0);
        };
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        Some(days * DAY_MS + seconds * 1000 + self.millisecond)
    }

    /// The day of the week, from Sunday.
    pub(super) fn weekday(self) -> u64 {
        // The first of March of the year 0 was a Wednesday.
        (days_before(self.year, self.month, self.day) + 3) % 7
    }
}

/// Year, month and day, so many days after the first of January of 1970.
fn date(days: u64) -> (u64, u64, u64) {
    let rest = days + DAYS_BEFORE_1970;
    let (eras, rest) = (rest / 146_097, rest % 146_097);
    let hundreds = (rest / 36_524).min(3);
    let rest = rest - hundreds * 36_524;
    let (fours, rest) = (rest / 1461, rest % 1461);
    let ones = (rest / 365).min(3);
    let rest = rest - ones * 365;
    // Months since March: five of them have 153 days, and within the five the long ones come first, third and fifth.
    let months = (5 * rest + 2) / 153;
    let day = rest - (153 * months + 2) / 5 + 1;
    let year = eras * 400 + hundreds * 100 + fours * 4 + ones;
    if months < 10 { (year, months + 3, day) } else { (year + 1, months - 9, day) }
}

/// Days from the first of March of the year 0. Days before it, which no caller means, count as the day itself.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let (year, months) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * months + 2) / 5 + day - 1
}

fn month_days(year: u64, month: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(year: u64, month: u64, day: u64) -> Civil {
        Civil { year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 }
    }

    /// The slow twin: walks from 1970 day by day.
    fn walk(days: u64) -> (Civil, u64) {
        let mut shown = day(1970, 1, 1);
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for _ in 0..days {
            let is_leap = |year: u64| match (year % 4, year % 100, year % 400) {
                (_, _, 0) => true,
                (_, 0, _) => false,
                (rest, _, _) => rest == 0,
            };
            let usual =
                lengths.iter().zip(1..).find(|(_, month)| *month == shown.month).map_or(0, |(length, _)| *length);
            let length = usual + u64::from(shown.month == 2 && is_leap(shown.year));
            shown.day += 1;
            if shown.day > length {
                shown = day(shown.year, shown.month + 1, 1);
            }
            if shown.month > 12 {
                shown = day(shown.year + 1, 1, 1);
            }
        }
        (shown, (days + 4) % 7)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_calendar_agrees_with_the_slow_way(days in 0_u64..300_000) {
            let (shown, weekday) = walk(days);
            prop_assert_eq!(Civil::of(days * DAY_MS), shown);
            prop_assert_eq!(shown.unix_ms(), Some(days * DAY_MS));
            prop_assert_eq!(shown.weekday(), weekday);
        }

        #[test]
        fn every_time_comes_back(unix_ms in 0..=MS_MAX) {
            prop_assert_eq!(Civil::of(unix_ms).unix_ms(), Some(unix_ms));
        }

        #[test]
        fn any_numbers_are_an_answer(year: u16, month in 0_u64..15, day in 0_u64..40, hour in 0_u64..30) {
            let shown = Civil { year: year.into(), month, day, hour, minute: 0, second: 0, millisecond: 0 };
            if let Some(unix_ms) = shown.unix_ms() && unix_ms > 0 {
                prop_assert_eq!(Civil::of(unix_ms), shown);
            }
        }
    }

    #[test]
    fn every_day_around_the_leap_days_is_right() {
        for (civil, days) in [(day(2000, 2, 29), 11_016), (day(2100, 2, 28), 47_540), (day(2100, 3, 1), 47_541)] {
            assert_eq!((civil.unix_ms(), Civil::of(days * DAY_MS)), (Some(days * DAY_MS), civil));
        }
        assert_eq!(day(2100, 2, 29).unix_ms(), None);
        assert_eq!(day(2023, 2, 29).unix_ms(), None);
        assert_eq!(day(2023, 4, 31).unix_ms(), None);
    }

    #[test]
    fn times_before_1970_are_its_begin() {
        assert_eq!(day(1969, 12, 31).unix_ms(), Some(0));
        assert_eq!(day(0, 1, 1).unix_ms(), Some(0));
    }

    #[test]
    fn times_after_9999_are_its_end() {
        let end = Civil { hour: 23, minute: 59, second: 59, millisecond: 999, ..day(9999, 12, 31) };
        assert_eq!((Civil::of(MS_MAX), Civil::of(MS_MAX + 1), Civil::of(u64::MAX)), (end, end, end));
        assert_eq!(day(10_000, 1, 1).unix_ms(), None);
    }

    #[test]
    fn a_leap_second_is_the_next_minute() {
        let leap = Civil { hour: 23, minute: 59, second: 60, ..day(2016, 12, 31) };
        assert_eq!(leap.unix_ms(), day(2017, 1, 1).unix_ms());
    }
}
