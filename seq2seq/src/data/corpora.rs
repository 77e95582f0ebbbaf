//! The training and held-out data of a run.

use super::corpus::{Corpus, Pair, hold_out};
use super::filter::{filter, filter_lines, seen};
use super::loss::loss;
use super::spec::Spec;
use super::split::{Seen, Side, Split, SplitRule, overlap, split};
use crate::Result;
use crate::config::Config;

/// Training pairs, held-out pairs, and warnings about how they were obtained.
#[derive(Debug, Default)]
pub(crate) struct Corpora {
    pub(crate) train: Corpus,
    pub(crate) held_out: Corpus,
    pub(crate) warnings: Vec<String>,
}

/// The sources of a run's text, and how it is divided.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) config: &'a Config,
    /// The corpus, as given.
    pub(crate) data: &'a str,
    pub(crate) spec: Spec,
    /// The held-out pairs, as given, if any; without a SPEC, none are held out.
    pub(crate) valid: Option<(&'a str, Option<Spec>)>,
    pub(crate) columns: Option<(usize, usize)>,
    pub(crate) seed: u64,
    pub(crate) split: SplitRule,
}

impl Sources<'_> {
    /// Reads the training data, and the held-out data if it is given or the corpus has a validation
    /// part. A whole corpus with parts is trained on its training part, so that its test part stays
    /// unseen.
    ///
    /// # Errors
    /// The errors of `read`.
    pub(crate) fn read<T: Default>(
        &self,
        mut read: impl FnMut(&Spec) -> Result<T>,
    ) -> Result<(T, Option<T>)> {
        let parts = self.spec.parts();
        let (spec, own) = parts.map_or((self.spec.clone(), None), |(t, v)| (t, Some(v)));
        let train = read(&spec)?;
        let held_out = match &self.valid {
            Some((_, None)) => Some(T::default()),
            Some((_, Some(valid))) => Some(read(valid)?),
            None => own.as_ref().map(read).transpose()?,
        };
        Ok((train, held_out))
    }
}

/// Reads the training pairs and the held-out pairs.
///
/// # Errors
/// Unreadable data; no training pairs remain.
pub(crate) fn corpora(sources: &Sources<'_>) -> Result<Corpora> {
    let config = sources.config;
    let mut warnings = Vec::new();
    let (mut train, held_out) = sources.read(|spec| {
        let columns = sources.columns.filter(|_| spec.has_columns());
        spec.read(columns, sources.seed, &mut warnings)
    })?;
    warnings.extend(losses(config, &train));
    let (dropped, mut of_train) = filter(config, &mut train);
    if train.pairs.is_empty() {
        return Err(dropped.nothing_left(config, sources.data, "pairs"));
    }
    warnings.extend(dropped.warning(config, "pairs", "trained on"));
    let held_out = match held_out {
        Some(held_out) => {
            if let Some((valid, _)) = sources.valid {
                let (whole, half) = overlap(&of_train, &seen(config, &held_out.pairs));
                warnings.extend(leak(whole, half, held_out.pairs.len(), valid));
            }
            held_out
        }
        None => Corpus {
            pairs: apart(
                sources.split,
                &mut train.pairs,
                &mut of_train,
                |pair: &Pair| &pair.source,
                "pairs",
                &mut warnings,
            ),
        },
    };
    Ok(Corpora { train, held_out, warnings })
}

/// Filters the lines of a language model, and holds out some of them if `holds_out` is true;
/// returns the held-out lines and the warnings.
///
/// # Errors
/// No training lines remain.
pub(crate) fn lines_apart(
    sources: &Sources<'_>,
    train: &mut Vec<String>,
    holds_out: bool,
) -> Result<(Vec<String>, Vec<String>)> {
    let config = sources.config;
    let (dropped, mut of_train) = filter_lines(config, train);
    if train.is_empty() {
        return Err(dropped.nothing_left(config, sources.data, "lines"));
    }
    let mut warnings: Vec<String> =
        dropped.warning(config, "lines", "trained on").into_iter().collect();
    let held_out = if holds_out {
        apart(sources.split, train, &mut of_train, |line| line, "lines", &mut warnings)
    } else {
        Vec::new()
    };
    Ok((held_out, warnings))
}

/// Returns warnings about text that the recipes of both sides remove.
fn losses(config: &Config, corpus: &Corpus) -> Vec<String> {
    let sources = corpus.pairs.iter().map(|pair| pair.source.as_str());
    let targets = corpus.pairs.iter().map(|pair| pair.target.as_str());
    let of = |key, recipe, lines: Vec<&str>| loss(key, recipe, &lines);
    let source = of("source_recipe", config.source_recipe, sources.collect());
    source.into_iter().chain(of("target_recipe", config.target_recipe, targets.collect())).collect()
}

/// Returns a warning about text that the recipe of a language model removes.
pub(crate) fn recipe_losses(config: &Config, lines: &[String]) -> Option<String> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    loss("target_recipe", config.target_recipe, &lines)
}

/// Removes the held-out examples and returns them; drops examples that are neither trained on nor
/// held out.
fn apart<T>(
    rule: SplitRule,
    all: &mut Vec<T>,
    of_all: &mut Vec<Seen>,
    text: impl Fn(&T) -> &str,
    what: &str,
    warnings: &mut Vec<String>,
) -> Vec<T> {
    let Split { sides, .. } = match rule {
        SplitRule::SourceText => return hold_out(all, text),
        SplitRule::BothSides => {
            let split = split(of_all);
            warnings.extend(split.warnings(what));
            split
        }
    };
    let mut held_out = Vec::new();
    let mut kept = Vec::with_capacity(all.len());
    for (one, side) in std::mem::take(all).into_iter().zip(&sides) {
        match side {
            Side::Train => kept.push(one),
            Side::HeldOut => held_out.push(one),
            Side::LeftOut => {}
        }
    }
    *all = kept;
    let mut side = sides.iter();
    of_all.retain(|_| side.next() == Some(&Side::Train));
    held_out
}

/// Returns a warning about held-out pairs that are also trained on.
fn leak(whole: usize, half: usize, of: usize, valid: &str) -> Option<String> {
    let both = format!("{whole} of the {of} held-out pairs of {valid} are trained on, too");
    let side = format!("{half} have a source or a target that is");
    match (whole, half) {
        (0, 0) => None,
        (0, _) => Some(format!(
            "of the {of} held-out pairs of {valid}, {side} trained on, too, as the model reads them"
        )),
        (_, 0) => Some(format!(
            "{both}, as the model reads them: its metrics on them say nothing of unseen text"
        )),
        _ => Some(format!(
            "{both}, as the model reads them, and {side}: its metrics on them say little of unseen \
             text"
        )),
    }
}
