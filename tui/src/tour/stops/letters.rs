//! Stop 4: a language model of letters.

use std::fs;
use std::path::Path;

use seq2seq::decode::{Sampling, SamplingOptions};
use seq2seq::event::CheckpointKind;
use seq2seq::{Error, Event, Result, SampleOptions, Sampler};

use super::names::{entropy, names, probability};
use crate::tour::figure::{Curves, Figure, Lines};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_least};

/// The fourth stop.
pub(crate) struct Letters;

static TEXT: StopText = StopText {
    name: "letters",
    title: "Letters: a language model of names",
    expect: "A language model gives the probability of the next letter after all letters \
             before it; drawing letter by letter writes a new name (a low temperature prefers \
             the probable letters). These names come from a small grammar of six lands, such \
             as ber-la-trud and mar-no-ella: the ending must be of the land of the first \
             syllable, else the name is not legal. The loss cannot fall below the entropy of \
             the grammar.",
    equation: &[
        "p(x) = prod_t p(x[t] | x[1], ..., x[t-1])",
        "loss = -(1/T) sum_t ln p(x[t] | x[1], ..., x[t-1])",
    ],
    question: Question {
        text: "In which order do the three cells end, the lowest loss first?",
        choices: &["LSTM and GRU, then Elman", "Elman, then GRU and LSTM", "all alike"],
        right: 0,
        because: "the gap is small but there at every step: gates keep the first syllable sooner",
    },
    interventions: &[
        Change { label: "half the units", seen: "32 units in place of 64: all cells need longer" },
        Change {
            label: "a learning rate ten times as high",
            seen: "5e-3: what differed at the end was how fast each cell learns",
        },
    ],
    reading: &[
        "Karpathy, makemore (names of people: 2.136 Elman, 2.095 GRU and LSTM, BENCHMARKS.md)",
        "Graves 2013, arXiv:1308.0850, section 2",
    ],
    minutes: 0.1,
};

const CELLS: [(&str, &str); 3] =
    [("Elman (tanh)", "makemore-rnn"), ("GRU", "makemore-gru"), ("LSTM", "makemore-lstm")];
/// Temperatures of the samples.
const TEMPERATURES: [f32; 3] = [0.5, 1.0, 1.5];
/// Number of samples by which a temperature is measured, and of those that are shown.
const SAMPLES: (usize, usize) = (500, 7);
/// Names to train on and held out.
const NAMES: (usize, usize) = (8_000, 1_000);

/// Writes the names, unless they are there.
fn write(path: &Path, names: &[String]) -> Result<()> {
    let failed = |e: std::io::Error| Error::Other(format!("{}: {e}", path.display()));
    if path.is_file() {
        return Ok(());
    }
    fs::write(path, names.join("\n") + "\n").map_err(failed)
}

/// Samples names at a temperature. Returns some of them, and the share that belongs to the grammar.
fn sample(sampler: &Sampler, temperature: f32, count: usize) -> Result<(Vec<String>, f64)> {
    let draw = Sampling { temperature, ..Sampling::default() };
    let sampling = SamplingOptions { draw, samples: count, ..SamplingOptions::default() };
    let all = sampler.sample(&SampleOptions { sampling, ..SampleOptions::default() })?;
    let legal = all.iter().filter(|text| probability(&text.text) > 0.0).count();
    let shown = all.iter().take(SAMPLES.1).map(|text| {
        let mark = if probability(&text.text) > 0.0 { '=' } else { 'x' };
        format!("{mark}{}", text.text)
    });
    Ok((shown.collect(), legal as f64 / all.len().max(1) as f64))
}

/// Returns the lines of samples at all temperatures, and the shares.
fn samples(run: &Path, count: usize) -> Result<(Vec<String>, Vec<f64>)> {
    let sampler = Sampler::open(run, "cpu", Some(1))?;
    let (mut lines, mut shares) = (Vec::new(), Vec::new());
    for temperature in TEMPERATURES {
        let (names, share) = sample(&sampler, temperature, count)?;
        lines.push(format!(
            "T {temperature:.1}  {:>6} legal  {}",
            Unit::Share.text(share),
            names.join(" ")
        ));
        shares.push(share);
    }
    Ok((lines, shares))
}

impl Stop for Letters {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let all = names(NAMES.0 + NAMES.1, 1);
        let (held, train) = all.split_at(NAMES.1);
        let paths = [lab.folder().join("names.txt"), lab.folder().join("names-held-out.txt")];
        fs::create_dir_all(lab.folder())
            .map_err(|e| Error::Other(format!("{}: {e}", lab.folder().display())))?;
        write(&paths[0], train)?;
        write(&paths[1], held)?;
        let floor = entropy(held);
        let (suffix, set): (&str, &[(&str, &str)]) = match change {
            Some(0) => ("-32", &[("embedding", "32"), ("hidden", "32")]),
            Some(_) => ("-fast", &[("learning_rate", "5e-3")]),
            None => ("", &[]),
        };
        let [data, valid] = paths.map(|path| path.display().to_string());
        let job = |&(name, preset): &(&str, &str)| {
            Job::new(name, &format!("{preset}{suffix}"), preset, set, lab.size.pick(10, 1))
                .on(&data, &valid)
                .with("validate_every_epochs", lab.size.pick("0.5", "1"))
                .with("sample_every_seconds", "0")
        };
        let jobs: Vec<Job> = CELLS.iter().map(job).collect();
        let mut losses: Vec<Vec<(f64, f64)>> = vec![Vec::new(); jobs.len()];
        let mut lines = Vec::new();
        let figures = |losses: &[Vec<(f64, f64)>], lines: &[String]| {
            let mut curves = Curves {
                title: "loss on 1,000 held-out names".into(),
                x: "optimizer step".into(),
                y: "nats per letter".into(),
                ..Curves::default()
            };
            for ((name, _), points) in CELLS.iter().zip(losses) {
                curves.push(*name, points.clone());
            }
            let ends = losses.iter().flatten().map(|(x, _)| *x);
            let ends = ends.fold((f64::MAX, 1.0), |(a, b), x| (x.min(a), x.max(b)));
            curves.push("entropy", vec![(ends.0.min(ends.1), floor), (ends.1, floor)]);
            let title = "names that the LSTM writes, by temperature (= legal, x not)".to_owned();
            vec![Figure::Curves(curves), Figure::Lines(Lines { title, lines: lines.to_vec() })]
        };
        let runs = lab.train(&jobs, |at, run, event| {
            match event {
                Event::Validation(validation) => {
                    let step = validation.step as f64;
                    losses[at].retain(|(x, _)| *x < step);
                    losses[at].push((step, validation.metrics.loss));
                }
                Event::Checkpoint { kind: CheckpointKind::Best, .. } if at == 2 => {
                    lines = samples(run, 60)?.0;
                }
                _ => return Ok(()),
            }
            lab.show(figures(&losses, &lines));
            Ok(())
        })?;
        lab.progress(1.0, "sampling names");
        let (lines, shares) = samples(&runs[2], SAMPLES.0)?;
        let last = |at: usize| losses[at].last().map_or(f64::NAN, |(_, loss)| *loss);
        let size = lab.size;
        let bounds = |low, high| size.pick((low, high), ANY);
        let mut numbers = vec![
            Number::new("loss, Elman", last(0), bounds(floor, floor + 0.3), Unit::Plain),
            Number::new("loss, GRU", last(1), bounds(floor, floor + 0.15), Unit::Plain),
            Number::new("loss, LSTM", last(2), bounds(floor, floor + 0.15), Unit::Plain)
                .literature(format!("entropy of the grammar {floor:.3}")),
            Number::new(
                "Elman minus the better of GRU and LSTM",
                last(0) - last(1).min(last(2)),
                size.pick(at_least(0.005), ANY),
                Unit::Plain,
            )
            .literature("0.04 on names of people (makemore)"),
        ];
        for (temperature, share) in TEMPERATURES.iter().zip(&shares) {
            let full = if *temperature < 1.0 { at_least(0.9) } else { at_least(0.05) };
            let name = format!("legal names at temperature {temperature}");
            numbers.push(Number::new(name, *share, size.pick(full, ANY), Unit::Share));
        }
        let runs = runs.iter().map(|run| run.display().to_string()).collect();
        Ok(Outcome { figures: figures(&losses, &lines), numbers, runs })
    }
}
