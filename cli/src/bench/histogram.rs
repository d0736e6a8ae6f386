//! Times in buckets whose width grows with the time: small, and never wrong by more than a part in 64.
//!
//! ```text
//!  below 128        one bucket for each value
//!  128 .. 256       64 buckets of 2
//!  256 .. 512       64 buckets of 4          and so on up to 2^64
//! ```
//!
//! What must hold: a quantile is never below the value that sorting would give, nor above it by more than a bucket's
//! width; the largest value is kept as it was.

/// Buckets of one power of two.
const STEPS: u64 = 64;
/// Values below this have a bucket each.
const EXACT: u64 = 2 * STEPS;
/// Powers of two above that, up to the largest number.
const POWERS: u64 = 57;
const BUCKETS: usize = 3776;

const _: () = assert!(BUCKETS as u64 == EXACT + POWERS * STEPS);

/// How often which value came.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    /// One that has seen nothing.
    pub(crate) fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0, sum: 0, max: 0 }
    }

    /// A value came.
    pub(crate) fn note(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
            self.total += 1;
            self.sum += u128::from(value);
            self.max = self.max.max(value);
        }
    }

    /// All that the other has seen came here too.
    pub(crate) fn merge(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many values came.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The largest; 0 if none came.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// Their mean; 0 if none came.
    pub(crate) fn mean(&self) -> u64 {
        let mean = self.sum.checked_div(u128::from(self.total)).unwrap_or_default();
        u64::try_from(mean).unwrap_or(u64::MAX)
    }

    /// The value that so many of ten thousand do not exceed; 0 if none came.
    pub(crate) fn quantile(&self, of_ten_thousand: u64) -> u64 {
        let rank = (u128::from(self.total) * u128::from(of_ten_thousand)).div_ceil(10_000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return last_of(index).min(self.max);
            }
        }
        self.max
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> usize {
    let index = match value {
        0..EXACT => value,
        _ => {
            // The highest seven bits say which: the first of them is always set.
            let shift = u64::from(value.ilog2()) - 6;
            EXACT + (shift - 1) * STEPS + (value >> shift) - STEPS
        }
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn last_of(bucket: usize) -> u64 {
    let index = bucket as u64;
    if index < EXACT {
        return index;
    }
    let (shift, step) = ((index - EXACT) / STEPS + 1, (index - EXACT) % STEPS);
    ((STEPS + step) << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow twin: all values, sorted.
    fn sorted_quantile(values: &[u64], of_ten_thousand: u64) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let share = usize::try_from(of_ten_thousand).expect("it is small");
        let rank = (sorted.len() * share).div_ceil(10_000).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    /// Numbers of all magnitudes.
    fn many(seed: u64, count: usize) -> Vec<u64> {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        };
        (0..count).map(|_| next() >> (next() >> 58)).collect()
    }

    #[test]
    fn every_bucket_begins_where_the_one_before_it_ends() {
        assert_eq!((bucket(0), bucket(u64::MAX), last_of(BUCKETS - 1)), (0, BUCKETS - 1, u64::MAX));
        for index in 0..BUCKETS - 1 {
            let last = last_of(index);
            assert_eq!((bucket(last), bucket(last + 1)), (index, index + 1), "{last}");
        }
    }

    #[test]
    fn quantiles_are_those_of_sorting_within_a_part_in_sixty_four() {
        for round in 0..200 {
            let values = many(round as u64, 1 + (round * 37) % 1000);
            let mut histogram = Histogram::new();
            values.iter().for_each(|value| histogram.note(*value));
            for of_ten_thousand in [0, 1, 5000, 9000, 9900, 9990, 10_000] {
                let (exact, found) = (sorted_quantile(&values, of_ten_thousand), histogram.quantile(of_ten_thousand));
                assert!(found >= exact && found - exact <= exact / 64, "{found} is not {exact}");
            }
            let mean = values.iter().map(|value| u128::from(*value)).sum::<u128>() / values.len() as u128;
            assert_eq!(u128::from(histogram.mean()), mean);
            assert_eq!(Some(&histogram.max()), values.iter().max());
        }
    }

    #[test]
    fn merged_halves_are_the_whole() {
        let values = many(7, 1000);
        let (mut one, mut other, mut whole) = (Histogram::new(), Histogram::new(), Histogram::new());
        for (index, value) in values.iter().enumerate() {
            if index % 3 == 0 { &mut one } else { &mut other }.note(*value);
            whole.note(*value);
        }
        one.merge(&other);
        assert_eq!((one.total(), one.mean(), one.max()), (whole.total(), whole.mean(), whole.max()));
        assert_eq!(one.counts, whole.counts);
    }

    #[test]
    fn nothing_has_no_times() {
        let histogram = Histogram::new();
        assert_eq!((histogram.quantile(5000), histogram.mean(), histogram.max()), (0, 0, 0));
    }
}
