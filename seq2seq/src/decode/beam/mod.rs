//! Beam search: the best-scored of several hypotheses that are extended side by side.

#[cfg(test)]
mod tests;

use tensor::{Params, Tape, Tensor, Threads, ops};
use tokenizer::{EOS, SOS};

use super::decoded::Decoded;
use super::length_penalty::LengthPenalty;
use crate::Result;
use crate::data::{Batch, Example};
use crate::model::{EncoderDecoder, Groups, NEVER_SAID, check_cancelled};

/// Settings of a beam search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeamOptions {
    /// Hypotheses that are extended at each step; 1 is greedy decoding.
    pub beam: usize,
    /// The score of a hypothesis from its log-probability and its length.
    pub length_penalty: LengthPenalty,
    /// Hypotheses that are returned for each source, at most; at most `beam`.
    pub n_best: usize,
    /// Target tokens, EOS counted, after which a hypothesis is cut;
    /// [`EncoderDecoder::output_limit`] if absent.
    pub limit: Option<usize>,
    /// Target tokens before EOS, at least.
    pub min_length: usize,
    /// The search for a source ends once `patience * beam` hypotheses came to EOS (Kasai et al.
    /// 2022, "Beam decoding with controlled patience").
    pub patience: f64,
}

impl Default for BeamOptions {
    fn default() -> Self {
        Self {
            beam: 5,
            length_penalty: LengthPenalty::default(),
            n_best: 1,
            limit: None,
            min_length: 0,
            patience: 1.0,
        }
    }
}

/// The beam up to which a whole batch of sources is searched together.
const USUAL: usize = 8;

impl BeamOptions {
    /// Greedy decoding: a beam of one.
    pub fn greedy() -> Self {
        Self { beam: 1, ..Self::default() }
    }
}

/// A hypothesis that a beam search returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hypothesis {
    /// Its tokens, log-probability and attention.
    pub decoded: Decoded,
    /// Its score: the log-probability after the length penalty.
    pub score: f64,
}

/// Translates sources (ids with EOS) by beam search (Graves 2012; Sutskever et al. 2014, section
/// 3.2): at each step the `beam` most probable extensions of all hypotheses of a source survive,
/// and one that ends in EOS is finished and scored.
///
/// Returns up to `n_best` hypotheses for each source, distinct, finished ones first, the highest
/// score first. Sources of like length are searched together, groups of them on different threads;
/// neither changes the result beyond rounding. A source without a token before its EOS has one empty
/// hypothesis.
///
/// A hypothesis of L tokens scores [`LengthPenalty::score`]`(log p, L)`; the penalty ranks finished
/// hypotheses and does not prune.
///
/// # Errors
/// Ids outside the vocabulary; [`Error::Cancelled`](crate::Error::Cancelled) soon after the threads
/// were cancelled; the device failed.
pub fn beam_search(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    threads: &Threads,
) -> Result<Vec<Vec<Hypothesis>>> {
    let lengths: Vec<usize> = sources.iter().map(|s| s.len().saturating_sub(1)).collect();
    let device = params.device_properties();
    let parts = device.data_parallel(threads).count();
    // A wider beam than usual has as many rows from fewer sources.
    let most = device.decode_batch * USUAL / options.beam.max(USUAL);
    let size = most.min(sources.len().div_ceil(parts));
    let groups = Groups::of_size(&lengths, size, model.encoder.reads_padding());
    let blank = vec![vec![Hypothesis::default()]; sources.len()];
    groups.run_each(params, threads, blank, |group| {
        let sources: Vec<&[u32]> = group.iter().map(|&i| sources[i].as_slice()).collect();
        Search::new(model, &sources, options).run(params, threads)
    })
}

/// A token of a hypothesis, and the one before it.
#[derive(Debug, Clone, Copy)]
struct Node {
    id: u32,
    /// The node before; `None` of a first token.
    before: Option<usize>,
    /// The row of its step's attention weights.
    row: usize,
}

/// A hypothesis under way.
#[derive(Debug, Clone, Copy)]
struct Live {
    /// Its last token; `None` before the first step.
    node: Option<usize>,
    logprob: f64,
    /// Its row in the batch of the step.
    row: usize,
}

/// A hypothesis that is over.
#[derive(Debug, Clone, Copy)]
struct Over {
    node: usize,
    logprob: f64,
    score: f64,
    /// True if it came to EOS, false if it was cut at the limit.
    is_finished: bool,
}

/// The hypotheses of one source.
#[derive(Debug, Clone, Default)]
struct Beam {
    /// The source's place in the group.
    source: usize,
    live: Vec<Live>,
    over: Vec<Over>,
}

/// The search for a group of sources.
struct Search<'a> {
    model: &'a EncoderDecoder,
    sources: &'a [&'a [u32]],
    options: &'a BeamOptions,
    limits: Vec<usize>,
    nodes: Vec<Node>,
    /// Attention weights of each step, with the number of source positions.
    weights: Vec<Tensor>,
}

impl<'a> Search<'a> {
    fn new(model: &'a EncoderDecoder, sources: &'a [&'a [u32]], options: &'a BeamOptions) -> Self {
        let limit = |s: &&[u32]| options.limit.unwrap_or_else(|| model.output_limit(s.len()));
        let limits = sources.iter().map(limit).collect();
        Self { model, sources, options, limits, nodes: Vec::new(), weights: Vec::new() }
    }

    /// Rows of a step: hypothesis j of source b is row j B + b, so that attention reads each
    /// source's memory once for all of its hypotheses.
    fn run(mut self, params: &Params, threads: &Threads) -> Result<Vec<Vec<Hypothesis>>> {
        let model = self.model;
        let example = |s: &&[u32]| Example { source: s.to_vec(), target: Vec::new() };
        let examples: Vec<Example> = self.sources.iter().map(example).collect();
        let batch = Batch::new(&examples);
        let mut tape = Tape::inference(params).with_threads(threads);
        let encoded = model.encoder.forward(&mut tape, &batch)?;
        let (mut source, mut state) =
            model.decoder.start(&mut tape, &encoded, model.encoder.directions())?;
        let first = |source: usize| {
            let live = vec![Live { node: None, logprob: 0.0, row: source }];
            Beam { source, live, over: Vec::new() }
        };
        let mut beams: Vec<Beam> = (0..self.sources.len()).map(first).collect();
        let mut done: Vec<Beam> = Vec::new();
        let mut fed = vec![SOS; beams.len()];
        for t in 0.. {
            check_cancelled(threads)?;
            let projected = model.decoder.project(&mut tape, &fed, [1, fed.len()])?;
            let projected = projected.at(&mut tape, 0);
            let step = model.decoder.step(&mut tape, projected, &source, &state, t)?;
            let logits = model.decoder.logits(&mut tape, step.readout)?;
            // One more than survive: EOS ends a hypothesis and leaves its place to another.
            let best =
                ops::top_k(&tape.take_value(logits), self.options.beam.max(1) + 1, &NEVER_SAID)?;
            if let Some(weights) = step.weights {
                self.weights.push(tape.take_value(weights));
            }
            for beam in &mut beams {
                self.extend(beam, &best, t);
            }
            let kept: Vec<usize> =
                (0..beams.len()).filter(|&i| !beams[i].live.is_empty()).collect();
            if kept.is_empty() {
                done.append(&mut beams);
                break;
            }
            // The next step on a tape of its own: what this one computed is let go.
            let mut next = Tape::inference(params).with_threads(threads);
            source = source.to_tape(&tape, &mut next);
            state = step.state.to_tape(&tape, &mut next);
            tape = next;
            if kept.len() < beams.len() {
                source = source.select(&mut tape, &kept)?;
                let (live, over) = beams.into_iter().partition(|b: &Beam| !b.live.is_empty());
                beams = live;
                done.extend::<Vec<Beam>>(over);
            }
            let rows = self.arrange(&mut beams, &mut fed);
            state = state.select(&mut tape, &rows)?;
        }
        done.sort_by_key(|beam| beam.source);
        Ok(done.iter().map(|beam| self.hypotheses(beam)).collect())
    }

    /// Extends the hypotheses of a source by the most probable tokens of their rows.
    fn extend(&mut self, beam: &mut Beam, best: &[Vec<(u32, f32)>], t: usize) {
        let BeamOptions { beam: width, min_length, length_penalty, patience, .. } = *self.options;
        let width = width.max(1);
        let mut candidates: Vec<(f64, Live, u32)> = Vec::new();
        for &live in &beam.live {
            for &(id, logp) in &best[live.row] {
                if id != EOS || t >= min_length {
                    candidates.push((live.logprob + f64::from(logp), live, id));
                }
            }
        }
        // Stable: of equal ones that of the better hypothesis, and its first class.
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
        let is_last = t + 1 >= self.limits[beam.source];
        let mut live = Vec::with_capacity(width);
        for (rank, (logprob, from, id)) in candidates.into_iter().enumerate() {
            if live.len() == width {
                break;
            }
            let is_finished = id == EOS;
            if is_finished && rank >= width {
                continue;
            }
            let node = self.nodes.len();
            self.nodes.push(Node { id, before: from.node, row: from.row });
            if is_finished || is_last {
                let score = length_penalty.score(logprob, t + 1);
                beam.over.push(Over { node, logprob, score, is_finished });
            }
            if !is_finished {
                live.push(Live { node: Some(node), logprob, row: from.row });
            }
        }
        let finished = beam.over.iter().filter(|over| over.is_finished).count();
        if is_last || finished as f64 >= (width as f64 * patience).max(1.0) {
            live.clear();
        }
        beam.live = live;
    }

    /// Gives every hypothesis its row in the next step, and returns the rows of this step that they
    /// extend; `fed` becomes their last tokens. A source with fewer hypotheses than others repeats
    /// one, whose row nobody reads.
    fn arrange(&self, beams: &mut [Beam], fed: &mut Vec<u32>) -> Vec<usize> {
        let (count, most) =
            (beams.len(), beams.iter().map(|beam| beam.live.len()).max().unwrap_or(0));
        let mut rows = Vec::with_capacity(count * most);
        fed.clear();
        for j in 0..most {
            for (b, beam) in beams.iter().enumerate() {
                let live = beam.live[j.min(beam.live.len() - 1)];
                rows.push(live.row);
                fed.push(live.node.map_or(SOS, |node| self.nodes[node].id));
                debug_assert_eq!(rows.len() - 1, j * count + b);
            }
        }
        for (b, beam) in beams.iter_mut().enumerate() {
            for (j, live) in beam.live.iter_mut().enumerate() {
                live.row = j * count + b;
            }
        }
        rows
    }

    /// The hypotheses of a source: finished ones first, the highest score first.
    fn hypotheses(&self, beam: &Beam) -> Vec<Hypothesis> {
        if beam.over.is_empty() {
            // No logit was a number, so no token could be chosen.
            let decoded = Decoded { logprob: f64::NAN, ..Decoded::default() };
            return vec![Hypothesis { decoded, score: f64::NAN }];
        }
        let mut over = beam.over.clone();
        over.sort_by(|a, b| {
            b.is_finished.cmp(&a.is_finished).then_with(|| b.score.total_cmp(&a.score))
        });
        over.truncate(self.options.n_best.max(1).min(self.options.beam.max(1)));
        let positions = self.sources[beam.source].len();
        over.into_iter().map(|over| self.hypothesis(over, positions)).collect()
    }

    fn hypothesis(&self, over: Over, positions: usize) -> Hypothesis {
        let mut nodes = Vec::new();
        let mut at = Some(over.node);
        while let Some(node) = at.map(|at| self.nodes[at]) {
            nodes.push(node);
            at = node.before;
        }
        nodes.reverse();
        let row = |(t, node): (usize, &Node)| {
            let weights = self.weights.get(t)?;
            let width = weights.shape().width();
            Some(weights.data()[node.row * width..][..positions].to_vec())
        };
        let decoded = Decoded {
            ids: nodes.iter().map(|node| node.id).collect(),
            logprob: over.logprob,
            attention: nodes.iter().enumerate().filter_map(row).collect(),
        };
        Hypothesis { decoded, score: over.score }
    }
}
