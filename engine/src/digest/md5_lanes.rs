//! MD5 of many whole messages at once: the bodies of a group that is about to be written.
//!
//! One MD5 is a single chain of dependent steps that leaves most of a core idle. Here sixteen (AVX-512) or eight (AVX2)
//! messages go through the steps side by side, one per *lane*. This file deals messages to lanes; the steps are in
//! `md5_rounds`, their vector instructions in `md5_x86`.
//!
//! What must hold:
//! - a lane that ends its message takes the next one at once, longest first, so lanes run dry only near the end;
//! - a lane that has run dry repeats another lane's blocks: the steps need no masks, and nobody reads the result;
//! - every answer equals that of the `md5` crate, which also does the work where there are no lanes.
//!
//! Bodies that arrive in pieces come through `md5`, which keeps their ends: here only their whole blocks advance.

use md5::Digest;

use super::md5_rounds::{Block, START};
#[cfg(target_arch = "x86_64")]
use super::md5_x86::{compress_avx2, compress_avx512};

/// Below this many messages the lanes would be too empty to pay.
#[cfg(target_arch = "x86_64")]
const AVX512_MESSAGES_MIN: usize = 2;
/// The same for the eight lanes, whose steps take more instructions.
#[cfg(target_arch = "x86_64")]
const AVX2_MESSAGES_MIN: usize = 3;

/// The MD5 of each message, in the order of the messages.
#[must_use]
pub fn md5_many(messages: &[&[u8]]) -> Vec<[u8; 16]> {
    #[cfg(target_arch = "x86_64")]
    if messages.len() >= AVX512_MESSAGES_MIN && is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has just been asked for the feature that the function is compiled for.
        return md5_in_lanes(messages, |chain, blocks| unsafe { compress_avx512(chain, blocks) });
    }
    #[cfg(target_arch = "x86_64")]
    if messages.len() >= AVX2_MESSAGES_MIN && is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has just been asked for the feature that the function is compiled for.
        return md5_in_lanes(messages, |chain, blocks| unsafe { compress_avx2(chain, blocks) });
    }
    messages.iter().map(|message| md5::Md5::digest(message).into()).collect()
}

/// A message on its way through a lane.
#[derive(Clone, Copy)]
struct Lane {
    /// Which message; `None` once the lane has run dry.
    message: Option<usize>,
    /// Its blocks that are done, those of the tail included.
    done: usize,
    /// What follows the message's whole blocks: its last bytes, the padding, its length.
    tail: [Block; 2],
    /// How many blocks of the tail are in use.
    tail_blocks: usize,
}

impl Lane {
    const DRY: Lane = Lane { message: None, done: 0, tail: [[0; 64]; 2], tail_blocks: 0 };

    fn new(index: usize, message: &[u8]) -> Lane {
        let (_, last) = message.as_chunks::<64>();
        let tail_blocks = if last.len() < 56 { 1 } else { 2 };
        let mut tail = [[0; 64]; 2];
        let bytes = tail.as_flattened_mut();
        bytes[..last.len()].copy_from_slice(last);
        bytes[last.len()] = 0x80;
        let bits = (message.len() as u64).wrapping_mul(8);
        bytes[tail_blocks * 64 - 8..tail_blocks * 64].copy_from_slice(&bits.to_le_bytes());
        Lane { message: Some(index), done: 0, tail, tail_blocks }
    }

    /// The blocks that come next and lie in a row: those of the message, or when they are done those of the tail.
    fn ahead<'a>(&'a self, messages: &'a [&[u8]]) -> &'a [Block] {
        let Some(message) = self.message else { return &[] };
        let (whole, _) = messages[message].as_chunks::<64>();
        match whole.get(self.done..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => &self.tail[self.done - whole.len()..self.tail_blocks],
        }
    }
}

/// [`md5_many`] in lanes. `compress` takes blocks, equally many of each lane, into the chaining values of the lanes.
fn md5_in_lanes<const LANES: usize>(
    messages: &[&[u8]],
    compress: impl Fn(&mut [[u32; LANES]; 4], &[&[Block]; LANES]),
) -> Vec<[u8; 16]> {
    let mut digests = vec![[0; 16]; messages.len()];
    let mut waiting: Vec<usize> = (0..messages.len()).collect();
    waiting.sort_unstable_by_key(|&index| messages[index].len());

    let mut lanes = [Lane::DRY; LANES];
    let mut chain = [[0; LANES]; 4];
    loop {
        for (at, lane) in lanes.iter_mut().enumerate() {
            if !lane.ahead(messages).is_empty() {
                continue;
            }
            if let Some(message) = lane.message {
                digests[message] = digest_of_lane(&chain, at);
            }
            *lane = Lane::DRY;
            if let Some(next) = waiting.pop() {
                *lane = Lane::new(next, messages[next]);
                chain.iter_mut().zip(START).for_each(|(row, start)| row[at] = start);
            }
        }
        let ahead = lanes.each_ref().map(|lane| lane.ahead(messages));
        let busy = || ahead.iter().enumerate().filter(|(_, blocks)| !blocks.is_empty());
        let Some((at, shortest)) = busy().min_by_key(|(_, blocks)| blocks.len()) else { return digests };
        let count = shortest.len();
        if busy().count() == 1 {
            compress_alone(&mut chain, at, shortest);
        } else {
            compress(&mut chain, &ahead.map(|blocks| blocks.get(..count).unwrap_or(shortest)));
        }
        lanes.iter_mut().for_each(|lane| lane.done += count);
    }
}

/// Takes `blocks` into the chaining values of lane `at`, the last one that is busy: alone it is faster in plain
/// registers.
fn compress_alone<const LANES: usize>(chain: &mut [[u32; LANES]; 4], at: usize, blocks: &[Block]) {
    let mut values = chain.each_ref().map(|row| row[at]);
    md5::block_api::compress(&mut values, blocks);
    chain.iter_mut().zip(values).for_each(|(row, value)| row[at] = value);
}

/// Takes the blocks of each stream into its chaining values, as many streams at once as there are lanes.
pub(super) fn advance_in_lanes(streams: Vec<(&mut [u32; 4], &[Block])>) {
    #[cfg(target_arch = "x86_64")]
    if streams.len() >= AVX512_MESSAGES_MIN && is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has just been asked for the feature that the function is compiled for.
        return advance(streams, |chain, blocks| unsafe { compress_avx512(chain, blocks) });
    }
    #[cfg(target_arch = "x86_64")]
    if streams.len() >= AVX2_MESSAGES_MIN && is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has just been asked for the feature that the function is compiled for.
        return advance(streams, |chain, blocks| unsafe { compress_avx2(chain, blocks) });
    }
    streams.into_iter().for_each(|(chain, blocks)| md5::block_api::compress(chain, blocks));
}

/// [`advance_in_lanes`], the streams that end alone in plain registers.
fn advance<const LANES: usize>(
    mut streams: Vec<(&mut [u32; 4], &[Block])>,
    compress: impl Fn(&mut [[u32; LANES]; 4], &[&[Block]; LANES]),
) {
    loop {
        streams.retain(|(_, blocks)| !blocks.is_empty());
        // The longest first: lanes then run dry together, near the end.
        streams.sort_unstable_by_key(|(_, blocks)| std::cmp::Reverse(blocks.len()));
        let taken = streams.len().min(LANES);
        let Some((now, _)) = streams.split_at_mut_checked(taken).filter(|(now, _)| !now.is_empty()) else { return };
        if let [(chain, blocks)] = now {
            md5::block_api::compress(chain, blocks);
            return;
        }
        let count = now.iter().map(|(_, blocks)| blocks.len()).min().unwrap_or_default();
        // A lane without a stream repeats the first one's blocks, and nobody reads the result.
        let mut chain = [[0; LANES]; 4];
        let mut ahead = [&now[0].1[..count]; LANES];
        for (at, (values, blocks)) in now.iter().enumerate() {
            ahead[at] = &blocks[..count];
            chain.iter_mut().zip(values.iter()).for_each(|(row, value)| row[at] = *value);
        }
        compress(&mut chain, &ahead);
        for (at, (values, blocks)) in now.iter_mut().enumerate() {
            values.iter_mut().zip(&chain).for_each(|(value, row)| *value = row[at]);
            *blocks = &blocks[count..];
        }
    }
}

/// The digest that lane `at` has arrived at.
fn digest_of_lane<const LANES: usize>(chain: &[[u32; LANES]; 4], at: usize) -> [u8; 16] {
    let mut digest = [0; 16];
    for (bytes, row) in digest.chunks_exact_mut(4).zip(chain) {
        bytes.copy_from_slice(&row[at].to_le_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::md5_rounds::tests::compress_plain;

    /// The slow twin: one message after the other, by the crate.
    fn one_by_one(messages: &[&[u8]]) -> Vec<[u8; 16]> {
        messages.iter().map(|message| md5::Md5::digest(message).into()).collect()
    }

    /// Lengths around a block's end, where the padding changes shape, and lengths of many blocks.
    fn length() -> impl Strategy<Value = usize> {
        prop_oneof![
            4 => 0_usize..300,
            4 => prop::sample::select(vec![0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129]),
            1 => 1000_usize..20_000,
        ]
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        (length(), any::<u64>()).prop_map(|(length, seed)| {
            let bytes = (0..length as u64).map(|at| (at ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]);
            bytes.collect()
        })
    }

    proptest! {
        #[test]
        fn lanes_of_every_width_agree_with_one_by_one(messages in prop::collection::vec(message(), 0..70)) {
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            let answers = one_by_one(&messages);
            prop_assert_eq!(&md5_many(&messages), &answers);
            prop_assert_eq!(&md5_in_lanes(&messages, compress_plain::<1>), &answers);
            prop_assert_eq!(&md5_in_lanes(&messages, compress_plain::<3>), &answers);
            prop_assert_eq!(&md5_in_lanes(&messages, compress_plain::<16>), &answers);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the CPU has just been asked for the feature that the function is compiled for.
                let eight = md5_in_lanes(&messages, |chain, blocks| unsafe { compress_avx2(chain, blocks) });
                prop_assert_eq!(&eight, &answers);
            }
        }
    }

    #[test]
    fn every_length_up_to_three_blocks_is_padded_right() {
        let bytes: Vec<u8> = (0..193).collect();
        let messages: Vec<&[u8]> = (0..=bytes.len()).map(|length| &bytes[..length]).collect();
        assert_eq!(md5_many(&messages), one_by_one(&messages));
    }

    #[test]
    fn no_messages_have_no_digests() {
        assert!(md5_many(&[]).is_empty());
    }
}
