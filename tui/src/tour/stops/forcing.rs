//! Stop 5: teacher forcing, and what it costs.

use seq2seq::data::{Corpus, Pair};
use seq2seq::event::CheckpointKind;
use seq2seq::{Event, Result, Translator};

use crate::tour::figure::{Curves, Figure};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{
    ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_least, at_most,
};

/// The fifth stop.
pub(crate) struct Forcing;

static TEXT: StopText = StopText {
    name: "forcing",
    title: "Teacher forcing and its price",
    expect: "A translator from English to French writes word y[t] after word, given the \
             English x; in training it is fed the right word at each step, whatever it wrote \
             itself: teacher forcing. In use there is no right word, so it is fed its own, \
             and after one wrong word it is where training never put it. Both losses are \
             measured on the same held-out sentences while the model trains.",
    equation: &[
        "forced:        -(1/T) sum_t ln p(y[t] | y[1], ..., y[t-1], x)",
        "free running:  the same, given its own words ^y[1], ..., ^y[t-1]",
    ],
    question: Question {
        text: "As training goes on, what becomes of the two losses?",
        choices: &[
            "they fall together and end alike",
            "both fall, and a gap opens between them",
            "the free one falls first",
        ],
        right: 1,
        because: "one early mistake shifts every word after it, which the forced loss never sees",
    },
    interventions: &[Change {
        label: "scheduled sampling",
        seen: "half of the words fed in training are its own: the losses come closer, and both are higher \
               at first",
    }],
    reading: &[
        "Bengio, Vinyals, Jaitly and Shazeer 2015, arXiv:1506.03099, section 2",
        "Williams and Zipser 1989, A Learning Algorithm for Continually Running Networks",
    ],
    minutes: 0.5,
};

/// Number of held-out pairs that are measured.
const MEASURED: usize = 300;

impl Stop for Forcing {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let sampled: [(&str, &str, &str); 2] =
            [("teacher forcing", "forcing", "1"), ("scheduled sampling", "forcing-sampled", "0.5")];
        let count = if change.is_some() { 2 } else { 1 };
        let job = |(name, folder, share): &(&str, &str, &str)| {
            let keys = [("attention", "none"), ("teacher_forcing", *share)];
            let keys = if *share == "1" { &keys[..1] } else { &keys[..] };
            Job::new(name, folder, "encoder-decoder", keys, 4)
                .on("phrasebook", "phrasebook:valid")
                .with("validate_every_epochs", "0.25")
                .with("sample_every_seconds", "0")
                .steps(lab.size.pick(None, Some(60)))
        };
        let jobs: Vec<Job> = sampled[..count].iter().map(job).collect();
        let test = Corpus::read("phrasebook:test", None)?;
        let pairs: Vec<Pair> = test.pairs.into_iter().take(MEASURED).collect();
        let mut points: Vec<[Vec<(f64, f64)>; 2]> = vec![Default::default(); count];
        let figure = |points: &[[Vec<(f64, f64)>; 2]]| {
            let mut curves = Curves {
                title: format!("loss on {MEASURED} held-out sentences"),
                x: "optimizer step".into(),
                y: "nats per word".into(),
                log: true,
                ..Curves::default()
            };
            for ((name, ..), [forced, free]) in sampled.iter().zip(points) {
                let of = if count > 1 { format!(", {name}") } else { String::new() };
                curves.push(format!("forced{of}"), forced.clone());
                curves.push(format!("free running{of}"), free.clone());
            }
            Figure::Curves(curves)
        };
        let runs = lab.train(&jobs, |at, run, event| {
            let Event::Checkpoint { step, kind: CheckpointKind::Best } = event else {
                return Ok(());
            };
            let translator = Translator::open(run, "cpu", Some(1))?;
            let x = *step as f64;
            let corpus = Corpus { pairs: pairs.clone() };
            let forced = translator.evaluate_corpus(&corpus)?.metrics.loss;
            let free = translator.free_running_loss(&pairs)?;
            for (curve, loss) in points[at].iter_mut().zip([forced, free]) {
                curve.retain(|(before, _)| *before < x);
                curve.push((x, loss));
            }
            lab.show(vec![figure(&points)]);
            Ok(())
        })?;
        let last =
            |at: usize, which: usize| points[at][which].last().map_or(f64::NAN, |(_, loss)| *loss);
        let (forced, free) = (last(0, 0), last(0, 1));
        let size = lab.size;
        let mut numbers = vec![
            Number::new("forced loss", forced, size.pick(at_most(0.5), ANY), Unit::Plain),
            Number::new("free-running loss", free, size.pick(at_most(3.0), ANY), Unit::Plain),
            Number::new(
                "free-running over forced, ratio",
                free / forced,
                size.pick(at_least(1.5), ANY),
                Unit::Plain,
            )
            .literature("above 1: exposure bias (Bengio et al. 2015)"),
        ];
        if count > 1 {
            let ratio = last(1, 1) / last(1, 0);
            numbers.push(Number::new(
                "the same ratio with scheduled sampling",
                ratio,
                size.pick(at_most(free / forced), ANY),
                Unit::Plain,
            ));
        }
        let runs = runs.iter().map(|run| run.display().to_string()).collect();
        Ok(Outcome { figures: vec![figure(&points)], numbers, runs })
    }
}
