//! Scores of given outputs: the network is fed the target itself (teacher forcing).

use serde::{Deserialize, Serialize};
use tensor::{Params, Tape, Tensor, Threads, ops};
use tokenizer::{EOS, PAD, SOS};

use super::ensemble::{Ensemble, Member};
use super::groups::stepper;
use crate::Result;
use crate::data::{Batch, Example};
use crate::model::{EncoderDecoder, Groups};

/// What a network predicts for a given target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ForcedOutput {
    /// Natural-log probability of each target token, EOS included.
    pub token_logprobs: Vec<f64>,
    /// Number of target tokens that are the most probable token.
    pub correct: usize,
    /// Attention weights of each target token over the source positions; empty without attention.
    pub attention: Vec<Vec<f32>>,
}

/// Computes the probabilities of given targets, ids with EOS on both sides. A source without a token
/// before its EOS has an empty result.
///
/// Pairs are scored in groups of similar length (equal length if an encoder reads padding) on
/// different threads.
///
/// # Errors
/// Ids outside the vocabularies; the device failed.
pub fn forced(
    ensemble: &Ensemble<'_>,
    examples: &[Example],
    threads: &Threads,
) -> Result<Vec<ForcedOutput>> {
    let lengths: Vec<usize> = examples.iter().map(|e| e.source.len().saturating_sub(1)).collect();
    let groups = Groups::equal(&lengths, ensemble.reads_padding());
    let all = vec![ForcedOutput::default(); examples.len()];
    groups.run_each(ensemble.first().params, threads, all, |group| {
        let part: Vec<&Example> = group.iter().map(|&i| &examples[i]).collect();
        match ensemble.only() {
            Some(only) => at_once(only, &part),
            None => step_by_step(ensemble, &part, threads),
        }
    })
}

/// Computes the mean loss in nats per target token, EOS included, of pairs of ids with EOS on both
/// sides, when the decoder is fed its own most probable token at each step in place of the reference:
///
/// L = -(1 / N) Σ_t log p(y_t | ŷ_1, ..., ŷ_{t-1}, x), with ŷ_t the most probable token
///
/// (Bengio et al. 2015, section 2.3, the discrepancy between training and inference.) Pairs are read
/// as by [`forced`]; each source has a token before its EOS.
///
/// # Errors
/// Ids outside the vocabularies; the device failed.
pub fn free_running_loss(
    network: &EncoderDecoder,
    params: &Params,
    examples: &[Example],
    threads: &Threads,
) -> Result<f64> {
    let lengths: Vec<usize> = examples.iter().map(|e| e.source.len().saturating_sub(1)).collect();
    let groups = Groups::equal(&lengths, network.encoder.reads_padding());
    let all = groups.run_each(params, threads, vec![(0.0, 0_usize); examples.len()], |group| {
        let batch = Batch::new(group.iter().map(|&i| &examples[i]));
        let mut tape = Tape::inference(params);
        let run = network.free_running(&mut tape, &batch)?;
        let logprobs = ops::log_probabilities(tape.value(run.logits), &batch.target_out)?;
        let sum = |b: usize| {
            let length = examples[group[b]].target.len();
            let loss: f64 = (0..length).map(|t| -logprobs[t * batch.size + b]).sum();
            (loss, length)
        };
        Ok((0..batch.size).map(sum).collect())
    })?;
    let (loss, count) = all.into_iter().fold((0.0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Ok(loss / count.max(1) as f64)
}

/// Scores a group with one network, whose output layer is applied to many steps at once.
fn at_once(only: Member<'_>, examples: &[&Example]) -> Result<Vec<ForcedOutput>> {
    let batch = Batch::new(examples.iter().copied());
    let mut tape = Tape::inference(only.params);
    let (readouts, weights) = only.model.readouts(&mut tape, &batch)?;
    let output = only.model.decoder.readout.output;
    let found = output.log_probabilities(&mut tape, readouts, &batch.target_out)?;
    let mut all = vec![ForcedOutput::default(); examples.len()];
    for (i, &id) in batch.target_out.iter().enumerate() {
        let (t, b) = (i / batch.size, i % batch.size);
        if id == PAD || t >= examples[b].target.len() {
            continue;
        }
        let output = &mut all[b];
        let (logprob, is_best) = found[i];
        output.token_logprobs.push(logprob);
        output.correct += usize::from(is_best);
        if let Some(&weights) = weights.get(t) {
            output.attention.push(row_of(tape.value(weights), b, examples[b].source.len()));
        }
    }
    Ok(all)
}

/// Scores a group with an ensemble, whose predictions are combined at each step.
fn step_by_step(
    ensemble: &Ensemble<'_>,
    examples: &[&Example],
    threads: &Threads,
) -> Result<Vec<ForcedOutput>> {
    let sources: Vec<&[u32]> = examples.iter().map(|e| e.source.as_slice()).collect();
    let mut stepper = stepper(ensemble, &sources, threads)?;
    let most = examples.iter().map(|e| e.target.len()).max().unwrap_or(0);
    let rows: Vec<usize> = (0..examples.len()).collect();
    let mut fed = vec![SOS; examples.len()];
    let mut all = vec![ForcedOutput::default(); examples.len()];
    for t in 0..most {
        let prediction = stepper.step(&fed, t)?;
        let targets: Vec<u32> =
            examples.iter().map(|e| e.target.get(t).copied().unwrap_or(EOS)).collect();
        let best = ops::argmax(&prediction.logits)?;
        let logprobs = ops::log_probabilities(&prediction.logits, &targets)?;
        for (b, example) in examples.iter().enumerate().filter(|(_, e)| t < e.target.len()) {
            let output = &mut all[b];
            output.token_logprobs.push(logprobs[b]);
            output.correct += usize::from(best[b].0 == targets[b]);
            let weights = prediction.weights.as_ref();
            output.attention.extend(weights.map(|w| row_of(w, b, example.source.len())));
        }
        fed = targets;
        stepper.select(None, &rows)?;
    }
    Ok(all)
}

fn row_of(weights: &Tensor, b: usize, positions: usize) -> Vec<f32> {
    let width = weights.shape().width();
    weights.data()[b * width..][..positions].to_vec()
}
