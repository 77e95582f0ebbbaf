//! The random numbers of NumPy's `default_rng`, which sacreBLEU resamples with.

/// NumPy's `default_rng(seed)`: the generator PCG64 (O'Neill 2014, "PCG: A Family of Simple Fast
/// Space-Efficient Statistically Good Algorithms for Random Number Generation", XSL-RR 128/64), whose
/// state NumPy's `SeedSequence` makes of the seed.
#[derive(Debug, Clone)]
pub(super) struct NumpyRng {
    state: u128,
    increment: u128,
    /// The upper half of the last 64 bits, if only the lower half was used.
    half: Option<u32>,
}

/// The multiplier of PCG64.
const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;

impl NumpyRng {
    /// Returns the generator of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let [a, b, c, d] = seeded(seed).map(u128::from);
        let (start, stream) = ((a << 64) | b, (c << 64) | d);
        let mut rng = Self { state: 0, increment: (stream << 1) | 1, half: None };
        rng.step();
        rng.state = rng.state.wrapping_add(start);
        rng.step();
        rng
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let bits = self.next_u64();
        self.half = Some((bits >> 32) as u32);
        bits as u32
    }

    /// Returns a number below `n`, the next one of `integers(n)` and of `choice(n)`; 0 if `n` is 1
    /// or 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        if n < 2 {
            return 0;
        }
        // Lemire 2019, "Fast Random Integer Generation in an Interval", algorithm 5.
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }
}

/// Returns the first four 64-bit words that `SeedSequence(seed)` generates.
fn seeded(seed: u64) -> [u64; 4] {
    let mut hash = Hash { value: 0x43B0_D7E5, multiplier: 0x931E_8875 };
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.mix(word));
    for source in 0..pool.len() {
        for target in (0..pool.len()).filter(|&target| target != source) {
            let mixed = hash.mix(pool[source]).wrapping_mul(0x4973_F715);
            let mixed = pool[target].wrapping_mul(0xCA01_F9DD).wrapping_sub(mixed);
            pool[target] = mixed ^ (mixed >> 16);
        }
    }
    let mut hash = Hash { value: 0x8B51_F9DD, multiplier: 0x58F3_8DED };
    let mut words = [0; 4];
    for (i, word) in words.iter_mut().enumerate() {
        let (low, high) = (hash.mix(pool[2 * i % 4]), hash.mix(pool[(2 * i + 1) % 4]));
        *word = (u64::from(high) << 32) | u64::from(low);
    }
    words
}

/// The hash of `SeedSequence`, whose constant changes at every use.
struct Hash {
    value: u32,
    multiplier: u32,
}

impl Hash {
    fn mix(&mut self, word: u32) -> u32 {
        let word = word ^ self.value;
        self.value = self.value.wrapping_mul(self.multiplier);
        let word = word.wrapping_mul(self.value);
        word ^ (word >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of NumPy 2.4.
    #[test]
    fn numbers_are_those_of_numpy() {
        let choice = |seed: u64, n: u32| {
            let mut rng = NumpyRng::new(seed);
            (0..8).map(|_| rng.below(n)).collect::<Vec<u32>>()
        };
        assert_eq!(choice(12345, 2), [1, 0, 1, 0, 0, 1, 1, 1]);
        assert_eq!(choice(12345, 10), [6, 2, 7, 3, 2, 7, 6, 6]);
        assert_eq!(choice(12345, 1000), [699, 227, 788, 316, 204, 797, 642, 676]);
        assert_eq!(
            choice(12345, 3000000000),
            [
                2097645094, 682008066, 2365940964, 950275018, 2392096371, 2028764011, 2518275128,
                1794926260
            ]
        );
        assert_eq!(choice(0, 2), [1, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(choice(0, 10), [8, 6, 5, 2, 3, 0, 0, 0]);
        assert_eq!(choice(0, 1000), [850, 636, 511, 269, 307, 40, 75, 16]);
        assert_eq!(
            choice(0, 3000000000),
            [
                2551872677, 1910885061, 1533409439, 809360140, 923488268, 122920571, 225720425,
                49582906
            ]
        );
        assert_eq!(choice(1, 2), [0, 1, 1, 1, 0, 0, 1, 1]);
        assert_eq!(choice(1, 10), [4, 5, 7, 9, 0, 1, 8, 9]);
        assert_eq!(choice(1, 1000), [473, 511, 755, 950, 34, 144, 822, 948]);
        assert_eq!(
            choice(1, 3000000000),
            [
                1535464873, 2851391088, 104557657, 2845948340, 935494355, 2607075741, 1269979346,
                770976088
            ]
        );
        assert_eq!(choice(1099511627783, 2), [0, 1, 1, 0, 0, 0, 1, 1]);
        assert_eq!(choice(1099511627783, 10), [2, 8, 6, 2, 0, 1, 5, 6]);
        assert_eq!(choice(1099511627783, 1000), [206, 829, 609, 255, 17, 153, 504, 674]);
        assert_eq!(
            choice(1099511627783, 3000000000),
            [
                2489438675, 1828512392, 765915474, 51031264, 461372147, 1514132298, 2655564380,
                2216522156
            ]
        );
    }
}
