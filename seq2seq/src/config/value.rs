//! Conversion of key values to and from text, for `--set` and `tui presets`.

use attention::AttentionKind;
use rnn::{Cell, Merge};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokenizer::Recipe;

use super::enums::{
    BatchBy, DecoderInit, EarlyStoppingMetric, ForcingSchedule, ForcingUnit, InitScheme, LossNorm,
    OptimizerKind, RateSchedule, Readout, ReadoutState, TaskKind, TextUnit, Tied, UnknownWords,
    Wiring,
};

/// The type of a key's value.
pub(super) trait Value: Serialize + DeserializeOwned {
    /// Returns a description of the accepted values.
    fn allowed() -> String;

    /// Parses a value.
    fn parse(text: &str) -> Option<Self>;

    /// Formats a value; [`Value::parse`] accepts the result.
    fn show(&self) -> String;

    /// Returns each value with its meaning, if the key's own documentation does not list them.
    fn explained() -> String {
        String::new()
    }

    /// Converts a value of a TOML file.
    fn from_toml(value: toml::Value) -> Option<Self> {
        value.try_into().ok()
    }

    /// Returns the number to check against the key's range; `None` if the value is not a number.
    fn number(&self) -> Option<f64> {
        None
    }
}

impl Value for bool {
    fn allowed() -> String {
        "true or false".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! numbers {
    ($($type:ty: $allowed:literal, $valid:expr;)+) => {$(
        impl Value for $type {
            fn allowed() -> String {
                $allowed.to_owned()
            }

            fn parse(text: &str) -> Option<Self> {
                let valid: fn(&Self) -> bool = $valid;
                text.parse().ok().filter(valid)
            }

            fn show(&self) -> String {
                self.to_string()
            }

            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )+};
}

numbers! {
    u64: "a whole number", |_| true;
    usize: "a whole number", |_| true;
    f32: "a number", |x| x.is_finite();
    f64: "a number", |x| x.is_finite();
}

/// Formats a table of values and their meanings.
fn explained<'a>(table: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let each = table.into_iter().map(|(name, summary)| format!("{name}: {summary}"));
    each.collect::<Vec<_>>().join("; ") + "."
}

macro_rules! names {
    ($($type:ty $(: $explained:expr)?),+ $(,)?) => {$(
        impl Value for $type {
            fn allowed() -> String {
                let names: Vec<_> = Self::ALL.iter().map(|choice| choice.name()).collect();
                names.join(", ")
            }

            fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == text)
            }

            fn show(&self) -> String {
                self.name().to_owned()
            }

            $(fn explained() -> String {
                $explained
            })?
        }
    )+};
}

names!(
    Recipe, TextUnit, TaskKind, Merge, Wiring, DecoderInit, Readout, ReadoutState, Tied, OptimizerKind,
    LossNorm, InitScheme, BatchBy, RateSchedule, ForcingUnit, ForcingSchedule, EarlyStoppingMetric, UnknownWords,
    AttentionKind,
    Cell: explained(Cell::ALL.map(|cell| (cell.name(), cell.summary()))),
);

/// An attention kind, or `none`.
impl Value for Option<AttentionKind> {
    fn allowed() -> String {
        format!("{}, {NO_ATTENTION}", AttentionKind::allowed())
    }

    fn parse(text: &str) -> Option<Self> {
        AttentionKind::by_name(text).ok()
    }

    fn show(&self) -> String {
        attention_name(*self).to_owned()
    }

    fn explained() -> String {
        explained(AttentionKind::ALL.map(|kind| (kind.name(), kind.summary())))
    }

    fn from_toml(value: toml::Value) -> Option<Self> {
        value.as_str().and_then(Self::parse)
    }
}

/// The name that stands for no attention.
const NO_ATTENTION: &str = "none";

/// Returns the name of an attention kind, or `none`.
pub fn attention_name(kind: Option<AttentionKind>) -> &'static str {
    kind.map_or(NO_ATTENTION, AttentionKind::name)
}

/// Serializes an optional attention kind by its name.
pub(crate) mod attention_by_name {
    use attention::AttentionKind;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's `with` passes a reference
    pub(crate) fn serialize<S: Serializer>(
        kind: &Option<AttentionKind>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.serialize_str(super::attention_name(*kind))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<AttentionKind>, D::Error> {
        AttentionKind::by_name(&String::deserialize(d)?).map_err(D::Error::custom)
    }
}

impl Value for String {
    fn allowed() -> String {
        "a text".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for Vec<String> {
    fn allowed() -> String {
        "texts separated by commas (spaces count), or a JSON list of texts".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('[') {
            serde_json::from_str(text).ok()
        } else if text.is_empty() {
            Some(Self::new())
        } else {
            Some(text.split(',').map(str::to_owned).collect())
        }
    }

    fn show(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read() {
        assert_eq!(f32::parse("1e-3"), Some(0.001));
        assert_eq!(f32::parse("1"), Some(1.0));
        assert_eq!(f32::parse("nan"), None);
        assert_eq!(f64::parse("inf"), None);
        assert_eq!(usize::parse("-1"), None);
        assert_eq!(bool::parse("yes"), None);
        assert_eq!(Recipe::parse("tf-nmt"), Some(Recipe::TfNmt));
        let texts = |list: &[&str]| Some(list.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
        assert_eq!(Vec::parse("i am ,he is"), texts(&["i am ", "he is"]));
        assert_eq!(Vec::parse(r#"["a, b", ""]"#), texts(&["a, b", ""]));
        assert_eq!(Vec::parse(""), texts(&[]));
        assert_eq!(Vec::<String>::parse("[1]"), None);
    }

    #[test]
    fn what_is_shown_is_what_was_meant() {
        assert_eq!(0.002_f32.show(), "0.002");
        assert_eq!(10.0_f64.show(), "10");
        let list = vec!["i am ".to_owned(), "a\"".to_owned()];
        assert_eq!(Vec::parse(&list.show()), Some(list));
    }
}
