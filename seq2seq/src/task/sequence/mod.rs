//! Models of generated sequences, which predict a number, a class, or the legal next symbols.

mod build;

use rnn::{LayerActivations, Site};
use serde::{Deserialize, Serialize};
use tensor::{Params, Tape, Tensor, Threads, ops};

use crate::config::{Config, LossNorm};
use crate::data::END;
use crate::event::Sample;
use crate::inspection::LayerTrace;
use crate::model::sequence_classifier::NOTHING;
use crate::model::{BatchLoss, BatchShape, Groups, Model, SequenceClassifier};
use crate::score::{Evaluation, Metrics};
use crate::tasks::{Answer, Generated, Name, SYMBOLS, Sequence, class_name};
use crate::{Error, Result};

/// Largest error of a number that counts as right (Hochreiter and Schmidhuber 1997, section 5.4).
const NEAR: f32 = 0.04;

/// A recurrent network that answers a [`Sequence`].
///
/// | task | head | loss | right |
/// |---|---|---|---|
/// | adding | y = w' h_T + b | (y - t)^2 | off by less than 0.04 |
/// | temporal order | softmax(W h_T + b) | cross-entropy | the most probable class is the right one |
/// | Reber | softmax(W h_t + b) at each step | cross-entropy | as many of the most probable symbols as are legal are the legal ones, at every step |
#[derive(Debug)]
pub struct SequenceModel {
    /// The network.
    pub network: SequenceClassifier,
    norm: LossNorm,
    smoothing: f32,
    held_out: Vec<Sequence>,
    shown: Vec<Sequence>,
}

/// Sums over answered sequences.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SequenceScore {
    /// Sum of squared errors, or of -log p in nats.
    pub loss: f64,
    /// Number of answers.
    pub answers: usize,
    /// Number of right answers.
    pub right: usize,
    /// Number of sequences.
    pub sequences: usize,
    /// Number of sequences whose answers are all right.
    pub all_right: usize,
}

impl SequenceScore {
    fn and(self, other: Self) -> Self {
        Self {
            loss: self.loss + other.loss,
            answers: self.answers + other.answers,
            right: self.right + other.right,
            sequences: self.sequences + other.sequences,
            all_right: self.all_right + other.all_right,
        }
    }
}

impl SequenceModel {
    /// Creates the model of a task and adds its parameters to `params`.
    ///
    /// # Errors
    /// A configuration with a width of zero.
    pub fn new(params: &mut Params, config: &Config, task: Name, seed: u64) -> Result<Self> {
        Ok(Self {
            network: SequenceClassifier::new(params, config, task, seed)?,
            norm: config.loss_norm,
            smoothing: config.label_smoothing,
            held_out: Vec::new(),
            shown: Vec::new(),
        })
    }

    /// Returns the task of the model.
    pub fn task(&self) -> Name {
        self.network.task()
    }

    /// Computes the metrics of a corpus SPEC of the same task.
    ///
    /// # Errors
    /// Another task's SPEC, errors of operations.
    pub fn evaluate(
        &self,
        params: &Params,
        data: &str,
        seed: u64,
        threads: &Threads,
    ) -> Result<Evaluation> {
        let spec: Generated = data.parse()?;
        if spec.name != self.task() {
            let what = format!(
                "corpus {data}: the model was trained on {}; give {}:test",
                self.task().name(),
                self.task().name()
            );
            return Err(Error::NothingTrained { what });
        }
        let sequences = spec.sequences(seed)?;
        let score = self.score(params, &sequences, threads)?;
        Ok(Evaluation {
            metrics: self.metrics(score),
            sentences: score.sequences as u64,
            tokens: score.answers as u64,
            ..Evaluation::default()
        })
    }

    fn metrics(&self, score: SequenceScore) -> Metrics {
        let loss = score.loss / score.answers.max(1) as f64;
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let is_number = self.task() == Name::Adding;
        Metrics {
            loss,
            perplexity: (!is_number).then(|| loss.exp()),
            token_accuracy: (!is_number).then(|| share(score.right, score.answers)),
            exact_match: Some(share(score.all_right, score.sequences)),
            ..Metrics::default()
        }
    }

    /// Returns the target classes, one per row of the answers.
    fn classes(part: &[&Sequence], time: usize) -> Vec<u32> {
        if part.iter().all(|s| matches!(s.answer, Answer::Class(_))) {
            let class = |s: &&Sequence| if let Answer::Class(c) = s.answer { c } else { 0 };
            return part.iter().map(class).collect();
        }
        let mut all = vec![NOTHING; time * part.len()];
        for (b, sequence) in part.iter().enumerate() {
            if let Answer::Next { next, .. } = &sequence.answer {
                for (t, symbol) in next.iter().enumerate() {
                    all[t * part.len() + b] = symbol + 1;
                }
            }
        }
        all
    }

    fn numbers(part: &[&Sequence]) -> Vec<f32> {
        let number = |s: &&Sequence| if let Answer::Number(n) = s.answer { n } else { 0.0 };
        part.iter().map(number).collect()
    }

    /// Sums the score over sequences, in groups of similar length on different threads.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn score(
        &self,
        params: &Params,
        sequences: &[Sequence],
        threads: &Threads,
    ) -> Result<SequenceScore> {
        let lengths: Vec<usize> = sequences.iter().map(Sequence::len).collect();
        let groups = Groups::new(&lengths).run(params, threads, |group| {
            self.score_group(params, &group.iter().map(|&i| &sequences[i]).collect::<Vec<_>>())
        })?;
        Ok(groups.into_iter().fold(SequenceScore::default(), |sum, (_, score)| sum.and(score)))
    }

    fn score_group(&self, params: &Params, group: &[&Sequence]) -> Result<SequenceScore> {
        let mut tape = Tape::inference(params);
        let said = self.network.forward(&mut tape, group)?;
        let answers = tape.value(said.answers);
        let width = answers.shape().width();
        let logp = if self.task() == Name::Adding {
            Vec::new()
        } else {
            ops::log_probabilities(answers, &Self::classes(group, said.time))?
        };
        let mut all = SequenceScore { sequences: group.len(), ..SequenceScore::default() };
        for (b, sequence) in group.iter().enumerate() {
            let (before, answered) = (all.right, all.answers);
            let row = |t: usize| &answers.data()[(t * group.len() + b) * width..][..width];
            match &sequence.answer {
                Answer::Number(number) => {
                    let off = row(0)[0] - number;
                    all.loss += f64::from(off) * f64::from(off);
                    all.answers += 1;
                    all.right += usize::from(off.abs() < NEAR);
                }
                Answer::Class(class) => {
                    all.loss -= logp[b];
                    all.answers += 1;
                    all.right += usize::from(most_probable(row(0), 1) == 1 << class);
                }
                Answer::Next { legal, .. } => {
                    for (t, &legal) in legal.iter().enumerate() {
                        all.loss -= logp[t * group.len() + b];
                        all.answers += 1;
                        all.right += usize::from(predicted(row(t), legal) == legal);
                    }
                }
            }
            all.all_right += usize::from(all.right - before == all.answers - answered);
        }
        Ok(all)
    }

    /// Returns a sequence with the network's answer, as a sample.
    fn sample(&self, params: &Params, sequence: &Sequence) -> Result<Sample> {
        let mut tape = Tape::inference(params);
        let said = self.network.forward(&mut tape, &[sequence])?;
        self.answered(sequence, tape.value(said.answers), said.time)
    }

    /// Returns a sequence with the network's answer and the activations of its layers, each of which
    /// is replaced by the result of `edit` before it is used.
    ///
    /// # Errors
    /// Errors of operations; parameters on a device.
    pub(crate) fn observe(
        &self,
        params: &Params,
        sequence: &Sequence,
        edit: &mut dyn FnMut(Site, f32) -> f32,
    ) -> Result<(Sample, Vec<LayerTrace>)> {
        let mut tape = Tape::inference(params);
        let (said, layers) = self.network.observe(&mut tape, sequence, edit)?;
        let sample = self.answered(sequence, tape.value(said.answers), said.time)?;
        let cell = self.network.rnn().config().cell;
        let trace = |layer: LayerActivations| LayerTrace::new(layer.name, cell, layer.steps);
        Ok((sample, layers.into_iter().map(trace).collect()))
    }

    /// Returns the sample of a sequence whose answers were computed.
    fn answered(&self, sequence: &Sequence, answers: &Tensor, time: usize) -> Result<Sample> {
        let width = answers.shape().width();
        let mut logprob = 0.0;
        if self.task() != Name::Adding {
            let classes = Self::classes(&[sequence], time);
            logprob = ops::log_probabilities(answers, &classes)?.iter().sum();
        }
        let (mut output, reference) = match &sequence.answer {
            Answer::Number(number) => {
                (vec![format!("{:.3}", answers.data()[0])], format!("{number:.3}"))
            }
            Answer::Class(class) => {
                let said = most_probable(&answers.data()[..width], 1).trailing_zeros();
                (vec![class_name(said).to_owned()], class_name(*class).to_owned())
            }
            Answer::Next { legal, .. } => {
                let rows = answers.data().chunks_exact(width);
                let told = rows.zip(legal).map(|(row, &legal)| symbols(predicted(row, legal)));
                (told.collect(), legal.iter().map(|&l| symbols(l)).collect::<Vec<_>>().join(" "))
            }
        };
        output.push(END.to_owned());
        let mut source = sequence.tokens();
        source.push(END.to_owned());
        Ok(Sample { source, output, reference, logprob, ..Sample::default() })
    }
}

/// Returns the `n` most probable classes, one bit each; the first of equals.
fn most_probable(row: &[f32], n: u32) -> u32 {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    order.iter().take(n as usize).fold(0, |bits, class| bits | 1 << class)
}

/// Returns as many of the most probable symbols as are legal, one bit each; one fewer if
/// [`NOTHING`] is among them.
fn predicted(row: &[f32], legal: u32) -> u32 {
    most_probable(row, legal.count_ones()) >> 1
}

/// Returns the symbols of the grammar whose bits are set.
fn symbols(bits: u32) -> String {
    SYMBOLS.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, s)| *s).collect()
}

impl Model for SequenceModel {
    type Example = Sequence;

    fn configure(&mut self, config: &Config) -> Result<()> {
        (self.norm, self.smoothing) = (config.loss_norm, config.label_smoothing);
        self.network.configure(config)
    }

    fn sort_key(&self, sequence: &Sequence) -> usize {
        sequence.len()
    }

    fn loss_normalization(&self, batch: &[&Sequence]) -> BatchShape {
        let answers = |s: &&Sequence| match &s.answer {
            Answer::Next { next, .. } => next.len(),
            _ => 1,
        };
        let time = batch.iter().map(answers).max().unwrap_or(0);
        let tokens = batch.iter().map(answers).sum();
        let weight = self.norm.weight(tokens, batch.len(), time * batch.len());
        BatchShape { weight, source_time: 0, time, tokens }
    }

    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Sequence],
        shape: &BatchShape,
    ) -> Result<BatchLoss> {
        let said = self.network.forward(tape, part)?;
        if self.task() == Name::Adding {
            let numbers = Self::numbers(part);
            let found = ops::squared_error(tape, said.answers, &numbers, shape.weight, NEAR)?;
            let (count, correct) = (part.len(), found.correct);
            return Ok(BatchLoss { loss: found.loss, nll: found.sum, count, correct });
        }
        let how = ops::CrossEntropy {
            targets: &Self::classes(part, said.time),
            ignore: (self.task() == Name::Reber).then_some(NOTHING),
            smoothing: self.smoothing,
            weight: shape.weight,
        };
        Ok(ops::cross_entropy(tape, said.answers, how)?.into())
    }

    fn validate(&self, params: &Params, threads: &Threads) -> Result<Option<Metrics>> {
        let score = self.score(params, &self.held_out, threads)?;
        Ok((score.sequences > 0).then(|| self.metrics(score)))
    }

    fn samples(&self, params: &Params, _: &Threads) -> Result<Vec<Sample>> {
        self.shown.iter().map(|s| self.sample(params, s)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_legal_where_the_most_probable_symbols_are_the_legal_ones() {
        // NOTHING first, then B, T, P, S, X, V, E.
        let row = [0.0, 0.1, 5.0, 4.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(predicted(&row, 0b110), 0b110);
        assert_eq!(symbols(0b110), "TP");
        assert_ne!(predicted(&row, 0b101), 0b101);
        assert_eq!(predicted(&row, 0b010), 0b010);
        let row = [9.0, 0.1, 5.0, 4.0, 0.0, 0.0, 0.0, 0.0];
        assert_ne!(predicted(&row, 0b010), 0b010);
    }
}
