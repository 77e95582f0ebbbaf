//! Stop 2: two numbers out of fifty are added.

use std::path::Path;

use seq2seq::decode::BeamOptions;
use seq2seq::{Event, Result, evaluate};

use crate::tour::figure::{Curves, Figure};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_most};
use crate::tour::trace::Trace;

/// The second stop.
pub(crate) struct Adding;

/// The squared error of the constant answer 1: the variance of the sum of two uniform numbers.
const GUESSING: f64 = 1.0 / 6.0;

static TEXT: StopText = StopText {
    name: "adding",
    title: "Adding two numbers out of fifty",
    expect: "A network reads fifty numbers, two of which are marked, and must give their sum \
             at the end; one mark is in the first half, so its number must be kept for 25 \
             steps and more. Four cells train side by side: Elman's, the GRU, today's LSTM \
             and that of 1997. One whose gradient never reaches the first mark stays at the \
             best constant answer, 1.",
    equation: &["E (1 - x - y)^2 = 2 Var(x) = 2/12 = 0.167   for x, y uniform in [0, 1]"],
    question: Question {
        text: "Which of the four beat the constant answer?",
        choices: &["all four", "the three with gates", "only the two LSTMs", "none"],
        right: 1,
        because: "untrained, GRU and LSTM lose the gradient as well (stop 1), but training opens \
             their gates; tanh has none",
    },
    interventions: &[
        Change {
            label: "ReLU in place of tanh",
            seen: "without a shrinking slope Elman's network sometimes learns, and sometimes diverges",
        },
        Change {
            label: "100 numbers",
            seen: "twice the distance: the LSTM with a forget gate forgets on the way for longer",
        },
    ],
    reading: &[
        "Hochreiter and Schmidhuber 1997, Long Short-Term Memory, section 5.4",
        "Le, Jaitly and Hinton 2015, arXiv:1504.00941, section 4.1",
    ],
    minutes: 0.3,
};

const CELLS: [(&str, &str); 4] =
    [("Elman (tanh)", "rnn_tanh"), ("GRU", "gru"), ("LSTM", "lstm"), ("LSTM of 1997", "lstm_1997")];

/// Returns the squared error on the test part.
fn error(run: &Path, test: &str) -> Result<f64> {
    Ok(evaluate(run, "cpu", Some(1), test, None, &BeamOptions::greedy())?.metrics.loss)
}

impl Stop for Adding {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let (data, cells): (&str, Vec<(&str, &str)>) = match change {
            Some(0) => ("adding:50", vec![("Elman (ReLU)", "rnn_relu"), CELLS[0], CELLS[2]]),
            Some(_) => ("adding:100", CELLS[1..].to_vec()),
            None => ("adding:50", CELLS.to_vec()),
        };
        let length = data.trim_start_matches("adding:");
        let job = |&(name, cell): &(&str, &str)| {
            Job::new(name, &format!("adding{length}-{cell}"), "adding", &[("cell", cell)], 5)
                .on(data, "none")
                .with("validate_every_epochs", "0")
                .with("sample_every_seconds", "0")
                .steps(lab.size.pick(None, Some(60)))
        };
        let jobs: Vec<Job> = cells.iter().map(job).collect();
        let mut traces = vec![Trace::default(); jobs.len()];
        let figure = |traces: &[Trace]| {
            let mut curves = Curves {
                title: format!("squared error of the sum, {length} numbers"),
                x: "optimizer step".into(),
                y: "squared error".into(),
                log: true,
                ..Curves::default()
            };
            for ((name, _), trace) in cells.iter().zip(traces) {
                curves.push(*name, trace.points());
            }
            let end = traces.iter().flat_map(Trace::points).map(|(x, _)| x).fold(1.0, f64::max);
            curves.push("always 1", vec![(0.0, GUESSING), (end, GUESSING)]);
            Figure::Curves(curves)
        };
        let mut shown = 0;
        let runs = lab.train(&jobs, |at, _, event| {
            traces[at].take(event);
            if let Event::Step(step) = event
                && step.step / 20 != shown
            {
                shown = step.step / 20;
                lab.show(vec![figure(&traces)]);
            }
            Ok(())
        })?;
        lab.progress(1.0, "measuring on 1,000 other sequences");
        let test = format!("{data}:test");
        let mut numbers = Vec::new();
        for ((name, cell), run) in cells.iter().zip(&runs) {
            let full = match (change, *cell) {
                (None | Some(0), "rnn_tanh") => (0.12, 0.2),
                (None, _) | (Some(0), "lstm") => at_most(0.02),
                _ => at_most(0.25),
            };
            let bounds = lab.size.pick(full, ANY);
            let number = Number::new(*name, error(run, &test)?, bounds, Unit::Plain);
            numbers.push(match *cell {
                "rnn_tanh" => number.literature("guessing: 0.167"),
                "lstm_1997" => number.literature("its authors solved 100 and more"),
                _ => number,
            });
        }
        let runs = runs.iter().map(|run| run.display().to_string()).collect();
        Ok(Outcome { figures: vec![figure(&traces)], numbers, runs })
    }
}
