//! Stop 9: one sentence, word by word.

use seq2seq::inspection::{InspectRequest, Trace, TraceStep};
use seq2seq::{Result, Translator};

use super::attention::{SENTENCE, open};
use crate::tour::figure::{Figure, Lines, Table};
use crate::tour::lab::Lab;
use crate::tour::stop::{
    Explorer, ExplorerKey, Number, Outcome, Question, Stop, StopText, Unit, at_most,
};

/// The ninth stop.
pub(crate) struct StepByStep;

static TEXT: StopText = StopText {
    name: "step-by-step",
    title: "Step by step",
    expect: "One sentence goes through the model of the last stop, one French word at a time. For each \
             word you see the score of every English word, the weight that the softmax makes of it, and \
             the most probable next words with their probabilities. The query is the decoder's state and \
             the context the weighted mean of the encoder's states; go through the steps with the arrows, \
             then type a sentence of your own.",
    equation: &[
        "a[t,i] = exp(score[t,i]) / sum_k exp(score[t,k]),   sum_i a[t,i] = 1",
        "p(y[t]) = softmax(W_o tanh(W_c [h[t]; c[t]])),   W_o and W_c are learnt",
    ],
    question: Question {
        text: "A score is 2 higher than another. How much larger is its weight?",
        choices: &["2 times", "4 times", "7.4 times"],
        right: 2,
        because: "the softmax turns a difference into a factor: e^2 = 7.4",
    },
    interventions: &[],
    reading: &[
        "Alammar 2018, Visualizing A Neural Machine Translation Model",
        "Luong, Pham and Manning 2015, arXiv:1508.04025, section 3",
    ],
    minutes: 0.03,
};

/// Columns of a bar.
const BAR: usize = 20;

/// Returns a bar of a share, in ASCII: the same in every terminal and file.
fn bar(share: f32) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to BAR
    let filled = (share.clamp(0.0, 1.0) * BAR as f32).round() as usize;
    "#".repeat(filled)
}

/// Draws one step of a translation.
fn step_figures(trace: &Trace, at: usize) -> Vec<Figure> {
    let Some(step) = trace.steps.get(at) else {
        let lines = vec!["nothing was written".to_owned()];
        return vec![Figure::Lines(Lines { title: "output".into(), lines })];
    };
    let written: Vec<&str> = trace.output().take(at).collect();
    let scores = step.scores.first().map_or(&[][..], Vec::as_slice);
    let row = |(i, word): (usize, &String)| {
        let (score, weight) = (
            scores.get(i).copied().unwrap_or(f32::NAN),
            step.weights.get(i).copied().unwrap_or(0.0),
        );
        vec![
            word.clone(),
            format!("{score:.2}"),
            format!("{weight:.3}"),
            format!("{:<BAR$}", bar(weight)),
        ]
    };
    let table = Table {
        title: format!("step {} of {}: after \"{}\"", at + 1, trace.steps.len(), written.join(" ")),
        head: ["source", "score", "weight", ""].map(str::to_owned).to_vec(),
        rows: trace.source.iter().enumerate().map(row).collect(),
    };
    let candidate = |choice: &seq2seq::inspection::Choice| {
        let share = choice.logprob.exp();
        vec![
            choice.token.clone(),
            format!("{:.1}%", 100.0 * share),
            format!("{:<BAR$}", bar(share as f32)),
        ]
    };
    let norm = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>().sqrt();
    let words = Table {
        title: format!(
            "next word: {} (length of query h {:.1}, of context c {:.1})",
            step.chosen.token,
            norm(&step.query),
            norm(&step.context)
        ),
        head: ["candidate", "probability", ""].map(str::to_owned).to_vec(),
        rows: step.likeliest.iter().take(5).map(candidate).collect(),
    };
    vec![Figure::Table(table), Figure::Table(words)]
}

/// Returns the softmax of scores.
fn softmax(scores: &[f32]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let exps: Vec<f64> = scores.iter().map(|&score| f64::from(score - most).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|exp| exp / sum).collect()
}

/// Returns the largest difference between a step's weights and the softmax of its scores, and of
/// their sum from 1.
fn errors(step: &TraceStep) -> (f64, f64) {
    let scores = step.scores.first().map_or(&[][..], Vec::as_slice);
    let expected = softmax(scores);
    let difference = expected.iter().zip(&step.weights).map(|(e, &w)| (e - f64::from(w)).abs());
    let sum: f64 = step.weights.iter().map(|&w| f64::from(w)).sum();
    (difference.fold(0.0, f64::max), (sum - 1.0).abs())
}

impl Stop for StepByStep {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, _: Option<usize>) -> Result<Outcome> {
        let translator = open(lab)?;
        let trace = translator.inspect(&SENTENCE.into())?.without;
        let found: Vec<(f64, f64)> = trace.steps.iter().map(errors).collect();
        let most = |pick: fn(&(f64, f64)) -> f64| found.iter().map(pick).fold(0.0, f64::max);
        let chosen: f64 = trace.steps.iter().map(|step| step.chosen.logprob).sum();
        let numbers = vec![
            Number::new(
                "check: weights against the softmax of scores",
                most(|e| e.0),
                at_most(1e-5),
                Unit::Power,
            )
            .literature("0, by definition"),
            Number::new(
                "check: sum of the weights against 1",
                most(|e| e.1),
                at_most(1e-5),
                Unit::Power,
            )
            .literature("0, by definition"),
            Number::new(
                "check: ln p of the words, summed, against the sentence",
                (chosen - trace.logprob).abs(),
                at_most(1e-6),
                Unit::Power,
            )
            .literature("0: the chain rule"),
        ];
        let middle = trace.steps.len() / 2;
        Ok(Outcome { figures: step_figures(&trace, middle), numbers, runs: Vec::new() })
    }

    fn explore(&self, lab: &Lab<'_>) -> Result<Option<Box<dyn Explorer>>> {
        let translator = open(lab)?;
        let trace = translator.inspect(&SENTENCE.into())?.without;
        Ok(Some(Box::new(Stepping { translator, trace, at: 0 })))
    }
}

/// A translation that the learner steps through.
struct Stepping {
    translator: Translator,
    trace: Trace,
    at: usize,
}

impl Explorer for Stepping {
    fn help(&self) -> &'static str {
        "left, right: words; up, down: first, last; t: own sentence, with its full stop"
    }

    fn key(&mut self, key: ExplorerKey) -> Result<()> {
        let last = self.trace.steps.len().saturating_sub(1);
        self.at = match key {
            ExplorerKey::Left => self.at.saturating_sub(1),
            ExplorerKey::Right => (self.at + 1).min(last),
            ExplorerKey::Up => 0,
            ExplorerKey::Down => last,
            ExplorerKey::Undo => {
                self.trace = self.translator.inspect(&SENTENCE.into())?.without;
                0
            }
        };
        Ok(())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, line: &str) -> Result<Option<String>> {
        let trace = self.translator.inspect(&InspectRequest::from(line))?.without;
        if trace.steps.is_empty() {
            return Ok(Some(
                "type a sentence, for example: the teacher is reading a letter .".into(),
            ));
        }
        let unknown: Vec<&str> = trace.unknown.iter().map(|&i| trace.source[i].as_str()).collect();
        let note = (!unknown.is_empty()).then(|| {
            format!("the model has not seen: {}; it reads <unk> there", unknown.join(", "))
        });
        (self.trace, self.at) = (trace, 0);
        Ok(note)
    }

    fn figures(&self) -> Vec<Figure> {
        let mut figures = step_figures(&self.trace, self.at);
        let lines = vec![
            format!("source  {}", self.trace.source_text),
            format!("output  {}", self.trace.output_text),
        ];
        figures.insert(0, Figure::Lines(Lines { title: "sentence".into(), lines }));
        figures
    }
}
