//! The text of a language model: lines, or a running text cut into windows.

use tokenizer::{Subwords, Vocabulary, VocabularyOptions};

use crate::config::{Config, TaskKind};
use crate::data::{Sources, Spec, lines_apart, recipe_losses, tokenizer};
use crate::run::StoredRun;
use crate::{Error, Result};

/// End of a line in a running text.
pub(super) const NEWLINE: &str = "\n";

/// A text to predict: each token except the first is predicted from those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChunk {
    /// Input ids and, from the second on, target ids.
    pub ids: Vec<u32>,
    /// Position in a running text.
    pub place: Option<ChunkPosition>,
}

/// A position in a running text whose parts are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkPosition {
    /// The part.
    pub part: usize,
    /// Whether this is the start of the part, where the state is zero.
    pub is_first: bool,
}

/// The training lines, the held-out lines, and warnings about the text.
pub(super) struct Texts {
    pub(super) train: Vec<String>,
    pub(super) held_out: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Reads the text of a run. A share of the lines is held out, chosen by the tokens that the model
/// reads; of a running text, the last twentieth is held out.
pub(super) fn texts(sources: &Sources<'_>) -> Result<Texts> {
    let config = sources.config;
    let mut warnings = Vec::new();
    let (mut train, named) = sources.read(|spec| lines(spec, sources.seed, &mut warnings))?;
    let is_lines = config.task == TaskKind::LanguageLines;
    warnings.extend(recipe_losses(config, &train));
    let apart = if is_lines {
        let (apart, more) = lines_apart(sources, &mut train, named.is_none())?;
        warnings.extend(more);
        apart
    } else {
        Vec::new()
    };
    let held_out = match named {
        Some(lines) => lines,
        None if is_lines => apart,
        None => {
            let all = train.len();
            let last = train.split_off(all - all / 20);
            if last.is_empty() {
                warnings.push(format!(
                    "nothing is held out: the last twentieth of {all} lines is none; give \
                     valid = FILE, or valid = none to train on everything"
                ));
            }
            last
        }
    };
    Ok(Texts { train, held_out, warnings })
}

/// Returns the training lines and the held-out lines of a run.
///
/// # Errors
/// Unreadable data.
pub(crate) fn held_out_lines(stored: &StoredRun) -> Result<(Vec<String>, Vec<String>)> {
    let Texts { train, held_out, .. } = texts(&stored.sources()?)?;
    Ok((train, held_out))
}

/// Returns the lines of a text file, or the target side of another corpus.
pub(super) fn lines(spec: &Spec, seed: u64, notes: &mut Vec<String>) -> Result<Vec<String>> {
    spec.lines(seed, notes)?.ok_or_else(|| {
        let what = format!("corpus {spec}: a language model learns one text; give one file");
        Error::NothingTrained { what }
    })
}

/// Returns the vocabulary of a text: that of the subword model, if its tokens are pieces, and with a
/// newline if it is a running text.
///
/// # Errors
/// A subword unit without its model.
pub(super) fn vocabulary(
    config: &Config,
    model: Option<&Subwords>,
    lines: &[String],
) -> Result<Vocabulary> {
    let tokenizer = tokenizer("target", config.target_recipe, config.target_unit, model)?;
    if let Some(model) = model {
        let mut tokens = model.vocabulary().tokens().to_vec();
        if config.task == TaskKind::LanguageStream && !tokens.iter().any(|token| token == NEWLINE) {
            tokens.push(NEWLINE.to_owned());
        }
        return Ok(Vocabulary::from_tokens(tokens)?);
    }
    let max_size = Some(config.max_target_vocabulary).filter(|&n| n > 0);
    let options = VocabularyOptions { min_count: config.min_count, max_size };
    if config.task == TaskKind::LanguageStream {
        let tokens = running(lines, |_, line| tokenizer.tokenize(line));
        return Ok(Vocabulary::build([tokens], &options));
    }
    Ok(Vocabulary::build(lines.iter().map(|line| tokenizer.tokenize(line)), &options))
}

/// Returns the tokens of a running text: those of its lines, with a newline between two lines.
pub(super) fn running(
    lines: &[String],
    tokens: impl Fn(usize, &str) -> Vec<String>,
) -> Vec<String> {
    let mut all = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            all.push(NEWLINE.to_owned());
        }
        all.extend(tokens(i, line));
    }
    all
}

/// Cuts a running text into parts of equal length, and each part into windows. The result holds the
/// first window of every part, then the second of every part, and so on. Fewer than one token per
/// part are left over.
pub(super) fn windows(text: &[u32], parts: usize, window: usize) -> Vec<TextChunk> {
    let length = text.len().saturating_sub(1) / parts.max(1);
    let mut all = Vec::new();
    for start in (0..length).step_by(window.max(1)) {
        let end = (start + window).min(length);
        all.extend((0..parts).map(|part| TextChunk {
            ids: text[part * length + start..=part * length + end].to_vec(),
            place: Some(ChunkPosition { part, is_first: start == 0 }),
        }));
    }
    all
}
