//! Where a server is: `http://host:port`, read strictly. No I/O: names are resolved by who connects.
//!
//! What must hold: what is shown as `Host` is what the signature is made over, so a default port is left out of it.

use std::fmt;

/// The port of `http` if none is named.
const PORT_DEFAULT: u16 = 80;
/// Bytes of a host's name (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// The address of a server, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    name: String,
    port: u16,
    host: String,
}

/// Why an address is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerUrlError {
    /// `https`.
    Tls,
    /// Another scheme, or none.
    Scheme,
    /// No host, or one that cannot be.
    Host,
    /// The port is none.
    Port,
    /// Something behind the host: a bucket is named elsewhere.
    Path,
}

impl ServerUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<ServerUrl, ServerUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ServerUrlError::Scheme)?;
        if scheme.eq_ignore_ascii_case("https") {
            return Err(ServerUrlError::Tls);
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(ServerUrlError::Scheme);
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(ServerUrlError::Path);
        }
        let (host, port) = parted(authority)?;
        let port = match port {
            None => PORT_DEFAULT,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(ServerUrlError::Port)?
            }
            Some(_) => return Err(ServerUrlError::Port),
        };
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let shown = if port == PORT_DEFAULT { host.to_owned() } else { format!("{host}:{port}") };
        Ok(ServerUrl { name, port, host: shown })
    }

    /// The host's name or address, and the port, to connect to.
    #[must_use]
    pub fn target(&self) -> (&str, u16) {
        (&self.name, self.port)
    }

    /// The value of the header `Host`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.host)
    }
}

/// The host, an address of version 6 with its brackets, and what stands behind its colon.
fn parted(authority: &str) -> Result<(&str, Option<&str>), ServerUrlError> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']').map(|at| at + 2).ok_or(ServerUrlError::Host)?,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at_checked(end).ok_or(ServerUrlError::Host)?;
    let is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            (1..=HOST_BYTES_MAX).contains(&host.len()) && host.bytes().all(plain)
        }
    };
    match (is_good, rest.strip_prefix(':')) {
        (true, Some(port)) => Ok((host, Some(port))),
        (true, None) if rest.is_empty() => Ok((host, None)),
        _ => Err(ServerUrlError::Host),
    }
}

impl fmt::Display for ServerUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ServerUrlError::Tls => "https is not spoken yet: name the server's http:// address",
            ServerUrlError::Scheme => "an address begins with http://",
            ServerUrlError::Host => "the address names no host that can be",
            ServerUrlError::Port => "a port is a number from 1 to 65535",
            ServerUrlError::Path => "an address ends with its port: a bucket is not named in it",
        })
    }
}

impl std::error::Error for ServerUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, u16, String), ServerUrlError> {
        ServerUrl::parse(text).map(|url| (url.name.clone(), url.port, url.host().to_owned()))
    }

    #[test]
    fn host_and_port_are_read() {
        let of = |name: &str, port, host: &str| Ok((name.to_owned(), port, host.to_owned()));
        assert_eq!(parsed("http://127.0.0.1:9000"), of("127.0.0.1", 9000, "127.0.0.1:9000"));
        assert_eq!(parsed("HTTP://s3.example.com/"), of("s3.example.com", 80, "s3.example.com"));
        assert_eq!(parsed("http://a:80"), of("a", 80, "a"));
        assert_eq!(parsed("http://[::1]:9000"), of("::1", 9000, "[::1]:9000"));
        assert_eq!(parsed("http://[::1]"), of("::1", 80, "[::1]"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("https://a:9000", ServerUrlError::Tls),
            ("127.0.0.1:9000", ServerUrlError::Scheme),
            ("s3://bucket", ServerUrlError::Scheme),
            ("http://", ServerUrlError::Host),
            ("http://:9000", ServerUrlError::Host),
            ("http://user@a", ServerUrlError::Host),
            ("http://a b", ServerUrlError::Host),
            ("http://[::1", ServerUrlError::Host),
            ("http://[x]:1", ServerUrlError::Host),
            ("http://[::1]1", ServerUrlError::Host),
            ("http://a:", ServerUrlError::Port),
            ("http://a:0", ServerUrlError::Port),
            ("http://a:+1", ServerUrlError::Port),
            ("http://a:65536", ServerUrlError::Port),
            ("http://a/bucket", ServerUrlError::Path),
            ("http://a?x", ServerUrlError::Path),
        ] {
            assert_eq!(parsed(text), Err(why), "{text}");
        }
    }
}
