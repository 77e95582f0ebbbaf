//! The events of a run as summaries: scalars, histograms, images and texts.

use std::time::{Duration, Instant};

use seq2seq::event::{Flow, Sample, Samples, Start, TrainStep, Validation};
use seq2seq::{Checkpoint, Event};

use super::event::Summary;
use crate::figures::{HeatMap, png};
use crate::format::{count, number, percent, plain};

/// Most samples of a step that are written.
const SAMPLES: usize = 8;
/// Pixels of an image for each unit of a figure.
const SCALE: f32 = 1.0;

/// Share of the time that drawing images may take in training, inverted.
const SHARE: u32 = 200;

/// Converts the events of a run.
#[derive(Debug, Default)]
pub(super) struct Summaries {
    seconds: f64,
    /// When images were drawn last, and how long that took; `None` if every image is drawn.
    drawn: Option<(Instant, Duration)>,
}

impl Summaries {
    /// Creates an instance that draws images for a small share of the time only.
    pub(super) fn in_training() -> Self {
        Self { drawn: Some((Instant::now(), Duration::ZERO)), ..Self::default() }
    }

    /// Returns true if it is time for images.
    fn draws(&self) -> bool {
        self.drawn.is_none_or(|(at, took)| at.elapsed() >= took.saturating_mul(SHARE))
    }

    /// Returns the step and the summary of an event, if it has one.
    pub(super) fn of(&mut self, event: &Event) -> Option<(u64, Summary)> {
        let mut summary = Summary::new();
        let step = match event {
            Event::Start(start) => {
                self.seconds = start.seconds;
                // A resume continues a run that has its text.
                if start.step > 0 {
                    return None;
                }
                summary.text("run", &about(start));
                0
            }
            Event::Step(step) => {
                self.seconds = step.seconds;
                train(&mut summary, step);
                step.step
            }
            Event::Validation(validation) => {
                held_out(&mut summary, validation);
                validation.step
            }
            Event::Samples(found) => {
                let (draws, begun) = (self.draws(), Instant::now());
                samples(&mut summary, found, draws);
                if draws && self.drawn.is_some() {
                    self.drawn = Some((Instant::now(), begun.elapsed()));
                }
                found.step
            }
            Event::Flow(found) => {
                flow(&mut summary, found);
                found.step
            }
            Event::Warning { step, text } => {
                summary.text("warnings", &escaped(text));
                *step
            }
            _ => return None,
        };
        Some((step, summary))
    }

    /// Returns the seconds of training up to the last event.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }
}

fn train(summary: &mut Summary, step: &TrainStep) {
    for (tag, value) in [
        ("loss/train", step.loss),
        ("train/learning_rate", step.learning_rate),
        ("train/epoch", step.epoch as f64),
        ("train/target_tokens_per_second", step.tokens_per_second),
        ("gradient_norm/before_clipping", step.gradient_norm),
        ("gradient_norm/after_clipping", step.clipped_norm),
    ] {
        summary.scalar(tag, value);
    }
    for metrics in &step.parameters {
        summary.scalar(&format!("gradient_norm_of/{}", metrics.name), metrics.gradient_norm);
        summary.scalar(&format!("update_ratio_of/{}", metrics.name), metrics.update_ratio);
    }
    let log = |value: f64| value.log10();
    let norms = step.parameters.iter().map(|metrics| log(metrics.gradient_norm));
    summary.histogram("log10_gradient_norm_of_parameters", norms);
    let ratios = step.parameters.iter().map(|metrics| log(metrics.update_ratio));
    summary.histogram("log10_update_ratio_of_parameters", ratios);
}

fn held_out(summary: &mut Summary, validation: &Validation) {
    let metrics = &validation.metrics;
    summary.scalar("loss/held_out", metrics.loss);
    for (tag, value) in [
        ("held_out/perplexity", metrics.perplexity),
        ("held_out/token_accuracy", metrics.token_accuracy),
        ("held_out/exact_match", metrics.exact_match),
        ("held_out/bleu", metrics.bleu),
        ("held_out/token_bleu", metrics.token_bleu),
        ("held_out/truncated", metrics.truncated.map(|truncated| truncated as f64)),
    ] {
        if let Some(value) = value {
            summary.scalar(tag, value);
        }
    }
}

fn samples(summary: &mut Summary, samples: &Samples, draws: bool) {
    for (i, sample) in samples.samples.iter().enumerate().take(SAMPLES) {
        summary.text(&format!("samples/{}", i + 1), &translation(sample));
        if draws && !sample.attention.is_empty() {
            let title = format!("Attention at step {}, sentence {}", count(samples.step), i + 1);
            let raster = png(&HeatMap::of_sample(sample, title).scene(), SCALE);
            summary.image(&format!("attention/{}", i + 1), raster.size, &raster.bytes);
        }
    }
}

/// Returns the values of the parameters of a checkpoint as histograms.
pub(super) fn parameters(checkpoint: &Checkpoint) -> Summary {
    let mut summary = Summary::new();
    for (name, tensor) in &checkpoint.params {
        let values = tensor.data().iter().map(|value| f64::from(*value));
        summary.histogram(&format!("parameters/{name}"), values);
    }
    summary
}

/// The norms over the time steps as a histogram: how many states the gradient reaches.
fn flow(summary: &mut Summary, flow: &Flow) {
    for series in &flow.series {
        let norms = series.norms.iter().map(|norm| f64::from(*norm).log10());
        summary.histogram(&format!("log10_gradient_flow/{}", series.name), norms);
    }
}

fn translation(sample: &Sample) -> String {
    let text = |text: &Option<String>, tokens: &[String]| {
        escaped(&text.clone().unwrap_or_else(|| tokens.join(" ")))
    };
    let mut rows = vec![
        ("source", text(&sample.source_text, &sample.source)),
        ("output", text(&sample.output_text, &sample.output)),
    ];
    if !sample.reference.is_empty() {
        rows.push(("reference", escaped(&sample.reference)));
    }
    rows.push(("log-probability", number(sample.logprob)));
    table(&rows)
}

fn about(start: &Start) -> String {
    let mut rows = vec![
        ("preset", escaped(&start.preset)),
        ("model", escaped(&start.model)),
        ("data", escaped(&start.data)),
        ("device", escaped(&start.device)),
        ("parameters", count(start.parameters)),
        ("training examples", count(start.train_pairs)),
        ("held-out examples", count(start.valid_pairs)),
        ("unknown words, held out", percent(start.unknown_rate)),
        ("seed", start.seed.to_string()),
    ];
    let differences: Vec<String> = start.differences.iter().map(ToString::to_string).collect();
    if !differences.is_empty() {
        rows.push(("changed keys", escaped(&differences.join(", "))));
    }
    table(&rows)
}

/// Returns a table of names and values in Markdown.
fn table(rows: &[(&str, String)]) -> String {
    let rows = rows.iter().map(|(name, value)| format!("| {name} | {value} |"));
    ["| | |".to_owned(), "|---|---|".to_owned()]
        .into_iter()
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns a text without control characters, with the signs of Markdown made plain.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in plain(text).chars() {
        if "\\`*_{}[]<>#|~".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
