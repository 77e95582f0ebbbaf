//! What is trained and measured: a network with its data, its loss and its figures.

mod evaluate;
mod kind;
mod language;
mod sequence;
mod translation;

pub(crate) use evaluate::{ForcedPair, evaluate, forced};
pub(crate) use kind::{Built, Kind, Preparation};
pub use language::{ChunkPosition, LanguageModel, TextChunk};
pub use sequence::{SequenceModel, SequenceScore};
pub use translation::TranslationModel;
