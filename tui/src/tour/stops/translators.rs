//! The translators of stops 6 to 12: one model on two tasks, without attention, with the source
//! reversed, with attention. Settings are those of `tui compare`.

use std::path::Path;

use seq2seq::data::{Corpus, Pair};
use seq2seq::event::CheckpointKind;
use seq2seq::{Evaluation, Event, Result, Translator};

use crate::tour::figure::{Curves, Figure};
use crate::tour::lab::{Job, Lab};

/// A task of the translators.
#[derive(Debug)]
pub(super) struct Task {
    /// The preset.
    preset: &'static str,
    data: &'static str,
    valid: &'static str,
    /// The corpus on which it is measured.
    pub test: &'static str,
    /// Ranges of the length, in words of the source.
    pub lengths: [(usize, usize); 4],
    embedding: &'static str,
    hidden: usize,
    /// What a sentence consists of.
    pub unit: &'static str,
}

/// Sentences of the phrasebook.
pub(super) const SENTENCES: Task = Task {
    preset: "phrasebook",
    data: "phrasebook",
    valid: "phrasebook:valid",
    test: "phrasebook:test",
    lengths: [(3, 5), (6, 8), (9, 11), (12, 14)],
    embedding: "64",
    hidden: 128,
    unit: "words",
};

/// Letters that are said from the end.
pub(super) const LETTERS: Task = Task {
    preset: "reverse",
    data: "reverse:20",
    valid: "reverse:20:valid",
    test: "reverse:20:test",
    lengths: [(1, 5), (6, 10), (11, 15), (16, 20)],
    embedding: "32",
    hidden: 96,
    unit: "letters",
};

/// Epochs of each translator.
const EPOCHS: u64 = 6;

/// How the decoder sees the source, and the width of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    how: How,
    width: Width,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Through the last state of the encoder.
    State,
    /// The same, of a source that is read backwards.
    Reversed,
    /// Through an attention, by its name.
    Attention(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Half,
    Usual,
    Double,
}

impl Sight {
    /// Through the last state of the encoder.
    pub(super) const STATE: Self = Self { how: How::State, width: Width::Usual };
    /// The same, of a source that is read backwards.
    pub(super) const REVERSED: Self = Self { how: How::Reversed, width: Width::Usual };

    /// Through an attention, by its name.
    pub(super) const fn attention(name: &'static str) -> Self {
        Self { how: How::Attention(name), width: Width::Usual }
    }

    /// Returns the same with half the units.
    pub(super) const fn half(self) -> Self {
        Self { width: Width::Half, ..self }
    }

    /// Returns the same with twice the units.
    pub(super) const fn double(self) -> Self {
        Self { width: Width::Double, ..self }
    }

    fn name(self) -> &'static str {
        match self.how {
            How::State => "none",
            How::Reversed => "none-reversed",
            How::Attention(name) => name,
        }
    }

    fn units(self, task: &Task) -> usize {
        match self.width {
            Width::Half => task.hidden / 2,
            Width::Usual => task.hidden,
            Width::Double => task.hidden * 2,
        }
    }

    /// Returns its name in figures.
    fn label(self) -> String {
        let name = match self.how {
            How::State => "no attention",
            How::Reversed => "source reversed",
            How::Attention(name) => name,
        };
        match self.width {
            Width::Half => format!("{name}, half the units"),
            Width::Usual => name.to_owned(),
            Width::Double => format!("{name}, twice the units"),
        }
    }
}

/// Returns the run of a translator.
pub(super) fn job(lab: &Lab<'_>, task: &Task, sight: Sight) -> Job {
    let attends = matches!(sight.how, How::Attention(_));
    let flag = |is: bool| if is { "true" } else { "false" };
    let (name, units) = (sight.name(), sight.units(task).to_string());
    let keys = [
        ("cell", "lstm"),
        ("bidirectional", flag(attends)),
        ("merge", if attends { "sum" } else { "concat" }),
        ("embedding", task.embedding),
        ("hidden", units.as_str()),
        ("attention", if attends { name } else { "none" }),
        ("wiring", "recur_then_attend"),
        ("readout", if attends { "tanh_context" } else { "linear" }),
        ("input_feeding", flag(attends)),
        ("decoder_init", "copy"),
        ("reverse_source", flag(sight.how == How::Reversed)),
        ("sample_every_seconds", "0"),
        ("flow_every", "0"),
    ];
    let mut job = Job::new(
        &format!("{}, {}", sight.label(), task.unit),
        &match sight.width {
            Width::Usual => format!("{}-{name}", task.preset),
            _ => format!("{}-{name}-{units}", task.preset),
        },
        task.preset,
        &keys,
        EPOCHS,
    );
    if name.starts_with("local_") {
        job = job.with("attention_window", "3");
    }
    if name == "multi_head" {
        job = job.with("attention_heads", "4");
    }
    if attends {
        // The map is seen forming.
        job = job.with("sample_every_seconds", "2").with("checkpoint_seconds", "3");
    }
    job.on(task.data, task.valid)
        .with("validate_every_epochs", "1")
        .steps(lab.size.pick(None, Some(40)))
}

/// Exact match by length of the source.
pub(super) type ByLength = Vec<((usize, usize), f64)>;

/// Measures a translator on its test part: exact match by length, and all metrics.
pub(super) fn measure(lab: &Lab<'_>, run: &Path, task: &Task) -> Result<(ByLength, Evaluation)> {
    let translator = Translator::open(run, "cpu", Some(1))?;
    let mut corpus = Corpus::read(task.test, None)?;
    corpus.pairs.truncate(lab.size.pick(1_000, 100));
    let words = |pair: &Pair| pair.source.split_whitespace().count();
    let mut by_length = Vec::new();
    for (from, to) in task.lengths {
        let mut part = corpus.clone();
        part.pairs.retain(|pair| (from..=to).contains(&words(pair)));
        if part.pairs.is_empty() {
            continue;
        }
        let found = translator.evaluate_corpus(&part)?;
        by_length.push(((from, to), found.metrics.exact_match.unwrap_or(f64::NAN)));
    }
    Ok((by_length, translator.evaluate_corpus(&corpus)?))
}

/// What is known of each translator: exact match by length.
pub(super) type Measured = Vec<(&'static Task, Sight, ByLength)>;

/// Returns a chart for each task.
pub(super) fn charts(measured: &Measured) -> Vec<Figure> {
    let mut figures = Vec::new();
    for task in [&SENTENCES, &LETTERS] {
        let mut curves = Curves {
            title: format!("exact match by length, {}", task.preset),
            x: format!("{} of the source", task.unit),
            y: "exact match, %".into(),
            ends: Some((0.0, 100.0)),
            ..Curves::default()
        };
        for (of, sight, by_length) in measured {
            if of.preset == task.preset && !by_length.is_empty() {
                let point = |&((from, to), exact): &((usize, usize), f64)| {
                    (f64::midpoint(from as f64, to as f64), 100.0 * exact)
                };
                curves.push(sight.label(), by_length.iter().map(point).collect());
            }
        }
        if !curves.curves.is_empty() {
            figures.push(Figure::Curves(curves));
        }
    }
    figures
}

/// Returns each sight on each task: sentences, letters.
fn on_both(sights: &[Sight]) -> Vec<(&'static Task, Sight)> {
    sights.iter().flat_map(|&sight| [&SENTENCES, &LETTERS].map(|task| (task, sight))).collect()
}

/// Measures the translators that were trained before.
pub(super) fn measured_before(lab: &Lab<'_>, sights: &[Sight]) -> Measured {
    let mut measured = Measured::new();
    for (task, sight) in on_both(sights) {
        let run = lab.run_dir(&job(lab, task, sight));
        if run.is_dir()
            && let Ok((by_length, _)) = measure(lab, &run, task)
        {
            measured.push((task, sight, by_length));
        }
    }
    measured
}

/// Trains translators on both tasks and draws their exact match by length as it grows. Those of
/// `before` are drawn, too, if they were trained. Returns the folders and the measurements.
pub(super) fn race(
    lab: &Lab<'_>,
    sights: &[Sight],
    before: &[Sight],
) -> Result<(Vec<String>, Measured)> {
    let mut measured = measured_before(lab, before);
    let earlier = measured.len();
    let ours = on_both(sights);
    measured.extend(ours.iter().map(|&(task, sight)| (task, sight, Vec::new())));
    let jobs: Vec<Job> = ours.iter().map(|&(task, sight)| job(lab, task, sight)).collect();
    let runs = lab.train(&jobs, |at, run, event| {
        if matches!(event, Event::Checkpoint { kind: CheckpointKind::Best, .. }) {
            measured[earlier + at].2 = measure(lab, run, ours[at].0)?.0;
            lab.show(charts(&measured));
        }
        Ok(())
    })?;
    lab.progress(1.0, "measuring by length");
    for (at, run) in runs.iter().enumerate() {
        lab.check()?;
        measured[earlier + at].2 = measure(lab, run, ours[at].0)?.0;
    }
    lab.show(charts(&measured));
    Ok((runs.iter().map(|run| run.display().to_string()).collect(), measured))
}

/// Returns the exact match of a translator at the lengths of an index, from the shortest; the last
/// for those beyond.
pub(super) fn exact(measured: &Measured, task: &Task, sight: Sight, at: usize) -> f64 {
    let found = measured.iter().find(|(of, s, _)| of.preset == task.preset && *s == sight);
    let by_length = found.map(|(.., by_length)| by_length.as_slice()).unwrap_or_default();
    by_length.get(at).or(by_length.last()).map_or(f64::NAN, |(_, exact)| *exact)
}
