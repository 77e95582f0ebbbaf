use attention::AttentionKind;
use rnn::Cell;
use tokenizer::Recipe;

use super::super::enums::Wiring;
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
fn every_value_of_an_embedded_preset_says_where_it_comes_from() {
    for (name, _) in EMBEDDED {
        for size in ["", ":full"] {
            let preset = Preset::find(&format!("{name}{size}")).unwrap();
            assert!(preset.from.len() >= 8, "{name}");
            let silent: Vec<_> = preset.from.iter().filter(|(_, v)| *v == "this preset").collect();
            assert!(silent.is_empty(), "{name}{size}: {silent:?}");
        }
    }
    let keys = preset_keys("luong-dot").unwrap();
    let from = |key| keys.iter().find(|k| k.key == key).map(|k| k.from.as_str());
    assert_eq!(from("attention"), Some("the paper, equation 8"));
    assert_eq!(from("reverse_source"), Some("the paper, table 1"));
    assert_eq!(from("hidden"), Some("reduced for the embedded corpus"));
    assert_eq!(from("residual"), Some("the default"));
}

#[test]
fn a_preset_has_two_sizes() {
    let small = Preset::find("rnnsearch").unwrap();
    assert_eq!(Preset::find("rnnsearch:small").unwrap(), small);
    let full = Preset::find("rnnsearch:full").unwrap();
    assert_eq!((small.config.hidden, full.config.hidden), (96, 1000));
    assert_eq!((small.name.as_str(), full.name.as_str()), ("rnnsearch", "rnnsearch:full"));
    assert!(small.full.contains(&("embedding".to_owned(), "620".to_owned())));
    // A preset that extends another inherits its full size.
    let dot = Preset::find("luong-dot:full").unwrap().config;
    assert_eq!((dot.layers, dot.attention, dot.epochs), (4, Some(AttentionKind::Dot), 12));
    let own = Preset::find("adding:full").unwrap();
    assert_eq!((own.config, own.full.len()), (Config::preset("adding").unwrap(), 0));
    let error = Preset::find("rnnsearch:large").unwrap_err().to_string();
    assert!(error.contains("'large'") && error.contains("small, full"), "{error}");
    let error = Preset::find("rnnsaerch:full").unwrap_err().to_string();
    assert!(error.contains("did you mean 'rnnsearch'?"), "{error}");
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
    assert_eq!(luong.attention, Some(AttentionKind::General));
    let tutorial = Config::preset("pytorch-tutorial").unwrap();
    assert_eq!(tutorial.target_prefixes.len(), 12);
    assert!(tutorial.target_prefixes.iter().any(|prefix| prefix == "i am "));
    assert_eq!(tutorial.source_recipe, Recipe::Tutorial);
}

#[test]
fn a_preset_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    fs::write(&path, "name = 'mine'\nsummary = 's'\nsource = 'me'\n[[values]]\nhidden = 7\n")
        .unwrap();
    let preset = Preset::find(path.to_str().unwrap()).unwrap();
    assert_eq!(preset.config, Config { hidden: 7, ..Config::default() });
    let error = Preset::find("absent.toml").unwrap_err().to_string();
    assert!(error.contains("cannot read absent.toml"), "{error}");
}

#[test]
fn a_preset_says_what_data_it_needs() {
    for (name, example) in [
        ("makemore-lstm", "names.txt"),
        ("char-rnn:full", "input.txt"),
        ("multi30k", "train.de,train.en"),
    ] {
        let needs = Preset::find(name).unwrap().needs.unwrap();
        assert_eq!(needs.data, example, "{name}");
    }
    for name in ["phrasebook", "copy", "adding", "luong-dot", "tf-nmt"] {
        assert_eq!(Preset::find(name).unwrap().needs, None, "{name}");
    }
    let text = "name = 'm'\nsummary = 's'\nsource = 'me'\nextends = 'makemore-rnn'\n";
    assert!(Preset::parse(text, "m").unwrap().needs.is_some());
    let own = format!("{text}[[values]]\ndata = 'copy'\n");
    assert_eq!(Preset::parse(&own, "m").unwrap().needs, None);
    let both = format!("{own}[needs]\ndata = 'a'\nwhat = 'b'\n");
    let error = Preset::parse(&both, "m").unwrap_err().to_string();
    assert!(error.contains("needs: the preset sets its data itself"), "{error}");
}

#[test]
fn a_smaller_preset_has_fewer_units() {
    for preset in presets() {
        for size in ["", ":full"] {
            let large = Preset::find(&format!("{}{size}", preset.name)).unwrap();
            let Some(small) = large.smaller else { continue };
            let small = Config::preset(&small).unwrap();
            assert!(
                small.hidden * small.layers < large.config.hidden * large.config.layers
                    || large.name.ends_with(":full"),
                "{}",
                large.name
            );
        }
    }
    assert_eq!(Preset::find("luong-2015").unwrap().smaller.as_deref(), Some("luong-small"));
    assert_eq!(Preset::find("rnnsearch:full").unwrap().smaller.as_deref(), Some("rnnsearch"));
    let text = "name = 'm'\nsummary = 's'\nsource = 'me'\nsmaller = 'phrasebok'\n";
    let error = Preset::parse(text, "m").unwrap_err().to_string();
    assert!(error.contains("smaller = 'phrasebok'") && error.contains("'phrasebook'"), "{error}");
}

/// The first line of each file in `tests/bad` is a text that its error must contain.
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
