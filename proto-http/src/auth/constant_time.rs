//! Comparing secrets without telling how far they agree.

use std::hint::black_box;

/// Whether two texts are the same. Their lengths are no secret. Of their bytes all are looked at, whatever the first
/// ones are: the differences are gathered in a value that the compiler knows nothing of before it is complete.
#[must_use]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let differences = black_box(one).iter().zip(black_box(other)).fold(0, |seen, (a, b)| seen | (a ^ b));
    black_box(differences) == 0
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
