//! Everything that a training run needs to go on as if it had never stopped.

use serde::{Deserialize, Serialize};
use tokenizer::Vocabulary;

use super::codec::Stored;
use super::progress::Progress;
use super::stored_tensor::StoredTensor;

/// The state of a run between two optimizer steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How far the run is.
    pub progress: Progress,
    /// Length of `events.jsonl` in bytes; [`RunDir::save`](super::RunDir::save) fills it in.
    pub events_len: u64,
    /// The identity of the run, where it has one; [`RunDir::save`](super::RunDir::save) fills it in.
    pub identity: Option<u64>,
    /// The model's parameters, by name.
    pub params: Vec<(String, StoredTensor)>,
    /// The moving average of the parameters, in their order, where there is one: it is what
    /// translates.
    pub average: Option<Vec<StoredTensor>>,
    /// The optimizer's state.
    pub optimizer: StoredOptimizer,
    /// The generator that shuffles, where it stood when the epoch began.
    pub shuffle: RngState,
    /// What the model carries from one batch to the next; of most models nothing.
    pub carried: Vec<StoredTensor>,
}

/// The state of an optimizer.
///
/// PyTorch: `optimizer.state_dict()["state"]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredOptimizer {
    /// What it keeps of each parameter, one tensor a parameter, by the slot's name (Adam: both
    /// moments).
    pub slots: Vec<(String, Vec<StoredTensor>)>,
    /// The updates of each parameter, in the order of the parameters. Those without a gradient in a
    /// step are not updated by it.
    pub updates: Vec<u64>,
}

/// The state of a ChaCha generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RngState {
    /// Its key.
    pub seed: [u8; 32],
    /// Its stream: one a purpose.
    pub stream: u64,
    /// How far it has been read, in 32-bit words.
    pub word_pos: u128,
}

/// The vocabularies of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabularies {
    /// Of the source side.
    pub source: Vocabulary,
    /// Of the target side.
    pub target: Vocabulary,
}

impl Stored for Vocabularies {
    type V1 = Self;
    const KIND: &'static str = "vocabularies";
}
