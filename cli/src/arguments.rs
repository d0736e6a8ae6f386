//! What the command line asks for.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::bench::{self, BenchArguments};

/// What `--help` says.
pub(crate) const USAGE: &str = "\
stratum serve DIRECTORY [options]    serve the store in DIRECTORY; an absent or empty one becomes a store

  --listen ADDRESS:PORT   where to listen                        (127.0.0.1:9000)
  --cores NUMBER          cores to run on                        (all that this process may use)
  --region NAME           the region that clients sign for       (us-east-1)
  --any-region            take signatures for other regions as well
  --domain NAME           a domain before which a bucket's name may stand; may be given several times
  --tls-cert FILE         certificate chain, PEM: serve TLS
  --tls-key FILE          its key, PEM
  --accept-damage         take writes although data was found damaged: what is lost stays lost

  STRATUM_ROOT_ACCESS_KEY, STRATUM_ROOT_SECRET_KEY   root credentials; without them they are made once and kept
                                                     in DIRECTORY/root-credentials";

/// Cores beyond this are a slip of the hand.
const CORES_MAX: u16 = 256;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To serve.
    Serve(ServeArguments),
    /// To load a server.
    Bench(Box<BenchArguments>),
    /// What can be asked.
    Help,
    /// Which version this is.
    Version,
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServeArguments {
    /// The store.
    pub(crate) directory: PathBuf,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Cores, if they were said.
    pub(crate) cores: Option<u16>,
    /// The region.
    pub(crate) region: String,
    /// Signatures for other regions are taken as well.
    pub(crate) any_region: bool,
    /// Domains of virtual hosts.
    pub(crate) domains: Vec<String>,
    /// Certificate and key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Damage is accepted.
    pub(crate) accept_damage: bool,
}

/// Reads the words behind the program's name.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut words = words;
    let first = words.next().ok_or("nothing was asked")?;
    match first.to_str() {
        Some("serve") => serve(words).map(Asked::Serve),
        Some("bench") => bench::read(words).map(|arguments| Asked::Bench(Box::new(arguments))),
        Some("--help" | "-h" | "help") => Ok(Asked::Help),
        Some("--version" | "-V") => Ok(Asked::Version),
        _ => Err(format!("{} is nothing that can be asked", first.display())),
    }
}

fn serve(mut words: impl Iterator<Item = OsString>) -> Result<ServeArguments, String> {
    let mut directory: Option<PathBuf> = None;
    let (mut certificate, mut key) = (None, None);
    let mut arguments = ServeArguments {
        directory: PathBuf::new(),
        listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
        cores: None,
        region: "us-east-1".to_owned(),
        any_region: false,
        domains: Vec::new(),
        tls: None,
        accept_damage: false,
    };
    while let Some(word) = words.next() {
        let name = word.to_str().unwrap_or_default().to_owned();
        let mut value = || words.next().ok_or_else(|| format!("{name} wants a value"));
        match name.as_str() {
            "--listen" => arguments.listen = address(&text(value()?)?)?,
            "--cores" => arguments.cores = Some(cores(&text(value()?)?)?),
            "--region" => arguments.region = region(text(value()?)?)?,
            "--any-region" => arguments.any_region = true,
            "--domain" => arguments.domains.push(domain(&text(value()?)?)?),
            "--tls-cert" => certificate = Some(PathBuf::from(value()?)),
            "--tls-key" => key = Some(PathBuf::from(value()?)),
            "--accept-damage" => arguments.accept_damage = true,
            option if option.starts_with("--") => return Err(format!("{option} is no option of serve")),
            _ if directory.is_none() => directory = Some(PathBuf::from(word)),
            _ => return Err(format!("one directory is served, and {} is a second one", word.display())),
        }
    }
    arguments.directory = directory.ok_or("serve wants the directory of the store")?;
    arguments.tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err("--tls-cert wants --tls-key beside it".to_owned()),
        (None, Some(_)) => return Err("--tls-key wants --tls-cert beside it".to_owned()),
    };
    Ok(arguments)
}

pub(crate) fn text(word: OsString) -> Result<String, String> {
    word.into_string().map_err(|word| format!("{} is not text", word.display()))
}

fn address(word: &str) -> Result<SocketAddr, String> {
    // A port alone, or a name that everybody knows, is clear enough.
    let named = word.replace("localhost", "127.0.0.1");
    let full = named.strip_prefix(':').map_or_else(|| named.clone(), |port| format!("0.0.0.0:{port}"));
    full.parse().map_err(|_| format!("--listen wants an address and a port, as in 127.0.0.1:9000, not {word}"))
}

pub(crate) fn cores(word: &str) -> Result<u16, String> {
    let number = word.parse().ok().filter(|number| (1..=CORES_MAX).contains(number));
    number.ok_or_else(|| format!("--cores wants a number from 1 to {CORES_MAX}, not {word}"))
}

pub(crate) fn region(word: String) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if word.is_empty() || word.len() > 64 || !word.bytes().all(plain) {
        return Err(format!("--region wants letters, digits and hyphens, not {word}"));
    }
    Ok(word)
}

fn domain(word: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let name = word.trim_matches('.').to_ascii_lowercase();
    if name.is_empty() || name.len() > 253 || !name.bytes().all(plain) {
        return Err(format!("--domain wants a name without a port, as in s3.example.com, not {word}"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Asked, String> {
        read(line.split_whitespace().map(OsString::from))
    }

    fn serve_of(line: &str) -> ServeArguments {
        match asked(line) {
            Ok(Asked::Serve(arguments)) => arguments,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_directory_is_all_that_serve_needs() {
        let arguments = serve_of("serve ./data");
        assert_eq!(arguments.directory, PathBuf::from("./data"));
        assert_eq!(arguments.listen.to_string(), "127.0.0.1:9000");
        assert_eq!((arguments.cores, arguments.region.as_str(), arguments.tls), (None, "us-east-1", None));
    }

    #[test]
    fn every_option_is_taken() {
        let line = "serve --listen :80 d --cores 3 --region eu-1 --domain .S3.Example.com --domain b.c \
            --tls-cert c --tls-key k --any-region";
        let arguments = serve_of(line);
        assert_eq!((arguments.listen.to_string().as_str(), arguments.cores), ("0.0.0.0:80", Some(3)));
        assert_eq!(arguments.domains, ["s3.example.com", "b.c"]);
        assert_eq!((arguments.region.as_str(), arguments.any_region), ("eu-1", true));
        assert!(!serve_of("serve d").any_region);
        assert_eq!(arguments.tls, Some((PathBuf::from("c"), PathBuf::from("k"))));
        assert_eq!(serve_of("serve d --listen localhost:1").listen.to_string(), "127.0.0.1:1");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for line in [
            "",
            "begin",
            "serve",
            "serve a b",
            "serve a --cores 0",
            "serve a --cores many",
            "serve a --listen here",
            "serve a --listen",
            "serve a --tls-cert c",
            "serve a --domain x:9000",
            "serve a --region a/b",
            "serve a --colour red",
        ] {
            assert!(asked(line).is_err(), "{line}");
        }
        assert_eq!(asked("--help"), Ok(Asked::Help));
    }
}
