//! Scores of translations and of alignments, and the metrics of a set of examples.

mod aer;
mod alignment;
mod bleu;
mod bootstrap;
mod buckets;
mod chrf;
mod edit_distance;
mod exact;
#[cfg(test)]
mod golden_tests;
mod links;
mod metrics;
mod output;
mod scored;
mod signature;
mod ter;
mod text;
mod whitespace;

pub use aer::{AlignmentErrors, links_of_attention};
pub use alignment::{LinkMethod, SoftAlignment, Symmetrization, pharaoh, word_weights};
pub(crate) use bleu::ORDER;
pub use bleu::{
    Bleu, BleuCounts, BleuOptions, BleuSmoothing, BleuTokenizer, bleu, bleu_13a, corpus_bleu,
    intl_words, mteval_words,
};
pub use bootstrap::{BOOTSTRAP_SAMPLES, BOOTSTRAP_SEED, Confidence, PairedTest, resampled};
pub use buckets::LengthBucket;
pub use chrf::{ChrfCounts, chrf_signature};
pub use edit_distance::{SymbolErrors, edit_distance};
pub(crate) use exact::is_equal_in_words;
pub use exact::{exact_match, exact_match_of_words};
pub use links::GoldLinks;
pub use metrics::{Evaluation, Metrics};
pub use output::Output;
pub use scored::{OutputScores, ScoredOutputs, TextComparison, TextConfidence, TextEvaluation};
pub use ter::{TerCounts, ter_signature};
pub use text::{TextCounts, TextScores};
