//! Steps of several encoder-decoders whose predictions are combined.

use tensor::{Tensor, Threads, ops};

use super::{EncoderDecoderStepper, Prediction, Stepper};
use crate::Result;
use crate::decode::ensemble::{Combination, Ensemble, Member};

/// Steps of an ensemble.
pub(crate) struct EnsembleStepper<'a> {
    members: Vec<MemberStepper<'a>>,
    combination: Combination,
    /// Number of tokens of each source, EOS included.
    lengths: Vec<usize>,
}

struct MemberStepper<'a> {
    stepper: EncoderDecoderStepper<'a>,
    /// Its share of the sum of all weights.
    weight: f64,
    /// Whether it reads the sources in the opposite order of the first member.
    is_reversed: bool,
}

impl<'a> EnsembleStepper<'a> {
    /// Encodes sources, in the order of the first member.
    pub(crate) fn new(
        ensemble: &Ensemble<'a>,
        sources: &[&[u32]],
        threads: &'a Threads,
    ) -> Result<Self> {
        let first = ensemble.first().model.decoder.is_reversed();
        let reversed: Vec<Vec<u32>> = sources
            .iter()
            .map(|s| {
                let mut s = s.to_vec();
                reverse_words(&mut s);
                s
            })
            .collect();
        let reversed: Vec<&[u32]> = reversed.iter().map(Vec::as_slice).collect();
        let member = |member: &Member<'a>| {
            let is_reversed = member.model.decoder.is_reversed() != first;
            let sources = if is_reversed { &reversed } else { sources };
            let stepper =
                EncoderDecoderStepper::new(member.model, member.params, sources, threads)?;
            Ok(MemberStepper { stepper, weight: member.weight, is_reversed })
        };
        Ok(Self {
            members: ensemble.members().iter().map(member).collect::<Result<_>>()?,
            combination: ensemble.combination(),
            lengths: sources.iter().map(|s| s.len()).collect(),
        })
    }

    /// Adds a member's attention weights to the sum. A row of the batch belongs to source
    /// `row % sources`.
    fn add_weights(&self, sum: &mut [f32], weights: &Tensor, member: &MemberStepper<'_>, w: f64) {
        let width = weights.shape().width();
        for (i, (sum, row)) in
            sum.chunks_exact_mut(width).zip(weights.data().chunks_exact(width)).enumerate()
        {
            let length = self.lengths[i % self.lengths.len()];
            for (s, sum) in sum.iter_mut().enumerate() {
                let from = if member.is_reversed && s + 1 < length { length - 2 - s } else { s };
                *sum += w as f32 * row[from];
            }
        }
    }
}

/// Reverses the order of the words, with EOS still last.
fn reverse_words(source: &mut [u32]) {
    if let Some(words) = source.len().checked_sub(1) {
        source[..words].reverse();
    }
}

impl Stepper for EnsembleStepper<'_> {
    fn step(&mut self, fed: &[u32], t: usize) -> Result<Prediction> {
        let predictions: Vec<Prediction> =
            self.members.iter_mut().map(|m| m.stepper.step(fed, t)).collect::<Result<_>>()?;
        let shape = predictions[0].logits.shape();
        let width = shape.width();
        let mut sums = vec![0.0_f64; shape.len()];
        for (member, prediction) in self.members.iter().zip(&predictions) {
            let rows = prediction.logits.data().chunks_exact(width);
            for (sum, row) in sums.chunks_exact_mut(width).zip(rows) {
                let shift = ops::log_sum_exp(row);
                for (sum, &logit) in sum.iter_mut().zip(row) {
                    let logprob = f64::from(logit) - shift;
                    *sum += member.weight
                        * match self.combination {
                            Combination::Linear => logprob.exp(),
                            Combination::LogLinear => logprob,
                        };
                }
            }
            prediction.logits.check()?;
        }
        if self.combination == Combination::Linear {
            sums.iter_mut().for_each(|p| *p = p.ln());
        }
        let logits = Tensor::from_vec(shape, sums.iter().map(|&x| x as f32).collect())?;
        // Members without attention have no part in the mean of the weights.
        let attending = || {
            let pairs = self.members.iter().zip(&predictions);
            pairs.filter_map(|(member, p)| Some((member, p.weights.as_ref()?)))
        };
        let total: f64 = attending().map(|(member, _)| member.weight).sum();
        let weights = match attending().next() {
            None => None,
            Some((_, first)) => {
                let mut sum = vec![0.0; first.shape().len()];
                for (member, weights) in attending() {
                    self.add_weights(&mut sum, weights, member, member.weight / total);
                    weights.check()?;
                }
                Some(Tensor::from_vec(first.shape(), sum)?)
            }
        };
        Ok(Prediction { logits, weights, heads: None })
    }

    fn select(&mut self, sources: Option<&[usize]>, rows: &[usize]) -> Result<()> {
        if let Some(kept) = sources {
            self.lengths = kept.iter().map(|&i| self.lengths[i]).collect();
        }
        self.members.iter_mut().try_for_each(|m| m.stepper.select(sources, rows))
    }
}
