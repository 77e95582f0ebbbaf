//! The input of a decoder.

/// A source to decode, with what is known of its output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecodeInput {
    /// Source ids, EOS last.
    pub source: Vec<u32>,
    /// Target ids with which every output begins, without EOS; empty if the output is free.
    pub prefix: Vec<u32>,
    /// The number of the input, which selects its random numbers in sampling: the same number gives
    /// the same samples in any batch and any order.
    pub number: u64,
}

/// A source whose output is free, with the number 0.
impl From<Vec<u32>> for DecodeInput {
    fn from(source: Vec<u32>) -> Self {
        Self { source, ..Self::default() }
    }
}
