#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod char_class;
mod encoding;
mod error;
mod joiner;
mod normalizer;
pub mod read;
mod recipe;
mod subwords;
mod tokenizer;
mod unit;
mod vocabulary;

pub use char_class::CharClass;
pub use error::{Error, Result, shell_quoted};
pub use joiner::{ESCAPE, JOINER};
pub use normalizer::{NormalizationForm, NormalizationStep, Normalizer};
pub use recipe::Recipe;
pub use subwords::{BYTE_PIECES, SubwordKind, SubwordOptions, Subwords};
pub use tokenizer::Tokenizer;
pub use unit::Unit;
pub use vocabulary::{EOS, PAD, SOS, SPECIALS, UNK, UnknownRate, Vocabulary, VocabularyOptions};
