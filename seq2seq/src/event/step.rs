//! One optimizer step, and its line in the log.

use serde::ser::SerializeTuple;
use serde::{Deserialize, Serialize, Serializer};

use crate::json_number;

/// One optimizer step.
///
/// In `events.jsonl` the nine numbers that every step has are a list, in the order of the fields
/// below: step, epoch, loss, learning rate, gradient norm before and after clipping, tokens, tokens
/// per second, seconds. The metrics of the parameters, which few steps have, follow under their own
/// key. The loss is written with all its digits, the other numbers with eight significant ones, or
/// with the shortest decimal of an `f32` if they are one.
///
/// ```
/// # use seq2seq::Event;
/// let line = r#"{"step":[300,2,1.0986122886681098,0.002,2.7182818,1.0,1044,4862.1603,65.5],
///                "parameters":[["decoder.out.weight",0.25,0.0012]]}"#;
/// let Ok(Event::Step(step)) = serde_json::from_str(line) else { panic!("not a step") };
/// assert_eq!((step.step, step.loss, step.seconds), (300, 1.0986122886681098, 65.5));
/// assert_eq!(step.parameters[0].update_ratio, 0.0012);
/// ```
///
/// Older logs have an object with the names of the fields as keys, and `"event":"step"`; it is read,
/// too. A `TrainStep` that is serialized outside of an [`Event`](super::Event) is such an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainStep {
    /// Optimizer steps done, this one included.
    pub step: u64,
    /// The epoch, from 1.
    pub epoch: u64,
    /// Loss of this batch in nats per target token (per position if the preset counts padding).
    #[serde(with = "json_number::one")]
    pub loss: f64,
    /// Learning rate of this step.
    #[serde(with = "json_number::measured")]
    pub learning_rate: f64,
    /// Global L2 norm of the gradient before clipping.
    #[serde(with = "json_number::measured")]
    pub gradient_norm: f64,
    /// Global L2 norm of the gradient after clipping.
    #[serde(with = "json_number::measured")]
    pub clipped_norm: f64,
    /// Target tokens in this batch, EOS included.
    pub tokens: u64,
    /// Target tokens per second of this step.
    #[serde(with = "json_number::measured")]
    pub tokens_per_second: f64,
    /// Training seconds since the run's start, pauses and evaluations excluded.
    #[serde(with = "json_number::measured")]
    pub seconds: f64,
    /// Per-parameter metrics, every few steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ParameterMetrics>,
}

/// The gradient of one parameter at one step. In the log it is a list of the three values; older logs
/// have an object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ParameterMetrics {
    /// The parameter's name (`encoder.weight_hh_l0`).
    pub name: String,
    /// L2 norm of its gradient before clipping.
    #[serde(with = "json_number::measured")]
    pub gradient_norm: f64,
    /// L2 norm of its update divided by the L2 norm of its value.
    #[serde(with = "json_number::one")]
    pub update_ratio: f64,
}

impl Serialize for ParameterMetrics {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut list = s.serialize_tuple(3)?;
        list.serialize_element(&self.name)?;
        for value in [self.gradient_norm, self.update_ratio] {
            list.serialize_element(&json_number::list::One::measured(value))?;
        }
        list.end()
    }
}

/// The line of a step: the form that is written, and both forms that are read.
pub(super) mod line {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{ParameterMetrics, TrainStep};
    use crate::json_number;

    /// The beginning of a line.
    const LIST: &[u8] = br#"{"step":["#;
    /// The beginning of a line of an older log.
    const OBJECT: &[u8] = br#"{"event":"step","#;

    #[derive(Serialize, Deserialize)]
    struct Line<'a> {
        step: Values,
        #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
        parameters: Cow<'a, [ParameterMetrics]>,
    }

    /// The numbers of every step, in the order of the fields of [`TrainStep`].
    #[derive(Serialize, Deserialize)]
    struct Values(
        u64,
        u64,
        #[serde(with = "json_number::one")] f64,
        #[serde(with = "json_number::measured")] f64,
        #[serde(with = "json_number::measured")] f64,
        #[serde(with = "json_number::measured")] f64,
        u64,
        #[serde(with = "json_number::measured")] f64,
        #[serde(with = "json_number::measured")] f64,
    );

    /// A line of an older log.
    #[derive(Deserialize)]
    #[serde(tag = "event", rename_all = "snake_case")]
    enum Tagged {
        Step(TrainStep),
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form<'a> {
        List(Line<'a>),
        Object(Tagged),
    }

    impl From<Line<'_>> for TrainStep {
        fn from(line: Line<'_>) -> Self {
            let Values(step, epoch, loss, rate, norm, clipped, tokens, speed, seconds) = line.step;
            Self {
                step,
                epoch,
                loss,
                learning_rate: rate,
                gradient_norm: norm,
                clipped_norm: clipped,
                tokens,
                tokens_per_second: speed,
                seconds,
                parameters: line.parameters.into_owned(),
            }
        }
    }

    pub(in crate::event) fn serialize<S: Serializer>(
        step: &TrainStep,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        let values = Values(
            step.step,
            step.epoch,
            step.loss,
            step.learning_rate,
            step.gradient_norm,
            step.clipped_norm,
            step.tokens,
            step.tokens_per_second,
            step.seconds,
        );
        Line { step: values, parameters: Cow::Borrowed(&step.parameters) }.serialize(s)
    }

    pub(in crate::event) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Box<TrainStep>, D::Error> {
        Ok(Box::new(match Form::deserialize(d)? {
            Form::List(line) => line.into(),
            Form::Object(Tagged::Step(step)) => step,
        }))
    }

    /// Returns true if a line holds a step.
    pub(in crate::event) fn is_step(line: &[u8]) -> bool {
        line.starts_with(LIST) || line.starts_with(OBJECT)
    }

    /// Parses a line that holds a step, without a search for its kind.
    pub(in crate::event) fn parse(line: &[u8]) -> serde_json::Result<TrainStep> {
        if line.starts_with(LIST) {
            return serde_json::from_slice::<Line<'_>>(line).map(TrainStep::from);
        }
        serde_json::from_slice(line)
    }
}

#[cfg(test)]
mod tests;
