//! From a corpus SPEC to batches of ids.

mod batch;
mod corpus;
mod text;

pub use batch::{Batch, Batching, Example, epoch_batches};
pub use corpus::{Corpus, Pair, Spec};
pub(crate) use corpus::{hash, hold_out};
pub(crate) use text::END;
pub use text::Text;
