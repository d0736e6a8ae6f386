//! Bytes as a bad disk could give them: the valid bytes of a structure, bent, cut or followed by more, or anything at
//! all. What every decoder is tried with.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::limits::BLOCK_BYTES;

/// Variants of `valid`, and noise of any length up to a bit more than it has.
pub(crate) fn of(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let len = valid.len();
    let bent = (vec((0..len, any::<u8>()), 0..4), 0..=len, vec(any::<u8>(), 0..16), 0_u8..4).prop_map(
        move |(changes, cut, more, how)| {
            let mut bytes = valid.clone();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            match how {
                0 => bytes.truncate(cut),
                1 => bytes.extend_from_slice(&more),
                _ => {}
            }
            bytes
        },
    );
    prop_oneof![4 => bent, 1 => vec(any::<u8>(), 0..len + 64), 1 => vec(0_u8..4, 0..len + 64)]
}

/// The bytes with zeros to the end of their last block.
pub(crate) fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    bytes
}
