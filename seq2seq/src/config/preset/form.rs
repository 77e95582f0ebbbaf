//! The format of a preset file.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::super::shorthand;
use super::size::Size;
use crate::{Error, Result};

/// A preset's file: see `ARCHITECTURE.md`, "How to add a preset".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PresetFile {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) source: String,
    /// The data without which it is not trained; it then has no corpus of its own.
    pub(super) needs: Option<NeededData>,
    /// A built-in preset with a smaller model of the same kind.
    pub(super) smaller: Option<String>,
    /// The built-in preset that this one extends; its values are applied first.
    pub(super) extends: Option<String>,
    /// Groups of values, each with one origin.
    #[serde(default)]
    values: Vec<Group>,
    /// Values that the full size changes.
    full: Option<Group>,
    /// Values that change for the user's own files, which replace the embedded corpus.
    own_data: Option<Group>,
}

/// The data without which a preset is not trained.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeededData {
    /// A corpus SPEC as an example.
    pub data: String,
    /// The data, in words.
    pub what: String,
}

/// Values by key, and their origin under the key `from`.
type Group = BTreeMap<Spanned<String>, Spanned<Value>>;

/// One value of a preset, as given in its file.
pub(super) struct Given {
    pub(super) key: String,
    pub(super) value: Value,
    /// The text of the value in the file.
    pub(super) written: String,
    /// The origin of the value.
    pub(super) from: Option<String>,
    /// The line of the key in the file, from 1.
    pub(super) line: usize,
}

impl PresetFile {
    pub(super) fn read(text: &str, origin: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e: toml::de::Error| Error::PresetFile {
            origin: origin.to_owned(),
            line: e.span().map(|span| line(text, &span)),
            what: match e.message() {
                // TOML's message for a single table in place of an array of tables.
                message if message.contains("invalid type: map, expected a sequence") => {
                    "values are given in groups: write [[values]] with two brackets on each side"
                        .to_owned()
                }
                message => message.lines().collect::<Vec<_>>().join("; "),
            },
        })
    }

    /// Returns the preset's own values in order, followed by those of the size.
    pub(super) fn given(&self, text: &str, origin: &str, size: Size) -> Result<Vec<Given>> {
        let full = self.full.iter().filter(|_| size == Size::Full);
        read(self.values.iter().chain(full), text, origin)
    }

    /// Returns the values that change for the user's own data.
    pub(super) fn own_data(&self, text: &str, origin: &str) -> Result<Vec<Given>> {
        read(self.own_data.iter(), text, origin)
    }
}

/// Returns the values of the given groups, in order.
fn read<'a>(
    groups: impl Iterator<Item = &'a Group>,
    text: &str,
    origin: &str,
) -> Result<Vec<Given>> {
    let mut all = Vec::new();
    for group in groups {
        let from = match group.iter().find(|(key, _)| key.as_ref() == "from") {
            None => None,
            Some((_, value)) => match value.as_ref() {
                Value::String(from) => Some(from.clone()),
                _ => {
                    return Err(Error::PresetFile {
                        origin: origin.to_owned(),
                        line: Some(line(text, &value.span())),
                        what: "from says in words where the values come from".into(),
                    });
                }
            },
        };
        // A shorthand comes first, so that the more specific keys override it.
        let general = |key: &str| shorthand::expand(key).is_some();
        let mut values: Vec<_> = group.iter().filter(|(key, _)| key.as_ref() != "from").collect();
        values.sort_by_key(|(key, _)| !general(key.as_ref()));
        for (key, value) in values {
            all.push(Given {
                key: key.as_ref().clone(),
                value: value.as_ref().clone(),
                written: text.get(value.span()).unwrap_or_default().to_owned(),
                from: from.clone(),
                line: line(text, &key.span()),
            });
        }
    }
    Ok(all)
}

fn line(text: &str, at: &Range<usize>) -> usize {
    text.get(..at.start).map_or(1, |before| before.matches('\n').count() + 1)
}
