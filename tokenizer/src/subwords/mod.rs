//! Subword models: byte-pair encoding and unigram language models.

#[cfg(not(feature = "subwords"))]
mod absent;
#[cfg(feature = "subwords")]
mod bytes;
#[cfg(feature = "subwords")]
mod check;
#[cfg(feature = "subwords")]
mod merges;
#[cfg(feature = "subwords")]
mod model;
mod options;
#[cfg(feature = "subwords")]
mod train;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

#[cfg(not(feature = "subwords"))]
use self::absent::Model;
#[cfg(feature = "subwords")]
use self::model::Model;
pub use self::options::{BYTE_PIECES, SubwordKind, SubwordOptions};
use crate::{Error, Result, SPECIALS, Vocabulary};

/// A subword model: it splits text into pieces, and joins pieces to text.
///
/// A model from [`Subwords::train`] works on bytes. A space is put before the text, so that a word
/// has the same pieces at the beginning as elsewhere; each space begins a word; a word is divided
/// into pieces. Joining takes that first space away again, and is therefore exact: for every text
/// `x`, `detokenize(tokenize(x)) == x`. [`Subwords::read`] takes the `tokenizer.json` of another
/// program.
///
/// A piece is a string. Where a model works on bytes, each character of a piece stands for one byte,
/// in the notation of GPT-2: `Ġ` is a space. [`Subwords::display_piece`] formats a piece for people.
///
/// A model is shared, not copied, when it is cloned.
///
/// Needs the feature `subwords`; without it there is no value of this type, and the functions that
/// would make one return [`Error::NoSubwords`].
///
/// Hugging Face `tokenizers`: `Tokenizer.from_str(model.to_json())` is the same model, with the same
/// ids as [`Subwords::vocabulary`].
///
/// ```
/// use tokenizer::{SubwordKind, SubwordOptions, Subwords};
///
/// let lines = ["the lowest tower", "the lower tower", "a new tower"].map(str::to_owned);
/// let options = SubwordOptions { kind: SubwordKind::Bpe, pieces: 270, min_count: 1 };
/// # #[cfg(feature = "subwords")] {
/// let model = Subwords::train(&lines, &options)?;
/// let pieces = model.tokenize("the newest  tower");
/// assert_eq!(pieces, ["Ġthe", "Ġnew", "e", "st", "Ġ", "Ġtower"]);
/// assert_eq!(model.detokenize(&pieces), "the newest  tower");
///
/// let vocabulary = model.vocabulary();
/// assert_eq!(vocabulary.len(), 4 + 270);
/// assert_eq!(vocabulary.decode(&vocabulary.encode(&pieces)), pieces);
/// # }
/// # Ok::<(), tokenizer::Error>(())
/// ```
#[derive(Clone)]
pub struct Subwords {
    model: Arc<Model>,
}

impl Subwords {
    /// Trains a model on lines of text.
    ///
    /// The same lines and options give the same model.
    ///
    /// # Errors
    ///
    /// Fewer pieces than [`BYTE_PIECES`]; no text; [`Error::NoSubwords`].
    pub fn train(lines: &[String], options: &SubwordOptions) -> Result<Self> {
        Ok(Self { model: Arc::new(Model::train(lines, options)?) })
    }

    /// Reads a `tokenizer.json`, the file of the `tokenizers` library.
    ///
    /// Its model must be BPE or Unigram, and its decoder must restore the text that its normalizer
    /// leaves, up to letter case and white space. Truncation, padding, post-processing and dropout
    /// settings of the file are not used.
    ///
    /// # Errors
    ///
    /// A file that cannot be read; [`Error::TokenizerJson`] with the line of a syntax error;
    /// [`Error::TokenizerFile`] for an unsupported kind; [`Error::NoSubwords`].
    pub fn read(path: &Path) -> Result<Self> {
        let io = |source| Error::Io { path: path.into(), source };
        Self::from_json(&std::fs::read_to_string(path).map_err(io)?, path)
    }

    /// Reads the content of a `tokenizer.json`, as [`Subwords::read`] does; errors name `path`.
    ///
    /// # Errors
    ///
    /// Those of [`Subwords::read`].
    pub fn from_json(json: &str, path: &Path) -> Result<Self> {
        Ok(Self { model: Arc::new(Model::from_json(json, path)?) })
    }

    /// Returns the model in the form of a `tokenizer.json`.
    #[must_use]
    pub fn to_json(&self) -> &str {
        self.model.json()
    }

    /// Returns the kind of the model.
    #[must_use]
    pub fn kind(&self) -> SubwordKind {
        self.model.kind()
    }

    /// Returns all pieces in the order of their ids, without special tokens.
    #[must_use]
    pub fn pieces(&self) -> &[String] {
        self.model.pieces()
    }

    /// Returns the vocabulary of the model: the special tokens, then the pieces.
    #[must_use]
    pub fn vocabulary(&self) -> Vocabulary {
        let specials = SPECIALS.iter().map(|special| (*special).to_owned());
        Vocabulary::unchecked(specials.chain(self.pieces().iter().cloned()).collect())
    }

    /// Splits a text into pieces. A special token of the model that stands in the text is text.
    #[must_use]
    pub fn tokenize(&self, text: &str) -> Vec<String> {
        self.model.tokenize(text)
    }

    /// Splits a text into pieces with BPE-dropout: at each step every possible merge is left out
    /// with this probability (Provilkov et al. 2020, arXiv:1910.13267, section 3.1).
    ///
    /// `uniform` returns numbers in \[0, 1), which decide; the same numbers give the same pieces.
    /// A unigram model has no merges and ignores the dropout, see [`Subwords::has_merges`].
    ///
    /// Hugging Face `tokenizers`: `BPE(dropout=probability)`, whose generator cannot be seeded.
    #[must_use]
    pub fn tokenize_with_dropout(
        &self,
        text: &str,
        probability: f32,
        mut uniform: impl FnMut() -> f32,
    ) -> Vec<String> {
        self.model.tokenize_with_dropout(text, probability, &mut uniform)
    }

    /// Returns `true` if the model merges pieces, as byte-pair encoding does.
    #[must_use]
    pub fn has_merges(&self) -> bool {
        self.kind() == SubwordKind::Bpe
    }

    /// Joins pieces to a text. Accepts any sequence; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn detokenize(&self, pieces: &[impl AsRef<str>]) -> String {
        self.model.detokenize(pieces.iter().map(|piece| piece.as_ref().to_owned()).collect())
    }

    /// Returns the text of one piece, its leading space included; a byte of a divided character
    /// is written as `<0xC3>`.
    #[must_use]
    pub fn display_piece(&self, piece: &str) -> String {
        self.model.display_piece(piece)
    }

    /// Returns the bytes that a piece stands for, with its leading space.
    #[must_use]
    pub fn piece_bytes(&self, piece: &str) -> Vec<u8> {
        self.model.piece_bytes(piece)
    }

    /// Returns for each piece the index of its word in the joined text, where words are separated
    /// by white space. A piece with several words counts for the first, and one of white space for
    /// the next word.
    #[must_use]
    pub fn words(&self, pieces: &[impl AsRef<str>]) -> Vec<usize> {
        let bytes: Vec<Vec<u8>> =
            pieces.iter().map(|piece| self.piece_bytes(piece.as_ref())).collect();
        words(&bytes)
    }
}

/// Returns the word of each piece, given as bytes.
fn words(pieces: &[Vec<u8>]) -> Vec<usize> {
    // The word of each byte; white space belongs to the next word.
    let mut of_bytes = Vec::new();
    let (mut word, mut is_inside) = (0, false);
    for chunk in pieces.concat().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_whitespace() {
                word += usize::from(is_inside);
                is_inside = false;
            } else {
                is_inside = true;
            }
            of_bytes.extend(std::iter::repeat_n((word, is_inside), c.len_utf8()));
        }
        is_inside |= !chunk.invalid().is_empty();
        of_bytes.extend(std::iter::repeat_n((word, true), chunk.invalid().len()));
    }
    let mut start = 0;
    pieces
        .iter()
        .map(|piece| {
            let own = &of_bytes[start..start + piece.len()];
            start += piece.len();
            let first = own.iter().find(|(_, is_inside)| *is_inside).or(own.last());
            first.map_or(word, |(word, _)| *word)
        })
        .collect()
}

/// Models are equal if their files are.
impl PartialEq for Subwords {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model) || self.to_json() == other.to_json()
    }
}

impl Eq for Subwords {}

impl fmt::Debug for Subwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subwords({}, {} pieces)", self.kind(), self.pieces().len())
    }
}

#[cfg(test)]
mod tests;
