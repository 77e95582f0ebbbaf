//! Padded, time-major batches of sentences of similar length.

use tensor::PooledVec;
use tensor::init::Rng;
use tensor::rand::seq::SliceRandom;
use tokenizer::{PAD, SOS};

/// A pair of sentences as ids, EOS last on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Source ids.
    pub source: Vec<u32>,
    /// Target ids.
    pub target: Vec<u32>,
}

/// A batch of examples: time-major, padded with PAD.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Number of examples, B.
    pub size: usize,
    /// Number of source positions, S.
    pub source_time: usize,
    /// Number of target positions, T.
    pub target_time: usize,
    /// Source ids, \[S, B\].
    pub source: PooledVec<u32>,
    /// Length of each source.
    pub source_lengths: PooledVec<usize>,
    /// Decoder input, SOS first, \[T, B\].
    pub target_in: PooledVec<u32>,
    /// Tokens to predict, EOS last, \[T, B\].
    pub target_out: PooledVec<u32>,
}

impl Batch {
    /// Collects examples into a batch.
    pub fn new<'a>(examples: impl IntoIterator<Item = &'a Example>) -> Self {
        Self::padded(examples, 0, 0)
    }

    /// Collects examples into a batch with at least the given numbers of source and target
    /// positions.
    pub fn padded<'a>(
        examples: impl IntoIterator<Item = &'a Example>,
        source_time: usize,
        target_time: usize,
    ) -> Self {
        let examples: PooledVec<&Example> = examples.into_iter().collect();
        let size = examples.len();
        let longest = |f: fn(&Example) -> usize| examples.iter().map(|e| f(e)).max().unwrap_or(0);
        let s = longest(|e| e.source.len()).max(source_time);
        let t = longest(|e| e.target.len()).max(target_time);
        let mut batch = Self {
            size,
            source_time: s,
            target_time: t,
            source: PooledVec::filled(PAD, s * size),
            source_lengths: examples.iter().map(|e| e.source.len()).collect(),
            target_in: PooledVec::filled(PAD, t * size),
            target_out: PooledVec::filled(PAD, t * size),
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

/// Pools of this many batches are sorted by length, so that batches have similar lengths but the
/// order stays random.
const POOL: usize = 50;

/// Maximum number of examples that are shuffled to count the steps of a run; beyond it the mean is
/// used.
const SHUFFLED: u64 = 200_000_000;

/// Returns the batches of an epoch, as indices: shuffled, sorted by source length within pools of
/// 50 batches, split into batches, and shuffled again. Within a batch the longest source comes
/// first.
pub fn epoch_batches(lengths: &[usize], size: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    Batching::Sentences(size).epoch(lengths, &[], rng)
}

/// How an epoch is cut into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// The number of examples per batch.
    Sentences(usize),
    /// The maximum number of positions per batch, padding included: the number of examples times
    /// the widest of them. An example that is wider than that is a batch of its own.
    Positions(usize),
}

impl Batching {
    /// Returns the batches of an epoch, as [`epoch_batches`] does, from the lengths by which
    /// examples are sorted and the widths that [`Batching::Positions`] counts.
    pub fn epoch(self, lengths: &[usize], widths: &[usize], rng: &mut Rng) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.shuffle(rng);
        let size = match self {
            Self::Sentences(size) => size.max(1),
            Self::Positions(limit) => {
                let mean = widths.iter().sum::<usize>() / widths.len().max(1);
                (limit / mean.max(1)).max(1)
            }
        };
        let mut batches = Vec::with_capacity(order.len().div_ceil(size));
        for pool in order.chunks_mut(size.saturating_mul(POOL)) {
            pool.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
            match self {
                Self::Sentences(_) => batches.extend(pool.chunks(size).map(<[usize]>::to_vec)),
                Self::Positions(limit) => batches.extend(cut(pool, widths, limit)),
            }
        }
        batches.shuffle(rng);
        batches
    }

    /// Returns the number of steps in `epochs` epochs and in one epoch (the mean, if epochs
    /// differ), where a step takes `accumulation` batches. `rng` is the state of the shuffling
    /// generator at the beginning of the run; epochs past `enough` steps are not counted.
    pub fn steps(
        self,
        lengths: &[usize],
        widths: &[usize],
        accumulation: u64,
        epochs: u64,
        enough: u64,
        mut rng: Rng,
    ) -> (u64, u64) {
        let steps_of = |batches: usize| (batches as u64).div_ceil(accumulation.max(1));
        if let Self::Sentences(size) = self {
            let each = steps_of(lengths.len().div_ceil(size.max(1)));
            return (epochs.saturating_mul(each), each);
        }
        let (mut steps, mut counted) = (0_u64, 0);
        let most = (SHUFFLED / lengths.len().max(1) as u64).clamp(100, 10_000);
        while counted < epochs && (steps < enough || counted == 0) {
            if counted == most {
                // Too many epochs to count: extrapolates from the mean of those that were shuffled.
                let all = steps as f64 / counted as f64 * epochs as f64;
                return (all as u64, steps.div_ceil(counted));
            }
            let batches = self.epoch(lengths, widths, &mut rng).len();
            // Without examples there are no steps.
            if batches == 0 {
                break;
            }
            steps += steps_of(batches);
            counted += 1;
        }
        (steps, steps.div_ceil(counted.max(1)))
    }
}

/// Splits a pool, in order, into batches of at most `limit` positions.
fn cut(pool: &[usize], widths: &[usize], limit: usize) -> Vec<Vec<usize>> {
    let mut batches = Vec::new();
    let (mut batch, mut widest) = (Vec::new(), 0);
    for &i in pool {
        let wider = widths[i].max(widest);
        if !batch.is_empty() && (batch.len() + 1) * wider > limit {
            batches.push(std::mem::take(&mut batch));
            widest = widths[i];
        } else {
            widest = wider;
        }
        batch.push(i);
    }
    batches.extend((!batch.is_empty()).then_some(batch));
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
        let batch = Batch::new([&a, &b]);
        assert_eq!(batch.source, [5, 8, 6, EOS, EOS, PAD]);
        assert_eq!(batch.source_lengths, [3, 2]);
        assert_eq!(batch.target_in, [SOS, SOS, 7, 9, PAD, 10]);
        assert_eq!(batch.target_out, [7, 9, EOS, 10, PAD, EOS]);
        let padded = Batch::padded([&a], 7, 5);
        assert_eq!((padded.source_time, padded.target_time), (7, 5));
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

    #[test]
    fn batches_by_positions_are_full_and_keep_to_their_limit() {
        let mut lengths: Vec<usize> = (0..1_000).map(|i| i * 7 % 23 + 1).collect();
        lengths.push(300);
        let widths: Vec<usize> = lengths.iter().enumerate().map(|(i, n)| n + i % 3).collect();
        let rng = tensor::init::rng(1, "shuffle");
        let by = Batching::Positions(200);
        let batches = by.epoch(&lengths, &widths, &mut rng.clone());
        let positions = |b: &Vec<usize>| b.len() * b.iter().map(|&i| widths[i]).max().unwrap();
        assert!(batches.iter().all(|b| positions(b) <= 200 || b.len() == 1));
        assert_eq!(batches.iter().filter(|b| positions(b) > 200).count(), 1);
        assert!(batches.iter().filter(|b| positions(b) > 150).count() > batches.len() * 3 / 4);
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1_001).collect::<Vec<_>>());

        let (mut steps, mut walked) = (0, rng.clone());
        for _ in 0..3 {
            let batches = by.epoch(&lengths, &widths, &mut walked).len() as u64;
            steps += batches.div_ceil(4);
        }
        let counted = by.steps(&lengths, &widths, 4, 3, u64::MAX, rng.clone());
        assert_eq!(counted, (steps, steps.div_ceil(3)));
        assert!(by.steps(&lengths, &widths, 4, 1_000_000, 50, rng.clone()).0 < 500);
        let many = by.steps(&lengths[..1], &widths[..1], 1, 1_000_000_000, u64::MAX, rng.clone());
        assert_eq!(many, (1_000_000_000, 1));
        assert_eq!(by.steps(&[], &[], 1, 3, u64::MAX, rng.clone()), (0, 0));
        let by = Batching::Sentences(16);
        assert_eq!(by.steps(&lengths, &[], 4, 3, u64::MAX, rng), (48, 16));
    }
}
