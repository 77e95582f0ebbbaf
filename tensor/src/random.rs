//! Counter-based random numbers for use inside a step.
//!
//! Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a number
//! depends only on the seed, the step, the counter in the network and the element, so every device,
//! thread count and resumed run draws the same numbers. It is written here instead of taken from a
//! library because the same few lines must run inside a device's kernel.

/// Computes the 64-bit FNV-1a hash, which is short and, unlike the standard library's hasher, never
/// changes.
///
/// ```
/// assert_eq!(tensor::random::fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
/// ```
pub fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Counters that are processed together, so that the processor's vectors are full.
pub(crate) const LANES: usize = 16;

/// Computes ten rounds of Philox4x32: four random words for a counter and a key.
#[inline]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    philox_lanes(counter.map(|word| [word]), key).map(|[word]| word)
}

/// Computes the same for `N` counters at once: word w of counter l is `counters[w][l]`.
///
/// Plain loops over lanes: inside a kernel they compile to vector instructions.
#[inline(always)]
fn philox_lanes<const N: usize>(mut counters: [[u32; N]; 4], mut key: [u32; 2]) -> [[u32; N]; 4] {
    for _ in 0..10 {
        let before = counters;
        for l in 0..N {
            let a = u64::from(before[0][l]) * 0xD251_1F53;
            let b = u64::from(before[2][l]) * 0xCD9E_8D57;
            counters[0][l] = (b >> 32) as u32 ^ before[1][l] ^ key[0];
            counters[1][l] = b as u32;
            counters[2][l] = (a >> 32) as u32 ^ before[3][l] ^ key[1];
            counters[3][l] = a as u32;
        }
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counters
}

/// The random words of one operation at one step: the last two words of Philox's counter are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhiloxStream {
    key: [u32; 2],
    step: u32,
    counter: u32,
}

impl PhiloxStream {
    /// Creates the stream of an operation (a dropout layer, a sampler) at a step of a run.
    pub fn new(seed: u64, step: u64, counter: u32) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], step: step as u32, counter }
    }

    /// Returns key, step and counter, for a device's kernel.
    pub(crate) fn parts(&self) -> ([u32; 2], u32, u32) {
        (self.key, self.step, self.counter)
    }

    /// Returns words `4 block` to `4 block + 3`.
    #[inline]
    pub fn block(&self, block: u64) -> [u32; 4] {
        philox([block as u32, (block >> 32) as u32, self.step, self.counter], self.key)
    }

    /// Returns words w of blocks `first` to `first + LANES - 1`, in one array for each w.
    #[inline(always)]
    pub(crate) fn blocks(&self, first: u64) -> [[u32; LANES]; 4] {
        let (mut low, mut high) = ([0; LANES], [0; LANES]);
        for (l, (low, high)) in low.iter_mut().zip(&mut high).enumerate() {
            let block = first + l as u64;
            (*low, *high) = (block as u32, (block >> 32) as u32);
        }
        let counters = [low, high, [self.step; LANES], [self.counter; LANES]];
        philox_lanes(counters, self.key)
    }

    /// Returns word `element`.
    pub fn word(&self, element: u64) -> u32 {
        self.block(element / 4)[(element % 4) as usize]
    }

    /// Returns a number in \[0, 1) for an element.
    pub fn uniform(&self, element: u64) -> f32 {
        (self.word(element) >> 8) as f32 * (1.0 / 16_777_216.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_known_answers() {
        // The published test vectors of Random123.
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn blocks_together_are_the_blocks() {
        let draw = PhiloxStream::new(7, 3, 1);
        for first in [0, 5, u64::from(u32::MAX) - 3] {
            let words = draw.blocks(first);
            for l in 0..LANES {
                let block = draw.block(first + l as u64);
                assert_eq!(words.map(|word| word[l]), block, "{first} {l}");
            }
        }
    }

    #[test]
    fn draws_are_uniform_and_differ_by_place_and_step() {
        let draw = PhiloxStream::new(7, 3, 1);
        let n = 40_000;
        let mean = (0..n).map(|i| f64::from(draw.uniform(i))).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_ne!(draw.word(0), PhiloxStream::new(7, 3, 2).word(0));
        assert_ne!(draw.word(0), PhiloxStream::new(7, 4, 1).word(0));
        assert_ne!(draw.word(0), PhiloxStream::new(8, 3, 1).word(0));
    }
}
