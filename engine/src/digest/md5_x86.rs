//! MD5 of a row of messages in the vector registers of an x86 core: sixteen lanes with AVX-512, eight with AVX2.
//!
//! A plain loop over the lanes would read better, but the compiler unrolls it before it vectorises and is left with
//! scraps: it came out three times slower. Every intrinsic here is a safe function, because the functions around it are
//! compiled for its feature; asking the CPU for that is the caller's part (`md5_lanes`, where the tests of both widths
//! are too).
//!
//! ```text
//! blocks of the lanes             transposed: the words in rows
//!   lane 0:  w0 w1 .. w15           w0:  lane 0, lane 1 .. lane 15
//!   lane 1:  w0 w1 .. w15    ->     w1:  lane 0, lane 1 .. lane 15
//!   ..                              ..
//! ```

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_cvtsi128_si64, _mm_extract_epi64, _mm256_add_epi32, _mm256_and_si256,
    _mm256_andnot_si256, _mm256_extracti128_si256, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set_epi64x,
    _mm256_set1_epi32, _mm256_sllv_epi32, _mm256_srlv_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256, _mm512_add_epi32, _mm512_and_si512,
    _mm512_andnot_si512, _mm512_extracti64x4_epi64, _mm512_or_si512, _mm512_rolv_epi32, _mm512_set_epi64,
    _mm512_set1_epi32, _mm512_shuffle_i32x4, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};
use std::hint::black_box;

use super::md5_rounds::{ADDENDS, Block, Mix, StepInput, rounds};

/// Takes the blocks of sixteen lanes, equally many of each, into their chaining values.
#[target_feature(enable = "avx512f")]
pub(super) fn compress_avx512(chain: &mut [[u32; 16]; 4], blocks: &[&[Block]; 16]) {
    // Behind a black box the addends are numbers like any other. Constants the compiler would add last of all, where
    // every later step waits for the sum.
    let addends = black_box(&ADDENDS);
    let mut values = chain.map(|row| row_512(pairs_of_lanes(&row)));
    for at in 0..blocks[0].len() {
        let mut rows = [_mm512_set1_epi32(0); 16];
        for (row, lane) in rows.iter_mut().zip(blocks) {
            *row = row_512(pairs_of_words(&lane[at]));
        }
        let new = rounds(values, &transposed_512(rows), addends, |abcd, input| step_512(abcd, input));
        values = [0, 1, 2, 3].map(|value| _mm512_add_epi32(values[value], new[value]));
    }
    *chain = values.map(|row| {
        let halves = [_mm512_extracti64x4_epi64::<0>(row), _mm512_extracti64x4_epi64::<1>(row)];
        lanes_of_pairs(halves.map(|half| pairs_256(half)).as_flattened())
    });
}

/// Takes the blocks of eight lanes, equally many of each, into their chaining values.
#[target_feature(enable = "avx2")]
pub(super) fn compress_avx2(chain: &mut [[u32; 8]; 4], blocks: &[&[Block]; 8]) {
    // Behind a black box the addends are numbers like any other. Constants the compiler would add last of all, where
    // every later step waits for the sum.
    let addends = black_box(&ADDENDS);
    let mut values = chain.map(|row| row_256(pairs_of_lanes(&row)));
    for at in 0..blocks[0].len() {
        let mut halves = [[_mm256_set1_epi32(0); 8]; 2];
        for (row, lane) in blocks.iter().enumerate() {
            let [a, b, c, d, e, f, g, h] = pairs_of_words(&lane[at]);
            halves[0][row] = row_256([a, b, c, d]);
            halves[1][row] = row_256([e, f, g, h]);
        }
        let mut words = [_mm256_set1_epi32(0); 16];
        words[..8].copy_from_slice(&transposed_256(halves[0]));
        words[8..].copy_from_slice(&transposed_256(halves[1]));
        let new = rounds(values, &words, addends, |abcd, input| step_256(abcd, input));
        values = [0, 1, 2, 3].map(|value| _mm256_add_epi32(values[value], new[value]));
    }
    *chain = values.map(|row| lanes_of_pairs(&pairs_256(row)));
}

#[target_feature(enable = "avx512f")]
#[inline]
fn step_512([a, b, c, d]: [__m512i; 4], input: StepInput<__m512i>) -> __m512i {
    let mixed = match input.mix {
        Mix::F => _mm512_or_si512(_mm512_and_si512(b, c), _mm512_andnot_si512(b, d)),
        Mix::G => _mm512_or_si512(_mm512_and_si512(d, b), _mm512_andnot_si512(d, c)),
        Mix::H => _mm512_xor_si512(_mm512_xor_si512(b, c), d),
        Mix::I => _mm512_xor_si512(c, _mm512_or_si512(b, _mm512_xor_si512(d, _mm512_set1_epi32(-1)))),
    };
    // What is known early is added up first: the chain of steps waits for `mixed` alone.
    let early = _mm512_add_epi32(a, _mm512_add_epi32(input.word, _mm512_set1_epi32(input.addend.cast_signed())));
    let shift = _mm512_set1_epi32(input.shift.cast_signed());
    _mm512_add_epi32(b, _mm512_rolv_epi32(_mm512_add_epi32(early, mixed), shift))
}

#[target_feature(enable = "avx2")]
#[inline]
fn step_256([a, b, c, d]: [__m256i; 4], input: StepInput<__m256i>) -> __m256i {
    let mixed = match input.mix {
        Mix::F => _mm256_or_si256(_mm256_and_si256(b, c), _mm256_andnot_si256(b, d)),
        Mix::G => _mm256_or_si256(_mm256_and_si256(d, b), _mm256_andnot_si256(d, c)),
        Mix::H => _mm256_xor_si256(_mm256_xor_si256(b, c), d),
        Mix::I => _mm256_xor_si256(c, _mm256_or_si256(b, _mm256_xor_si256(d, _mm256_set1_epi32(-1)))),
    };
    let early = _mm256_add_epi32(a, _mm256_add_epi32(input.word, _mm256_set1_epi32(input.addend.cast_signed())));
    let sum = _mm256_add_epi32(early, mixed);
    let left = _mm256_sllv_epi32(sum, _mm256_set1_epi32(input.shift.cast_signed()));
    let right = _mm256_srlv_epi32(sum, _mm256_set1_epi32((32 - input.shift).cast_signed()));
    _mm256_add_epi32(b, _mm256_or_si256(left, right))
}

/// Sixteen rows of sixteen words become sixteen columns.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed_512(rows: [__m512i; 16]) -> [__m512i; 16] {
    // After this, quarter `k` of `fours[4 * g + j]` is word `4 * k + j` of the rows `4 * g` to `4 * g + 3`.
    let mut fours = rows;
    for four in fours.as_chunks_mut::<4>().0 {
        let [r, s, t, u] = *four;
        let (low, high) = (_mm512_unpacklo_epi32(r, s), _mm512_unpackhi_epi32(r, s));
        let (low_2, high_2) = (_mm512_unpacklo_epi32(t, u), _mm512_unpackhi_epi32(t, u));
        *four = [
            _mm512_unpacklo_epi64(low, low_2),
            _mm512_unpackhi_epi64(low, low_2),
            _mm512_unpacklo_epi64(high, high_2),
            _mm512_unpackhi_epi64(high, high_2),
        ];
    }
    // What remains is to transpose quarters: the even ones (0, 2) and the odd ones (1, 3), twice.
    let mut columns = rows;
    for j in 0..4 {
        let even = _mm512_shuffle_i32x4::<0b10_00_10_00>(fours[j], fours[4 + j]);
        let odd = _mm512_shuffle_i32x4::<0b11_01_11_01>(fours[j], fours[4 + j]);
        let even_2 = _mm512_shuffle_i32x4::<0b10_00_10_00>(fours[8 + j], fours[12 + j]);
        let odd_2 = _mm512_shuffle_i32x4::<0b11_01_11_01>(fours[8 + j], fours[12 + j]);
        columns[j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(even, even_2);
        columns[4 + j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(odd, odd_2);
        columns[8 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(even, even_2);
        columns[12 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(odd, odd_2);
    }
    columns
}

/// Eight rows of eight words become eight columns.
#[target_feature(enable = "avx2")]
#[inline]
fn transposed_256(rows: [__m256i; 8]) -> [__m256i; 8] {
    // After this, half `k` of `fours[4 * g + j]` is word `4 * k + j` of the rows `4 * g` to `4 * g + 3`.
    let mut fours = rows;
    for four in fours.as_chunks_mut::<4>().0 {
        let [r, s, t, u] = *four;
        let (low, high) = (_mm256_unpacklo_epi32(r, s), _mm256_unpackhi_epi32(r, s));
        let (low_2, high_2) = (_mm256_unpacklo_epi32(t, u), _mm256_unpackhi_epi32(t, u));
        *four = [
            _mm256_unpacklo_epi64(low, low_2),
            _mm256_unpackhi_epi64(low, low_2),
            _mm256_unpacklo_epi64(high, high_2),
            _mm256_unpackhi_epi64(high, high_2),
        ];
    }
    let mut columns = rows;
    for j in 0..4 {
        columns[j] = _mm256_permute2x128_si256::<0x20>(fours[j], fours[4 + j]);
        columns[4 + j] = _mm256_permute2x128_si256::<0x31>(fours[j], fours[4 + j]);
    }
    columns
}

/// A register of eight pairs of values; the compiler makes one load of it.
#[target_feature(enable = "avx512f")]
#[inline]
fn row_512([a, b, c, d, e, f, g, h]: [i64; 8]) -> __m512i {
    _mm512_set_epi64(h, g, f, e, d, c, b, a)
}

/// A register of four pairs of values.
#[target_feature(enable = "avx2")]
#[inline]
fn row_256([a, b, c, d]: [i64; 4]) -> __m256i {
    _mm256_set_epi64x(d, c, b, a)
}

/// The four pairs of values of a register.
#[target_feature(enable = "avx2")]
#[inline]
fn pairs_256(row: __m256i) -> [i64; 4] {
    let halves = [_mm256_extracti128_si256::<0>(row), _mm256_extracti128_si256::<1>(row)];
    let [[a, b], [c, d]] = halves.map(|half: __m128i| [_mm_cvtsi128_si64(half), _mm_extract_epi64::<1>(half)]);
    [a, b, c, d]
}

/// The words of a block, in pairs.
#[inline]
fn pairs_of_words(block: &Block) -> [i64; 8] {
    let (pairs, _) = block.as_chunks::<8>();
    std::array::from_fn(|at| i64::from_le_bytes(pairs[at]))
}

/// The values of lanes, in pairs.
#[inline]
fn pairs_of_lanes<const PAIRS: usize>(lanes: &[u32]) -> [i64; PAIRS] {
    let (pairs, _) = lanes.as_chunks::<2>();
    std::array::from_fn(|at| {
        let [low, high] = pairs[at];
        (u64::from(low) | u64::from(high) << 32).cast_signed()
    })
}

/// The values of lanes that `pairs` hold.
#[inline]
fn lanes_of_pairs<const LANES: usize>(pairs: &[i64]) -> [u32; LANES] {
    let mut lanes = [0; LANES];
    for (lanes, pair) in lanes.as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
        let [a, b, c, d, e, f, g, h] = pair.to_le_bytes();
        *lanes = [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])];
    }
    lanes
}
