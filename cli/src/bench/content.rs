//! Bodies: pieces of one fixed pattern, so that a body of any size takes no memory and is compared as fast as memory is
//! read.
//!
//! ```text
//!  pattern   [ PERIOD bytes of noise | the same again ]
//!  body      begins at a place that its number decides, and goes round
//! ```
//!
//! What must hold: two places of one body whose distance is no multiple of the period hold other bytes. The period is a
//! prime number, so blocks, pieces and parts at a wrong offset show. So do bodies of different variants. Digests
//! are made before anything is measured.

use std::sync::Arc;

use stratum_proto_http::auth::PayloadHash;
use stratum_proto_http::checksum::{Algorithm, Hasher};

/// Bytes after which the pattern repeats: a prime, a little below 1 MiB.
const PERIOD: usize = 1_048_573;
/// Bytes from where one variant begins to where the next one does.
const STRIDE: u64 = 16_411;
/// Variants of a body: enough that a body of another key is hardly ever the same.
const VARIANTS_MAX: u64 = 64;
/// Bytes that are hashed before a run: about half a second.
const HASHED_BYTES_MAX: u64 = 256 << 20;

/// Noise.
#[derive(Clone)]
pub(super) struct Pattern(Arc<Vec<u8>>);

/// Bodies of one size, in parts of one size.
pub(super) struct Content {
    pattern: Pattern,
    size: u64,
    part: u64,
    variants: u64,
    /// Of all parts of all variants; none if bodies are not signed.
    digests: Vec<PayloadHash>,
}

impl Pattern {
    /// The noise, which is the same in every run.
    pub(super) fn new() -> Pattern {
        let mut state = 0_u64;
        let words = (0..PERIOD.div_ceil(8)).flat_map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)).to_le_bytes()
        });
        let once: Vec<u8> = words.take(PERIOD).collect();
        Pattern(Arc::new(once.repeat(2)))
    }
}

impl Content {
    /// Bodies of `size` bytes that are sent in parts of `part` bytes, the last of which may be shorter.
    pub(super) fn new(pattern: Pattern, size: u64, part: u64, signed: bool) -> Content {
        let variants = (HASHED_BYTES_MAX / size.max(1)).clamp(1, VARIANTS_MAX);
        let mut content = Content { pattern, size, part: part.min(size).max(1), variants, digests: Vec::new() };
        if signed {
            let parts = (0..variants).flat_map(|variant| (0..content.parts()).map(move |index| (variant, index)));
            content.digests = parts.map(|(variant, index)| content.digest(variant, index)).collect();
        }
        content
    }

    /// Bytes of a body.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Parts of a body.
    pub(super) fn parts(&self) -> u64 {
        self.size.div_ceil(self.part).max(1)
    }

    /// Where a part begins, and its bytes.
    pub(super) fn part(&self, index: u64) -> (u64, u64) {
        let begin = (index * self.part).min(self.size);
        (begin, self.part.min(self.size - begin))
    }

    /// The variant of the body with this number.
    pub(super) fn variant(&self, number: u64) -> u64 {
        number % self.variants
    }

    /// What binds a part to its request.
    pub(super) fn payload(&self, variant: u64, index: u64) -> PayloadHash {
        let at = usize::try_from(variant * self.parts() + index).ok();
        at.and_then(|at| self.digests.get(at)).cloned().unwrap_or(PayloadHash::Unsigned)
    }

    /// The bytes of a body from `from` on: `most`, or as many as lie together.
    pub(super) fn piece(&self, variant: u64, from: u64, most: u64) -> &[u8] {
        let period = PERIOD as u64;
        let begin = (variant * STRIDE + from) % period;
        let length = most.min(self.size.saturating_sub(from)).min(period);
        let place = usize::try_from(begin).ok().zip(usize::try_from(begin + length).ok());
        place.and_then(|(begin, end)| self.pattern.0.get(begin..end)).unwrap_or_default()
    }

    /// True if what came is what a body has from `from` on.
    pub(super) fn matches(&self, variant: u64, from: u64, came: &[u8]) -> bool {
        let mut rest = came;
        let mut at = from;
        while !rest.is_empty() {
            let expected = self.piece(variant, at, rest.len() as u64);
            let Some((first, after)) = rest.split_at_checked(expected.len()) else { return false };
            if expected.is_empty() || first != expected {
                return false;
            }
            at += expected.len() as u64;
            rest = after;
        }
        true
    }

    fn digest(&self, variant: u64, index: u64) -> PayloadHash {
        let (begin, length) = self.part(index);
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut at = begin;
        while at < begin + length {
            let piece = self.piece(variant, at, begin + length - at);
            hasher.update(piece);
            at += piece.len() as u64;
        }
        let mut digest = [0; 32];
        digest.iter_mut().zip(hasher.finish().bytes()).for_each(|(place, byte)| *place = *byte);
        PayloadHash::Literal(digest)
    }
}

#[cfg(test)]
mod tests {
    use stratum_proto_http::client::digest_of;

    use super::*;

    /// The slow twin: byte by byte.
    fn whole(content: &Content, variant: u64) -> Vec<u8> {
        let (begin, size) = (index(variant * STRIDE), index(content.size));
        (0..size).map(|at| content.pattern.0[(begin + at) % PERIOD]).collect()
    }

    fn index(number: u64) -> usize {
        usize::try_from(number).expect("it is small")
    }

    #[test]
    fn pieces_of_any_cut_are_the_body() {
        let content = Content::new(Pattern::new(), 3_000_001, 1 << 20, true);
        let body = whole(&content, 5);
        for cut in [1_000, 65_536, 1 << 20, 3_000_001] {
            let mut made = Vec::new();
            while made.len() < body.len() {
                let piece = content.piece(5, made.len() as u64, cut);
                assert!(!piece.is_empty() && content.matches(5, made.len() as u64, piece));
                made.extend_from_slice(piece);
            }
            assert!(made == body, "{cut}");
        }
        assert!(content.matches(5, 0, &body) && !content.matches(5, 0, &[&body[..], b"x"].concat()));
        assert!(content.piece(5, 3_000_001, 1).is_empty());
    }

    #[test]
    fn parts_make_the_body_and_have_their_digests() {
        let content = Content::new(Pattern::new(), 3_000_001, 1 << 20, true);
        let body = whole(&content, 2);
        assert_eq!((content.parts(), content.part(2)), (3, (2 << 20, 3_000_001 - (2 << 20))));
        for number in 0..3 {
            let (begin, length) = content.part(number);
            let part = &body[index(begin)..index(begin + length)];
            assert_eq!(content.payload(2, number), digest_of(part));
        }
        let unsigned = Content::new(Pattern::new(), 4096, 4096, false);
        assert_eq!((unsigned.payload(0, 0), unsigned.parts()), (PayloadHash::Unsigned, 1));
    }

    #[test]
    fn a_wrong_offset_and_another_variant_show() {
        let content = Content::new(Pattern::new(), 64 << 20, 64 << 20, false);
        let shown = |from: u64, other: u64| !content.matches(1, from, content.piece(1, other, 16));
        for power in 0..26 {
            assert!(shown(0, 1 << power) && shown(12_345, 12_345 + (3 << power) % (60 << 20)), "{power}");
        }
        let small = Content::new(Pattern::new(), 16, 16, false);
        for number in 1..64 {
            let other = small.variant(number);
            assert!(other != 0 && !small.matches(0, 0, small.piece(other, 0, 16)), "{number}");
        }
    }
}
