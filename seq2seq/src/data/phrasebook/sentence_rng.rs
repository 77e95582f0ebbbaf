//! The corpus's own source of choices: a counter through a fixed mixing function.

use tensor::random::fnv1a;

/// The 64-bit finaliser of SplitMix64, a bijection that spreads every input bit.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of choices that depends on its name alone.
pub(super) struct SentenceRng {
    state: u64,
}

impl SentenceRng {
    /// The stream of the given name.
    pub(super) fn new(name: &str) -> Self {
        Self { state: fnv1a(name) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A whole number below `bound`; 0 where the bound is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * (bound as u128);
        (wide >> 64) as usize
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items; `None` where there is none.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// One of the items that pass the test, each as likely as the next.
    pub(super) fn pick_where<'a, T>(
        &mut self,
        items: &'a [T],
        test: impl Fn(&T) -> bool,
    ) -> Option<&'a T> {
        let fitting = items.iter().filter(|item| test(item)).count();
        let chosen = self.below(fitting);
        items.iter().filter(|item| test(item)).nth(chosen)
    }
}
