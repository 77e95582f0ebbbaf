//! Stop 8: attention.

use std::path::Path;

use seq2seq::event::{CheckpointKind, Sample};
use seq2seq::{Event, EventReader, Result, Translator};

use super::translators::{
    LETTERS, Measured, SENTENCES, Sight, charts, exact, job, measure, measured_before, race,
};
use crate::tour::figure::{Figure, Map};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{
    ANY, Change, Explorer, ExplorerKey, Number, Outcome, Question, Stop, StopText, Unit, at_least,
    at_most,
};

/// The eighth stop.
pub(crate) struct Attention;

/// The attention of stops 8, 9 and 11.
pub(super) const ADDITIVE: Sight = Sight::attention("additive");

/// A sentence whose map shows what attention learns: an adjective that changes places with its noun,
/// and a negation in two words.
pub(super) const SENTENCE: &str = "the teacher did not find a beautiful letter this morning .";

static TEXT: StopText = StopText {
    name: "attention",
    title: "Attention",
    expect: "Instead of one vector the decoder may use all states h[i] of the encoder: at \
             each step it scores every source word against its own state s, turns the scores \
             into weights a that sum to 1 (softmax), and reads the weighted mean c. The map \
             shows the weights while they form: a row for each French word that it writes, a \
             column for each English word; </s> ends a sentence. The alignment error compares \
             them with the true word links.",
    equation: &[
        "score(s, h) = v' tanh(W_a s[t-1] + U_a h[i]),   a = softmax(score)",
        "c[t] = sum_i a[t,i] h[i]",
    ],
    question: Question {
        text: "What will the curve of right translations by length look like?",
        choices: &["it falls as before", "it is flat", "it rises with the length"],
        right: 1,
        because: "each word is read from where it stands, however long the sentence is",
    },
    interventions: &[Change {
        label: "half the units",
        seen: "compare with no attention and all units: the length costs little, whatever the width",
    }],
    reading: &[
        "Bahdanau, Cho and Bengio 2014, arXiv:1409.0473, section 3 and figure 3",
        "Alammar 2018, Visualizing A Neural Machine Translation Model",
    ],
    minutes: 1.2,
};

/// Returns the map of a sentence, translated greedily by a model.
pub(super) fn map(translator: &Translator, line: &str, title: String) -> Result<Map> {
    let translation = translator.translate(&[line.to_owned()])?.swap_remove(0);
    let sample = Sample {
        source: translation.source_tokens,
        output: translation.tokens,
        attention: translation.attention,
        output_text: Some(translation.target),
        logprob: translation.logprob,
        ..Sample::default()
    };
    Ok(Map { title, sample, cursor: None })
}

/// Trains the translators with attention if that was not done, and opens the one of sentences.
pub(super) fn open(lab: &Lab<'_>) -> Result<Translator> {
    let runs = lab.train(&[job(lab, &SENTENCES, ADDITIVE)], |_, _, _| Ok(()))?;
    Translator::open(&runs[0], "cpu", Some(1))
}

impl Stop for Attention {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        if change.is_some() {
            let half = ADDITIVE.half();
            let (runs, measured) = race(lab, &[half], &[Sight::STATE, ADDITIVE])?;
            let of = |at| exact(&measured, &SENTENCES, half, at);
            let numbers = vec![
                Number::new(
                    "sentences of 12 to 14 words",
                    of(3),
                    lab.size.pick(at_least(0.6), ANY),
                    Unit::Share,
                ),
                Number::new(
                    "the same minus that of 3 to 5 words",
                    of(3) - of(0),
                    lab.size.pick(at_least(-0.25), ANY),
                    Unit::Points,
                ),
            ];
            return Ok(Outcome { figures: charts(&measured), numbers, runs });
        }
        let tasks = [&SENTENCES, &LETTERS];
        let mut measured = measured_before(lab, &[Sight::STATE, Sight::REVERSED]);
        let earlier = measured.len();
        measured.extend(tasks.map(|task| (task, ADDITIVE, Vec::new())));
        let jobs: Vec<Job> = tasks.map(|task| job(lab, task, ADDITIVE)).to_vec();
        let mut form: Option<Map> = None;
        let figures = |measured: &Measured, form: &Option<Map>| {
            let map = form.iter().map(|map| Figure::Map(Box::new(map.clone())));
            map.chain(charts(measured)).collect::<Vec<_>>()
        };
        let runs = lab.train(&jobs, |at, run, event| {
            let Event::Checkpoint { step, kind } = event else { return Ok(()) };
            if at == 0 {
                let title = format!("attention at step {step}");
                form = Some(map(&Translator::open(run, "cpu", Some(1))?, SENTENCE, title)?);
            }
            if *kind == CheckpointKind::Best {
                measured[earlier + at].2 = measure(lab, run, tasks[at])?.0;
            }
            lab.show(figures(&measured, &form));
            Ok(())
        })?;
        lab.progress(1.0, "measuring by length");
        let mut aer = f64::NAN;
        for (at, run) in runs.iter().enumerate() {
            lab.check()?;
            let (by_length, evaluation) = measure(lab, run, tasks[at])?;
            measured[earlier + at].2 = by_length;
            if at == 0 {
                aer = evaluation.aer.unwrap_or(f64::NAN);
            }
        }
        let translator = Translator::open(&runs[0], "cpu", Some(1))?;
        form = Some(map(&translator, SENTENCE, "attention at the end of training".into())?);
        let of = |task, at| exact(&measured, task, ADDITIVE, at);
        let size = lab.size;
        let any = ANY;
        let numbers = vec![
            Number::new(
                "sentences of 3 to 5 words",
                of(&SENTENCES, 0),
                size.pick(at_least(0.85), any),
                Unit::Share,
            ),
            Number::new(
                "sentences of 12 to 14 words",
                of(&SENTENCES, 3),
                size.pick(at_least(0.8), any),
                Unit::Share,
            )
            .literature("no fall up to 50 words (2014)"),
            Number::new(
                "16 to 20 letters",
                of(&LETTERS, 3),
                size.pick(at_least(0.6), any),
                Unit::Share,
            ),
            Number::new("alignment error rate", aer, size.pick(at_most(0.25), any), Unit::Plain)
                .literature("0: all true links, no other"),
        ];
        let runs = runs.iter().map(|run| run.display().to_string()).collect();
        Ok(Outcome { figures: figures(&measured, &form), numbers, runs })
    }

    fn explore(&self, lab: &Lab<'_>) -> Result<Option<Box<dyn Explorer>>> {
        let run = lab.run_dir(&job(lab, &SENTENCES, ADDITIVE));
        let frames = frames(&run)?;
        if frames.is_empty() {
            return Ok(None);
        }
        let at = frames.len() - 1;
        Ok(Some(Box::new(Scrubbing { frames, at })))
    }
}

/// Returns the maps of the samples that a run recorded, from the first on.
fn frames(run: &Path) -> Result<Vec<Map>> {
    let mut frames = Vec::new();
    for event in EventReader::open(run)?.poll()? {
        if let Event::Samples(samples) = event
            && let Some(sample) = samples.samples.into_iter().find(|s| s.source.len() > 6)
        {
            frames.push(Map { title: format!("step {}", samples.step), sample, cursor: None });
        }
    }
    Ok(frames)
}

/// The map of a held-out sentence at all times of training.
struct Scrubbing {
    frames: Vec<Map>,
    at: usize,
}

impl Explorer for Scrubbing {
    fn help(&self) -> &'static str {
        "left: back through training (up: ten at a time); right, down: forward"
    }

    fn key(&mut self, key: ExplorerKey) -> Result<()> {
        let last = self.frames.len() - 1;
        self.at = match key {
            ExplorerKey::Left => self.at.saturating_sub(1),
            ExplorerKey::Right => (self.at + 1).min(last),
            ExplorerKey::Up => self.at.saturating_sub(10),
            ExplorerKey::Down => (self.at + 10).min(last),
            ExplorerKey::Undo => last,
        };
        Ok(())
    }

    fn figures(&self) -> Vec<Figure> {
        let mut map = self.frames[self.at].clone();
        map.title = format!(
            "a held-out sentence at {}: what it wrote then ({} of {})",
            map.title,
            self.at + 1,
            self.frames.len()
        );
        vec![Figure::Map(Box::new(map))]
    }
}
