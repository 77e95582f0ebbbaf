//! Named configurations, stored as data files.

mod form;
mod ladder;
mod size;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use self::form::NeededData;
use self::form::PresetFile;
pub use self::ladder::preset_groups;
use self::size::Size;
use super::keys::Config;
use super::nearest::nearest;
use super::shorthand;
use crate::error::suggestion;
use crate::{Error, Result};

/// Expands to the embedded preset files, by name.
macro_rules! embedded {
    ($($name:literal)+) => {
        &[$( ($name, include_str!(concat!("../../../presets/", $name, ".toml"))) ),+]
    };
}

/// The built-in presets, in the order in which they are listed.
const EMBEDDED: &[(&str, &str)] = embedded! {
    "phrasebook"
    "pytorch-tutorial"
    "tf-nmt"
    "tf-cross-attention"
    "rnnsearch"
    "luong-base"
    "luong-reverse"
    "luong-dropout"
    "luong-location"
    "luong-dot"
    "luong-general"
    "luong-concat"
    "luong-local-m"
    "luong-local-p"
    "luong-2015"
    "scaled-dot"
    "multi-head"
    "encoder-decoder"
    "encoder-decoder-reversed"
    "encoder-decoder-every-step"
    "lstm-1997"
    "multi30k"
    "makemore-rnn"
    "makemore-gru"
    "makemore-lstm"
    "char-rnn"
    "copy"
    "reverse"
    "dates"
    "adding"
    "temporal-order"
    "reber"
    "luong-small"
    "rnnsearch-small"
};

/// A named configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// The name.
    pub name: String,
    /// A one-line summary.
    pub summary: String,
    /// The work that it follows, and the differences from it.
    pub source: String,
    /// The configuration.
    pub config: Config,
    /// The origin of each value that the preset sets, by key; all other values are defaults.
    pub from: BTreeMap<&'static str, String>,
    /// The keys that the full size changes, each with its new value.
    pub full: Vec<(String, String)>,
    /// The keys that change for the user's own data, which replaces the embedded corpus.
    pub own_data: Vec<(String, String)>,
    /// The data without which it is not trained, if it has no corpus of its own.
    pub needs: Option<NeededData>,
    /// The name of a preset with a smaller model of the same kind, if there is one.
    pub smaller: Option<String>,
}

impl Preset {
    /// Returns the preset with the given name. A path that ends in `.toml` is read as a preset
    /// file, in the format of the files in the folder `presets` of this crate's source.
    ///
    /// A name may include a size: `rnnsearch` and `rnnsearch:small` are a small version that trains
    /// on two cores in minutes, `rnnsearch:full` has the size of the original work. The two are
    /// equal if the original work trains that fast.
    ///
    /// # Errors
    /// [`Error::UnknownPreset`] with the nearest name; a size that is neither `small` nor `full`; a
    /// file that cannot be read or used.
    pub fn find(name: &str) -> Result<Self> {
        let (plain, size) = match name.rsplit_once(':') {
            Some((plain, "small")) => (plain, Size::Small),
            Some((plain, "full")) => (plain, Size::Full),
            Some((plain, size)) if embedded(plain).is_some() => {
                return Err(Error::BadValue {
                    key: format!("the size of preset {plain}"),
                    value: size.to_owned(),
                    allowed: "small, full".into(),
                });
            }
            _ => (name, Size::Small),
        };
        let mut preset = if let Some(text) = embedded(plain) {
            Self::sized(text, plain, size)?
        } else if Path::new(plain).extension().is_some_and(|extension| extension == "toml") {
            let path = Path::new(plain);
            let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
            Self::sized(&text, plain, size)?
        } else {
            return Err(unknown(plain));
        };
        if size == Size::Full {
            if !preset.full.is_empty() {
                preset.smaller = Some(plain.to_owned());
            }
            preset.name.push_str(":full");
        }
        Ok(preset)
    }

    /// Parses a preset; `origin` names the source of the text in errors.
    ///
    /// # Errors
    /// [`Error::PresetFile`] with the line, the key and the expected form.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        Self::sized(text, origin, Size::Small)
    }

    fn sized(text: &str, origin: &str, size: Size) -> Result<Self> {
        let small = Self::read(text, origin, Size::Small)?;
        let mut full = Self::read(text, origin, Size::Full)?;
        let changed = Config::KEYS.iter().map(|key| key.name).filter_map(|key| {
            let value = full.config.show(key)?;
            (small.config.show(key)? != value).then(|| (key.to_owned(), value))
        });
        let changed = changed.collect();
        if size == Size::Small {
            return Ok(Self { full: changed, ..small });
        }
        full.full = changed;
        Ok(full)
    }

    /// Reads one size of a preset, after the presets that it extends.
    fn read(text: &str, origin: &str, size: Size) -> Result<Self> {
        let error = |line, what| Error::PresetFile { origin: origin.to_owned(), line, what };
        let form = PresetFile::read(text, origin)?;
        let (mut config, mut from) = (Config::default(), BTreeMap::new());
        let (mut own_data, mut needs, mut smaller) = (Vec::new(), None, None);
        if let Some(base) = &form.extends {
            // Only built-in presets can be extended, so that a preset does not depend on other
            // files.
            let text = embedded(base).ok_or_else(|| {
                error(None, format!("extends = '{base}': {}", not_built_in(base)))
            })?;
            let base = Self::read(text, base, size)?;
            (config, from, own_data) = (base.config, base.from, base.own_data);
            (needs, smaller) = (base.needs, base.smaller);
        }
        let mut lines = Vec::new();
        for given in form.given(text, origin, size)? {
            lines.push((given.key.clone(), given.line));
            config
                .set_toml(&given.key, given.value, &given.written)
                .map_err(|e| error(Some(given.line), e.to_string()))?;
            let said = given.from.unwrap_or_else(|| "this preset".to_owned());
            let set = shorthand::expand(&given.key).unwrap_or_default();
            let keys = Config::KEYS.iter().map(|key| key.name);
            let keys = keys.filter(|key| *key == given.key || set.contains(key));
            from.extend(keys.map(|key| (key, said.clone())));
        }
        config.validate().map_err(|e| error(None, e.to_string()))?;
        for (key, line) in &lines {
            let effect = config.check_effects([key.as_str()], true);
            effect.map_err(|e| error(Some(*line), e.to_string()))?;
        }
        for given in form.own_data(text, origin)? {
            let at = |e: Error| error(Some(given.line), e.to_string());
            let mut changed = config.clone();
            changed.set_toml(&given.key, given.value, &given.written).map_err(at)?;
            changed.validate().map_err(at)?;
            let value = changed.show(&given.key).unwrap_or(given.written);
            own_data.retain(|(key, _)| *key != given.key);
            own_data.push((given.key, value));
        }
        if lines.iter().any(|(key, _)| key == "data") {
            if form.needs.is_some() {
                let what = "needs: the preset sets its data itself; leave one of the two out";
                return Err(error(None, what.to_owned()));
            }
            needs = None;
        }
        if let Some(name) = form.smaller.as_ref().filter(|name| embedded(name).is_none()) {
            return Err(error(None, format!("smaller = '{name}': {}", not_built_in(name))));
        }
        let needs = form.needs.clone().or(needs);
        let smaller = form.smaller.clone().or(smaller);
        let PresetFile { name, summary, source, .. } = form;
        let full = Vec::new();
        Ok(Self { name, summary, source, config, from, full, own_data, needs, smaller })
    }
}

fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn unknown(name: &str) -> Error {
    let nearest = nearest(name, EMBEDDED.iter().map(|(known, _)| *known));
    Error::UnknownPreset { name: name.to_owned(), nearest: nearest.map(str::to_owned) }
}

/// Returns the words of an error about a name that another preset file refers to.
fn not_built_in(name: &str) -> String {
    let nearest = nearest(name, EMBEDDED.iter().map(|(known, _)| *known));
    format!("no preset is built in under this name{}", suggestion(";", nearest))
}

impl Config {
    /// Returns the configuration of a preset; [`Preset::find`] describes the names.
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

/// One key of a preset, with its value and documentation.
#[derive(Debug, Clone)]
pub struct KeyInfo {
    /// The key, in the form that `--set` takes.
    pub key: String,
    /// Its section: `data`, `model`, `training`, `watching` or `decoding`.
    pub section: &'static str,
    /// The value in this preset.
    pub value: String,
    /// True if that is the default.
    pub is_default: bool,
    /// The origin of the value.
    pub from: String,
    /// The meaning and the accepted values.
    pub doc: String,
}

/// Returns all presets, at their small size.
pub fn presets() -> Vec<Preset> {
    EMBEDDED.iter().filter_map(|(name, text)| Preset::parse(text, name).ok()).collect()
}

/// Returns every key of a preset with its value, the value's origin, and its meaning.
///
/// # Errors
/// An unknown name; the error suggests the nearest one.
pub fn preset_keys(name: &str) -> Result<Vec<KeyInfo>> {
    let preset = Preset::find(name)?;
    let default = Config::default();
    let keys = Config::KEYS.iter().map(|key| KeyInfo {
        key: key.name.to_owned(),
        section: key.section,
        value: preset.config.show(key.name).unwrap_or_default(),
        is_default: preset.config.show(key.name) == default.show(key.name),
        from: preset.from.get(key.name).map_or("the default", String::as_str).to_owned(),
        doc: key.doc(),
    });
    Ok(keys.collect())
}

#[cfg(test)]
mod tests;
