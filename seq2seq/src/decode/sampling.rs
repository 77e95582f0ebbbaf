//! Sampling from a language model, with a temperature.

use rnn::{State, StateValues};
use tensor::random::PhiloxStream;
use tensor::{Params, Tape};
use tokenizer::{EOS, Vocabulary};

use super::decoded::Decoded;
use crate::Result;
use crate::model::LanguageNetwork;

/// Options of sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingOptions {
    /// Divisor of the logits: values below 1 give more probable texts, 0 always the most probable
    /// token.
    pub temperature: f32,
    /// The seed: the same seed gives the same texts.
    pub seed: u64,
}

/// Samples `count` continuations of the `prefix` ids, each until its end token or until it has
/// `limit` ids. A model of running text (`ends` is false) has no end token.
///
/// p(x) = softmax(logits / temperature), sampled with its cumulative sum. Padding, the unknown
/// token and the start token are never drawn. The log-probabilities are those at temperature 1.
///
/// # Errors
/// Ids outside the vocabulary.
pub fn generate(
    network: &LanguageNetwork,
    params: &Params,
    prefix: &[u32],
    count: usize,
    limit: usize,
    ends: bool,
    draws: SamplingOptions,
) -> Result<Vec<Decoded>> {
    let mut all = vec![Decoded::default(); count];
    let mut fed: Vec<u32> = prefix.iter().flat_map(|&id| std::iter::repeat_n(id, count)).collect();
    let mut states: Option<Vec<StateValues>> = None;
    let mut running = count;
    for t in 0..limit {
        if running == 0 {
            break;
        }
        let mut tape = Tape::inference(params);
        let state: Option<Vec<State>> =
            states.map(|all| all.iter().map(|s| s.constant(&mut tape)).collect());
        let time = fed.len() / count;
        let (logits, after) = network.logits(&mut tape, &fed, [time, count], state.as_deref())?;
        states = Some(after.iter().map(|s| s.values(&tape)).collect());
        let logits = tape.value(logits).index(time - 1);
        let draw = PhiloxStream::new(draws.seed, t as u64, 0);
        let rows = logits.data().chunks_exact(logits.shape().width());
        fed = Vec::with_capacity(count);
        for (b, (row, text)) in rows.zip(&mut all).enumerate() {
            let over = text.ids.last() == Some(&EOS);
            let uniform = f64::from(draw.uniform(b as u64));
            let id = pick(row, draws.temperature, uniform, ends);
            fed.push(id);
            if !over {
                text.ids.push(id);
                text.logprob += log_probability(row, id);
                running -= usize::from(id == EOS);
            }
        }
    }
    Ok(all)
}

/// Returns the token that a uniform number selects; the most probable token at temperature 0.
fn pick(logits: &[f32], temperature: f32, uniform: f64, ends: bool) -> u32 {
    let may = |id: usize| !Vocabulary::is_special(id as u32) || (ends && id as u32 == EOS);
    let (mut best, mut most) = (EOS as usize, f32::NEG_INFINITY);
    for (id, &logit) in logits.iter().enumerate() {
        if may(id) && logit > most {
            (best, most) = (id, logit);
        }
    }
    if temperature <= 0.0 {
        return best as u32;
    }
    let weight = |id: usize| {
        let logit = f64::from(logits[id] - most);
        if may(id) { (logit / f64::from(temperature)).exp() } else { 0.0 }
    };
    let total: f64 = (0..logits.len()).map(weight).sum();
    let mut left = uniform * total;
    for id in 0..logits.len() {
        left -= weight(id);
        if left < 0.0 {
            return id as u32;
        }
    }
    best as u32
}

fn log_probability(logits: &[f32], id: u32) -> f64 {
    let most = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let total: f64 = logits.iter().map(|&l| f64::from(l - most).exp()).sum();
    f64::from(logits[id as usize] - most) - total.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_drawn_as_often_as_they_are_likely() {
        let logits = [9.0, 9.0, 9.0, 0.0, 1.0, 2.0];
        let shares = |temperature: f32, ends: bool| {
            let mut counts = [0.0; 6];
            let draw = PhiloxStream::new(1, 0, 0);
            for i in 0..20_000 {
                let uniform = f64::from(draw.uniform(i));
                counts[pick(&logits, temperature, uniform, ends) as usize] += 1.0 / 20_000.0;
            }
            counts
        };
        for (temperature, ends) in [(1.0, true), (0.5, true), (2.0, false)] {
            let got = shares(temperature, ends);
            let from = if ends { 3 } else { 4 };
            let weights: Vec<f64> =
                (from..6).map(|i| f64::from(logits[i] / temperature).exp()).collect();
            let total: f64 = weights.iter().sum();
            assert_eq!(got[..from], vec![0.0; from]);
            for (i, weight) in weights.iter().enumerate() {
                assert!((got[from + i] - weight / total).abs() < 0.015, "{temperature}: {got:?}");
            }
        }
        assert!(shares(0.0, true)[5] > 0.999);
        assert!((log_probability(&[0.0, 0.0], 1) + 2_f64.ln()).abs() < 1e-12);
    }
}
