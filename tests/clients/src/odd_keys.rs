//! The keys of `odd-keys.txt`, which the scripts read too.

/// All of them.
///
/// # Panics
/// If the file is not what it should be.
#[must_use]
pub fn all() -> Vec<String> {
    let lines = include_str!("../odd-keys.txt").split('\n').filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| decoded(line).expect("the file is percent-encoded where it says so")).collect()
}

/// In the order of their bytes.
#[must_use]
pub fn in_order() -> Vec<String> {
    let mut keys = all();
    keys.sort();
    keys
}

fn decoded(line: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(if byte == b'%' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(decoded("%20a%25b%0A日%CC%88").as_deref(), Some(" a%b\n日\u{308}"));
        assert_eq!((decoded("%2"), decoded("%g0"), decoded("%ff")), (None, None, None));
        assert!(all().len() > 30 && all().contains(&"%20 is no space".to_owned()));
    }
}
