//! MD5 of one body that streams past: the etag of a large object or of a part; and of several such bodies side by side.
//!
//! It is what S3 clients expect to compare and protects nothing against a forger. Many small bodies at once go through
//! `md5_lanes`.

use super::md5_lanes::advance_in_lanes;
use super::md5_rounds::{Block, START};

/// The MD5 of a body of which a part has been seen.
#[derive(Clone, Debug)]
pub struct Md5 {
    chain: [u32; 4],
    bytes: u64,
    /// What has come of a block that is not whole; how much of it counts follows from `bytes`.
    rest: Block,
}

impl Md5 {
    /// The MD5 of nothing yet.
    #[must_use]
    pub fn new() -> Md5 {
        Md5 { chain: START, bytes: 0, rest: [0; 64] }
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        let whole = self.take_ends(bytes);
        md5::block_api::compress(&mut self.chain, whole);
    }

    /// Takes into each MD5 its bytes, side by side. It pays where they are about equally long.
    pub fn update_many(streams: &mut [(&mut Md5, &[u8])]) {
        let mut lanes: Vec<(&mut [u32; 4], &[Block])> = Vec::with_capacity(streams.len());
        for (md5, bytes) in streams {
            let whole = md5.take_ends(bytes);
            lanes.push((&mut md5.chain, whole));
        }
        advance_in_lanes(lanes);
    }

    /// The MD5 of all that was taken in.
    #[must_use]
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.bytes.wrapping_mul(8);
        let filled = self.filled();
        let zeros = if filled < 56 { 55 - filled } else { 119 - filled };
        let mut padding = [0; 128];
        padding[0] = 0x80;
        padding[1 + zeros..9 + zeros].copy_from_slice(&bits.to_le_bytes());
        self.update(&padding[..9 + zeros]);
        let mut digest = [0; 16];
        for (bytes, value) in digest.chunks_exact_mut(4).zip(self.chain) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        digest
    }

    fn filled(&self) -> usize {
        usize::try_from(self.bytes % 64).expect("a remainder of 64 is small")
    }

    /// Takes in what completes the block that was begun, keeps what begins the next one, and gives the blocks between.
    fn take_ends<'a>(&mut self, bytes: &'a [u8]) -> &'a [Block] {
        let filled = self.filled();
        self.bytes += bytes.len() as u64;
        let completes = if filled == 0 { 0 } else { bytes.len().min(64 - filled) };
        let (head, bytes) = bytes.split_at(completes);
        self.rest[filled..filled + completes].copy_from_slice(head);
        if filled + completes == 64 {
            md5::block_api::compress(&mut self.chain, &[self.rest]);
        }
        let (whole, begins) = bytes.as_chunks::<64>();
        if !begins.is_empty() {
            self.rest[..begins.len()].copy_from_slice(begins);
        }
        whole
    }
}

impl Default for Md5 {
    fn default() -> Md5 {
        Md5::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use md5::Digest;

    use super::*;
    use crate::types::Etag;

    fn hex(md5: [u8; 16]) -> String {
        Etag { md5, parts: 0 }.to_string()
    }

    proptest! {
        #[test]
        fn streams_side_by_side_agree_with_one_by_one(
            cuts in prop::collection::vec(prop::collection::vec(0_usize..400, 4), 0..40),
        ) {
            let bytes: Vec<u8> = (0..=255).cycle().take(1600).collect();
            let mut streams: Vec<Md5> = cuts.iter().map(|_| Md5::new()).collect();
            let mut whole: Vec<Vec<u8>> = vec![Vec::new(); cuts.len()];
            for round in 0..4 {
                let pieces = cuts.iter().enumerate().map(|(at, cuts)| &bytes[at..at + cuts[round]]);
                let mut together: Vec<(&mut Md5, &[u8])> = streams.iter_mut().zip(pieces.clone()).collect();
                Md5::update_many(&mut together);
                whole.iter_mut().zip(pieces).for_each(|(whole, piece)| whole.extend_from_slice(piece));
            }
            for (stream, whole) in streams.into_iter().zip(whole) {
                let answer: [u8; 16] = md5::Md5::digest(&whole).into();
                prop_assert_eq!(stream.finish(), answer);
            }
        }
    }

    #[test]
    fn known_answers_of_rfc_1321_hold_in_pieces_too() {
        for (message, answer) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            let mut whole = Md5::new();
            whole.update(message.as_bytes());
            assert_eq!(hex(whole.finish()), answer);
            let mut pieces = Md5::new();
            message.as_bytes().chunks(7).for_each(|piece| pieces.update(piece));
            assert_eq!(hex(pieces.finish()), answer);
        }
    }
}
