//! Beam search: the best-scored of several hypotheses that are extended side by side.

use tensor::{Params, Tensor, Threads, ops};
use tokenizer::EOS;

use super::constraints::Constraints;
use super::decoded::Hypothesis;
use super::ensemble::Ensemble;
use super::groups::in_groups;
use super::input::DecodeInput;
use super::language::continuations;
use super::length_penalty::LengthPenalty;
use super::search::{Beam, Complete, Extension, Policy, Slot};
use crate::model::LanguageNetwork;
use crate::{Error, Result};

/// Settings of a beam search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeamOptions {
    /// Hypotheses that are extended at each step; 1 is greedy decoding.
    pub beam: usize,
    /// The score of a hypothesis from its log-probability and its length.
    pub length_penalty: LengthPenalty,
    /// Whether the score also prunes: complete hypotheses keep their places in the beam for as long
    /// as their scores are among the `beam` best, and the search ends when all of these are complete
    /// (as in JoeyNMT). Otherwise the length penalty only ranks complete hypotheses, which leave
    /// their places to others, and the search ends by `patience`.
    pub penalty_in_search: bool,
    /// β of the coverage penalty β Σ_i ln min(Σ_j a_ij, 1) over the attention weights a_ij of target
    /// token j at source position i, which is added to the score of complete hypotheses (Wu et al.
    /// 2016, equation 14); 0 for none.
    pub coverage_penalty: f64,
    /// Maximum number of hypotheses that are returned for each source; at most `beam`.
    pub n_best: usize,
    /// The search for a source ends once `patience * beam` hypotheses have ended with EOS (Kasai et
    /// al. 2022, "Beam decoding with controlled patience") and no live hypothesis has a higher score
    /// than those that would be returned (transformers: `early_stopping=False`).
    pub patience: f64,
    /// Constraints on the outputs.
    pub constraints: Constraints,
}

impl Default for BeamOptions {
    fn default() -> Self {
        Self {
            beam: 5,
            length_penalty: LengthPenalty::default(),
            penalty_in_search: false,
            coverage_penalty: 0.0,
            n_best: 1,
            patience: 1.0,
            constraints: Constraints::default(),
        }
    }
}

impl BeamOptions {
    /// Greedy decoding: a beam of one.
    pub fn greedy() -> Self {
        Self { beam: 1, ..Self::default() }
    }

    /// Returns true if the search is greedy decoding with no other constraints than lengths and
    /// excluded tokens.
    pub(super) fn is_greedy(&self) -> bool {
        let constraints = &self.constraints;
        self.beam <= 1
            && self.coverage_penalty == 0.0
            && constraints.min_length == 0
            && constraints.no_repeat_ngram == 0
    }

    fn width(&self) -> usize {
        self.beam.max(1)
    }
}

/// Translates by beam search (Graves 2012; Sutskever et al. 2014, section 3.2): at each step the
/// `beam` most probable extensions of all hypotheses of a source survive, and one that ends with EOS
/// is complete and scored.
///
/// Returns up to `n_best` hypotheses for each source, distinct, those with EOS first, the highest
/// score first. Sources of like length are searched together, groups of them on different threads;
/// neither changes the result beyond rounding. A source without a token before its EOS has one empty
/// hypothesis.
///
/// A hypothesis of L tokens scores [`LengthPenalty::score`]`(log p, L)`. The tokens of a
/// [`prefix`](DecodeInput::prefix) count for both.
///
/// # Errors
/// Ids outside the vocabulary; a coverage penalty without attention; [`Error::Cancelled`] soon after
/// the threads were cancelled; the device failed.
pub fn beam_search(
    ensemble: &Ensemble<'_>,
    inputs: &[DecodeInput],
    options: &BeamOptions,
    threads: &Threads,
) -> Result<Vec<Vec<Hypothesis>>> {
    if options.coverage_penalty != 0.0 && !ensemble.attends() {
        return Err(Error::BadValue {
            key: "coverage_penalty".into(),
            value: options.coverage_penalty.to_string(),
            allowed: "0 for a model without attention".into(),
        });
    }
    in_groups(ensemble, inputs, options, options.beam, threads)
}

/// Continues a text by beam search with a language model: up to `n_best` continuations of at most
/// `limit` tokens, scored like translations. `text` has the ids that the model reads first, at least
/// one. `limit` takes the place of the maximum lengths of the constraints.
///
/// # Errors
/// No id in `text`; ids outside the vocabulary; the device failed.
pub fn beam_search_language(
    network: &LanguageNetwork,
    params: &Params,
    text: &[u32],
    limit: usize,
    options: &BeamOptions,
    threads: &Threads,
) -> Result<Vec<Hypothesis>> {
    continuations(options, network, params, text, limit, threads)
}

impl Policy for BeamOptions {
    type Step = Vec<Vec<(u32, f32)>>;

    fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    fn read(&self, logits: Tensor, repeated: usize) -> Result<Self::Step> {
        // One more than survive, since EOS completes a hypothesis and leaves its place to another.
        Ok(ops::top_k(&logits, self.width() + 1 + repeated, &self.constraints.excluded())?)
    }

    fn extend(
        &self,
        step: &Self::Step,
        beam: &Beam,
        _: &Slot,
        repeated: &[Vec<u32>],
        t: usize,
    ) -> Vec<Extension> {
        let may_end = t >= self.constraints.min_length;
        let mut candidates: Vec<Extension> = Vec::new();
        for (&from, repeated) in beam.live.iter().zip(repeated) {
            for &(id, logprob) in &step[from.row] {
                if (id != EOS || may_end) && !repeated.contains(&id) {
                    candidates.push(Extension { from, id, logprob });
                }
            }
        }
        let total = |e: &Extension| e.from.logprob + f64::from(e.logprob);
        // Stable: among equal ones, the extension of the better hypothesis is first.
        candidates.sort_by(|a, b| total(b).total_cmp(&total(a)));
        if self.penalty_in_search {
            return self.prune_by_score(beam, candidates, t);
        }
        let mut places = self.width();
        let mut survivors = Vec::with_capacity(places);
        for (rank, candidate) in candidates.into_iter().enumerate() {
            if places == 0 {
                break;
            }
            let is_finished = candidate.id == EOS;
            if is_finished && rank >= self.width() {
                continue;
            }
            places -= usize::from(!is_finished);
            survivors.push(candidate);
        }
        survivors
    }

    fn score(&self, logprob: f64, length: usize) -> f64 {
        self.length_penalty.score(logprob, length)
    }

    fn coverage(&self, sums: &[f32]) -> f64 {
        // A position without any attention counts as the smallest weight that f32 can tell from 0.
        let logs = sums.iter().map(|&sum| f64::from(sum.clamp(f32::MIN_POSITIVE, 1.0)).ln());
        self.coverage_penalty * logs.sum::<f64>()
    }

    fn reads_coverage(&self) -> bool {
        self.coverage_penalty != 0.0
    }

    fn is_over(&self, beam: &Beam, length: usize) -> bool {
        if self.penalty_in_search {
            return false;
        }
        let finished = beam.complete.iter().filter(|complete| complete.is_finished);
        let mut finished: Vec<f64> = finished.map(|complete| complete.score).collect();
        if (finished.len() as f64) < (self.width() as f64 * self.patience).max(1.0) {
            return false;
        }
        finished.sort_by(|a, b| b.total_cmp(a));
        let returned = self.n_best.clamp(1, self.width()).min(finished.len());
        let live = beam.live.iter().map(|live| self.score(live.logprob, length));
        live.fold(f64::NEG_INFINITY, f64::max) <= finished[returned - 1]
    }

    fn rank(&self, complete: &mut Vec<Complete>) {
        complete.sort_by(|a, b| {
            b.is_finished.cmp(&a.is_finished).then_with(|| b.score.total_cmp(&a.score))
        });
        complete.truncate(self.n_best.clamp(1, self.width()));
    }
}

impl BeamOptions {
    /// Returns the candidates whose scores are among the best of all candidates and complete
    /// hypotheses.
    fn prune_by_score(&self, beam: &Beam, candidates: Vec<Extension>, t: usize) -> Vec<Extension> {
        let mut complete: Vec<f64> = beam.complete.iter().map(|c| c.score).collect();
        complete.sort_by(|a, b| b.total_cmp(a));
        let mut before = 0;
        let mut survivors = Vec::with_capacity(self.width());
        for candidate in candidates {
            let logprob = candidate.from.logprob + f64::from(candidate.logprob);
            let score = self.score(logprob, t + 1);
            while complete.get(before).is_some_and(|&c| c >= score) {
                before += 1;
            }
            if before + survivors.len() >= self.width() {
                break;
            }
            survivors.push(candidate);
        }
        survivors
    }
}
