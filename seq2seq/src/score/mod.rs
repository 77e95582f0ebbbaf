//! Scores of translations and of alignments.

mod aer;
mod bleu;
mod exact;

pub use aer::{AlignmentErrors, links_of_attention};
pub use bleu::{Bleu, BleuCounts, bleu};
pub use exact::exact_match;
