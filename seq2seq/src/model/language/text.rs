//! The text of a language model: lines, or a running text cut into windows.

use tokenizer::{Tokenizer, Vocabulary, VocabularyOptions, read};

use crate::config::{Config, Task};
use crate::data::{Spec, hold_out};
use crate::run::StoredRun;
use crate::{Error, Result};

/// How a running text's line ends.
pub(super) const NEWLINE: &str = "\n";

/// A text to foretell: each token but the first, from those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// What is read, and, from the second on, what should be said.
    pub ids: Vec<u32>,
    /// Where it stands in a running text.
    pub place: Option<Place>,
}

/// A place in a running text that is read in parts side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The part.
    pub part: usize,
    /// True at the part's begin, where the state is zero.
    pub is_first: bool,
}

/// The lines to learn from and those held out: of lines a share by their hash, of a running text
/// its last twentieth.
pub(super) fn texts(stored: &StoredRun) -> Result<(Vec<String>, Vec<String>)> {
    let config = &stored.config;
    let spec: Spec = stored.data.parse()?;
    let (spec, own) = spec.parts().map_or((spec, None), |(train, valid)| (train, Some(valid)));
    let mut train = lines(&spec, stored.seed)?;
    if config.task == Task::LanguageLines {
        let tokenizer = Tokenizer::new(config.target_recipe, config.target_unit);
        let limit = config.max_target_words;
        train.retain(|line| {
            let n = tokenizer.tokenize(line).len();
            n > 0 && (limit == 0 || n <= limit)
        });
    }
    let held_out = match (stored.valid.as_deref(), own) {
        (Some("none"), _) => Vec::new(),
        (Some(valid), _) => lines(&valid.parse()?, stored.seed)?,
        (None, Some(own)) => lines(&own, stored.seed)?,
        (None, None) if config.task == Task::LanguageLines => hold_out(&mut train, |line| line),
        (None, None) => train.split_off(train.len() - train.len() / 20),
    };
    Ok((train, held_out))
}

/// The lines of a text file, or the target side of another corpus.
pub(super) fn lines(spec: &Spec, seed: u64) -> Result<Vec<String>> {
    match spec {
        Spec::Tsv(path) => Ok(read::lines(path)?),
        Spec::Parallel(a, b) => {
            let what = format!(
                "corpus {},{}: a language model learns one text; give one file",
                a.display(),
                b.display()
            );
            Err(Error::NothingTrained { what })
        }
        other => Ok(other.read(None, seed)?.pairs.into_iter().map(|p| p.target).collect()),
    }
}

pub(super) fn vocabulary(config: &Config, lines: &[String]) -> Vocabulary {
    let tokenizer = Tokenizer::new(config.target_recipe, config.target_unit);
    let max_size = Some(config.max_target_vocabulary).filter(|&n| n > 0);
    let options = VocabularyOptions { min_count: config.min_count, max_size };
    if config.task == Task::LanguageStream {
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
pub(super) fn windows(text: &[u32], parts: usize, window: usize) -> Vec<Passage> {
    let length = text.len().saturating_sub(1) / parts.max(1);
    let mut all = Vec::new();
    for start in (0..length).step_by(window.max(1)) {
        let end = (start + window).min(length);
        all.extend((0..parts).map(|part| Passage {
            ids: text[part * length + start..=part * length + end].to_vec(),
            place: Some(Place { part, is_first: start == 0 }),
        }));
    }
    all
}
