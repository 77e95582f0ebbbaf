//! The subword models of a new run: read from files, or trained on its training text.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use tokenizer::{SubwordOptions, Subwords, Tokenizer};

use super::build::Preparation;
use crate::config::{Config, TextSide};
use crate::data::SubwordModels;
use crate::{Error, Result};

/// Interval at which a cancellation is looked for while a model is trained.
const LOOK: Duration = Duration::from_millis(50);
/// Interval at which the time that it takes is reported.
const REPORT: Duration = Duration::from_secs(5);

/// Returns the subword models that a new run needs, and warnings about them. `lines` returns the
/// training text of the source or the target.
///
/// # Errors
/// A file that cannot be read or is not supported; a text on which no model can be trained; a
/// cancelled run.
pub(super) fn subword_models<'a>(
    config: &Config,
    lines: impl Fn(&str) -> Vec<&'a str>,
    preparation: &mut Preparation<'_>,
) -> Result<(SubwordModels, Vec<String>)> {
    let mut models = SubwordModels::default();
    let mut warnings = Vec::new();
    for side in config.text_sides() {
        if side.unit.subwords().is_none() {
            continue;
        }
        let is_source = side.name == "source";
        let shared = models.source.clone().filter(|_| config.tied.source());
        let model = match (shared, side.tokenizer) {
            (Some(model), _) => model,
            (None, "") => {
                let text = |name: &str| normalized(config, name, &lines(name));
                let mut text_of_side = text(side.name);
                if config.tied.source() {
                    text_of_side.extend(text("target"));
                }
                let model = train(&side, text_of_side, config, preparation)?;
                warnings.extend(few(&side, &model));
                model
            }
            (None, path) => {
                preparation.begin(&format!("reading {path}"))?;
                read(&side, Path::new(path))?
            }
        };
        if !side.tokenizer.is_empty() {
            warnings.extend(changed(config, &side, &model, &lines(side.name)));
        }
        *(if is_source { &mut models.source } else { &mut models.target }) = Some(model);
    }
    Ok((models, warnings))
}

/// Returns lines as the recipe of a side leaves them.
fn normalized(config: &Config, side: &str, lines: &[&str]) -> Vec<String> {
    let recipe = if side == "source" { config.source_recipe } else { config.target_recipe };
    let normalizer = recipe.normalizer();
    lines.iter().map(|line| normalizer.normalize(line)).collect()
}

/// Reads the file of a side.
fn read(side: &TextSide<'_>, path: &Path) -> Result<Subwords> {
    let model = Subwords::read(path)?;
    if side.unit.subwords() == Some(model.kind()) {
        return Ok(model);
    }
    let what = format!(
        "it holds a {} model, and {name}_unit = {}; set {name}_unit = {}",
        model.kind(),
        side.unit,
        model.kind(),
        name = side.name
    );
    Err(tokenizer::Error::TokenizerFile { path: path.into(), what }.into())
}

/// Trains the model of a side on a thread of its own, which is left to itself if the run is
/// cancelled.
fn train(
    side: &TextSide<'_>,
    lines: Vec<String>,
    config: &Config,
    preparation: &mut Preparation<'_>,
) -> Result<Subwords> {
    let kind = side.unit.subwords().unwrap_or(tokenizer::SubwordKind::Bpe);
    let options = SubwordOptions { kind, pieces: side.pieces(), min_count: config.min_count };
    let of = if config.tied.source() { "both sides" } else { side.name };
    let text =
        format!("learning {} {kind} pieces from {} lines of {of}", options.pieces, lines.len());
    preparation.begin(&text)?;
    let (sender, receiver) = mpsc::channel();
    let training = thread::Builder::new().name("subwords".into()).spawn(move || {
        // Nobody listens once the run is cancelled.
        let _ = sender.send(Subwords::train(&lines, &options));
    });
    training.map_err(|error| Error::Other(format!("cannot start a thread: {error}")))?;
    let (begun, mut reported) = (Instant::now(), Instant::now());
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(model) => return Ok(model?),
            Err(RecvTimeoutError::Timeout) if reported.elapsed() >= REPORT => {
                reported = Instant::now();
                preparation.begin(&format!("{text}, {} s", begun.elapsed().as_secs()))?;
            }
            Err(RecvTimeoutError::Timeout) => preparation.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                let what =
                    format!("{kind} pieces cannot be learnt from this text; use another unit");
                return Err(Error::Other(what));
            }
        }
    }
}

/// Returns a warning if a model has fewer pieces than were asked for.
fn few(side: &TextSide<'_>, model: &Subwords) -> Option<String> {
    let (found, wanted) = (model.pieces().len(), side.pieces());
    (found < wanted).then(|| {
        format!(
            "{}_unit = {}: the training text yields {found} of {wanted} pieces; the vocabulary has \
             that many",
            side.name, side.unit
        )
    })
}

/// Returns a warning if a model changes lines of text, with an example.
fn changed(
    config: &Config,
    side: &TextSide<'_>,
    model: &Subwords,
    lines: &[&str],
) -> Option<String> {
    let recipe = if side.name == "source" { config.source_recipe } else { config.target_recipe };
    let tokenizer = Tokenizer::with_subwords(recipe, model.clone());
    let restored = |line: &str| tokenizer.detokenize(&tokenizer.tokenize(line));
    let changed: Vec<&&str> =
        lines.iter().filter(|line| restored(line) != tokenizer.normalize(line)).collect();
    let example = changed.iter().min_by_key(|line| line.len())?;
    Some(format!(
        "{}_tokenizer = {} changes {} of {} lines (`{}` becomes `{}`): its normalizer, or characters \
         that it does not know; outputs are in its form",
        side.name,
        side.tokenizer,
        changed.len(),
        lines.len(),
        tokenizer.normalize(example),
        restored(example)
    ))
}
