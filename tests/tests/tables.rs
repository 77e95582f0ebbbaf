//! Every cell and every attention is found wherever users meet it: nothing here is listed by hand.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use attention::AttentionKind;
use rnn::Cell;
use seq2seq::config::attention_name;
use seq2seq::{Config, Preset, bench, compare};

/// A text file of the workspace.
fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The documentation of a key, as `tui presets NAME` shows it.
fn doc(key: &str) -> String {
    Config::KEYS.iter().find(|known| known.name == key).unwrap().doc()
}

#[track_caller]
fn has(text: &str, name: &str, place: &str) {
    let whole = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
    assert!(text.split(whole).any(|word| word == name), "{place} does not tell of {name}");
}

/// A preset file that sets one key.
fn preset(key: &str, value: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.toml");
    let written = format!(
        "name = \"one\"\nsummary = \"one key\"\nsource = \"none\"\n\n[[values]]\nfrom = \"here\"\n\
         {key} = \"{value}\"\nmerge = \"sum\"\n"
    );
    fs::write(&file, written).unwrap();
    Preset::find(file.to_str().unwrap()).unwrap().config
}

#[test]
fn every_cell_is_everywhere() {
    let (compared, measured) = (compare::model_names(), bench::layer_names());
    let documented = [doc("cell"), text("rnn/README.md"), text("docs/models.md")];
    for cell in Cell::ALL {
        let name = cell.name();
        let mut config = Config::default();
        config.set("cell", name).unwrap();
        assert_eq!((config.cell, config.show("cell").as_deref()), (cell, Some(name)));
        assert_eq!(preset("cell", name).cell, cell);
        assert_eq!(serde_json::to_value(cell).unwrap(), name);
        assert!(compared.iter().any(|other| other == name), "compare leaves out {name}");
        assert!(measured.contains(&name), "bench leaves out {name}");
        for (text, place) in documented.iter().zip(["the key", "rnn/README.md", "docs/models.md"]) {
            has(text, name, place);
        }
        assert!(documented[0].replace('\n', " ").contains(cell.summary()), "{name}");
    }
}

#[test]
fn every_attention_is_everywhere() {
    let (compared, measured) = (compare::model_names(), bench::layer_names());
    let documented = [doc("attention"), text("attention/README.md"), text("docs/models.md")];
    let places = ["the key", "attention/README.md", "docs/models.md"];
    for kind in [None].into_iter().chain(AttentionKind::ALL.map(Some)) {
        let name = attention_name(kind);
        let mut config = Config::default();
        config.set("attention", name).unwrap();
        assert_eq!((config.attention, config.show("attention").as_deref()), (kind, Some(name)));
        assert_eq!(preset("attention", name).attention, kind);
        let stored = serde_json::to_value(&config).unwrap();
        assert_eq!(stored["attention"], name);
        assert_eq!(serde_json::from_value::<Config>(stored).unwrap(), config);
        // With biases it is the same attention, so that only one of the two is compared.
        let is_compared = kind != Some(AttentionKind::AdditiveBias);
        assert_eq!(compared.iter().any(|other| other == name), is_compared, "compare: {name}");
        for (text, place) in documented.iter().zip(places) {
            has(text, name, place);
        }
        let Some(kind) = kind else { continue };
        assert!(measured.contains(&name), "bench leaves out {name}");
        config.set("attention_score", name).unwrap();
        assert_eq!(config.attention_score, kind);
        assert!(documented[0].replace('\n', " ").contains(kind.summary()), "{name}");
    }
}
