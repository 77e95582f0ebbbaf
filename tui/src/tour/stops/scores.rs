//! Stop 10: the scores of the literature, side by side.

use seq2seq::{Event, Result, Translator};

use super::attention::map;
use super::translators::{SENTENCES, Sight, job};
use crate::tour::figure::{Figure, Table};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_least};

/// The tenth stop.
pub(crate) struct Scores;

static TEXT: StopText = StopText {
    name: "scores",
    title: "Which score?",
    expect: "A score compares the decoder's state s with a source state h, and the literature \
             has many: learnt (additive), by a product (dot, scaled_dot, general, multi_head: \
             several at once), by the angle (cosine), by the place alone (location), or \
             within a window that moves (local_m, local_p). Each is trained here for a short \
             time. The table is sorted by the alignment error: 0 is perfect, 1 is all wrong.",
    equation: &[
        "dot s'h   general s'W h   additive v' tanh(W s + U h)   cosine s'h / |s||h|",
        "location (W s)[i]    local-p: softmax exp(-(i - p[t])^2 / 2 sigma^2)",
    ],
    question: Question {
        text: "A cosine lies between -1 and 1. What does a softmax over 12 cosines look like?",
        choices: &["sharp", "nearly flat", "always on the first word"],
        right: 1,
        because: "e^1 / e^-1 is 7.4 at most, shared by 12 words; location does well as French \
             mostly keeps the order of English",
    },
    interventions: &[Change {
        label: "twice as long",
        seen: "dot, which has no weights of its own, catches up; cosine stays flat",
    }],
    reading: &[
        "Luong, Pham and Manning 2015, arXiv:1508.04025, section 3.1 and tables 4 and 6",
        "Graves, Wayne and Danihelka 2014, arXiv:1410.5401, section 3.3.1 (cosine)",
        "Vaswani et al. 2017, arXiv:1706.03762, section 3.2 (scaled dot, heads)",
    ],
    minutes: 0.5,
};

/// The scores, by the names of the key `attention`.
const KINDS: [&str; 9] = [
    "additive",
    "dot",
    "scaled_dot",
    "general",
    "cosine",
    "location",
    "local_m",
    "local_p",
    "multi_head",
];
/// Optimizer steps of each.
const STEPS: u64 = 600;
/// The sentence of the maps.
const SENTENCE: &str = "the old man is going to buy a red car .";

impl Stop for Scores {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let (steps, suffix) = if change.is_some() { (2 * STEPS, "-long") } else { (STEPS, "") };
        let steps = lab.size.pick(steps, 20);
        let jobs: Vec<Job> = KINDS
            .iter()
            .map(|kind| {
                job(lab, &SENTENCES, Sight::attention(kind))
                    .named(kind, &format!("score-{kind}{suffix}"))
                    .with("embedding", "48")
                    .with("hidden", "64")
                    .with("learning_rate", "0.004")
                    .with("validate_every_epochs", "100")
                    .steps(Some(steps))
            })
            .collect();
        let head = ["score", "loss", "exact", "alignment error"].map(str::to_owned).to_vec();
        let title = format!("{steps} steps each, measured on held-out sentences");
        let mut table = Table { title, head, rows: Vec::new() };
        let mut maps: Vec<Figure> = Vec::new();
        let mut found: Vec<(&str, f64, f64)> = Vec::new();
        let runs = lab.train(&jobs, |at, run, event| {
            let Event::End(_) = event else { return Ok(()) };
            if found.iter().any(|(kind, ..)| *kind == KINDS[at]) {
                return Ok(());
            }
            let translator = Translator::open(run, "cpu", Some(1))?;
            let mut corpus = seq2seq::data::Corpus::read(SENTENCES.test, None)?;
            corpus.pairs.truncate(lab.size.pick(400, 50));
            let evaluation = translator.evaluate_corpus(&corpus)?;
            let (loss, aer) = (evaluation.metrics.loss, evaluation.aer.unwrap_or(f64::NAN));
            let exact = evaluation.metrics.exact_match.unwrap_or(f64::NAN);
            found.push((KINDS[at], loss, aer));
            let row = [
                KINDS[at].to_owned(),
                format!("{loss:.3}"),
                Unit::Share.text(exact),
                format!("{aer:.2}"),
            ];
            table.rows.push(row.to_vec());
            table.rows.sort_by(|a, b| a[3].cmp(&b[3]));
            if ["additive", "cosine", "location", "local_m"].contains(&KINDS[at]) {
                maps.push(Figure::Map(Box::new(map(&translator, SENTENCE, KINDS[at].to_owned())?)));
            }
            let mut figures = vec![Figure::Table(table.clone())];
            figures.extend(maps.iter().cloned());
            lab.show(figures);
            Ok(())
        })?;
        let aer = |kind: &str| found.iter().find(|(of, ..)| *of == kind).map_or(f64::NAN, |f| f.2);
        let size = lab.size;
        let any = ANY;
        let best = KINDS.iter().map(|kind| aer(kind)).fold(f64::INFINITY, f64::min);
        let numbers = vec![
            Number::new(
                "alignment error of the best",
                best,
                size.pick((0.0, 0.4), ANY),
                Unit::Plain,
            ),
            Number::new(
                "cosine minus the best",
                aer("cosine") - best,
                size.pick(at_least(0.1), any),
                Unit::Plain,
            )
            .literature("flat: a cosine is at most 1"),
            Number::new(
                "location minus the best",
                aer("location") - best,
                size.pick(at_least(0.02), any),
                Unit::Plain,
            )
            .literature("AER 0.39, local-p 0.34 (Luong 2015, table 6)"),
        ];
        let mut figures = vec![Figure::Table(table)];
        figures.extend(maps);
        let runs = runs.iter().map(|run| run.display().to_string()).collect();
        Ok(Outcome { figures, numbers, runs })
    }
}
