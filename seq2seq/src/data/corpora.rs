//! What a run trains on and what it holds out.

use super::corpus::{Corpus, Pair, hold_out};
use super::filter::{filter, filter_lines, seen};
use super::loss::loss;
use super::spec::Spec;
use super::split::{Seen, Side, Split, SplitRule, overlap, split};
use crate::Result;
use crate::config::Config;
use crate::run::StoredRun;

/// Training pairs, held-out pairs, and what a person should know of how they came about.
#[derive(Debug, Default)]
pub(crate) struct Corpora {
    pub(crate) train: Corpus,
    pub(crate) held_out: Corpus,
    pub(crate) warnings: Vec<String>,
}

/// Reads the pairs to train on and those held out.
///
/// # Errors
/// Unreadable data; nothing left to train on.
pub(crate) fn corpora(stored: &StoredRun) -> Result<Corpora> {
    let config = &stored.config;
    // A whole corpus that has parts is trained on its training part: its test part stays unseen.
    let spec = stored.data_spec()?;
    let (spec, own) = spec.parts().map_or((spec, None), |(train, valid)| (train, Some(valid)));
    let columns = |spec: &Spec| stored.columns.filter(|_| spec.has_columns());
    let mut warnings = Vec::new();
    let mut read = |spec: &Spec| spec.read(columns(spec), stored.seed, &mut warnings);
    let mut train = read(&spec)?;
    let held_out = match (stored.valid.as_deref(), own) {
        (Some("none"), _) => Some(Corpus::default()),
        (Some(_), _) => match stored.valid_spec()? {
            Some(valid) => Some(read(&valid)?),
            None => Some(Corpus::default()),
        },
        (None, Some(own)) => Some(read(&own)?),
        (None, None) => None,
    };
    warnings.extend(losses(config, &train));
    let (dropped, mut of_train) = filter(config, &mut train);
    if train.pairs.is_empty() {
        return Err(dropped.nothing_left(config, &stored.data, "pairs"));
    }
    warnings.extend(dropped.warning(config, "pairs", "trained on"));
    let held_out = match held_out {
        Some(held_out) => {
            if let Some(valid) = &stored.valid {
                let (whole, half) = overlap(&of_train, &seen(config, &held_out.pairs));
                warnings.extend(leak(whole, half, held_out.pairs.len(), valid));
            }
            held_out
        }
        None => Corpus {
            pairs: apart(
                stored.split,
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

/// The lines that a language model learns from, and those held out of them where no others are
/// named, with what a person should know.
///
/// # Errors
/// Nothing left to train on.
pub(crate) fn lines_apart(
    config: &Config,
    rule: SplitRule,
    data: &str,
    train: &mut Vec<String>,
    holds_out: bool,
) -> Result<(Vec<String>, Vec<String>)> {
    let (dropped, mut of_train) = filter_lines(config, train);
    if train.is_empty() {
        return Err(dropped.nothing_left(config, data, "lines"));
    }
    let mut warnings: Vec<String> =
        dropped.warning(config, "lines", "trained on").into_iter().collect();
    let held_out = if holds_out {
        apart(rule, train, &mut of_train, |line| line, "lines", &mut warnings)
    } else {
        Vec::new()
    };
    Ok((held_out, warnings))
}

/// What the recipes of both sides take away.
fn losses(config: &Config, corpus: &Corpus) -> Vec<String> {
    let sources = corpus.pairs.iter().map(|pair| pair.source.as_str());
    let targets = corpus.pairs.iter().map(|pair| pair.target.as_str());
    let of = |key, recipe, lines: Vec<&str>| loss(key, recipe, &lines);
    let source = of("source_recipe", config.source_recipe, sources.collect());
    source.into_iter().chain(of("target_recipe", config.target_recipe, targets.collect())).collect()
}

/// What the recipe of a language model's text takes away.
pub(crate) fn recipe_losses(config: &Config, lines: &[String]) -> Option<String> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    loss("target_recipe", config.target_recipe, &lines)
}

/// Takes out what is held out; what is neither trained on nor held out is dropped.
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

/// What a person should know of held-out pairs that are trained on.
fn leak(whole: usize, half: usize, of: usize, valid: &str) -> Option<String> {
    let both = format!("{whole} of the {of} held-out pairs of {valid} are trained on, too");
    let side = format!("{half} have a source or a target that is");
    match (whole, half) {
        (0, 0) => None,
        (0, _) => Some(format!(
            "of the {of} held-out pairs of {valid}, {side} trained on, too, as the model reads them"
        )),
        (_, 0) => Some(format!(
            "{both}, as the model reads them: its figures on them say nothing of unseen text"
        )),
        _ => Some(format!(
            "{both}, as the model reads them, and {side}: its figures on them say little of unseen \
             text"
        )),
    }
}
