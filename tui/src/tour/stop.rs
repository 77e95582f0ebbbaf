//! What a stop of the tour is made of: a text, an experiment, figures, numbers.

use seq2seq::Result;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::lab::Lab;

/// The text of a stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopText {
    /// Its name in file names and on the command line: `attention`.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// What to expect and why, in three sentences.
    pub expect: &'static str,
    /// The equation, a line each.
    pub equation: &'static [&'static str],
    /// The question that is answered before the result is shown.
    pub question: Question,
    /// What can be changed and tried next.
    pub interventions: &'static [Change],
    /// Works to read on, with their sections.
    pub reading: &'static [&'static str],
    /// Minutes of the experiment on two cores, as measured.
    pub minutes: f64,
}

/// A question with one right answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The question.
    pub text: &'static str,
    /// The answers.
    pub choices: &'static [&'static str],
    /// The index of the right answer.
    pub right: usize,
    /// Why it is right.
    pub because: &'static str,
}

/// A change to an experiment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// What is changed.
    pub label: &'static str,
    /// What is seen then.
    pub seen: &'static str,
}

/// The result of an experiment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The figures, the most important first.
    pub figures: Vec<Figure>,
    /// The numbers that were reached.
    pub numbers: Vec<Number>,
    /// The folders of the runs that the experiment trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// A plain number with three significant digits.
    Plain,
    /// A share from 0 to 1, as a percentage.
    Share,
    /// A difference of shares, in percentage points.
    Points,
    /// A power of ten: `5e-13`.
    Power,
}

impl Unit {
    /// Writes a value.
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.1}%", 100.0 * value),
            Self::Points => format!("{:+.1} pt", 100.0 * value),
            Self::Power => format!("{value:.0e}"),
            Self::Plain if value.abs() >= 100.0 => format!("{value:.0}"),
            Self::Plain if value.abs() >= 10.0 => format!("{value:.1}"),
            Self::Plain if value.abs() >= 1.0 || value == 0.0 => format!("{value:.2}"),
            Self::Plain => format!("{value:.4}"),
        }
    }
}

/// A number that was reached, with the bounds in which it is expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Number {
    /// What it measures.
    pub name: String,
    /// The value.
    #[serde(with = "finite_or_text")]
    pub reached: f64,
    /// The least expected value.
    pub low: f64,
    /// The greatest expected value.
    pub high: f64,
    /// How it is written.
    pub unit: Unit,
    /// What the literature has, or is known in theory; may be empty.
    pub literature: String,
}

impl Number {
    /// Creates a number.
    pub(crate) fn new(
        name: impl Into<String>,
        reached: f64,
        (low, high): (f64, f64),
        unit: Unit,
    ) -> Self {
        Self { name: name.into(), reached, low, high, unit, literature: String::new() }
    }

    /// Adds what the literature has.
    #[must_use]
    pub(crate) fn literature(mut self, text: impl Into<String>) -> Self {
        self.literature = text.into();
        self
    }

    /// Returns true if the value is within the expected bounds.
    pub(crate) fn is_met(&self) -> bool {
        (self.low..=self.high).contains(&self.reached)
    }

    /// Writes the expected bounds.
    pub(crate) fn expected(&self) -> String {
        let text = |value| self.unit.text(value);
        match (self.low > f64::MIN, self.high < f64::MAX) {
            (true, true) => format!("{} to {}", text(self.low), text(self.high)),
            (true, false) => format!("at least {}", text(self.low)),
            (false, true) => format!("at most {}", text(self.high)),
            (false, false) => "any".to_owned(),
        }
    }
}

/// The bounds of a number that may be anything: that of an experiment at the reduced size.
pub(crate) const ANY: (f64, f64) = (f64::MIN, f64::MAX);

/// The bounds of a number that is at least a value.
pub(crate) fn at_least(low: f64) -> (f64, f64) {
    (low, f64::MAX)
}

/// The bounds of a number that is at most a value.
pub(crate) fn at_most(high: f64) -> (f64, f64) {
    (f64::MIN, high)
}

/// JSON of a number that may not be finite, which is then written as text.
mod finite_or_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Value {
        Number(f64),
        Text(String),
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            Value::Number(*value).serialize(s)
        } else {
            Value::Text(value.to_string()).serialize(s)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        match Value::deserialize(d)? {
            Value::Number(value) => Ok(value),
            Value::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// A stop of the tour.
pub(crate) trait Stop: Sync {
    /// Returns its text.
    fn text(&self) -> &'static StopText;

    /// Runs the experiment, or its variant with one of the [interventions](StopText::interventions).
    ///
    /// # Errors
    /// The experiment was cancelled or failed.
    fn run(&self, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome>;

    /// Opens what the learner can do with the result, if there is something.
    ///
    /// # Errors
    /// A model that cannot be opened.
    fn explore(&self, _: &Lab<'_>) -> Result<Option<Box<dyn Explorer>>> {
        Ok(None)
    }
}

/// A key that an [`Explorer`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExplorerKey {
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// The key that undoes changes.
    Undo,
}

/// What the learner does with a result.
pub(crate) trait Explorer: Send {
    /// Returns what the keys do, in a few words.
    fn help(&self) -> &'static str;

    /// Takes a key.
    ///
    /// # Errors
    /// The model failed.
    fn key(&mut self, key: ExplorerKey) -> Result<()>;

    /// Returns true if it takes a text of the learner's.
    fn takes_text(&self) -> bool {
        false
    }

    /// Takes a text. Returns what is wrong with it, if something is.
    ///
    /// # Errors
    /// The model failed.
    fn text(&mut self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }

    /// Returns the figures as they are now.
    fn figures(&self) -> Vec<Figure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_units_are_written_as_people_read_them() {
        let number = |bounds, unit, reached| Number::new("n", reached, bounds, unit);
        let share = number(at_least(0.9), Unit::Share, 0.953);
        assert_eq!((share.expected().as_str(), share.is_met()), ("at least 90.0%", true));
        let power = number(at_most(1e-10), Unit::Power, 5e-13);
        assert_eq!((power.expected().as_str(), power.is_met()), ("at most 1e-10", true));
        let plain = number((0.15, 0.18), Unit::Plain, 0.2);
        assert_eq!((plain.expected().as_str(), plain.is_met()), ("0.1500 to 0.1800", false));
        assert_eq!(
            [1234.5, 12.34, 2.0, 0.0123].map(|v| Unit::Plain.text(v)).join(" "),
            "1234 12.3 2.00 0.0123"
        );
    }

    #[test]
    fn a_number_that_is_not_finite_is_kept_and_never_met() {
        let number = Number::new("n", f64::NAN, at_least(0.0), Unit::Plain);
        assert!(!number.is_met());
        let json = serde_json::to_string(&number).unwrap();
        let back: Number = serde_json::from_str(&json).unwrap();
        assert!(back.reached.is_nan());
    }
}
