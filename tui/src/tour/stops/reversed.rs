//! Stop 7: the trick of 2014.

use seq2seq::Result;

use super::translators::{LETTERS, SENTENCES, Sight, charts, exact, race};
use crate::tour::lab::Lab;
use crate::tour::stop::{
    ANY, Change, Number, Outcome, Question, Stop, StopText, Unit, at_least, at_most,
};

/// The seventh stop.
pub(crate) struct Reversed;

static TEXT: StopText = StopText {
    name: "reversed",
    title: "The trick of 2014: reverse the source",
    expect: "Sutskever et al. fed the source backwards and gained five BLEU (a score of \
             translations from 0 to 100): the first words of source and target are then close \
             to each other, so the decoder finds its beginning in fresh memory, and their \
             gradient has a short way. The last words are as far apart as the first were \
             before. Try it on both tasks of the last stop.",
    equation: &["read x[S], x[S-1], ..., x[1], then write y[1], y[2], ..., y[T]"],
    question: Question {
        text: "Where does reversing help?",
        choices: &["on both tasks", "on sentences only", "on letters only"],
        right: 1,
        because: "letters said from the end already begin with the last letter that was read",
    },
    interventions: &[Change {
        label: "half the units",
        seen: "the smaller the vector, the more the order of reading matters",
    }],
    reading: &["Sutskever, Vinyals and Le 2014, arXiv:1409.3215, section 3.3"],
    minutes: 0.7,
};

impl Stop for Reversed {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
        let mut sights = [Sight::STATE, Sight::REVERSED];
        if change.is_some() {
            sights = sights.map(Sight::half);
        }
        // Those of the stop before are trained if that was skipped.
        let (runs, measured) = race(lab, &sights, &[])?;
        let gain = |task, at| {
            exact(&measured, task, sights[1], at) - exact(&measured, task, sights[0], at)
        };
        let size = lab.size;
        let any = ANY;
        let numbers = vec![
            Number::new(
                "gain on sentences of 9 to 11 words",
                gain(&SENTENCES, 2),
                size.pick(at_least(0.03), any),
                Unit::Points,
            )
            .literature("BLEU 25.9 to 30.6 (2014)"),
            Number::new(
                "gain on sentences of 12 to 14 words",
                gain(&SENTENCES, 3),
                size.pick(at_least(0.0), any),
                Unit::Points,
            ),
            Number::new(
                "gain on 11 to 15 letters",
                gain(&LETTERS, 2),
                size.pick(at_most(-0.05), any),
                Unit::Points,
            ),
        ];
        Ok(Outcome { figures: charts(&measured), numbers, runs })
    }
}
