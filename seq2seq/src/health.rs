//! Health checks of a run, with advice in words.
//!
//! Each check is a function of metrics that a run computes anyway, and returns a sentence if they
//! cross a threshold. [`Health`] runs the checks during training and reports a finding once, until
//! a later check of the same kind passes.
//!
//! | check | sentence if |
//! |---|---|
//! | `unknown_words`, `unknown_in_text` | at least [`UNKNOWN`] of the words of one side are unknown |
//! | [`same_output`] | all samples, of different sources, have one output |
//! | [`still_attention`] | weights are near uniform, or always on one position |
//! | [`gradient_norms`] | norms have vanished, stay far above the clip, or jump without one |
//! | [`gradient_flow`] | a state's gradient vanishes or explodes through time |

use std::collections::VecDeque;

use tokenizer::{EOS, SOS, UNK};

use crate::data::{Example, UnknownRates};
use crate::event::{FlowSeries, Sample, Samples};

/// Share of unknown words from which on it is reported.
pub const UNKNOWN: f64 = 0.1;
/// Steps before which outputs, attention and gradients are not reported: every network begins with
/// the same output for all sources and near-uniform attention.
pub const EARLY: u64 = 300;
/// Number of steps whose gradient norms are checked together.
pub const WINDOW: usize = 100;
/// Mean entropy of attention, as a share of that of uniform weights, above which it counts as
/// uniform.
pub const UNIFORM: f64 = 0.99;
/// Median gradient norm below which the gradient counts as vanished.
pub const VANISHED: f64 = 1e-7;
/// Factor by which nine of ten norms must exceed the clip to be reported.
pub const CLIPPED: f64 = 10.0;
/// Factor by which a norm must exceed the median to count as a jump.
pub const LEAP: f64 = 100.0;
/// Share of a state's gradient left at the far end of a sentence, below which it counts as
/// vanished.
pub const DEAD: f32 = 1e-5;
/// Growth of a state's gradient towards the far end of a sentence, above which it counts as
/// exploding.
pub const GROWN: f32 = 1e3;
/// Minimum number of time steps for the check of the gradient flow.
const STEPS_BACK: usize = 8;
/// Minimum number of tokens of an output and a source for the check of attention, the end token
/// included.
const WORDS: usize = 4;

/// Reports the sides of the training and held-out pairs that have many unknown words.
pub(crate) fn unknown_words(rates: &UnknownRates) -> Vec<String> {
    told([
        ("training sources", rates.training.0, FEWER),
        ("training targets", rates.training.1, FEWER),
        ("held-out sources", rates.held_out.0, MORE),
        ("held-out targets", rates.held_out.1, MORE),
    ])
}

/// Reports the training and held-out texts of a language model that have many unknown words.
pub(crate) fn unknown_in_text(rates: &UnknownRates) -> Vec<String> {
    told([("training text", rates.training.1, FEWER), ("held-out text", rates.held_out.1, MORE)])
}

/// Returns the shares of unknown words in sources and in targets.
pub(crate) fn unknown(examples: &[Example]) -> (f64, f64) {
    let side = |side: fn(&Example) -> &[u32]| share(examples.iter().map(side));
    (side(|e| &e.source), side(|e| &e.target))
}

/// Returns the share of unknown words in a text, given as parts of ids.
pub(crate) fn unknown_of_text<'a>(parts: impl Iterator<Item = &'a [u32]>) -> f64 {
    share(parts)
}

/// Advice for a vocabulary that is too small for its own text.
const FEWER: &str = "lower min_count, raise the limit of the vocabulary, or set source_unit or target_unit = characters";
/// Advice for a vocabulary that is too small for another text.
const MORE: &str =
    "train on more or on more similar text, or set source_unit or target_unit = characters";

/// Returns the share of unknown words, without begin and end tokens.
fn share<'a>(texts: impl Iterator<Item = &'a [u32]>) -> f64 {
    let (mut unknown, mut all) = (0_u64, 0_u64);
    for &id in texts.flatten().filter(|&&id| id != SOS && id != EOS) {
        unknown += u64::from(id == UNK);
        all += 1;
    }
    unknown as f64 / all.max(1) as f64
}

/// Returns a sentence for each text with many unknown words. Each text has its name, its share of
/// unknown words, and advice.
fn told<const N: usize>(texts: [(&str, f64, &str); N]) -> Vec<String> {
    let much = texts.into_iter().filter(|(_, share, _)| *share >= UNKNOWN);
    much.map(|(text, share, advice)| {
        let percent = 100.0 * share;
        format!(
            "{percent:.0}% of the words of the {text} are unknown to the model, which reads them \
             all as one word: {advice}"
        )
    })
    .collect()
}

/// Reports that every source has the same output.
pub fn same_output(samples: &[Sample]) -> Option<String> {
    let (first, rest) = samples.split_first()?;
    let other_source = rest.iter().any(|sample| sample.source != first.source);
    let same = rest.iter().all(|sample| sample.output == first.output);
    (other_source && same).then(|| {
        format!(
            "all {} samples have the same output (`{}`), whatever the source: what is said does \
             not follow from what is read yet. It may need more steps, another learning_rate, or \
             more to train on",
            samples.len(),
            first.output.join(" ")
        )
    })
}

/// Reports attention that never moves: near uniform everywhere, or on one position for all targets.
pub fn still_attention(samples: &[Sample]) -> Option<String> {
    let long = |s: &&Sample| {
        s.attention.len() >= WORDS && s.attention.iter().all(|row| row.len() >= WORDS)
    };
    let judged: Vec<&Sample> = samples.iter().filter(long).collect();
    if judged.len() < 2 {
        return None;
    }
    let rows = || judged.iter().flat_map(|sample| &sample.attention);
    let entropy: f64 = rows().map(|row| spread(row)).sum::<f64>() / rows().count().max(1) as f64;
    if entropy >= UNIFORM {
        return Some(format!(
            "attention looks at all source words alike (its entropy is {:.0}% of the largest): it \
             has not learnt where to look. It may need more steps or a higher learning_rate",
            100.0 * entropy
        ));
    }
    let rests = |sample: &&Sample| {
        let mut places = sample.attention.iter().map(|row| place(row));
        let first = places.next();
        places.all(|place| Some(place) == first)
    };
    judged.iter().all(rests).then(|| {
        "attention looks at one source word for every target word: it has not learnt to move. It \
         may need more steps, a lower learning_rate, or another kind of attention"
            .to_owned()
    })
}

/// Returns the entropy of weights, as a share of that of uniform weights.
fn spread(weights: &[f32]) -> f64 {
    let terms = weights.iter().map(|&w| f64::from(w)).filter(|&w| w > 0.0).map(|w| -w * w.ln());
    terms.sum::<f64>() / (weights.len() as f64).ln()
}

/// Returns the index of the largest weight; the first of equals.
fn place(weights: &[f32]) -> usize {
    let largest = weights.iter().enumerate().reduce(|a, b| if *b.1 > *a.1 { b } else { a });
    largest.map_or(0, |(i, _)| i)
}

/// Checks the gradient norms of consecutive steps, before clipping at `clip`.
pub fn gradient_norms(norms: &[f64], clip: Option<f32>) -> Option<String> {
    let mut sorted = norms.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(norms.len() / 2)?;
    if median < VANISHED {
        return Some(format!(
            "the gradient has vanished (its norm is {median:.1e}): where the loss is still high, \
             try another init, a gated cell (gru, lstm) or a lower learning_rate"
        ));
    }
    let largest = sorted.last().copied().unwrap_or(median);
    match clip.map(f64::from) {
        Some(clip) => {
            let far = norms.iter().filter(|&&norm| norm > CLIPPED * clip).count();
            (far * 10 >= norms.len() * 9).then(|| {
                format!(
                    "the gradient keeps far above clip_norm = {clip} (its norm is {median:.1}): \
                     each step is clipped to a small part of it. Raise clip_norm, or lower \
                     learning_rate if the loss does not fall"
                )
            })
        }
        None => (largest > LEAP * median).then(|| {
            format!(
                "the gradient explodes now and then (a norm of {largest:.1e}, where {median:.1e} \
                 is usual): set clip_norm, 1 is a good first value"
            )
        }),
    }
}

/// Checks the gradient of states as it is propagated back through time, series by series.
///
/// The far end is the start of a sentence, or its end for a `.reverse` series. The largest norm in
/// the far quarter of the time steps is compared with the largest in the near half, since the last
/// steps alone may have nothing left to learn.
pub fn gradient_flow(series: &[FlowSeries]) -> Option<String> {
    series.iter().find_map(|FlowSeries { name, norms }| {
        let (quarter, half) = (norms.len() / 4, norms.len() / 2);
        if norms.len() < STEPS_BACK {
            return None;
        }
        let largest = |part: &[f32]| part.iter().copied().fold(0.0, f32::max);
        let (far, near) = if name.ends_with(".reverse") {
            (&norms[norms.len() - quarter..], &norms[..half])
        } else {
            (&norms[..quarter], &norms[norms.len() - half..])
        };
        let (far, near) = (largest(far), largest(near));
        let back = norms.len();
        if near > 0.0 && far < DEAD * near {
            Some(format!(
                "the gradient of {name} vanishes through time: {back} steps back {:.0e} of it is \
                 left, so what stands there is hardly learnt. Try a gated cell (gru, lstm), \
                 attention, or shorter sentences",
                far / near
            ))
        } else if near > 0.0 && far > GROWN * near {
            Some(format!(
                "the gradient of {name} explodes through time: {back} steps back it is {:.0e} \
                 times as large. Set clip_norm, or try a gated cell (gru, lstm) or a smaller \
                 init_scale",
                far / near
            ))
        } else {
            None
        }
    })
}

/// The checks of [`Health`], by their index in `told`.
#[derive(Clone, Copy)]
enum Check {
    Output,
    Attention,
    Norms,
    Flow,
    Validation,
}

/// Runs the checks during training.
#[derive(Debug, Clone)]
pub struct Health {
    clip: Option<f32>,
    norms: VecDeque<f64>,
    told: [bool; 5],
}

impl Health {
    /// Creates the checks of a run whose gradients are clipped at this norm.
    pub fn new(clip: Option<f32>) -> Self {
        Self { clip, norms: VecDeque::with_capacity(WINDOW), told: [false; 5] }
    }

    /// Adds a step's gradient norm before clipping, and checks the last norms.
    pub fn step(&mut self, step: u64, norm: f64) -> Option<String> {
        if self.norms.len() == WINDOW {
            self.norms.pop_front();
        }
        self.norms.push_back(norm);
        let full = self.norms.len() == WINDOW && step >= EARLY;
        if !full || !step.is_multiple_of(WINDOW as u64) {
            return None;
        }
        let found = gradient_norms(self.norms.make_contiguous(), self.clip);
        self.unreported(Check::Norms, found)
    }

    /// Checks the gradient flow through time.
    pub fn flow(&mut self, step: u64, series: &[FlowSeries]) -> Option<String> {
        let found = (step >= EARLY).then(|| gradient_flow(series)).flatten();
        self.unreported(Check::Flow, found)
    }

    /// Checks samples.
    pub fn samples(&mut self, samples: &Samples) -> Vec<String> {
        if samples.step < EARLY {
            return Vec::new();
        }
        let output = self.unreported(Check::Output, same_output(&samples.samples));
        let attention = self.unreported(Check::Attention, still_attention(&samples.samples));
        output.into_iter().chain(attention).collect()
    }

    /// Reports the model's warning about a validation.
    pub fn validation(&mut self, remark: Option<String>) -> Option<String> {
        self.unreported(Check::Validation, remark)
    }

    /// Returns a finding if the previous check of this kind found nothing.
    fn unreported(&mut self, check: Check, found: Option<String>) -> Option<String> {
        let told = std::mem::replace(&mut self.told[check as usize], found.is_some());
        found.filter(|_| !told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(source: &str, output: &str, attention: Vec<Vec<f32>>) -> Sample {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        Sample {
            source: words(source),
            output: words(output),
            attention,
            logprob: -1.0,
            ..Sample::default()
        }
    }

    /// Returns rows of four weights, the largest at these positions.
    fn looks(places: [usize; 4], sharpness: f32) -> Vec<Vec<f32>> {
        let row = |place| {
            let mut row = vec![(1.0 - sharpness) / 4.0; 4];
            row[place] += sharpness;
            row
        };
        places.map(row).to_vec()
    }

    #[test]
    fn unknown_words_are_counted_side_by_side() {
        let known = Example { source: vec![5, 6, EOS], target: vec![7, 8, EOS] };
        let half = Example { source: vec![5, UNK, EOS], target: vec![7, 8, EOS] };
        assert_eq!(unknown(&[]), (0.0, 0.0));
        let training = unknown(&[known, half]);
        assert_eq!(training, (0.25, 0.0));
        assert!(unknown_words(&UnknownRates::default()).is_empty());
        let told = unknown_words(&UnknownRates { training, held_out: (0.09, 0.5) });
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("25% of the words of the training sources"), "{told:?}");
        assert!(told[1].starts_with("50% of the words of the held-out targets"), "{told:?}");

        let rate = unknown_of_text([&[SOS, 5, UNK, EOS][..], &[SOS, 6, 7, EOS]].into_iter());
        let told =
            unknown_in_text(&UnknownRates { training: (rate, rate), held_out: (0.05, 0.05) });
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("25% of the words of the training text"), "{told:?}");
    }

    #[test]
    fn one_output_for_all_is_told() {
        let of = |source, output| sample(source, output, vec![]);
        let same = [of("a b", "x y"), of("c", "x y"), of("d", "x y")];
        let told = same_output(&same).unwrap();
        assert!(told.contains("all 3 samples") && told.contains("`x y`"), "{told}");
        assert_eq!(same_output(&[of("a", "x"), of("b", "y")]), None);
        assert_eq!(same_output(&[of("a", "x"), of("a", "x")]), None);
        assert_eq!(same_output(&[of("a", "x")]), None);
        assert_eq!(same_output(&[]), None);
    }

    #[test]
    fn attention_that_does_not_move_is_told() {
        let both = |attention: Vec<Vec<f32>>| {
            let one = |source| sample(source, "w x y z", attention.clone());
            still_attention(&[one("a b c d"), one("e f g h")])
        };
        assert!(both(looks([0, 1, 2, 3], 0.01)).unwrap().contains("alike"));
        assert!(both(looks([3, 3, 3, 3], 0.9)).unwrap().contains("one source word"));
        assert_eq!(both(looks([0, 1, 2, 3], 0.9)), None);
        assert_eq!(both(looks([3, 3, 2, 3], 0.6)), None);
        // Without attention, or with too few tokens, nothing is reported.
        assert_eq!(both(vec![]), None);
        assert_eq!(both(vec![vec![0.5, 0.5]; 4]), None);
        // Weights of exactly zero are handled.
        assert_eq!(both(looks([0, 1, 2, 3], 1.0)), None);
    }

    #[test]
    fn gradients_that_vanish_explode_or_are_always_clipped_are_told() {
        let healthy: Vec<f64> = (0..100).map(|i| 0.5 + f64::from(i % 7)).collect();
        assert_eq!(gradient_norms(&healthy, Some(1.0)), None);
        assert_eq!(gradient_norms(&healthy, None), None);
        assert_eq!(gradient_norms(&[], None), None);
        assert!(gradient_norms(&[1e-9; 100], Some(1.0)).unwrap().contains("vanished"));
        assert!(gradient_norms(&[30.0; 100], Some(1.0)).unwrap().contains("clip_norm = 1 "));
        let mut leap = healthy;
        leap[50] = 1e4;
        assert!(gradient_norms(&leap, None).unwrap().contains("set clip_norm"));
        assert_eq!(gradient_norms(&leap, Some(1.0)), None);
    }

    #[test]
    fn flow_through_time_is_judged_from_its_near_end() {
        let falling: Vec<f32> = (0..20).map(|t| 0.3_f32.powi(19 - t)).collect();
        let rising: Vec<f32> = falling.iter().rev().copied().collect();
        let of = |name: &str, norms: &[f32]| {
            gradient_flow(&[FlowSeries { name: name.into(), norms: norms.to_vec() }])
        };
        assert!(of("encoder.rnn.l0", &falling).unwrap().contains("vanishes"));
        assert!(of("encoder.rnn.l0.reverse", &rising).unwrap().contains("vanishes"));
        assert!(of("encoder.rnn.l0", &rising).unwrap().contains("explodes"));
        assert!(of("encoder.rnn.l0.reverse", &falling).unwrap().contains("explodes"));
        assert_eq!(of("encoder.rnn.l0", &[1.0; 20]), None);
        assert_eq!(of("encoder.rnn.l0", &falling[13..]), None);
        assert_eq!(of("encoder.rnn.l0", &[0.0; 20]), None);
        // A decoder that predicts the last words well: they contribute almost no gradient.
        let mut learnt = [0.01; 12];
        learnt[9..].copy_from_slice(&[1e-4, 1e-5, 1e-7]);
        assert_eq!(of("decoder.rnn.l0", &learnt), None);
    }

    #[test]
    fn a_thing_is_told_once_until_it_was_otherwise() {
        let mut health = Health::new(Some(1.0));
        let mut told = Vec::new();
        for step in 1..=1_200 {
            // Far above the clip, then normal for a while, then far above it again.
            let norm = if (500..800).contains(&step) { 1.0 } else { 50.0 };
            told.extend(health.step(step, norm).map(|_| step));
        }
        assert_eq!(told, [300, 900]);
        let same = |step| Samples {
            step,
            samples: vec![sample("a", "x", vec![]), sample("b", "x", vec![])],
        };
        assert!(health.samples(&same(EARLY - 1)).is_empty());
        assert_eq!(health.samples(&same(EARLY)).len(), 1);
        assert!(health.samples(&same(EARLY + 1)).is_empty());
    }
}
