use super::documentation::DOC_WIDTH;
use super::*;

#[test]
fn the_table_is_the_struct() {
    let json = serde_json::to_value(Config::default()).unwrap();
    let mut fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    let mut keys: Vec<&str> = Config::KEYS.iter().map(|key| key.name).collect();
    fields.sort();
    keys.sort_unstable();
    assert_eq!(fields, keys);
}

#[test]
fn every_key_is_documented_and_takes_what_it_shows() {
    let config = Config::default();
    for key in Config::KEYS {
        let doc = key.doc();
        assert!(doc.lines().count() >= 2 && doc.contains("Takes "), "{}: {doc}", key.name);
        assert!(doc.lines().all(|line| line == line.trim() && line.len() <= DOC_WIDTH), "{doc}");
        let mut same = config.clone();
        same.set(key.name, &config.show(key.name).unwrap()).unwrap();
        assert_eq!(same, config, "{}", key.name);
    }
    assert_eq!(config.show("no key"), None);
}

#[test]
fn unknown_keys_are_answered_with_the_nearest_one() {
    for (given, nearest) in [
        ("learningrate", "learning_rate"),
        ("lr", "learning_rate"),
        ("hidden_size", "hidden"),
        ("batch-size", "batch"),
        ("embed", "embedding"),
        ("Dropout", "dropout"),
        ("clip", "clip_norm"),
        ("epoch", "epochs"),
        ("teacher_forcing_ratio", "teacher_forcing"),
        ("max_len", "max_length"),
    ] {
        let error = Config::default().set(given, "1").unwrap_err().to_string();
        let expected = format!("there is no key '{given}': did you mean '{nearest}'?");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn bad_values_are_answered_with_what_is_allowed() {
    for (key, value, allowed) in [
        ("hidden", "-3", "a whole number"),
        ("hidden", "1.5", "a whole number"),
        ("dropout", "much", "a number"),
        ("dropout", "NaN", "a number"),
        ("bidirectional", "yes", "true or false"),
        ("cell", "transformer", "rnn_tanh, rnn_relu, lstm, gru, lstm_1997"),
        ("source_recipe", "tf_nmt", "tutorial, tf-nmt, tf-text, words, words-lower, none"),
        ("target_prefixes", "[3]", "texts separated by commas"),
    ] {
        let mut config = Config::default();
        let error = config.set(key, value).unwrap_err().to_string();
        let expected = format!("{key} cannot be '{value}': it takes {allowed}");
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(config, Config::default());
    }
}

#[test]
fn stored_configurations_refuse_what_they_do_not_know() {
    let error = serde_json::from_str::<Config>(r#"{"hiden": 3}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `hiden`"), "{error}");
    let some: Config = serde_json::from_str(r#"{"hidden": 3}"#).unwrap();
    assert_eq!(some, Config { hidden: 3, ..Config::default() });
}
