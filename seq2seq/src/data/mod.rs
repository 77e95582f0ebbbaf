//! Corpora and preprocessing, from a corpus SPEC to batches of ids.

mod batch;
mod corpora;
mod corpus;
mod dictionary;
mod filter;
mod links;
mod loss;
pub mod phrasebook;
mod spec;
mod split;
mod subwords;
pub mod tasks;
mod text;
mod token_words;
mod unknown;

pub use batch::{Batch, Batching, Example, epoch_batches};
pub(crate) use corpora::{Corpora, Sources, corpora, lines_apart, recipe_losses};
pub use corpus::{Corpus, Pair};
pub(crate) use corpus::{PairsInMemory, corpus_hash, fingerprint, hash};
pub use links::LinksFile;
pub(crate) use spec::MEMORY;
pub use spec::Spec;
pub use split::SplitRule;
pub use subwords::SubwordModels;
pub(crate) use subwords::{BpeDropout, is_vocabulary_of, tokenizer};
pub use text::Text;
pub(crate) use text::{END, remark_on_vocabulary};
pub(crate) use unknown::UnknownRates;
