//! Batches: padded, time-major, of sentences of like length.

use ndarray_rand::rand::seq::SliceRandom;
use tensor::init::Rng;
use tokenizer::{PAD, SOS};

/// A pair of sentences as ids, EOS last on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Source ids.
    pub source: Vec<u32>,
    /// Target ids.
    pub target: Vec<u32>,
}

/// Examples side by side: time-major, padded with PAD.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Examples, B.
    pub size: usize,
    /// Source positions, S.
    pub source_time: usize,
    /// Target positions, T.
    pub target_time: usize,
    /// Source ids, \[S, B\].
    pub source: Vec<u32>,
    /// Length of each source.
    pub source_lengths: Vec<usize>,
    /// What the decoder is fed, SOS first, \[T, B\].
    pub target_in: Vec<u32>,
    /// What it should say, EOS last, \[T, B\].
    pub target_out: Vec<u32>,
}

impl Batch {
    /// Puts examples side by side; `target_time` asks for more target positions than they need.
    pub fn new<'a>(examples: impl IntoIterator<Item = &'a Example>, target_time: usize) -> Self {
        let examples: Vec<&Example> = examples.into_iter().collect();
        let size = examples.len();
        let longest = |f: fn(&Example) -> usize| examples.iter().map(|e| f(e)).max().unwrap_or(0);
        let s = longest(|e| e.source.len());
        let t = longest(|e| e.target.len()).max(target_time);
        let mut batch = Self {
            size,
            source_time: s,
            target_time: t,
            source: vec![PAD; s * size],
            source_lengths: examples.iter().map(|e| e.source.len()).collect(),
            target_in: vec![PAD; t * size],
            target_out: vec![PAD; t * size],
        };
        for (b, example) in examples.iter().enumerate() {
            for (i, &id) in example.source.iter().enumerate() {
                batch.source[i * size + b] = id;
            }
            let fed = std::iter::once(&SOS).chain(&example.target);
            for (i, (&said, &fed)) in example.target.iter().zip(fed).enumerate() {
                batch.target_out[i * size + b] = said;
                batch.target_in[i * size + b] = fed;
            }
        }
        batch
    }
}

/// Pools of this many batches are sorted by length: batches of like lengths, still shuffled.
const POOL: usize = 50;

/// The batches of an epoch, as indices: shuffled, sorted by source length within pools of 50
/// batches, cut, and shuffled again. Within a batch the longest source comes first.
pub fn epoch_batches(lengths: &[usize], size: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let size = size.max(1);
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.shuffle(rng);
    let mut batches = Vec::with_capacity(order.len().div_ceil(size));
    for pool in order.chunks_mut(size * POOL) {
        pool.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
        batches.extend(pool.chunks(size).map(<[usize]>::to_vec));
    }
    batches.shuffle(rng);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizer::EOS;

    #[test]
    fn a_batch_is_time_major_and_padded() {
        let a = Example { source: vec![5, 6, EOS], target: vec![7, EOS] };
        let b = Example { source: vec![8, EOS], target: vec![9, 10, EOS] };
        let batch = Batch::new([&a, &b], 0);
        assert_eq!(batch.source, [5, 8, 6, EOS, EOS, PAD]);
        assert_eq!(batch.source_lengths, [3, 2]);
        assert_eq!(batch.target_in, [SOS, SOS, 7, 9, PAD, 10]);
        assert_eq!(batch.target_out, [7, 9, EOS, 10, PAD, EOS]);
        assert_eq!(Batch::new([&a], 5).target_time, 5);
    }

    #[test]
    fn an_epoch_has_every_example_once_in_batches_of_like_length() {
        let lengths: Vec<usize> = (0..1_000).map(|i| i * 7 % 23 + 1).collect();
        let mut rng = tensor::init::rng(1, "shuffle");
        let batches = epoch_batches(&lengths, 16, &mut rng);
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
        let spread = |b: &Vec<usize>| lengths[b[0]] - lengths[b[b.len() - 1]];
        assert!(batches.iter().filter(|b| spread(b) <= 2).count() > batches.len() / 2);
        assert_ne!(epoch_batches(&lengths, 16, &mut rng), batches);
    }
}
