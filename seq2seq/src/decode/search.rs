//! The loop that extends hypotheses token by token, for beam search and for sampling.

use tensor::{Tensor, Threads, ops};
use tokenizer::{EOS, SOS};

use super::constraints::Constraints;
use super::decoded::{Decoded, Hypothesis, SearchNode, SearchTree};
use super::stepper::Stepper;
use crate::Result;
use crate::model::check_cancelled;

/// What is known of an output before the search for it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// The token that is fed first.
    pub(super) first: u32,
    /// Ids with which the output begins.
    pub(super) prefix: Vec<u32>,
    /// Maximum number of tokens.
    pub(super) limit: usize,
    /// Number of source positions.
    pub(super) positions: usize,
    /// The number of the input, for random numbers.
    pub(super) number: u64,
}

impl Slot {
    /// Returns the slot of an output that begins with `prefix`, which the limit never cuts.
    pub(super) fn new(prefix: &[u32], limit: usize, positions: usize, number: u64) -> Self {
        let limit = limit.max(prefix.len() + 1);
        Self { first: SOS, prefix: prefix.to_vec(), limit, positions, number }
    }
}

/// A hypothesis that is extended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    /// Its last token; `None` before the first step.
    pub(super) node: Option<usize>,
    pub(super) logprob: f64,
    /// Its row in the batch of the step.
    pub(super) row: usize,
    /// Its number among the samples of its input; 0 in a beam search.
    pub(super) sample: usize,
}

/// A hypothesis that is complete.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complete {
    node: usize,
    logprob: f64,
    pub(super) score: f64,
    /// True if it ended with EOS, false if it was cut at the limit.
    pub(super) is_finished: bool,
    pub(super) sample: usize,
}

/// The hypotheses of one input.
#[derive(Debug, Clone, Default)]
pub(super) struct Beam {
    /// The input's index in the group.
    pub(super) index: usize,
    pub(super) live: Vec<Live>,
    pub(super) complete: Vec<Complete>,
}

/// A live hypothesis with one more token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extension {
    pub(super) from: Live,
    pub(super) id: u32,
    /// Natural-log probability of the token.
    pub(super) logprob: f32,
}

/// A rule that selects the tokens by which hypotheses are extended.
pub(super) trait Policy {
    /// What is computed once for all rows of a step.
    type Step;

    fn constraints(&self) -> &Constraints;

    /// Reads the logits of a step. At most `repeated` tokens of a row are excluded later.
    fn read(&self, logits: Tensor, repeated: usize) -> Result<Self::Step>;

    /// Returns the extensions of an input's hypotheses, those that end it included, the best one
    /// first. `repeated` has the excluded tokens of each live hypothesis.
    fn extend(
        &self,
        step: &Self::Step,
        beam: &Beam,
        slot: &Slot,
        repeated: &[Vec<u32>],
        t: usize,
    ) -> Vec<Extension>;

    /// Returns the score of a hypothesis of `length` tokens.
    fn score(&self, logprob: f64, length: usize) -> f64;

    /// Returns the addition to the score of a complete hypothesis for its coverage: the sum of its
    /// attention weights at each source position.
    fn coverage(&self, _: &[f32]) -> f64 {
        0.0
    }

    /// Returns true if the search reads the coverage of hypotheses.
    fn reads_coverage(&self) -> bool {
        false
    }

    /// Returns true if the search for an input is over although hypotheses of `length` tokens are
    /// live.
    fn is_over(&self, _: &Beam, _length: usize) -> bool {
        false
    }

    /// Orders complete hypotheses and drops those that are not returned.
    fn rank(&self, complete: &mut Vec<Complete>);
}

/// A token of a hypothesis.
#[derive(Debug, Clone, Copy)]
struct Node {
    id: u32,
    logprob: f32,
    /// The token before it; `None` for a first token.
    before: Option<usize>,
    /// Its row in the attention weights of its step.
    row: usize,
}

/// The search for a group of inputs.
pub(super) struct Search<'a, P> {
    policy: &'a P,
    slots: Vec<Slot>,
    nodes: Vec<Node>,
    /// Attention weights of each step, \[N, S\].
    weights: Vec<Tensor>,
}

impl<'a, P: Policy> Search<'a, P> {
    /// Returns a search for the outputs of `slots`.
    pub(super) fn new(policy: &'a P, slots: Vec<Slot>) -> Self {
        Self { policy, slots, nodes: Vec::new(), weights: Vec::new() }
    }

    /// Returns the hypotheses of each input, the best one first.
    pub(super) fn run(
        mut self,
        stepper: &mut dyn Stepper,
        threads: &Threads,
    ) -> Result<Vec<Vec<Hypothesis>>> {
        let beams = self.search(stepper, threads)?;
        Ok(beams.into_iter().map(|beam| self.hypotheses(beam)).collect())
    }

    /// Returns every hypothesis that was kept in the search for the first input.
    pub(super) fn run_for_tree(
        mut self,
        stepper: &mut dyn Stepper,
        threads: &Threads,
    ) -> Result<SearchTree> {
        let mut beams = self.search(stepper, threads)?.into_iter();
        let complete = beams.next().map(|beam| beam.complete).unwrap_or_default();
        let mut nodes: Vec<SearchNode> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let above = node.before.map_or(0.0, |before| nodes[before].logprob);
            let logprob = above + f64::from(node.logprob);
            nodes.push(SearchNode {
                id: node.id,
                before: node.before,
                logprob,
                score: None,
                rank: None,
            });
        }
        for found in &complete {
            nodes[found.node].score = Some(found.score);
        }
        let mut returned = complete;
        self.policy.rank(&mut returned);
        for (rank, found) in returned.iter().enumerate() {
            nodes[found.node].rank = Some(rank);
        }
        Ok(SearchTree { nodes })
    }

    /// Extends hypotheses until the search for every input is over. Returns the beams in the order of
    /// the inputs.
    fn search(&mut self, stepper: &mut dyn Stepper, threads: &Threads) -> Result<Vec<Beam>> {
        let first = |index: usize| {
            let live = vec![Live { node: None, logprob: 0.0, row: index, sample: 0 }];
            Beam { index, live, complete: Vec::new() }
        };
        let mut beams: Vec<Beam> = (0..self.slots.len()).map(first).collect();
        let mut done: Vec<Beam> = Vec::new();
        let mut fed: Vec<u32> = self.slots.iter().map(|slot| slot.first).collect();
        for t in 0.. {
            check_cancelled(threads)?;
            let prediction = stepper.step(&fed, t)?;
            self.weights.extend(prediction.weights);
            self.extend_all(&mut beams, prediction.logits, t)?;
            let kept: Vec<usize> =
                (0..beams.len()).filter(|&i| !beams[i].live.is_empty()).collect();
            if kept.is_empty() {
                done.append(&mut beams);
                break;
            }
            let sources = (kept.len() < beams.len()).then_some(kept);
            if sources.is_some() {
                let (live, over) = beams.into_iter().partition(|b: &Beam| !b.live.is_empty());
                beams = live;
                done.extend::<Vec<Beam>>(over);
            }
            let rows = self.arrange(&mut beams, &mut fed);
            stepper.select(sources.as_deref(), &rows)?;
        }
        done.sort_by_key(|beam| beam.index);
        // Read from a device once each.
        self.weights = self.weights.iter().map(|w| Ok(w.to_host()?)).collect::<Result<_>>()?;
        Ok(done)
    }

    /// Extends the hypotheses of all inputs by step `t`.
    fn extend_all(&mut self, beams: &mut [Beam], logits: Tensor, t: usize) -> Result<()> {
        let forced = self.forced(beams, &logits, t)?;
        let repeated: Vec<Vec<Vec<u32>>> = beams.iter().map(|beam| self.repeated(beam)).collect();
        let most = repeated.iter().flatten().map(Vec::len).max().unwrap_or(0);
        let step = self.policy.read(logits, most)?;
        for ((beam, forced), repeated) in beams.iter_mut().zip(forced).zip(&repeated) {
            let slot = &self.slots[beam.index];
            let extensions = match forced {
                Some(forced) => vec![forced],
                None => self.policy.extend(&step, beam, slot, repeated, t),
            };
            self.apply(beam, &extensions, t);
        }
        Ok(())
    }

    /// Returns the extension by the next token of its prefix for each input that has one left. Such
    /// an input has one hypothesis.
    fn forced(&self, beams: &[Beam], logits: &Tensor, t: usize) -> Result<Vec<Option<Extension>>> {
        let next = |beam: &Beam| self.slots[beam.index].prefix.get(t).copied();
        if beams.iter().all(|beam| next(beam).is_none()) {
            return Ok(vec![None; beams.len()]);
        }
        let mut classes = vec![EOS; logits.shape().rows()];
        for beam in beams {
            if let (Some(id), Some(live)) = (next(beam), beam.live.first()) {
                classes[live.row] = id;
            }
        }
        let logprobs = ops::log_probabilities(logits, &classes)?;
        let forced = |beam: &Beam| {
            let (id, from) = (next(beam)?, *beam.live.first()?);
            Some(Extension { from, id, logprob: logprobs[from.row] as f32 })
        };
        Ok(beams.iter().map(forced).collect())
    }

    /// Returns the tokens that would repeat an n-gram, for each live hypothesis.
    fn repeated(&self, beam: &Beam) -> Vec<Vec<u32>> {
        let constraints = self.policy.constraints();
        let repeated = |live: &Live| match constraints.no_repeat_ngram {
            0 => Vec::new(),
            _ => {
                let ids: Vec<u32> = self.path(live.node).iter().map(|node| node.id).collect();
                constraints.repeated(&ids)
            }
        };
        beam.live.iter().map(repeated).collect()
    }

    /// Replaces the live hypotheses of an input by their extensions.
    fn apply(&mut self, beam: &mut Beam, extensions: &[Extension], t: usize) {
        let is_last = t + 1 >= self.slots[beam.index].limit;
        let mut live = Vec::with_capacity(extensions.len());
        for &Extension { from, id, logprob } in extensions {
            let node = self.nodes.len();
            self.nodes.push(Node { id, logprob, before: from.node, row: from.row });
            let logprob = from.logprob + f64::from(logprob);
            let is_finished = id == EOS;
            if is_finished || is_last {
                let score = self.policy.score(logprob, t + 1);
                let sample = from.sample;
                beam.complete.push(Complete { node, logprob, score, is_finished, sample });
            } else {
                live.push(Live { node: Some(node), logprob, ..from });
            }
        }
        beam.live = live;
        if self.policy.is_over(beam, t + 1) {
            beam.live.clear();
        }
    }

    /// Assigns every hypothesis its row in the next step, and returns the rows of this step that
    /// they extend; `fed` becomes their last tokens. An input with fewer hypotheses than others
    /// repeats one, whose row is not read.
    fn arrange(&self, beams: &mut [Beam], fed: &mut Vec<u32>) -> Vec<usize> {
        let (count, most) =
            (beams.len(), beams.iter().map(|beam| beam.live.len()).max().unwrap_or(0));
        let mut rows = Vec::with_capacity(count * most);
        fed.clear();
        for j in 0..most {
            for beam in beams.iter() {
                let live = beam.live[j.min(beam.live.len() - 1)];
                rows.push(live.row);
                fed.push(live.node.map_or(SOS, |node| self.nodes[node].id));
            }
        }
        for (b, beam) in beams.iter_mut().enumerate() {
            for (j, live) in beam.live.iter_mut().enumerate() {
                live.row = j * count + b;
            }
        }
        rows
    }

    /// Returns the hypotheses of an input in the order of the policy.
    fn hypotheses(&self, mut beam: Beam) -> Vec<Hypothesis> {
        if beam.complete.is_empty() {
            // No logit was a number, so no token could be chosen.
            let decoded = Decoded { logprob: f64::NAN, ..Decoded::default() };
            return vec![Hypothesis { decoded, score: f64::NAN }];
        }
        let positions = self.slots[beam.index].positions;
        if self.policy.reads_coverage() {
            for complete in &mut beam.complete {
                let mut sums = vec![0.0; positions];
                for row in self.attention(&self.path(Some(complete.node)), positions) {
                    sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight);
                }
                complete.score += self.policy.coverage(&sums);
            }
        }
        self.policy.rank(&mut beam.complete);
        beam.complete.iter().map(|complete| self.hypothesis(complete, positions)).collect()
    }

    fn hypothesis(&self, complete: &Complete, positions: usize) -> Hypothesis {
        let nodes = self.path(Some(complete.node));
        let decoded = Decoded {
            ids: nodes.iter().map(|node| node.id).collect(),
            logprob: complete.logprob,
            token_logprobs: nodes.iter().map(|node| node.logprob).collect(),
            attention: self.attention(&nodes, positions).map(<[f32]>::to_vec).collect(),
        };
        Hypothesis { decoded, score: complete.score }
    }

    /// Returns the tokens up to `node`, in order.
    fn path(&self, mut at: Option<usize>) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some(node) = at.map(|at| self.nodes[at]) {
            nodes.push(node);
            at = node.before;
        }
        nodes.reverse();
        nodes
    }

    /// Returns the attention weights of each token over the source positions.
    fn attention<'s>(
        &'s self,
        nodes: &'s [Node],
        positions: usize,
    ) -> impl Iterator<Item = &'s [f32]> {
        nodes.iter().zip(&self.weights).map(move |(node, weights)| {
            let width = weights.shape().width();
            &weights.data()[node.row * width..][..positions]
        })
    }
}
