//! From a corpus SPEC to batches of ids.

mod batch;
mod corpus;
mod text;

pub use batch::{Batch, Batching, Example, epoch_batches};
pub use corpus::{Corpus, Pair, Spec};
pub use text::Text;
