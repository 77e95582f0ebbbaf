//! The complete state of a training run, from which it can be resumed.

use serde::{Deserialize, Serialize};
use tokenizer::Vocabulary;

use super::codec::Stored;
use super::progress::Progress;
use super::stored_tensor::StoredTensor;
use crate::data::SubwordModels;

/// The state of a run between two optimizer steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The progress of the run.
    pub progress: Progress,
    /// Length of `events.jsonl` in bytes; [`RunDir::save`](super::RunDir::save) fills it in.
    pub events_len: u64,
    /// The identity of the run, if it has one; [`RunDir::save`](super::RunDir::save) fills it in.
    pub identity: Option<u64>,
    /// The model's parameters, by name.
    pub params: Vec<(String, StoredTensor)>,
    /// The moving average of the parameters, in the order of the parameters, if the run keeps one;
    /// it is then used for translation.
    pub average: Option<Vec<StoredTensor>>,
    /// The optimizer's state.
    pub optimizer: StoredOptimizer,
    /// The state of the shuffling generator at the beginning of the epoch.
    pub shuffle: RngState,
    /// The state that the model carries from one batch to the next; empty for most models.
    pub carried: Vec<StoredTensor>,
}

/// The state of an optimizer.
///
/// PyTorch: `optimizer.state_dict()["state"]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredOptimizer {
    /// The per-parameter state, one tensor per parameter, by the name of the slot (Adam: both
    /// moments).
    pub slots: Vec<(String, Vec<StoredTensor>)>,
    /// The number of updates of each parameter, in the order of the parameters. A step does not
    /// update parameters without a gradient.
    pub updates: Vec<u64>,
}

/// The state of a ChaCha generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RngState {
    /// The key.
    pub seed: [u8; 32],
    /// The stream; each purpose has its own.
    pub stream: u64,
    /// The position in the stream, in 32-bit words.
    pub word_pos: u128,
}

/// The vocabularies of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabularies {
    /// The source vocabulary.
    pub source: Vocabulary,
    /// The target vocabulary.
    pub target: Vocabulary,
    /// The subword models of the sides whose tokens are pieces; files of their own in the run's
    /// folder.
    #[serde(skip)]
    pub subwords: SubwordModels,
}

impl Vocabularies {
    /// Creates the vocabularies of words, characters or other symbols: without subword models.
    pub fn new(source: Vocabulary, target: Vocabulary) -> Self {
        Self { source, target, subwords: SubwordModels::default() }
    }
}

impl Stored for Vocabularies {
    type V1 = Self;
    const KIND: &'static str = "vocabularies";
}
