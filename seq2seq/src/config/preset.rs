//! Presets: named configurations, as data.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::keys::Config;
use super::nearest::nearest;
use crate::{Error, Result};

/// The presets that every build has, in the order in which they are listed.
const EMBEDDED: &[(&str, &str)] = &[
    ("phrasebook", include_str!("../../presets/phrasebook.toml")),
    ("pytorch-tutorial", include_str!("../../presets/pytorch-tutorial.toml")),
    ("tf-nmt", include_str!("../../presets/tf-nmt.toml")),
    ("luong-small", include_str!("../../presets/luong-small.toml")),
    ("rnnsearch-small", include_str!("../../presets/rnnsearch-small.toml")),
    ("multi30k", include_str!("../../presets/multi30k.toml")),
    ("luong-base", include_str!("../../presets/luong-base.toml")),
    ("luong-reverse", include_str!("../../presets/luong-reverse.toml")),
    ("luong-dropout", include_str!("../../presets/luong-dropout.toml")),
    ("luong-location", include_str!("../../presets/luong-location.toml")),
    ("luong-dot", include_str!("../../presets/luong-dot.toml")),
    ("luong-general", include_str!("../../presets/luong-general.toml")),
    ("luong-concat", include_str!("../../presets/luong-concat.toml")),
    ("luong-local-m", include_str!("../../presets/luong-local-m.toml")),
    ("luong-local-p", include_str!("../../presets/luong-local-p.toml")),
    ("scaled-dot", include_str!("../../presets/scaled-dot.toml")),
    ("multi-head", include_str!("../../presets/multi-head.toml")),
    ("encoder-decoder", include_str!("../../presets/encoder-decoder.toml")),
    ("encoder-decoder-reversed", include_str!("../../presets/encoder-decoder-reversed.toml")),
    ("encoder-decoder-every-step", include_str!("../../presets/encoder-decoder-every-step.toml")),
    ("lstm-1997", include_str!("../../presets/lstm-1997.toml")),
    ("copy", include_str!("../../presets/copy.toml")),
    ("reverse", include_str!("../../presets/reverse.toml")),
    ("dates", include_str!("../../presets/dates.toml")),
    ("makemore-rnn", include_str!("../../presets/makemore-rnn.toml")),
    ("makemore-gru", include_str!("../../presets/makemore-gru.toml")),
    ("makemore-lstm", include_str!("../../presets/makemore-lstm.toml")),
    ("char-rnn", include_str!("../../presets/char-rnn.toml")),
    ("adding", include_str!("../../presets/adding.toml")),
    ("temporal-order", include_str!("../../presets/temporal-order.toml")),
    ("reber", include_str!("../../presets/reber.toml")),
];

/// A named configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// One line: what it is.
    pub summary: String,
    /// The work it follows, and where it differs.
    pub source: String,
    /// Its values.
    pub config: Config,
}

/// The form of a preset's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    summary: String,
    source: String,
    values: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
}

impl Preset {
    /// The preset of a name; a path that ends in `.toml` is read as a file of the same form as
    /// those in the folder `presets` of this crate's source.
    ///
    /// # Errors
    /// [`Error::UnknownPreset`] with the nearest name; a file that cannot be read or used.
    pub fn find(name: &str) -> Result<Self> {
        if let Some((name, text)) = EMBEDDED.iter().find(|(known, _)| *known == name) {
            return Self::parse(text, name);
        }
        let path = Path::new(name);
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
            return Self::parse(&text, name);
        }
        let nearest = nearest(name, EMBEDDED.iter().map(|(known, _)| *known));
        Err(Error::UnknownPreset {
            name: name.to_owned(),
            nearest: nearest.unwrap_or_default().to_owned(),
        })
    }

    /// Reads a preset from its text; `origin` says in errors where that is from.
    ///
    /// # Errors
    /// [`Error::PresetFile`] with the line, the key and what would be right.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let line = |at: usize| text.get(..at).map(|before| before.matches('\n').count() + 1);
        let error = |line, what| Error::PresetFile { origin: origin.to_owned(), line, what };
        let form: Form = toml::from_str(text).map_err(|e| {
            let what = e.message().lines().collect::<Vec<_>>().join("; ");
            error(e.span().and_then(|span| line(span.start)), what)
        })?;
        let mut config = Config::default();
        for (key, value) in form.values {
            let written = text.get(value.span()).unwrap_or_default();
            config
                .set_toml(key.as_ref(), value.into_inner(), written)
                .map_err(|e| error(line(key.span().start), e.to_string()))?;
        }
        config.validate().map_err(|e| error(None, e.to_string()))?;
        Ok(Self { name: form.name, summary: form.summary, source: form.source, config })
    }
}

impl Config {
    /// The configuration of a preset, as [`Preset::find`] finds it.
    ///
    /// ```
    /// let config = seq2seq::Config::preset("pytorch-tutorial")?;
    /// assert_eq!(config.hidden, 128);
    /// let error = seq2seq::Config::preset("torch-tutorial").unwrap_err().to_string();
    /// assert!(error.contains("did you mean 'pytorch-tutorial'?"));
    /// # Ok::<(), seq2seq::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Preset::find`].
    pub fn preset(name: &str) -> Result<Self> {
        Preset::find(name).map(|preset| preset.config)
    }
}

/// A preset, in brief.
#[derive(Debug, Clone)]
pub struct PresetInfo {
    /// Its name.
    pub name: String,
    /// One line: what it is.
    pub summary: String,
    /// The work it follows.
    pub source: String,
}

/// One key of a preset.
#[derive(Debug, Clone)]
pub struct KeyInfo {
    /// The key, as `--set` takes it.
    pub key: String,
    /// Its value in this preset.
    pub value: String,
    /// What it means and which values it takes.
    pub doc: String,
}

/// All presets.
pub fn presets() -> Vec<PresetInfo> {
    let all = EMBEDDED.iter().filter_map(|(name, text)| Preset::parse(text, name).ok());
    all.map(|Preset { name, summary, source, .. }| PresetInfo { name, summary, source }).collect()
}

/// Every key of a preset with its value and meaning.
///
/// # Errors
/// An unknown name, answered with the nearest one.
pub fn preset_keys(name: &str) -> Result<Vec<KeyInfo>> {
    let config = Config::preset(name)?;
    let keys = Config::KEYS.iter().map(|key| KeyInfo {
        key: key.name.to_owned(),
        value: config.show(key.name).unwrap_or_default(),
        doc: key.doc(),
    });
    Ok(keys.collect())
}

#[cfg(test)]
mod tests {
    use tokenizer::Recipe;

    use super::super::choice::{Attention, Cell, Wiring};
    use super::*;

    #[test]
    fn every_embedded_preset_is_good() {
        for (name, text) in EMBEDDED {
            let preset = Preset::parse(text, name).unwrap();
            assert_eq!(preset.name, *name);
            assert!(!preset.summary.contains('\n') && preset.summary.len() <= 78, "{name}");
            assert!((10..=110).contains(&preset.source.len()), "{name}");
        }
        assert_eq!(presets().len(), EMBEDDED.len());
        assert_eq!(preset_keys("phrasebook").unwrap().len(), Config::KEYS.len());
    }

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(EMBEDDED.iter().any(|(known, _)| *known == name), "{name}");
        }
    }

    #[test]
    fn shapes_are_those_of_the_reference() {
        let shape = |name| {
            let c = Config::preset(name).unwrap();
            (c.cell, c.layers, c.bidirectional, c.embedding, c.hidden, c.input_feeding, c.batch)
        };
        assert_eq!(shape("pytorch-tutorial"), (Cell::Gru, 1, false, 128, 128, false, 32));
        assert_eq!(shape("tf-nmt"), (Cell::Gru, 1, false, 256, 1024, false, 64));
        assert_eq!(shape("luong-small"), (Cell::Lstm, 2, false, 256, 256, true, 64));
        assert_eq!(shape("rnnsearch-small"), (Cell::Gru, 1, true, 256, 512, false, 64));
        let luong = Config::preset("luong-small").unwrap();
        assert_eq!(luong.wiring, Wiring::RecurThenAttend);
        assert_eq!(luong.attention, Attention::General);
        let tutorial = Config::preset("pytorch-tutorial").unwrap();
        assert_eq!(tutorial.target_prefixes.len(), 12);
        assert!(tutorial.target_prefixes.iter().any(|prefix| prefix == "i am "));
        assert_eq!(tutorial.source_recipe, Recipe::Tutorial);
    }

    #[test]
    fn a_preset_may_be_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        fs::write(&path, "name = 'mine'\nsummary = 's'\nsource = 'me'\n[values]\nhidden = 7\n")
            .unwrap();
        let preset = Preset::find(path.to_str().unwrap()).unwrap();
        assert_eq!(preset.config, Config { hidden: 7, ..Config::default() });
        let error = Preset::find("absent.toml").unwrap_err().to_string();
        assert!(error.contains("cannot read absent.toml"), "{error}");
    }

    /// Each file in `tests/bad` says in its first line what its error must contain.
    #[test]
    fn bad_presets_fail_with_their_message() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
        let mut count = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let expected = text.lines().next().and_then(|line| line.strip_prefix("# error: "));
            let expected = expected.unwrap();
            let name = path.to_str().unwrap();
            let error = Preset::find(name).unwrap_err().to_string();
            assert!(error.starts_with(&format!("preset {name}")), "{error}");
            assert!(error.ends_with(expected), "{name}\n  says  {error}\n  not   {expected}");
            count += 1;
        }
        assert!(count >= 10, "{count}");
    }
}
