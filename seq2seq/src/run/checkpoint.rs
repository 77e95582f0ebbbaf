//! Everything that a training run needs to go on as if it had never stopped.

use serde::{Deserialize, Serialize};
use tokenizer::Vocabulary;

use super::codec::Stored;
use super::stored_tensor::StoredTensor;
use crate::event::{Best, EndReason};

/// The state of a run between two optimizer steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Optimizer steps done.
    pub step: u64,
    /// The epoch under way, from 0.
    pub epoch: u64,
    /// Batches of this epoch that are done.
    pub batch: u64,
    /// Training seconds so far.
    pub seconds: f64,
    /// Length of `events.jsonl` in bytes; [`RunDir::save`](super::RunDir::save) fills it in.
    pub events_len: u64,
    /// The model's parameters, by name.
    pub params: Vec<(String, StoredTensor)>,
    /// The optimizer's state.
    pub optimizer: StoredOptimizer,
    /// The generators, by purpose.
    pub rng: Vec<(String, RngState)>,
    /// The best validation so far.
    pub best: Option<Best>,
    /// The learning rate that a person set while the run went on; else the preset's.
    pub learning_rate: Option<f32>,
    /// Sums and times that the trainer keeps from step to step, by name.
    pub running: Vec<(String, f64)>,
    /// How the run ended, if it has.
    pub end: Option<EndReason>,
}

impl Checkpoint {
    /// True where everything asked for was done, or more of it was found not to help.
    pub fn is_finished(&self) -> bool {
        matches!(self.end, Some(EndReason::Finished | EndReason::EarlyStopped))
    }
}

impl Stored for Checkpoint {
    const KIND: &'static str = "a checkpoint";
}

/// The state of an optimizer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredOptimizer {
    /// Steps done.
    pub step: u64,
    /// What it keeps of each parameter, one tensor a parameter, by the slot's name (Adam: both
    /// moments); the moving average of the parameters, where there is one, is the slot `average`.
    pub slots: Vec<(String, Vec<StoredTensor>)>,
    /// Under the name `steps`: the updates of each parameter, in the order of the parameters. Those
    /// without a gradient in a step are not updated by it.
    pub rows: Vec<(String, Vec<u64>)>,
}

/// The state of a ChaCha generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    const KIND: &'static str = "vocabularies";
}
