//! A subword model, run by the `tokenizers` library.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::Value;
use tokenizers::{
    Decoder, Model as _, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Token,
    Tokenizer,
};

use super::bytes::{Spelling, display};
use super::merges::Merges;
use super::options::{SubwordKind, SubwordOptions};
use super::{check, train};
use crate::{Error, Result, SPECIALS, UNK};

/// Keys of a model that would make its pieces random.
const RANDOM: [&str; 3] = ["dropout", "alpha", "nbest_size"];

pub(super) struct Model {
    tokenizer: Tokenizer,
    json: String,
    kind: SubwordKind,
    pieces: Vec<String>,
    spelling: Spelling,
    /// Whether the file puts a space before a text that its decoder leaves there, as RoBERTa's does.
    adds_space: bool,
    /// The merges of byte-pair encoding.
    merges: Option<Merges>,
}

impl Model {
    pub(super) fn train(lines: &[String], options: &SubwordOptions) -> Result<Self> {
        let json = train::train(lines, options)?;
        // Scores are numbers that reading may round, so a model is always what its file says.
        Self::from_json(&json, Path::new("tokenizer.json"))
    }

    pub(super) fn from_json(json: &str, path: &Path) -> Result<Self> {
        let error = |source| Error::TokenizerJson { path: path.into(), source };
        let unfit = |what: String| Error::TokenizerFile { path: path.into(), what };
        let mut file: Value = serde_json::from_str(json).map_err(error)?;
        let kind = check::kind(&file).map_err(unfit)?;
        let spelling = check::spelling(&file).map_err(unfit)?;
        let merges = match kind {
            SubwordKind::Bpe => Some(Merges::new(&file["model"]).map_err(unfit)?),
            SubwordKind::Unigram => None,
        };
        let mut is_random = false;
        for key in RANDOM {
            if let Some(value) = file["model"].get_mut(key).filter(|value| !value.is_null()) {
                (*value, is_random) = (Value::Null, true);
            }
        }
        // The original text if possible, for the line of an error.
        let changed = is_random.then(|| file.to_string());
        let parsed: std::result::Result<Tokenizer, serde_json::Error> =
            serde_json::from_str(changed.as_deref().unwrap_or(json));
        let mut tokenizer = parsed.map_err(error)?;
        tokenizer.set_encode_special_tokens(true);
        let unknown = unknown_piece(&file["model"]).map_err(unfit)?;
        let pieces = pieces(&tokenizer, unknown);
        if pieces.is_empty() {
            return Err(unfit("its vocabulary has no pieces".to_owned()));
        }
        let json = json.to_owned();
        let adds_space = false;
        let mut model = Self { tokenizer, json, kind, pieces, spelling, adds_space, merges };
        model.adds_space = model.detokenize(model.tokenize("a")) == " a";
        let known: HashSet<&String> = model.pieces.iter().collect();
        let divide = |text: &str| {
            let pieces = model.tokenize(text);
            pieces.iter().all(|piece| known.contains(piece)).then_some(pieces)
        };
        check::restores_text(divide, |pieces| model.detokenize(pieces)).map_err(unfit)?;
        Ok(model)
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn kind(&self) -> SubwordKind {
        self.kind
    }

    pub(super) fn pieces(&self) -> &[String] {
        &self.pieces
    }

    pub(super) fn tokenize(&self, text: &str) -> Vec<String> {
        self.pieces_of(text, |word| self.tokenizer.get_model().tokenize(word))
    }

    pub(super) fn tokenize_with_dropout(
        &self,
        text: &str,
        probability: f32,
        uniform: &mut dyn FnMut() -> f32,
    ) -> Vec<String> {
        let Some(merges) = self.merges.as_ref().filter(|_| probability > 0.0) else {
            return self.tokenize(text);
        };
        let uniform = RefCell::new(uniform);
        self.pieces_of(text, |word| {
            let pieces = merges.pieces(word, probability, &mut **uniform.borrow_mut());
            Ok(pieces.into_iter().map(|piece| Token::new(0, piece, (0, 0))).collect())
        })
    }

    /// Divides the words of a text by `divide`. A text on which the library fails (a regular
    /// expression of the file that takes too many steps) is one unknown piece.
    fn pieces_of(
        &self,
        text: &str,
        divide: impl Fn(&str) -> tokenizers::Result<Vec<Token>>,
    ) -> Vec<String> {
        let divided = || -> tokenizers::Result<PreTokenizedString> {
            let added = self.tokenizer.get_added_vocabulary();
            let mut words = added.extract_and_normalize(self.tokenizer.get_normalizer(), text);
            if let Some(splitter) = self.tokenizer.get_pre_tokenizer() {
                splitter.pre_tokenize(&mut words)?;
            }
            words.tokenize(|word| divide(word.get()))?;
            Ok(words)
        };
        let Ok(words) = divided() else {
            return vec![SPECIALS[UNK as usize].to_owned()];
        };
        let splits = words.get_splits(OffsetReferential::Normalized, OffsetType::None);
        let tokens = splits.iter().filter_map(|(_, _, tokens)| tokens.as_ref()).flatten();
        tokens.map(|token| token.value.clone()).collect()
    }

    pub(super) fn detokenize(&self, pieces: Vec<String>) -> String {
        let plain = pieces.concat();
        let decoder = self.tokenizer.get_decoder();
        // Every file has a decoder, and none of the supported ones fails.
        let text = decoder.and_then(|decoder| decoder.decode(pieces).ok()).unwrap_or(plain);
        match text.strip_prefix(' ').filter(|_| self.adds_space) {
            Some(text) => text.to_owned(),
            None => text,
        }
    }

    pub(super) fn display_piece(&self, piece: &str) -> String {
        display(&self.piece_bytes(piece))
    }

    pub(super) fn piece_bytes(&self, piece: &str) -> Vec<u8> {
        self.spelling.bytes(piece)
    }
}

/// Returns the piece that stands for what a model cannot spell, if it has one.
///
/// # Errors
/// A unigram model without one fails on a character that it does not know.
fn unknown_piece(model: &Value) -> std::result::Result<Option<String>, String> {
    let Some(Value::Array(pieces)) = model.get("vocab") else {
        return Ok(model.get("unk_token").and_then(Value::as_str).map(str::to_owned));
    };
    let id = model.get("unk_id").and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
    let piece = id.and_then(|id| pieces.get(id)?.get(0)?.as_str());
    piece.map(|piece| Some(piece.to_owned())).ok_or_else(|| {
        "model.unk_id names no piece of model.vocab, and a Unigram model needs one for the \
         characters that it does not know"
            .to_owned()
    })
}

/// Returns the pieces of a tokenizer in the order of their ids, without special tokens.
fn pieces(tokenizer: &Tokenizer, unknown: Option<String>) -> Vec<String> {
    let added = tokenizer.get_added_tokens_decoder();
    let specials: HashSet<String> = added
        .into_values()
        .filter(|token| token.special)
        .map(|token| token.content)
        .chain(unknown)
        .collect();
    let vocabulary: HashMap<String, u32> = tokenizer.get_vocab(true);
    let mut pieces: Vec<(u32, String)> = vocabulary
        .into_iter()
        .filter(|(piece, _)| !specials.contains(piece))
        .map(|(piece, id)| (id, piece))
        .collect();
    pieces.sort_unstable();
    pieces.into_iter().map(|(_, piece)| piece).collect()
}
