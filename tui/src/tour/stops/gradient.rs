//! Stop 1: the gradient of an untrained network, 50 steps back.

use seq2seq::{Event, Result};

use crate::tour::figure::{Curves, Figure};
use crate::tour::lab::{Job, Lab};
use crate::tour::stop::{
    Change, Number, Outcome, Question, Stop, StopText, Unit, at_least, at_most,
};

/// The first stop.
pub(crate) struct Gradient;

static TEXT: StopText = StopText {
    name: "gradient",
    title: "The gradient of an Elman network",
    expect: "A network learns from an error L at the end of a sequence by sending its gradient \
             back from each state h[t] to the one before. In Elman's network each step \
             multiplies the gradient by the recurrent weights W (transposed: W') and by the \
             slope of tanh, so it shrinks by about the same factor every time. The LSTM of 1997 \
             adds i g to its cell c instead; GRU and today's LSTM multiply by gates, which \
             begin half open and can learn to open.",
    equation: &[
        "Elman:      dL/dh[t-1] = W' diag(1 - h[t]^2) dL/dh[t]",
        "LSTM 1997:  c[t] = c[t-1] + i[t] g[t],   so dc[t]/dc[t-1] = 1",
    ],
    question: Question {
        text: "49 steps back, how much of the gradient is left in an untrained Elman network?",
        choices: &["about a half", "about a thousandth", "less than a billionth"],
        right: 2,
        because: "a factor of about 0.56 per step, 49 times; GRU and LSTM lose it too, untrained",
    },
    interventions: &[
        Change {
            label: "ReLU in place of tanh",
            seen: "the slope of ReLU is 0 or 1, but the weights still shrink the gradient",
        },
        Change {
            label: "orthogonal recurrent weights",
            seen: "an orthogonal matrix keeps the length of a vector: only tanh shrinks it",
        },
        Change {
            label: "LSTM with a forget bias of 3",
            seen: "the forget gate begins at 0.95 in place of 0.5, and the gradient lives on",
        },
    ],
    reading: &[
        "Hochreiter and Schmidhuber 1997, Long Short-Term Memory, sections 3 and 4",
        "Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, section 2",
    ],
    minutes: 0.03,
};

/// A network of the figure: name, folder, and the keys that it changes.
type Network = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const NETWORKS: [Network; 4] = [
    ("Elman (tanh)", "flow-rnn_tanh", &[("cell", "rnn_tanh")]),
    ("GRU", "flow-gru", &[("cell", "gru")]),
    ("LSTM", "flow-lstm", &[("cell", "lstm")]),
    ("LSTM of 1997", "flow-lstm_1997", &[("cell", "lstm_1997")]),
];

const CHANGED: [Network; 3] = [
    ("Elman (ReLU)", "flow-rnn_relu", &[("cell", "rnn_relu")]),
    ("Elman, orthogonal", "flow-orthogonal", &[("cell", "rnn_tanh"), ("init", "bahdanau")]),
    ("LSTM, forget bias 3", "flow-forget", &[("cell", "lstm"), ("forget_bias", "3")]),
];

impl Stop for Gradient {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let mut networks = NETWORKS.to_vec();
        networks.extend(change.map(|change| CHANGED[change]));
        // The first step measures the gradient of the network as it was drawn.
        let job = |(name, folder, keys): &Network| {
            Job::new(name, folder, "adding", keys, 1)
                .on("adding:50", "none")
                .with("validate_every_epochs", "0")
                .with("flow_every", "1")
                .steps(Some(1))
        };
        let jobs: Vec<Job> = networks.iter().map(job).collect();
        let mut flows: Vec<Vec<f64>> = vec![Vec::new(); jobs.len()];
        let figure = |flows: &[Vec<f64>]| {
            let mut curves = Curves {
                title: "|dL/dh[t]| relative to the last step, before training".into(),
                x: "steps back".into(),
                y: "norm of the gradient".into(),
                log: true,
                ..Curves::default()
            };
            for ((name, ..), norms) in networks.iter().zip(flows) {
                // A logarithm has no place for a gradient of exactly 0.
                let points = norms.iter().enumerate().filter(|(_, norm)| **norm > 0.0);
                curves.push(*name, points.map(|(back, &norm)| (back as f64, norm)).collect());
            }
            Figure::Curves(curves)
        };
        lab.train(&jobs, |at, _, event| {
            if let Event::Flow(flow) = event
                && flows[at].is_empty()
                && let Some(series) = flow.series.first()
            {
                let last = series.norms.last().copied().map_or(f64::NAN, f64::from);
                let relative = series.norms.iter().rev().map(|&norm| f64::from(norm) / last);
                flows[at] = relative.collect();
                lab.show(vec![figure(&flows)]);
            }
            Ok(())
        })?;
        let back =
            |network: usize, steps: usize| flows[network].get(steps).copied().unwrap_or(f64::NAN);
        let mut numbers = vec![
            Number::new("Elman, 1 step back", back(0, 1), (0.3, 0.9), Unit::Plain),
            Number::new("Elman, 49 steps back", back(0, 49), at_most(1e-9), Unit::Power)
                .literature("falls exponentially (Hochreiter 1991)"),
            Number::new("LSTM of 1997, 49 steps back", back(3, 49), at_least(0.2), Unit::Plain)
                .literature("1 along the cell; the rest passes gates"),
        ];
        if let Some(change) = change {
            let name = format!("{}, 49 steps back", CHANGED[change].0);
            let bounds = [at_most(1e-3), at_least(1e-3), at_least(1e-3)][change];
            numbers.push(Number::new(name, back(4, 49), bounds, Unit::Power));
        }
        Ok(Outcome { figures: vec![figure(&flows)], numbers, runs: Vec::new() })
    }
}
