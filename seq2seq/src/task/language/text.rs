//! The text of a language model: lines, or a running text cut into windows.

use tokenizer::{Tokenizer, Vocabulary, VocabularyOptions};

use crate::config::{Config, TaskKind};
use crate::data::{Sources, Spec, lines_apart, recipe_losses};
use crate::{Error, Result};

/// How a running text's line ends.
pub(super) const NEWLINE: &str = "\n";

/// A text to predict: each token but the first, from those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChunk {
    /// What is read, and, from the second on, what should be said.
    pub ids: Vec<u32>,
    /// Where it stands in a running text.
    pub place: Option<ChunkPosition>,
}

/// A place in a running text that is read in parts side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkPosition {
    /// The part.
    pub part: usize,
    /// True at the part's begin, where the state is zero.
    pub is_first: bool,
}

/// The lines to learn from, those held out, and what a person should know of it.
pub(super) struct Texts {
    pub(super) train: Vec<String>,
    pub(super) held_out: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Reads a run's text: of lines a share is held out by what the model reads of them, of a running
/// text its last twentieth.
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

/// The lines of a text file, or the target side of another corpus.
pub(super) fn lines(spec: &Spec, seed: u64, notes: &mut Vec<String>) -> Result<Vec<String>> {
    spec.lines(seed, notes)?.ok_or_else(|| {
        let what = format!("corpus {spec}: a language model learns one text; give one file");
        Error::NothingTrained { what }
    })
}

pub(super) fn vocabulary(config: &Config, lines: &[String]) -> Vocabulary {
    let tokenizer = Tokenizer::new(config.target_recipe, config.target_unit);
    let max_size = Some(config.max_target_vocabulary).filter(|&n| n > 0);
    let options = VocabularyOptions { min_count: config.min_count, max_size };
    if config.task == TaskKind::LanguageStream {
        return Vocabulary::build([running(&tokenizer, lines)], &options);
    }
    Vocabulary::build(lines.iter().map(|line| tokenizer.tokenize(line)), &options)
}

/// The tokens of a running text: its lines', a newline between two.
pub(super) fn running(tokenizer: &Tokenizer, lines: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            all.push(NEWLINE.to_owned());
        }
        all.extend(tokenizer.tokenize(line));
    }
    all
}

/// A running text in parts of equal length, each cut into windows: the first window of each part,
/// then the second of each. Less than one token a part is left over.
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
