//! What signatures are spelled in: hexadecimal, percent-encoding and dates.
//!
//! What must hold: `put_canonical` writes one form for all spellings of the same bytes, the form that clients sign:
//! what is percent-encoded is decoded, and all but `A-Za-z0-9-._~` is encoded with capitals. A percent sign that
//! begins no escape stands for itself.
//!
//! Not here: splitting queries (`query`), or who may spell what (`canonical`).

/// Where canonical text goes: into a digest, or into a text that is shown.
pub(super) trait Sink {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

const HEX_SMALL: &[u8; 16] = b"0123456789abcdef";
const HEX_CAPITAL: &[u8; 16] = b"0123456789ABCDEF";
/// Both small digits of every byte.
const HEX_PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [HEX_SMALL[byte >> 4], HEX_SMALL[byte & 15]];
        byte += 1;
    }
    pairs
};

/// The 64 small hexadecimal digits of a digest.
#[must_use]
pub(super) fn hex(digest: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&HEX_PAIRS[usize::from(*byte)]);
    }
    text
}

/// Writes both digits of a byte.
pub(super) fn push_hex(byte: u8, out: &mut String) {
    out.extend(HEX_PAIRS[usize::from(byte)].map(char::from));
}

/// The digits of a digest as a string.
#[must_use]
pub(super) fn hex_string(digest: &[u8; 32]) -> String {
    hex(digest).iter().copied().map(char::from).collect()
}

/// The digest that 64 hexadecimal digits spell, small or capital.
#[must_use]
pub(super) fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = hex_value(high)? << 4 | hex_value(low)?;
    }
    Some(digest)
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// What a plus sign in a query means. In a path it is always itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// A space, as forms encode it; S3 reads queries so.
    Space,
    /// A plus sign that its sender did not encode.
    Literal,
}

/// The bytes that stay as they are.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Which bytes may be copied as they are, in a path and in a query: a slash parts a path and means nothing in a query.
const PLAIN_IN_PATH: [bool; 256] = plain(true);
const PLAIN_IN_QUERY: [bool; 256] = plain(false);

const fn plain(slash: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = is_unreserved(byte) || (slash && byte == b'/');
        byte += 1;
    }
    table
}

/// Writes a path as it is signed.
pub(super) fn put_canonical_path(path: &[u8], sink: &mut impl Sink) {
    put_canonical(path, &PLAIN_IN_PATH, Plus::Literal, sink);
}

/// Writes a name or a value of a query as it is signed.
pub(super) fn put_canonical_query(text: &[u8], plus: Plus, sink: &mut impl Sink) {
    put_canonical(text, &PLAIN_IN_QUERY, plus, sink);
}

fn put_canonical(text: &[u8], plain: &[bool; 256], plus: Plus, sink: &mut impl Sink) {
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.iter().position(|byte| !plain[usize::from(*byte)]).unwrap_or(rest.len());
        let (copied, special) = rest.split_at(run);
        sink.put(copied);
        let Some((byte, length)) = first(special, plus) else { return };
        if plain[usize::from(byte)] {
            sink.put(&[byte]);
        } else {
            sink.put(&escape(byte));
        }
        rest = special.get(length..).unwrap_or_default();
    }
}

/// The bytes that percent-encoded text stands for.
pub(super) fn decoded(text: &[u8], plus: Plus) -> impl Iterator<Item = u8> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (byte, length) = first(rest, plus)?;
        rest = rest.get(length..).unwrap_or_default();
        Some(byte)
    })
}

/// The first byte that `text` stands for, and how many of its bytes say so.
fn first(text: &[u8], plus: Plus) -> Option<(u8, usize)> {
    match text {
        [b'%', high, low, ..] => match (hex_value(*high), hex_value(*low)) {
            (Some(high), Some(low)) => Some((high << 4 | low, 3)),
            _ => Some((b'%', 1)),
        },
        [b'+', ..] if plus == Plus::Space => Some((b' ', 1)),
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    }
}

/// Text whose every byte means itself, percent-encoded. `keep` is left as it is.
pub(super) fn encoded(text: &[u8], keep: &[u8]) -> String {
    let mut result = String::with_capacity(text.len());
    for byte in text {
        if is_unreserved(*byte) || keep.contains(byte) {
            result.push(char::from(*byte));
        } else {
            result.extend(escape(*byte).map(char::from));
        }
    }
    result
}

fn escape(byte: u8) -> [u8; 3] {
    [b'%', HEX_CAPITAL[usize::from(byte >> 4)], HEX_CAPITAL[usize::from(byte & 15)]]
}

/// When a request says it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Seconds since 1970.
    pub(super) seconds: u64,
    /// As it is signed: `20130524T000000Z`.
    pub(super) basic: [u8; 16],
}

impl Stamp {
    /// Reads `20130524T000000Z`.
    pub(super) fn from_basic(text: &[u8]) -> Option<Stamp> {
        let seconds = parse_iso_basic(text)?;
        Some(Stamp { seconds, basic: text.try_into().ok()? })
    }

    /// Reads the date of an HTTP header, which may be spelled in the basic form too.
    pub(super) fn from_header(text: &[u8]) -> Option<Stamp> {
        Stamp::from_basic(text).or_else(|| parse_http_date(text).map(Stamp::at))
    }

    /// The stamp of a second.
    pub(super) fn at(seconds: u64) -> Stamp {
        Stamp { seconds, basic: iso_basic(seconds) }
    }

    /// The day, as it stands in a scope.
    pub(super) fn day(&self) -> &[u8] {
        self.basic.first_chunk::<8>().map_or(&[], |day| day.as_slice())
    }

    /// As text.
    pub(super) fn text(&self) -> String {
        self.basic.iter().copied().map(char::from).collect()
    }
}

/// Seconds since 1970 of `20130524T000000Z`.
#[must_use]
pub(super) fn parse_iso_basic(text: &[u8]) -> Option<u64> {
    let &[y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'] = text else { return None };
    let date = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    seconds(date, (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?))
}

/// Seconds since 1970 of `Fri, 24 May 2013 00:00:00 GMT`. The name of the day is not looked at.
#[must_use]
pub(super) fn parse_http_date(text: &[u8]) -> Option<u64> {
    let &[_, _, _, b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', ref time @ ..] = text else {
        return None;
    };
    let &[h1, h2, b':', n1, n2, b':', s1, s2, b' ', b'G', b'M', b'T'] = time else { return None };
    let month = MONTHS.iter().zip(1..).find(|(name, _)| ***name == [m1, m2, m3]).map(|(_, month)| month)?;
    let date = (number(&[y1, y2, y3, y4])?, month, number(&[d1, d2])?);
    seconds(date, (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?))
}

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A time as `20130524T000000Z`; its first eight bytes are the day.
#[must_use]
pub(super) fn iso_basic(seconds: u64) -> [u8; 16] {
    let (year, month, day) = civil(seconds / DAY);
    let [hour, minute, second] = clock(seconds % DAY);
    let mut text = *b"00000000T000000Z";
    let fields = [(0, 4, year), (4, 2, month), (6, 2, day), (9, 2, hour), (11, 2, minute), (13, 2, second)];
    for (from, length, mut value) in fields {
        for digit in text.iter_mut().skip(from).take(length).rev() {
            *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
            value /= 10;
        }
    }
    text
}

/// A time as `2013-05-24T00:00:00Z`.
#[must_use]
pub(super) fn iso_extended(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / DAY);
    let [hour, minute, second] = clock(seconds % DAY);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

const DAY: u64 = 86_400;

fn clock(second_of_day: u64) -> [u64; 3] {
    [second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60]
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

fn seconds((year, month, day): (u64, u64, u64), (hour, minute, second): (u64, u64, u64)) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || day == 0 || hour >= 24 || minute >= 60 || second >= 60 {
        return None;
    }
    let (start, end) = (days_before_month(year, month - 1), days_before_month(year, month));
    if day > end - start {
        return None;
    }
    let days = days_before(year) - days_before(1970) + start + day - 1;
    Some(days * DAY + hour * 3600 + minute * 60 + second)
}

/// Days between the first of January of the year 1 and that of `year`.
fn days_before(year: u64) -> u64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

/// Days of a year that come before each month of it, if it is no leap year, and all its days.
const MONTH_STARTS: [u64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// Days of a year before the month with this index, which counts from zero.
fn days_before_month(year: u64, index: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let start = usize::try_from(index).ok().and_then(|index| MONTH_STARTS.get(index)).copied().unwrap_or_default();
    start + u64::from(leap && index >= 2)
}

/// The date that lies so many days after 1 January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + days_before(1970);
    // A year has at least 365 days, so this guess is never too early, and it is late by few years.
    let mut year = days / 365 + 1;
    while days_before(year) > days {
        year -= 1;
    }
    let day = days - days_before(year);
    let month = (1..12).take_while(|index| days_before_month(year, *index) <= day).count() as u64;
    (year, month + 1, day - days_before_month(year, month) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> String {
        let mut out = Vec::new();
        put_canonical_path(text.as_bytes(), &mut out);
        String::from_utf8(out).expect("canonical text is ASCII")
    }

    fn query(text: &str, plus: Plus) -> String {
        let mut out = Vec::new();
        put_canonical_query(text.as_bytes(), plus, &mut out);
        String::from_utf8(out).expect("canonical text is ASCII")
    }

    #[test]
    fn a_path_keeps_slashes_and_dots_and_has_one_spelling() {
        assert_eq!(path("//a/./../b//"), "//a/./../b//");
        assert_eq!(path("/%7e%2F%2f~+"), "/~//~%2B");
        assert_eq!(path("/a b=@:,()!*'$&;"), "/a%20b%3D%40%3A%2C%28%29%21%2A%27%24%26%3B");
        assert_eq!(path("/%c3%A9\u{e9}"), "/%C3%A9%C3%A9");
    }

    #[test]
    fn a_percent_sign_without_two_digits_is_itself() {
        assert_eq!(path("/100%"), "/100%25");
        assert_eq!(path("/%4"), "/%254");
        assert_eq!(path("/%zz%41"), "/%25zzA");
    }

    #[test]
    fn a_plus_in_a_query_is_a_space_or_itself() {
        assert_eq!(query("a+b/c", Plus::Space), "a%20b%2Fc");
        assert_eq!(query("a+b%2b", Plus::Literal), "a%2Bb%2B");
    }

    #[test]
    fn digests_are_64_digits() {
        let digest = unhex(&[b'a'; 64]).expect("64 digits");
        assert_eq!(digest, [0xaa; 32]);
        assert_eq!(hex_string(&digest), "a".repeat(64));
        assert!(unhex(&[b'a'; 63]).is_none() && unhex(&[b'a'; 66]).is_none() && unhex(&[b'g'; 64]).is_none());
    }

    #[test]
    fn dates_that_are_none_are_not_read() {
        let good = b"20130524T000000Z";
        assert_eq!(parse_iso_basic(good), Some(1_369_353_600));
        assert_eq!(parse_http_date(b"Fri, 24 May 2013 00:00:00 GMT"), Some(1_369_353_600));
        let bad: [&[u8]; 9] = [
            b"",
            b"20130524",
            b"20130524T000000",
            b"20130524T000000Z ",
            b"20131324T000000Z",
            b"20130532T000000Z",
            b"20130230T000000Z",
            b"20130524T240000Z",
            b"19691231T235959Z",
        ];
        for text in bad {
            assert_eq!(parse_iso_basic(text), None, "{text:?}");
        }
        assert_eq!(parse_http_date(b"Fri, 24 Mai 2013 00:00:00 GMT"), None);
        assert_eq!(parse_http_date(b"Fri, 24 May 2013 00:00:00 CET"), None);
        assert!(parse_iso_basic(b"20240229T000000Z").is_some() && parse_iso_basic(b"20230229T000000Z").is_none());
    }

    proptest! {
        #[test]
        fn every_second_survives_its_text(seconds in 0_u64..253_402_300_800) {
            let basic = iso_basic(seconds);
            prop_assert_eq!(parse_iso_basic(&basic), Some(seconds));
            let extended: Vec<u8> = iso_extended(seconds).bytes().filter(|b| !matches!(b, b'-' | b':')).collect();
            prop_assert_eq!(&extended[..], &basic[..]);
        }

        #[test]
        fn canonical_text_is_the_encoding_of_what_is_decoded(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut fast = Vec::new();
            put_canonical_path(&text, &mut fast);
            let bytes: Vec<u8> = decoded(&text, Plus::Literal).collect();
            prop_assert_eq!(String::from_utf8(fast).expect("ASCII"), encoded(&bytes, b"/"));
        }
    }
}
