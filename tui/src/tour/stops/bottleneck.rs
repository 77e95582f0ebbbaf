//! Stop 6: the encoder-decoder without attention, by length.

use seq2seq::Result;

use super::translators::{LETTERS, SENTENCES, Sight, charts, exact, race};
use crate::tour::lab::Lab;
use crate::tour::stop::{
    ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_least, at_most,
};

/// The sixth stop.
pub(crate) struct Bottleneck;

static TEXT: StopText = StopText {
    name: "bottleneck",
    title: "The bottleneck",
    expect: "The encoder reads the sentence and keeps one vector of 128 numbers, its last \
             state; the decoder writes the translation from that vector alone, without \
             attention, whatever the length of the sentence. Two tasks: phrases such as \"the \
             old man is happy .\" to French, and letters backwards, \"a b c\" to \"c b a\". \
             You see the share of outputs that are right in every word, by length.",
    equation: &["c = h[S],   p(y | x) = prod_t p(y[t] | y[1], ..., y[t-1], c)"],
    question: Question {
        text: "How does the share of right translations depend on the length?",
        choices: &["not at all", "it falls with the length", "short sentences are harder"],
        right: 1,
        because: "one vector of fixed size must hold a sentence of any length",
    },
    interventions: &[
        Change {
            label: "half the units",
            seen: "the longer the sentence, the more the vector lacks",
        },
        Change {
            label: "twice the units",
            seen: "a larger vector moves the limit, at about three times the cost; it does not remove it",
        },
    ],
    reading: &[
        "Cho et al. 2014, arXiv:1406.1078, section 2.2; arXiv:1409.1259, section 4",
        "Bahdanau, Cho and Bengio 2014, arXiv:1409.0473, figure 2",
    ],
    minutes: 0.6,
};

impl Stop for Bottleneck {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        if let Some(change) = change {
            let (sight, bounds) = match change {
                0 => (Sight::STATE.half(), at_most(0.5)),
                _ => (Sight::STATE.double(), at_least(0.4)),
            };
            let (runs, measured) = race(lab, &[sight], &[Sight::STATE])?;
            let of = |sight| exact(&measured, &SENTENCES, sight, 3);
            let name = "sentences of 12 to 14 words";
            let numbers = vec![
                Number::new(name, of(sight), lab.size.pick(bounds, ANY), Unit::Share),
                Number::new(
                    "the same minus that of 128 units",
                    of(sight) - of(Sight::STATE),
                    lab.size.pick(if change == 0 { at_most(0.0) } else { at_least(0.0) }, ANY),
                    Unit::Points,
                ),
            ];
            return Ok(Outcome { figures: charts(&measured), numbers, runs });
        }
        let (runs, measured) = race(lab, &[Sight::STATE], &[])?;
        let of = |task, at| exact(&measured, task, Sight::STATE, at);
        let size = lab.size;
        let any = ANY;
        let numbers = vec![
            Number::new(
                "sentences of 3 to 5 words",
                of(&SENTENCES, 0),
                size.pick(at_least(0.7), any),
                Unit::Share,
            ),
            Number::new(
                "sentences of 12 to 14 words",
                of(&SENTENCES, 3),
                size.pick(at_most(0.7), any),
                Unit::Share,
            )
            .literature("BLEU 17.8 of RNNencdec-50, 26.8 with attention (2014)"),
            Number::new(
                "fall from the shortest to the longest",
                of(&SENTENCES, 0) - of(&SENTENCES, 3),
                size.pick(at_least(0.15), ANY),
                Unit::Points,
            ),
            Number::new(
                "16 to 20 letters",
                of(&LETTERS, 3),
                size.pick(at_most(0.35), any),
                Unit::Share,
            ),
        ];
        Ok(Outcome { figures: charts(&measured), numbers, runs })
    }
}
