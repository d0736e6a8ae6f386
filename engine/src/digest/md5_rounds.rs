//! The 64 steps of MD5 (RFC 1321), for one message or for a row of them: what a value is and how one step is computed
//! on it is the caller's affair.
//!
//! What must hold: the order of words, the addends and the shifts are those of the RFC. The tests run the steps on
//! plain numbers and compare with the `md5` crate.

/// A block of MD5.
pub(super) type Block = [u8; 64];

/// The chaining values before the first block.
pub(super) const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The addends of the 64 steps: `floor(abs(sin(step + 1)) * 2^32)`.
#[rustfmt::skip]
pub(super) const ADDENDS: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// How a step mixes three of the chaining values; the letters are the RFC's.
#[derive(Clone, Copy)]
pub(super) enum Mix {
    /// `(b & c) | (!b & d)`
    F,
    /// `(d & b) | (!d & c)`
    G,
    /// `b ^ c ^ d`
    H,
    /// `c ^ (b | !d)`
    I,
}

/// What one step works on beside the chaining values.
#[derive(Clone, Copy)]
pub(super) struct StepInput<V> {
    pub(super) mix: Mix,
    pub(super) word: V,
    pub(super) addend: u32,
    pub(super) shift: u32,
}

/// The chaining values after a block of `words`. `step` computes
/// `b + rotate_left(a + mix(b, c, d) + word + addend, shift)`; adding the old chaining values is left to the caller.
/// `addends` are [`ADDENDS`], from wherever the caller wants them read.
#[inline(always)]
pub(super) fn rounds<V: Copy>(
    chain: [V; 4],
    words: &[V; 16],
    addends: &[u32; 64],
    step: impl Fn([V; 4], StepInput<V>) -> V + Copy,
) -> [V; 4] {
    let chain = round(chain, Mix::F, [7, 12, 17, 22], |at| (words[at], addends[at]), step);
    let chain = round(chain, Mix::G, [5, 9, 14, 20], |at| (words[(1 + at * 5) % 16], addends[16 + at]), step);
    let chain = round(chain, Mix::H, [4, 11, 16, 23], |at| (words[(5 + at * 3) % 16], addends[32 + at]), step);
    round(chain, Mix::I, [6, 10, 15, 21], |at| (words[at * 7 % 16], addends[48 + at]), step)
}

/// Sixteen steps that mix in one way; `input` gives word and addend of each.
#[inline(always)]
fn round<V: Copy>(
    [mut a, mut b, mut c, mut d]: [V; 4],
    mix: Mix,
    shifts: [u32; 4],
    input: impl Fn(usize) -> (V, u32),
    step: impl Fn([V; 4], StepInput<V>) -> V,
) -> [V; 4] {
    for quad in 0..4 {
        let input = |at: usize| {
            let (word, addend) = input(quad * 4 + at);
            StepInput { mix, word, addend, shift: shifts[at] }
        };
        a = step([a, b, c, d], input(0));
        d = step([d, a, b, c], input(1));
        c = step([c, d, a, b], input(2));
        b = step([b, c, d, a], input(3));
    }
    [a, b, c, d]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The slow twin of the vector code: one lane after the other, on plain numbers.
    pub(in crate::digest) fn compress_plain<const LANES: usize>(
        chain: &mut [[u32; LANES]; 4],
        blocks: &[&[Block]; LANES],
    ) {
        for (lane, blocks) in blocks.iter().enumerate() {
            for block in *blocks {
                let (bytes, _) = block.as_chunks::<4>();
                let words: [u32; 16] = std::array::from_fn(|at| u32::from_le_bytes(bytes[at]));
                let new = rounds(chain.map(|row| row[lane]), &words, &ADDENDS, step_plain);
                chain.iter_mut().zip(new).for_each(|(row, new)| row[lane] = row[lane].wrapping_add(new));
            }
        }
    }

    fn step_plain([a, b, c, d]: [u32; 4], input: StepInput<u32>) -> u32 {
        let mixed = match input.mix {
            Mix::F => (b & c) | (!b & d),
            Mix::G => (d & b) | (!d & c),
            Mix::H => b ^ c ^ d,
            Mix::I => c ^ (b | !d),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(input.word).wrapping_add(input.addend);
        b.wrapping_add(sum.rotate_left(input.shift))
    }

    #[test]
    fn the_addends_are_those_of_the_sine() {
        for (step, addend) in (1..).zip(ADDENDS) {
            let sine = (f64::from(step).sin().abs() * 4_294_967_296.0).floor();
            assert!((sine - f64::from(addend)).abs() < 0.5, "step {step}");
        }
    }

    #[test]
    fn plain_rounds_agree_with_the_crate() {
        let block: Block = std::array::from_fn(|at| u8::try_from(at * 3).expect("64 times 3 is below 256"));
        let mut theirs = START;
        md5::block_api::compress(&mut theirs, &[block; 3]);
        let mut ours = START.map(|value| [value]);
        compress_plain(&mut ours, &[&[block; 3]]);
        assert_eq!(ours.map(|[value]| value), theirs);
    }
}
