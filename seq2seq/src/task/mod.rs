//! Tasks: a network with its data, its loss and its metrics.

mod build;
mod evaluate;
mod language;
mod sequence;
mod subwords;
mod translation;

pub(crate) use build::{Built, Preparation, Task, add_parameters};
pub(crate) use evaluate::{EvaluatedCorpus, ForcedPair, evaluate_outputs, forced_pairs};
pub(crate) use language::held_out_lines;
pub use language::{ChunkPosition, LanguageModel, TextChunk};
pub use sequence::{SequenceModel, SequenceScore};
pub use translation::TranslationModel;
