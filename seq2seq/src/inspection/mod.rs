//! What an inspection of a translation asks and finds, as plain data.
//!
//! An [`InspectRequest`] names a sentence, what is forced, and what is changed; its answer, an
//! [`Inspection`], holds every step of the translation without the changes and, if there are any,
//! with them. [`Translator::inspect`](crate::Translator::inspect) computes it for a stored run,
//! [`Command::Inspect`](crate::Command::Inspect) for a run in training.

mod activations;
mod answers;

use rnn::Gate;
use serde::{Deserialize, Serialize};

pub use activations::{GateTrace, LayerTrace};
pub(crate) use answers::unknown_parameter;
pub use answers::{
    BINS, Distribution, GradientKind, HeldOutMaps, ParameterHistogram, UnitCorrelations,
    UnitsRequest,
};

use crate::json_number;

/// Number of alternatives per step by default.
const TOP: usize = 5;

/// A sentence whose translation is inspected.
///
/// All positions are those of [`Trace::source`], the words in the sentence's own order with the end
/// token last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectRequest {
    /// The sentence.
    pub source: String,
    /// Target ids with which the translation begins; the rest is greedy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefix: Vec<u32>,
    /// Changes to the forward pass; none for the translation as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<Intervention>,
    /// Number of the most probable tokens returned for each step.
    pub top: usize,
    /// Names of the layers whose activations are returned, such as `encoder.rnn.l0`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
}

/// The free translation of a sentence, with five tokens per step and without activations.
impl From<&str> for InspectRequest {
    fn from(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            prefix: Vec::new(),
            interventions: Vec::new(),
            top: TOP,
            layers: Vec::new(),
        }
    }
}

/// A change to the forward pass of one translation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// The attention of an output step looks at one source position only: a_t = 1 there.
    MoveAttention {
        /// The output step, from 0.
        step: usize,
        /// The source position.
        position: usize,
    },
    /// The attention looks at all source positions alike: a_t = 1 / S.
    UniformAttention {
        /// The output step, from 0; `None` for every step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<usize>,
    },
    /// A source word is replaced by the words of a text; an empty text removes it. The end token is
    /// replaced by the words of a text and itself. All other positions of a request are those of
    /// the changed sentence.
    ReplaceSource {
        /// The position of the word.
        position: usize,
        /// The text.
        text: String,
    },
    /// A gate or state is set to a value.
    Clamp(Clamp),
}

/// A gate or state that is set to a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clamp {
    /// The name of the layer and direction: `encoder.rnn.l0`, `decoder.rnn.l1`.
    pub layer: String,
    /// The gate or state.
    pub gate: Gate,
    /// The unit; `None` for all units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<usize>,
    /// The source position, or the output step of a decoder; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// The value.
    pub value: f32,
}

/// The answer to an [`InspectRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The request.
    pub request: InspectRequest,
    /// The translation without the interventions.
    pub without: Trace,
    /// The translation with the interventions, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Trace>,
}

/// A translation, step by step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// The sentence that was read.
    pub source_text: String,
    /// Its words as shown, the end token last; empty for a blank sentence, which is not read.
    pub source: Vec<String>,
    /// The positions of words that are not in the vocabulary and are read as `<unk>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<usize>,
    /// The translation as text.
    pub output_text: String,
    /// Natural-log probability of the output.
    #[serde(with = "json_number::one")]
    pub logprob: f64,
    /// Whether the length limit was hit before the end token.
    pub truncated: bool,
    /// The steps, one for each output token.
    pub steps: Vec<TraceStep>,
    /// The names of all recurrent layers and directions, encoder first.
    pub layer_names: Vec<String>,
    /// The activations of the requested layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerTrace>,
}

impl Trace {
    /// Returns the output tokens as shown, the end token last unless the limit was hit.
    pub fn output(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.chosen.token.as_str())
    }
}

/// One step of a decoder.
///
/// | value | width |
/// |---|---|
/// | query | H |
/// | scores | S for each head |
/// | weights, heads | S; S for each head |
/// | context | the width of a memory entry, or of the `multi_head` output |
/// | states | H for each layer |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceStep {
    /// The token that was taken.
    pub chosen: Choice,
    /// Whether the token was forced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_forced: bool,
    /// The most probable tokens, the most probable one first.
    pub likeliest: Vec<Choice>,
    /// The attention's query; empty without attention.
    #[serde(with = "json_number::list")]
    pub query: Vec<f32>,
    /// The scores of the source positions before the softmax, for each head, minus infinity where
    /// the attention is masked; empty without attention.
    #[serde(with = "json_number::list")]
    pub scores: Vec<Vec<f32>>,
    /// The attention weights of the source positions, the mean over the heads; empty without
    /// attention.
    #[serde(with = "json_number::list")]
    pub weights: Vec<f32>,
    /// The attention weights of each head; empty for an attention without heads.
    #[serde(default, with = "json_number::list", skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Vec<f32>>,
    /// The context vector.
    #[serde(with = "json_number::list")]
    pub context: Vec<f32>,
    /// The state of each layer after the step.
    pub states: Vec<StateTrace>,
}

/// A token with its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The id in the target vocabulary.
    pub id: u32,
    /// The token as shown.
    pub token: String,
    /// Its natural-log probability given the source and the tokens before it.
    #[serde(with = "json_number::one")]
    pub logprob: f64,
}

/// The state of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateTrace {
    /// The hidden state.
    #[serde(with = "json_number::list")]
    pub h: Vec<f32>,
    /// The cell state; empty if the cell has none.
    #[serde(default, with = "json_number::list", skip_serializing_if = "Vec::is_empty")]
    pub c: Vec<f32>,
}
