//! Comparing secrets without telling how far they agree.

/// Whether two texts are the same. Their lengths are no secret; of their bytes all are looked at, whatever the first
/// ones are, and `black_box` keeps the compiler from leaving early.
#[must_use]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |seen, (a, b)| std::hint::black_box(seen | (a ^ b)));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        assert!(same(b"", b"") && same(b"abc", b"abc"));
        for other in [&b"abd"[..], b"bbc", b"ab", b"abcd", b"a\0c", b""] {
            assert!(!same(b"abc", other), "{other:?}");
        }
    }
}
