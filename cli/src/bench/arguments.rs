//! What `stratum bench` is asked for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use stratum_proto_http::client::ServerUrl;

use super::kind::Kind;
use crate::arguments::{cores, region, text};

/// What `--help` says of it.
pub(crate) const USAGE: &str = "\
stratum bench URL [options]          put a load on the server of S3 at URL, and say what came of it

  --op NAME[,NAME]        put, get, head, list, delete, multipart, mixed; one after the other    (put,get)
  --size SIZE             bytes of an object: 4096, 4KiB, 16MiB  (4KiB)
  --part-size SIZE        bytes of a part of a multipart upload  (8MiB)
  --connections NUMBER    requests under way at once             (32)
  --duration TIME         how long each operation is measured: 500ms, 10s, 2m    (10s)
  --warm-up TIME          how long it runs before                (1s)
  --objects NUMBER        objects to read or to list             (what fits 1 GiB, at most 10000; to list, 1000)
  --cores NUMBER          cores for the generator                (1)
  --bucket NAME           is made, and removed again, if it is not there         (stratum-bench)
  --region NAME           the region to sign for                 (us-east-1)
  --credentials FILE      access_key and secret_key, as in root-credentials of a store
  --unsigned-payload      bodies are not signed
  --server-pid NUMBER     the server's process, if it runs here: what an operation costs it is shown too
  --json                  one JSON object rather than a table
  --keep                  what was made is not removed

  Without --credentials the keys are STRATUM_ROOT_ACCESS_KEY and STRATUM_ROOT_SECRET_KEY, else AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. The exit status is 1 if any request failed.";

/// The largest body of one PUT (S3).
const SIZE_MAX: u64 = 5 << 30;
/// The smallest part that is not the last (S3).
const PART_BYTES_MIN: u64 = 5 << 20;
/// Parts of an upload (S3).
const PARTS_MAX: u64 = 10_000;
/// Connections beyond this need more ports than one address has to give.
const CONNECTIONS_MAX: u32 = 16 * 1024;
/// Longer than a day is a slip of the hand.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// More objects than this need more digits than a key of the run has.
const OBJECTS_MAX: u64 = 1_000_000_000;
/// The largest number of a process that Linux gives.
const PID_MAX: u32 = 1 << 22;
/// Where `stratum serve` listens if nothing else was said.
const SERVER_EXAMPLE: &str = "http://127.0.0.1:9000";
/// Operations of one run.
const OPERATIONS_MAX: usize = 64;

/// How to load which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BenchArguments {
    /// The server.
    pub(crate) server: ServerUrl,
    /// The operations, in their order.
    pub(crate) kinds: Vec<Kind>,
    /// Bytes of an object.
    pub(crate) size: u64,
    /// Bytes of a part.
    pub(crate) part_size: u64,
    /// Connections of all cores together.
    pub(crate) connections: u32,
    /// How long is measured.
    pub(crate) duration: Duration,
    /// How long runs before.
    pub(crate) warm_up: Duration,
    /// Objects to read or to list, if it was said.
    pub(crate) objects: Option<u64>,
    /// Cores.
    pub(crate) cores: u16,
    /// The bucket.
    pub(crate) bucket: String,
    /// The region.
    pub(crate) region: String,
    /// The file that the keys are in.
    pub(crate) credentials: Option<PathBuf>,
    /// Bodies are signed.
    pub(crate) signed: bool,
    /// The process of the server.
    pub(crate) server_pid: Option<u32>,
    /// The report is for a program.
    pub(crate) json: bool,
    /// Nothing is removed.
    pub(crate) keep: bool,
}

/// Reads the words behind `bench`.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn read(mut words: impl Iterator<Item = OsString>) -> Result<BenchArguments, String> {
    let (mut server, mut kinds) = (None, Vec::new());
    let mut arguments = defaults()?;
    while let Some(word) = words.next() {
        let name = text(word)?;
        let mut value = || words.next().ok_or_else(|| format!("{name} wants a value")).and_then(text);
        match name.as_str() {
            "--op" => kinds.extend(operations(&value()?)?),
            "--size" => arguments.size = size(&name, &value()?)?,
            "--part-size" => arguments.part_size = size(&name, &value()?)?,
            "--connections" => arguments.connections = small(&name, &value()?, CONNECTIONS_MAX)?,
            "--duration" => arguments.duration = duration(&name, &value()?)?,
            "--warm-up" => arguments.warm_up = duration(&name, &value()?)?,
            "--objects" => arguments.objects = Some(whole(&name, &value()?, OBJECTS_MAX)?),
            "--cores" => arguments.cores = cores(&value()?)?,
            "--bucket" => arguments.bucket = bucket(value()?)?,
            "--region" => arguments.region = region(value()?)?,
            "--credentials" => arguments.credentials = Some(PathBuf::from(value()?)),
            "--server-pid" => arguments.server_pid = Some(small(&name, &value()?, PID_MAX)?),
            "--unsigned-payload" => arguments.signed = false,
            "--json" => arguments.json = true,
            "--keep" => arguments.keep = true,
            option if option.starts_with("--") => return Err(format!("{option} is no option of bench")),
            url if server.is_none() => {
                server = Some(ServerUrl::parse(url).map_err(|why| format!("{url}: {why}"))?);
            }
            second => return Err(format!("one server is loaded, and {second} is a second one")),
        }
    }
    arguments.server = server.ok_or_else(|| format!("bench wants the address of a server, as in {SERVER_EXAMPLE}"))?;
    if !kinds.is_empty() {
        arguments.kinds = kinds;
    }
    checked(arguments)
}

fn defaults() -> Result<BenchArguments, String> {
    Ok(BenchArguments {
        server: ServerUrl::parse(SERVER_EXAMPLE).map_err(|why| why.to_string())?,
        kinds: vec![Kind::Put, Kind::Get],
        size: 4 << 10,
        part_size: 8 << 20,
        connections: 32,
        duration: Duration::from_secs(10),
        warm_up: Duration::from_secs(1),
        objects: None,
        cores: 1,
        bucket: "stratum-bench".to_owned(),
        region: "us-east-1".to_owned(),
        credentials: None,
        signed: true,
        server_pid: None,
        json: false,
        keep: false,
    })
}

/// What must hold between the arguments.
fn checked(arguments: BenchArguments) -> Result<BenchArguments, String> {
    if arguments.kinds.len() > OPERATIONS_MAX {
        return Err(format!("--op takes at most {OPERATIONS_MAX} operations"));
    }
    if arguments.duration.is_zero() {
        return Err("--duration of nothing measures nothing".to_owned());
    }
    let (kinds, size, part) = (&arguments.kinds, arguments.size, arguments.part_size);
    if kinds.contains(&Kind::Multipart) && size > part && (part < PART_BYTES_MIN || size.div_ceil(part) > PARTS_MAX) {
        return Err(format!("--part-size wants 5MiB or more, and at most {PARTS_MAX} parts to an object"));
    }
    Ok(arguments)
}

fn operations(word: &str) -> Result<Vec<Kind>, String> {
    let names = || Kind::ALL.map(Kind::name).join(", ");
    let kind = |name: &str| Kind::named(name).ok_or_else(|| format!("--op wants one of {}, not {name}", names()));
    word.split(',').map(kind).collect()
}

fn size(name: &str, word: &str) -> Result<u64, String> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = word.split_at(digits);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        _ => None,
    };
    let size = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    let size = size.filter(|size| (1..=SIZE_MAX).contains(size));
    size.ok_or_else(|| format!("{name} wants a size from 1 byte to 5GiB, as in 4KiB, not {word}"))
}

fn duration(name: &str, word: &str) -> Result<Duration, String> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = word.split_at(digits);
    let factor = match unit {
        "ms" => Some(1),
        "" | "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let ms = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    let time = ms.map(Duration::from_millis).filter(|time| *time <= DURATION_MAX);
    time.ok_or_else(|| format!("{name} wants a time of at most a day, as in 10s or 500ms, not {word}"))
}

fn whole(name: &str, word: &str, most: u64) -> Result<u64, String> {
    let number = word.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("{name} wants a number from 1 to {most}, not {word}"))
}

fn small(name: &str, word: &str, most: u32) -> Result<u32, String> {
    let number = word.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("{name} wants a number from 1 to {most}, not {word}"))
}

/// A bucket's name is in every path of the run: it is checked here, once.
fn bucket(name: String) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let fits = (3..=63).contains(&name.len()) && name.bytes().all(plain);
    if fits { Ok(name) } else { Err(format!("--bucket wants 3 to 63 small letters, digits and hyphens, not {name}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<BenchArguments, String> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn an_address_is_all_that_bench_needs() {
        let arguments = asked("http://127.0.0.1:9000").expect("that is all");
        assert_eq!(arguments.kinds, [Kind::Put, Kind::Get]);
        assert_eq!((arguments.size, arguments.connections, arguments.cores), (4096, 32, 1));
        assert!(arguments.signed && !arguments.json && !arguments.keep);
    }

    #[test]
    fn every_option_is_taken() {
        let line = "--op put,list --op mixed --size 16MiB --part-size 5MiB --connections 7 --duration 2m \
                    --warm-up 500ms --objects 12 --cores 2 --bucket a-b.c --region eu-1 --credentials f \
                    --unsigned-payload --server-pid 77 --json --keep http://h:1";
        let expected = BenchArguments {
            server: ServerUrl::parse("http://h:1").expect("valid"),
            kinds: vec![Kind::Put, Kind::List, Kind::Mixed],
            size: 16 << 20,
            part_size: 5 << 20,
            connections: 7,
            duration: Duration::from_secs(120),
            warm_up: Duration::from_millis(500),
            objects: Some(12),
            cores: 2,
            bucket: "a-b.c".to_owned(),
            region: "eu-1".to_owned(),
            credentials: Some(PathBuf::from("f")),
            signed: false,
            server_pid: Some(77),
            json: true,
            keep: true,
        };
        assert_eq!(asked(line), Ok(expected));
    }

    #[test]
    fn sizes_and_times_have_units() {
        for (word, bytes) in
            [("1", 1), ("4096b", 4096), ("4KiB", 4096), ("4k", 4096), ("1MB", 1_000_000), ("5GiB", SIZE_MAX)]
        {
            assert_eq!(size("--size", word), Ok(bytes), "{word}");
        }
        for word in ["", "0", "KiB", "-1", "1.5MiB", "6GiB", "1TiB", "99999999999999999999", "18446744073709551615k"] {
            assert!(size("--size", word).is_err(), "{word}");
        }
        for (word, ms) in [("1", 1000), ("250ms", 250), ("2m", 120_000), ("24h", 86_400_000), ("0s", 0)] {
            assert_eq!(duration("--duration", word), Ok(Duration::from_millis(ms)), "{word}");
        }
        for word in ["", "s", "25h", "1d", "-1s", "1.5s"] {
            assert!(duration("--duration", word).is_err(), "{word}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for line in [
            "",
            "https://h",
            "http://h http://i",
            "http://h --op",
            "http://h --op copy",
            "http://h --op put,",
            "http://h --duration 0s",
            "http://h --connections 0",
            "http://h --connections 20000",
            "http://h --bucket A/b",
            "http://h --objects 0",
            "http://h --op multipart --size 16MiB --part-size 1MiB",
            "http://h --colour red",
        ] {
            assert!(asked(line).is_err(), "{line}");
        }
        let https = asked("https://h").expect_err("TLS is not spoken");
        assert!(https.contains("https is not spoken yet"), "{https}");
        assert!(asked("http://h --op multipart --size 4MiB --part-size 4MiB").is_ok(), "the last part may be small");
    }
}
