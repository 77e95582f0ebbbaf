//! The subword models of a run.

use tensor::random::{PhiloxStream, fnv1a};
use tokenizer::{Recipe, SubwordKind, Subwords, Tokenizer, Unit, Vocabulary};

use crate::config::{Config, TextUnit};
use crate::{Error, Result};

/// The subword models of both sides, for the units that need one. If both sides share a vocabulary,
/// they have the same model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubwordModels {
    /// The model of the source.
    pub source: Option<Subwords>,
    /// The model of the target, and of the text of a language model.
    pub target: Option<Subwords>,
}

/// Returns the tokenizer of a side.
///
/// # Errors
/// A subword unit without its model, or with one of the other kind.
pub(crate) fn tokenizer(
    side: &str,
    recipe: Recipe,
    unit: TextUnit,
    model: Option<&Subwords>,
) -> Result<Tokenizer> {
    let kind = match (unit.plain(), unit.subwords()) {
        (Some(unit), _) => return Ok(Tokenizer::new(recipe, unit)),
        (None, kind) => kind.unwrap_or(SubwordKind::Bpe),
    };
    let found = model.map(Subwords::kind);
    match model.filter(|_| found == Some(kind)) {
        Some(model) => Ok(Tokenizer::with_subwords(recipe, model.clone())),
        None => {
            let found = found.map_or("none", SubwordKind::name);
            let problem = format!(
                "{side}_unit = {unit}: it needs a tokenizer of that kind, and there is {found}"
            );
            Err(Error::Configuration { problems: vec![problem] })
        }
    }
}

/// Returns the tokenizers of both sides.
///
/// # Errors
/// A subword unit without its model.
pub(super) fn tokenizers(
    config: &Config,
    models: &SubwordModels,
) -> Result<(Tokenizer, Tokenizer)> {
    let (source, target) = (models.source.as_ref(), models.target.as_ref());
    Ok((
        tokenizer("source", config.source_recipe, config.source_unit, source)?,
        tokenizer("target", config.target_recipe, config.target_unit, target)?,
    ))
}

/// Returns tokenizers of both sides that need no model: words in place of pieces.
pub(super) fn word_tokenizers(config: &Config) -> (Tokenizer, Tokenizer) {
    let of = |recipe, unit: TextUnit| Tokenizer::new(recipe, unit.plain().unwrap_or(Unit::Words));
    (of(config.source_recipe, config.source_unit), of(config.target_recipe, config.target_unit))
}

/// Checks that a vocabulary is that of a model, possibly with further tokens.
pub(crate) fn is_vocabulary_of(vocabulary: &Vocabulary, model: &Subwords) -> bool {
    vocabulary.tokens().starts_with(model.vocabulary().tokens())
}

/// Returns the text of pieces, some of them replaced: a piece within a word within that word, others
/// by words of their own.
pub(super) fn replace_pieces(
    model: &Subwords,
    pieces: &[String],
    edits: &[(usize, &str)],
) -> Option<String> {
    let mut all: Vec<Vec<u8>> = pieces.iter().map(|piece| model.piece_bytes(piece)).collect();
    all.push(b" ".to_vec());
    let end = pieces.len();
    for &(position, text) in edits {
        let piece = all.get_mut(position)?;
        let space = if piece.starts_with(b" ") && !text.is_empty() { " " } else { "" };
        *piece = format!("{space}{text}").into_bytes();
    }
    if !edits.iter().any(|(position, _)| *position == end) {
        all.pop();
    }
    let text = String::from_utf8_lossy(&all.concat()).into_owned();
    Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
}

/// BPE-dropout: the merges that are left out follow from the seed, the epoch, the sentence and the
/// side alone, so that a resumed run and any number of threads read the same pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BpeDropout {
    probability: f32,
    seed: u64,
}

/// Maximum number of draws per sentence; later ones repeat.
const DRAWS: u64 = 1 << 24;

impl BpeDropout {
    /// Returns the dropout of a run; `None` if there is none.
    pub(crate) fn new(config: &Config, seed: u64) -> Option<Self> {
        let probability = config.bpe_dropout;
        (probability > 0.0).then(|| Self { probability, seed: seed ^ fnv1a("bpe_dropout") })
    }

    /// Returns the tokens of a text in an epoch; those of a tokenizer without merges do not change.
    /// `side` is 0 for the source and 1 for the target.
    pub(crate) fn tokens(
        self,
        tokenizer: &Tokenizer,
        text: &str,
        (epoch, sentence, side): (u64, usize, u32),
    ) -> Vec<String> {
        let Some(model) = tokenizer.subwords() else {
            return tokenizer.tokenize(text);
        };
        let stream = PhiloxStream::new(self.seed, epoch, side);
        let first = sentence as u64 * DRAWS;
        let mut count = 0;
        let uniform = || {
            let number = stream.uniform(first + count % DRAWS);
            count += 1;
            number
        };
        model.tokenize_with_dropout(&tokenizer.normalize(text), self.probability, uniform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_without_its_model_is_refused() {
        let config = Config { source_unit: TextUnit::Bpe, ..Config::default() };
        let error = tokenizers(&config, &SubwordModels::default()).unwrap_err().to_string();
        assert!(error.contains("source_unit = bpe: it needs a tokenizer of that kind"), "{error}");
        assert_eq!(word_tokenizers(&config).0.unit(), Some(Unit::Words));
    }
}
