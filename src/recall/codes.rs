//! Vectors in two precisions: eight bits to scan fast, all bits to decide.
//!
//! [`Codes`] says of each stored vector how far its eight-bit score can be off at most. Whoever rescores all
//! vectors within that distance of the last one wanted finds exactly the best: no approximation is left.

use pulp::Arch;

/// Numbers added up side by side: what the widest vector registers hold.
const LANES: usize = 16;
/// Room for rounding in the float arithmetic of a bound, relative to the vectors' lengths.
const ROUNDING: f32 = 1e-5;

/// Vectors of one dimension, numbered from 0.
#[derive(Debug, Default)]
pub struct Codes {
    dimension: usize,
    codes: Vec<i8>,
    /// What one step of a vector's code is worth.
    steps: Vec<f32>,
    /// Length of the largest difference between a vector and its code.
    worst: f32,
    exact: Vec<f32>,
    /// Length of the longest code, read back.
    longest: f32,
}

/// A query made ready for [`Codes::scan`].
pub struct Probe<'q> {
    exact: &'q [f32],
    code: Vec<i16>,
    step: f32,
    /// Length of the query and of the difference between it and its code.
    norm: f32,
    error: f32,
}

impl<'q> Probe<'q> {
    /// Makes `query` ready.
    pub fn new(query: &'q [f32]) -> Self {
        // The largest code for which no sum of products can leave 32 bits.
        let limit = (i32::MAX / (127 * i32::try_from(query.len().max(1)).unwrap_or(i32::MAX / 127))).clamp(1, 32_767);
        let largest = query.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let step = if largest > 0.0 { largest / limit as f32 } else { 1.0 };
        let code: Vec<i16> = query.iter().map(|value| (value / step).round() as i16).collect();
        let error = query.iter().zip(&code).map(|(value, code)| (value - f32::from(*code) * step).powi(2)).sum::<f32>();
        let norm = query.iter().map(|value| value * value).sum::<f32>();
        Self { exact: query, code, step, norm: norm.sqrt(), error: error.sqrt() }
    }
}

impl Codes {
    /// No vectors yet, of `dimension` numbers each.
    pub fn new(dimension: usize) -> Self {
        Self { dimension, ..Self::default() }
    }

    /// Adds a vector, which must have the right dimension.
    pub fn push(&mut self, vector: &[f32]) {
        assert_eq!(vector.len(), self.dimension, "callers check the dimension");
        let largest = vector.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let step = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let from = self.codes.len();
        self.codes.extend(vector.iter().map(|value| (value / step).round() as i8));
        let (mut length, mut error) = (0f32, 0f32);
        for (value, code) in vector.iter().zip(&self.codes[from..]) {
            let read_back = f32::from(*code) * step;
            length += read_back * read_back;
            error += (value - read_back).powi(2);
        }
        self.longest = self.longest.max(length.sqrt());
        self.worst = self.worst.max(error.sqrt());
        self.steps.push(step);
        self.exact.extend_from_slice(vector);
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.codes.capacity() + 4 * (self.steps.capacity() + self.exact.capacity())
    }

    /// Appends the approximate product of `probe` and every vector to `scores`, and returns the largest amount by
    /// which any of them can be off.
    pub fn scan(&self, probe: &Probe<'_>, scores: &mut Vec<f32>) -> f32 {
        if self.dimension == 0 {
            scores.resize(scores.len() + self.len(), 0.0);
            return 0.0;
        }
        let from = scores.len();
        scores.resize(from + self.len(), 0.0);
        let fresh = &mut scores[from..];
        Arch::new().dispatch(|| scan(&self.codes, self.dimension, &probe.code, fresh));
        scores[from..].iter_mut().zip(&self.steps).for_each(|(score, step)| *score *= step * probe.step);
        // With q̂ and v̂ for the codes: |q·v − q̂·v̂| ≤ |q|·|v − v̂| + |q − q̂|·|v̂|.
        probe.norm * self.worst + probe.error * self.longest + ROUNDING * (1.0 + probe.norm * self.longest)
    }

    /// The product of `probe` and vector `at`, in full precision.
    pub fn score(&self, probe: &Probe<'_>, at: usize) -> f32 {
        let vector = &self.exact[at * self.dimension..(at + 1) * self.dimension];
        Arch::new().dispatch(|| product(probe.exact, vector))
    }
}

// What runs under `dispatch` is inlined into it, down to the last function, or it would miss the instructions that were
// found; closures are not, so there are none.
#[inline(always)]
fn scan(codes: &[i8], dimension: usize, query: &[i16], scores: &mut [f32]) {
    for (code, score) in codes.chunks_exact(dimension).zip(scores) {
        *score = code_product(code, query) as f32;
    }
}

#[inline(always)]
fn code_product(code: &[i8], query: &[i16]) -> i32 {
    let mut sum = 0;
    // Sixteen-bit products summed into 32 bits: the compiler knows an instruction for that.
    for (code, query) in code.iter().zip(query) {
        sum += i32::from(*code) * i32::from(*query);
    }
    sum
}

#[inline(always)]
fn product(a: &[f32], b: &[f32]) -> f32 {
    let (mut sums, tail) = ([0f32; LANES], a.len() - a.len() % LANES);
    for (a, b) in a[..tail].chunks_exact(LANES).zip(b[..tail].chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a[tail..].iter().zip(&b[tail..]).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_score_is_further_off_than_the_scan_says(
            vectors in (1usize..80).prop_flat_map(|dimension| {
                prop::collection::vec(prop::collection::vec(-1f32..1.0, dimension), 2..40)
            })
        ) {
            let (query, stored) = vectors.split_first().expect("at least two");
            let mut codes = Codes::new(query.len());
            stored.iter().for_each(|vector| codes.push(vector));
            let probe = Probe::new(query);
            let mut scores = Vec::new();
            let slack = codes.scan(&probe, &mut scores);
            prop_assert_eq!(scores.len(), stored.len());
            for (at, vector) in stored.iter().enumerate() {
                let truth: f64 = query.iter().zip(vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                prop_assert!((f64::from(scores[at]) - truth).abs() <= f64::from(slack));
                prop_assert!((f64::from(codes.score(&probe, at)) - truth).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn the_largest_sums_stay_within_range() {
        for dimension in [1, 384, 1_024, 4_096] {
            let flat = vec![1.0; dimension];
            let mut codes = Codes::new(dimension);
            codes.push(&flat);
            let mut scores = Vec::new();
            codes.scan(&Probe::new(&flat), &mut scores);
            assert!((scores[0] / dimension as f32 - 1.0).abs() < 1e-3, "{dimension}: {}", scores[0]);
        }
    }

    #[test]
    fn a_vector_of_zeros_is_near_nothing() {
        let mut codes = Codes::new(3);
        codes.push(&[0.0; 3]);
        let mut scores = Vec::new();
        codes.scan(&Probe::new(&[0.0; 3]), &mut scores);
        assert_eq!(scores, [0.0]);
    }
}
