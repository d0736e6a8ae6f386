//! Chance that a seed decides (splitmix64), and bodies made of it.
//!
//! It is not the world's: what a test decides must not shift when the engine draws a number more.

use std::cell::Cell;

/// A source of choices.
#[derive(Debug)]
pub struct Chance(Cell<u64>);

impl Chance {
    /// All choices come from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Chance {
        Chance(Cell::new(seed ^ 0x5DEE_CE66_D1CE_F00D))
    }

    /// Any number.
    pub fn number(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&self, end: u64) -> u64 {
        self.number() % end
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, which are not empty.
    pub fn pick<T: Copy>(&self, choices: &[T]) -> T {
        let at = self.below(choices.len() as u64);
        choices[usize::try_from(at).expect("an index fits")]
    }
}

/// The bytes of a body: `len` bytes that `seed` decides.
#[must_use]
pub fn body(seed: u64, len: usize) -> Vec<u8> {
    let chance = Chance::new(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&chance.number().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
