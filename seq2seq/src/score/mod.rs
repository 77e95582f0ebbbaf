//! Scores of translations and of alignments, and the metrics of a set of examples.

mod aer;
mod alignment;
mod bleu;
mod exact;
mod metrics;
mod mteval;

pub use aer::{AlignmentErrors, links_of_attention};
pub use alignment::{LinkMethod, SoftAlignment, Symmetrization, pharaoh};
pub(crate) use bleu::ORDER;
pub use bleu::{Bleu, BleuCounts, bleu, bleu_13a, bleu_13a_signature};
pub(crate) use exact::is_equal_in_words;
pub use exact::{exact_match, exact_match_of_words};
pub use metrics::{Evaluation, Metrics};
pub use mteval::mteval_words;
