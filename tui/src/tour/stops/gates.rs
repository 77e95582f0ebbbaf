//! Stop 3: the gates of an LSTM that must remember two symbols and their order.

use std::path::Path;

use seq2seq::decode::BeamOptions;
use seq2seq::event::CheckpointKind;
use seq2seq::inspection::{Clamp, LayerTrace};
use seq2seq::{Event, Gate, Result, SequenceInspector, evaluate};

use crate::tour::figure::{Curves, Figure, Strip, Strips, Table};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{
    ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_least, at_most,
};
use crate::tour::trace::Trace;

/// The third stop.
pub(crate) struct Gates;

static TEXT: StopText = StopText {
    name: "gates",
    title: "Inside a gate",
    expect: "The network reads a sequence of symbols, of which two are X or Y, and at the end \
             must say which two came and in which order (B begins and E ends it). A gate is a \
             number from 0 to 1 that multiplies what passes: the input gate decides what is \
             written into the cell, the forget gate what stays. Watch the input gates at X \
             and Y while it trains, and the cells, which must keep a trace of both to the \
             end.",
    equation: &[
        "i[t] = sigmoid(W_i x[t] + U_i h[t-1] + b_i),   f[t] and o[t] alike",
        "c[t] = f[t] c[t-1] + i[t] g[t],   h[t] = o[t] tanh(c[t])",
    ],
    question: Question {
        text: "What happens to the answers if the input gate is held shut after training?",
        choices: &["nothing", "a few more errors", "they fall to guessing, 25%"],
        right: 2,
        because: "nothing is ever written into the cell, so all sequences look alike at the end",
    },
    interventions: &[
        Change { label: "hold the input gate at 0", seen: "nothing enters the cell: guessing" },
        Change {
            label: "hold the forget gate at 0.5",
            seen: "the cell loses half of its content at each step: guessing",
        },
        Change {
            label: "hold the output gate at 1",
            seen: "the cell is read at every step, though it is needed only at the end",
        },
    ],
    reading: &[
        "Hochreiter and Schmidhuber 1997, Long Short-Term Memory, section 5.6",
        "Gers, Schmidhuber and Cummins 2000, Learning to Forget, section 3",
        "Karpathy, Johnson and Li 2015, arXiv:1506.02078, section 4.3",
    ],
    minutes: 0.2,
};

/// The gate of each intervention, and the value at which it is held.
const CLAMPS: [(Gate, &str, f32); 3] =
    [(Gate::Input, "input", 0.0), (Gate::Forget, "forget", 0.5), (Gate::Output, "output", 1.0)];
/// The sequences that are drawn; the paper's length is 100 to 110.
const SHOWN: &str = "temporal-order:48-48:test";
/// The sequences that are measured.
const TEST: &str = "temporal-order:test";
/// Number of sequences that are read one by one.
const READ: usize = 200;
/// Units of the cell state that are drawn.
const UNITS: usize = 3;

/// Returns true at the positions of X and Y.
fn marks(tokens: &[String]) -> Vec<bool> {
    tokens.iter().map(|token| ["X", "Y"].contains(&token.as_str())).collect()
}

/// Draws the gates over a sequence.
fn strips(model: &SequenceInspector, clamps: &[Clamp], step: &str) -> Result<Strips> {
    let sequences = model.sequences(SHOWN)?;
    let (sample, layers) = model.inspect(&sequences[0], clamps)?;
    let said = sample.output.first().map_or("?", String::as_str);
    let mut rows = Vec::new();
    let symbols = &sample.source[..sample.source.len().saturating_sub(1)];
    if let Some(layer) = layers.first() {
        let marked = marks(symbols);
        for (gate, name) in
            [(Gate::Input, "input"), (Gate::Forget, "forget"), (Gate::Output, "output")]
        {
            let Some(trace) = layer.gates.iter().find(|trace| trace.gate == gate) else { continue };
            let unit = trace.by_correlation(|at| marked[at])[0];
            let values = trace.unit(unit).collect();
            rows.push(Strip { name: format!("{name} {unit}"), low: 0.0, high: 1.0, values });
        }
        if let Some(trace) = layer.gates.iter().find(|trace| trace.gate == Gate::CellState) {
            for unit in trace.by_variance().into_iter().take(UNITS) {
                let values: Vec<f32> = trace.unit(unit).collect();
                let most = values.iter().fold(1.0_f32, |most, v| most.max(v.abs()));
                rows.push(Strip { name: format!("cell {unit}"), low: -most, high: most, values });
            }
        }
    }
    let symbols = symbols.iter().filter_map(|token| token.chars().next()).collect();
    let title = format!(
        "{step}: says {said}, right is {}; gates 0 (low) to 1, cells around 0, by unit",
        sample.reference
    );
    Ok(Strips { title, symbols, rows })
}

/// Returns the share of right answers with clamps.
fn right(lab: &Lab<'_>, model: &SequenceInspector, clamps: &[Clamp]) -> Result<f64> {
    let sequences = model.sequences(TEST)?;
    let read = &sequences[..READ.min(sequences.len())];
    let mut right = 0;
    for (done, sequence) in read.iter().enumerate() {
        lab.check()?;
        let share = done as f64 / read.len() as f64;
        lab.progress(share, format!("reading {} sequences, one by one", read.len()));
        let (sample, _) = model.inspect(sequence, clamps)?;
        right += usize::from(sample.output.first() == Some(&sample.reference));
    }
    Ok(right as f64 / read.len().max(1) as f64)
}

/// Returns the largest correlation of a unit's input gate with the positions of X and Y, the mean
/// over sequences.
fn correlation(lab: &Lab<'_>, model: &SequenceInspector) -> Result<f64> {
    let sequences = model.sequences(TEST)?;
    let read = &sequences[..(READ / 4).min(sequences.len())];
    let mut sums: Vec<f64> = Vec::new();
    for sequence in read {
        lab.check()?;
        let (sample, layers) = model.inspect(sequence, &[])?;
        let marked = marks(&sample.source);
        let gate = |layer: &LayerTrace| {
            layer
                .gates
                .iter()
                .find(|trace| trace.gate == Gate::Input)
                .map(|t| t.correlations(|at| marked[at]))
        };
        let found = layers.first().and_then(gate).unwrap_or_default();
        sums.resize(found.len(), 0.0);
        sums.iter_mut().zip(found).for_each(|(sum, c)| *sum += c);
    }
    Ok(sums.iter().map(|sum| sum.abs() / read.len().max(1) as f64).fold(0.0, f64::max))
}

fn share_right(run: &Path) -> Result<f64> {
    let found = evaluate(run, "cpu", Some(1), TEST, None, &BeamOptions::greedy())?;
    Ok(found.metrics.exact_match.unwrap_or(f64::NAN))
}

impl Stop for Gates {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let job = Job::new("LSTM", "temporal-order", "temporal-order", &[], 6)
            .with("validate_every_epochs", "0.25")
            .with("sample_every_seconds", "0")
            .steps(lab.size.pick(None, Some(40)));
        let mut trace = Trace::default();
        let mut gates = Strips::default();
        let figures = |gates: &Strips, trace: &Trace| {
            let mut curves = Curves {
                title: "loss in training (guessing: ln 4 = 1.39)".into(),
                x: "optimizer step".into(),
                y: "loss, nats".into(),
                ..Curves::default()
            };
            curves.push("LSTM", trace.points());
            vec![Figure::Strips(gates.clone()), Figure::Curves(curves)]
        };
        let runs = lab.train(&[job], |_, run, event| {
            trace.take(event);
            if let Event::Checkpoint { step, kind: CheckpointKind::Best } = event {
                let model = SequenceInspector::open(run)?;
                gates = strips(&model, &[], &format!("step {step}"))?;
                lab.show(figures(&gates, &trace));
            }
            Ok(())
        })?;
        lab.progress(1.0, "measuring on other sequences");
        let model = SequenceInspector::open(&runs[0])?;
        let layer = model.layer_names().next().unwrap_or_default().to_owned();
        let clamp = |(gate, _, value): (Gate, &str, f32)| Clamp {
            layer: layer.clone(),
            gate,
            unit: None,
            position: None,
            value,
        };
        let clamps: Vec<Clamp> = change.map(|change| clamp(CLAMPS[change])).into_iter().collect();
        let held = change.map_or("trained".to_owned(), |at| {
            format!("{} gate held at {}", CLAMPS[at].1, CLAMPS[at].2)
        });
        gates = strips(&model, &clamps, &held)?;
        lab.show(figures(&gates, &trace));
        let mut numbers = vec![
            Number::new(
                "right answers, 100 to 110 symbols",
                share_right(&runs[0])?,
                lab.size.pick(at_least(0.95), ANY),
                Unit::Share,
            )
            .literature("100% (1997); guessing 25%"),
            Number::new(
                "input gate against X and Y, correlation",
                correlation(lab, &model)?,
                lab.size.pick(at_least(0.4), ANY),
                Unit::Plain,
            ),
        ];
        let (gate, name, value) = CLAMPS[change.unwrap_or(0)];
        let shut = right(lab, &model, &[clamp((gate, name, value))])?;
        let bounds = match change {
            None | Some(0 | 1) => lab.size.pick(at_most(0.5), ANY),
            Some(_) => lab.size.pick(at_least(0.3), ANY),
        };
        let name = format!("right with the {name} gate held at {value}");
        numbers.push(Number::new(name, shut, bounds, Unit::Share).literature("guessing 25%"));
        let mut all = figures(&gates, &trace);
        if change.is_some() {
            let row = |name: &str, share: f64| vec![name.to_owned(), Unit::Share.text(share)];
            all.push(Figure::Table(Table {
                title: format!("right answers of {READ} sequences"),
                head: vec!["gates".into(), "right".into()],
                rows: vec![row("as trained", right(lab, &model, &[])?), row(&held, shut)],
            }));
        }
        let runs = runs.iter().map(|run| run.display().to_string()).collect();
        Ok(Outcome { figures: all, numbers, runs })
    }
}
