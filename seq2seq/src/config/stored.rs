//! Stored configurations that may use old names of keys.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keys::Config;
use super::shorthand;

/// Deserializes a stored configuration; an old name sets the keys that replaced it.
///
/// # Errors
/// The deserialization errors of [`Config`].
pub(crate) fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Config, D::Error> {
    let mut map = Map::<String, Value>::deserialize(from)?;
    for (name, keys) in shorthand::all() {
        if let Some(value) = map.remove(name) {
            for &key in keys {
                map.entry(key).or_insert_with(|| value.clone());
            }
        }
    }
    Config::deserialize(Value::Object(map)).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TextUnit as Unit;

    #[test]
    fn stored_old_names_set_the_keys_of_today() {
        let text = r#"{"judge": "loss", "accumulate": 4, "faithful": true, "hidden": 3}"#;
        let old = stored(&mut serde_json::Deserializer::from_str(text)).unwrap();
        assert_eq!(old.show("early_stopping_metric").as_deref(), Some("loss"));
        assert_eq!((old.gradient_accumulation, old.hidden), (4, 3));
        assert!(old.attend_padding && old.reset_decoder_state);
    }

    #[test]
    fn a_stored_unit_sets_both_sides() {
        let read = |text: &str| stored(&mut serde_json::Deserializer::from_str(text));
        let old = read(r#"{"unit": "characters", "hidden": 3}"#).unwrap();
        let both = (Unit::Characters, Unit::Characters);
        assert_eq!((old.source_unit, old.target_unit, old.hidden), (both.0, both.1, 3));
        let error = read(r#"{"hiden": 3}"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `hiden`"), "{error}");
        let new = Config { source_unit: Unit::Characters, ..Config::default() };
        assert_eq!(read(&serde_json::to_string(&new).unwrap()).unwrap(), new);
    }
}
