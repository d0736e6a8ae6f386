//! A bucket's name, by the rules that every S3 client expects.

use std::fmt;
use std::net::Ipv4Addr;

/// A checked bucket name: 3 to 63 of `a-z 0-9 . -`, letter or digit at both ends, no `..`, not an IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Box<str>);

impl BucketName {
    /// The name, or `None` if it is not one.
    #[must_use]
    pub fn new(name: &str) -> Option<BucketName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = name.as_bytes();
        let fits = (3..=63).contains(&bytes.len())
            && bytes.iter().all(|&byte| plain(byte) || byte == b'.' || byte == b'-')
            && bytes.first().copied().is_some_and(plain)
            && bytes.last().copied().is_some_and(plain)
            && !name.contains("..")
            && name.parse::<Ipv4Addr>().is_err();
        fits.then(|| BucketName(name.into()))
    }

    /// Whether S3 keeps names of this form for things of its own, so that no bucket is made with it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        let begins = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|beginning| self.0.starts_with(beginning));
        begins || ["-s3alias", "--ol-s3", ".mrap", "--x-s3"].iter().any(|end| self.0.ends_with(end))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_names_are_reserved() {
        let is_reserved = |name: &str| BucketName::new(name).expect("a name").is_reserved();
        for name in ["xn--a", "sthree-a", "amzn-s3-demo-a", "a-s3alias", "a--ol-s3", "a.mrap", "a--use1-az4--x-s3"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["xn-a", "sthree", "a-xn--b", "s3alias", "a-ol-s3", "mrap", "a-x-s3"] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn names_follow_the_rules() {
        for good in ["abc", "a-b.c", "0ab", &"a".repeat(63)] {
            assert!(BucketName::new(good).is_some(), "{good}");
        }
        for bad in ["ab", "Abc", "a_b", "-ab", "ab-", ".ab", "a..b", "192.168.0.1", &"a".repeat(64), "a b"] {
            assert!(BucketName::new(bad).is_none(), "{bad}");
        }
    }
}
