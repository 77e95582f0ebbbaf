//! Subword models restore every text, are the same each time, and refuse files that they cannot run.

#![cfg(feature = "subwords")]
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::sync::LazyLock;

use common::composed;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizer::{Recipe, SPECIALS, SubwordKind, SubwordOptions, Subwords, Tokenizer, Vocabulary};

fn lines() -> Vec<String> {
    let words = ["le", "chat", "noir", "dort", "the", "then", "there", "wide", "été", "don't"];
    let line = |i: usize| {
        let word = |j: usize| words[(i * 7 + j * (i % 3 + 1)) % words.len()];
        format!("{} {} {}, {} {}.", word(0), word(1), word(2), word(3), word(4))
    };
    (0..200).map(line).collect()
}

fn train(kind: SubwordKind, pieces: usize) -> Subwords {
    Subwords::train(&lines(), &SubwordOptions { kind, pieces, min_count: 1 }).unwrap()
}

static MODELS: LazyLock<[Subwords; 2]> =
    LazyLock::new(|| SubwordKind::ALL.map(|kind| train(kind, 280)));

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Zéçß0-9]{1,6}",
        4 => "[ ]{1,3}",
        3 => "[.,!?'’\"«»…-]",
        2 => "(the|there|été|don't|Ġ|▁|<0x0A>)",
        2 => "(<pad>|<unk>|<s>|</s>)",
        1 => "[\t\r\n\u{b}\u{a0}\u{2028}\u{3000}\0\u{1b}\u{7f}\u{85}]",
        1 => "[\u{301}\u{200d}\u{fe0f}\u{202e}\u{feff}😀❤漢Ⓐ٣İΣ\u{212a}ﬁ]",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_restored_and_nothing_is_unknown(text in text()) {
        for model in &*MODELS {
            let pieces = model.tokenize(&text);
            prop_assert_eq!(model.detokenize(&pieces), text.clone(), "{:?} {:?}", model, pieces);
            let vocabulary = model.vocabulary();
            prop_assert!(vocabulary.encode(&pieces).into_iter().all(|id| !Vocabulary::is_special(id)));
            prop_assert_eq!(model.words(&pieces).len(), pieces.len());
        }
    }

    #[test]
    fn dropout_changes_pieces_and_never_the_text(text in text(), seed: u64, p in 0.0_f32..=1.0) {
        let model = &MODELS[0];
        let draws = || {
            let mut state = seed | 1;
            move || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / 16_777_216.0
            }
        };
        let pieces = model.tokenize_with_dropout(&text, p, draws());
        prop_assert_eq!(model.detokenize(&pieces), text.clone());
        prop_assert_eq!(model.tokenize_with_dropout(&text, p, draws()), pieces);
        // Without a merge that is left out the library's own pieces.
        prop_assert_eq!(model.tokenize_with_dropout(&text, 0.5, || 0.75), model.tokenize(&text));
    }

    #[test]
    fn a_tokenizer_restores_what_its_recipe_leaves(text in text()) {
        for model in &*MODELS {
            for recipe in Recipe::ALL {
                let tokenizer = Tokenizer::with_subwords(recipe, model.clone());
                let tokens = tokenizer.tokenize(&text);
                prop_assert_eq!(tokenizer.detokenize(&tokens), tokenizer.normalize(&text));
                for token in &tokens {
                    let shown = tokenizer.display_token(token);
                    prop_assert!(!shown.is_empty());
                    prop_assert!(!shown.chars().any(|c| c.is_whitespace() || c.is_control()));
                }
            }
            let words = Tokenizer::with_subwords(Recipe::Words, model.clone());
            prop_assert_eq!(words.detokenize(&words.tokenize(&text)), composed(&text));
        }
    }

    #[test]
    fn any_pieces_join(pieces in prop::collection::vec(text(), 0..6)) {
        for model in &*MODELS {
            let _ = model.detokenize(&pieces);
            let _ = model.words(&pieces);
        }
    }
}

#[test]
fn words_at_the_beginning_have_the_pieces_of_words_elsewhere() {
    for model in &*MODELS {
        let pieces = model.tokenize("the the");
        assert_eq!(pieces, ["Ġthe", "Ġthe"], "{model:?}");
        let tokenizer = Tokenizer::with_subwords(Recipe::None, model.clone());
        assert_eq!(tokenizer.display_token(&pieces[0]), "␣the");
        assert_eq!(tokenizer.display_token("Ã"), "<0xC3>");
        assert_eq!(tokenizer.unit_name(), model.kind().name());
        assert_eq!((tokenizer.unit(), tokenizer.subwords()), (None, Some(model)));
    }
}

#[test]
fn all_merges_dropped_are_bytes() {
    let pieces = MODELS[0].tokenize_with_dropout("thé", 1.0, || 0.5);
    assert_eq!(pieces, ["Ġ", "t", "h", "Ã", "©"]);
}

#[test]
fn the_same_lines_give_the_same_model_with_the_ids_of_its_file() {
    for kind in SubwordKind::ALL {
        let (one, other) = (train(kind, 280), train(kind, 280));
        assert_eq!(one.to_json(), other.to_json());
        match kind {
            SubwordKind::Bpe => assert_eq!(one.pieces().len(), 280),
            SubwordKind::Unigram => assert!((257..=280).contains(&one.pieces().len()), "{one:?}"),
        }
        let read = Subwords::from_json(one.to_json(), Path::new("t.json")).unwrap();
        assert_eq!((read.kind(), read.pieces()), (kind, one.pieces()));
        let file: Value = serde_json::from_str(one.to_json()).unwrap();
        let tokens = one.vocabulary().tokens().to_vec();
        assert_eq!(tokens[..4], SPECIALS);
        match kind {
            SubwordKind::Bpe => {
                for (id, token) in tokens.iter().enumerate() {
                    assert_eq!(file["model"]["vocab"][token], id, "{token}");
                }
            }
            SubwordKind::Unigram => {
                let named = file["model"]["vocab"].as_array().unwrap();
                assert!(
                    named.iter().zip(&tokens).all(|(entry, token)| entry[0] == *token.as_str())
                );
            }
        }
        let tokenizer = Tokenizer::with_subwords(Recipe::Words, one);
        let stored = serde_json::to_string(&tokenizer).unwrap();
        assert_eq!(serde_json::from_str::<Tokenizer>(&stored).unwrap(), tokenizer);
    }
}

#[test]
fn a_short_text_yields_fewer_pieces_and_no_text_none() {
    let options = |kind, pieces| SubwordOptions { kind, pieces, min_count: 1 };
    for kind in SubwordKind::ALL {
        let few = Subwords::train(&["abc abc".to_owned()], &options(kind, 8000)).unwrap();
        assert!((256..270).contains(&few.pieces().len()), "{few:?}");
        let error = Subwords::train(&[String::new()], &options(kind, 300)).unwrap_err();
        assert!(error.to_string().contains("no text to train on"), "{error}");
        let error = Subwords::train(&lines(), &options(kind, 255)).unwrap_err().to_string();
        assert!(error.contains("255 pieces are fewer than the 256 bytes"), "{error}");
    }
    let rare = SubwordOptions { kind: SubwordKind::Bpe, pieces: 8000, min_count: 1_000_000 };
    assert_eq!(Subwords::train(&lines(), &rare).unwrap().pieces().len(), 256);
}

/// Returns a file in the manner of SentencePiece, with `change` applied.
fn file(change: impl FnOnce(&mut Value)) -> String {
    let mut file = json!({
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null,
        "added_tokens": [{"id": 0, "content": "<unk>", "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true}],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": null,
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [["<unk>", 0.0]]},
    });
    let vocabulary = file["model"]["vocab"].as_array_mut().unwrap();
    for c in "▁abcdefghijklmnopqrstuvwxyz.,'!()-/:;\"%0135".chars() {
        vocabulary.push(json!([c.to_string(), -5.0]));
    }
    vocabulary.push(json!(["▁the", -3.0]));
    change(&mut file);
    serde_json::to_string_pretty(&file).unwrap()
}

#[test]
fn a_file_of_another_program_is_run_as_it_says() {
    let model = Subwords::from_json(&file(|_| {}), Path::new("t.json")).unwrap();
    let pieces = model.tokenize("The cat 漢");
    assert_eq!(pieces, ["▁the", "▁", "c", "a", "t", "▁", "漢"], "truncation is not used");
    let ids = model.vocabulary().encode(&pieces);
    assert_eq!(ids[6], tokenizer::UNK);
    assert_eq!(model.detokenize(&pieces[..5]), "the cat");
    assert_eq!(model.display_piece("▁the"), " the");
    // A special token of the file is text where text has it.
    assert!(model.vocabulary().encode(&model.tokenize("<unk>")).contains(&tokenizer::UNK));
}

/// A change to a file, and what the error says.
type Refused<'a> = (&'a dyn Fn(&mut Value), &'a str);

#[test]
fn files_that_cannot_be_run_are_refused_with_their_name() {
    let refused: [Refused; 8] = [
        (&|f| f["model"]["type"] = json!("WordPiece"), "model.type is WordPiece; BPE and Unigram"),
        (&|f| f["decoder"] = Value::Null, "it has no decoder"),
        (&|f| f["decoder"] = json!({"type": "WordPiece"}), "decoder WordPiece is not supported"),
        (
            &|f| {
                f["pre_tokenizer"] = json!({"type": "Whitespace"});
                f["decoder"] = json!({"type": "Fuse"});
            },
            "its decoder is not exact: \"a cat\" becomes",
        ),
        (&|f| f["model"]["unk_id"] = Value::Null, "model.unk_id names no piece"),
        (
            &|f| f["model"] = json!({"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}),
            "merge 1 needs the piece \"ab\", which model.vocab lacks",
        ),
        (
            &|f| {
                f["decoder"] = json!({"type": "Strip", "content": " ", "start": 0, "stop": 1});
            },
            "decoder.stop of Strip",
        ),
        (&|f| *f = json!({"vocab": {}}), "it has no `model`"),
    ];
    for (change, expected) in refused {
        let error = Subwords::from_json(&file(change), Path::new("dir/t.json")).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("dir/t.json: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    let cut = file(|_| {});
    let error = Subwords::from_json(&cut[..200], Path::new("t.json")).unwrap_err().to_string();
    assert!(error.starts_with("t.json, line "), "{error}");
    let error = Subwords::from_json(
        &file(|f| f["pre_tokenizer"] = json!({"type": "Nonsense"})),
        Path::new("t.json"),
    );
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("t.json, line "), "{error}");
    let error = Subwords::read(Path::new("no/such.json")).unwrap_err().to_string();
    assert!(error.contains("cannot read no/such.json"), "{error}");
}

#[test]
fn a_space_that_a_file_adds_and_leaves_is_taken_away() {
    let mut file = serde_json::from_str::<Value>(MODELS[0].to_json()).unwrap();
    file["normalizer"] = Value::Null;
    file["pre_tokenizer"]["add_prefix_space"] = json!(true);
    file["decoder"] = file["decoder"]["decoders"][0].clone();
    let model = Subwords::from_json(&file.to_string(), Path::new("t.json")).unwrap();
    for text in ["the cat", "été, don't"] {
        let pieces = model.tokenize(text);
        assert!(pieces[0].starts_with('Ġ'), "{pieces:?}");
        assert_eq!(model.detokenize(&pieces), text);
    }
}

#[test]
fn a_model_with_dropout_of_its_own_is_not_random() {
    let bpe = serde_json::from_str::<Value>(MODELS[0].to_json()).unwrap();
    let mut random = bpe.clone();
    random["model"]["dropout"] = json!(0.9);
    let model = Subwords::from_json(&random.to_string(), Path::new("t.json")).unwrap();
    for line in lines() {
        assert_eq!(model.tokenize(&line), MODELS[0].tokenize(&line));
    }
}

/// Encodes and decodes each line of a file with the `tokenizers` library of Python.
const SCRIPT: &str = r#"
import json, sys
from tokenizers import Tokenizer
model = Tokenizer.from_file(sys.argv[1])
model.encode_special_tokens = True
for line in json.load(open(sys.argv[2], encoding="utf-8")):
    ids = model.encode(line).ids
    print(json.dumps([ids, model.decode(ids)]))
"#;

/// The library in Python reads our file, and has the same ids and the same text. Without that
/// library the test says so and passes.
#[test]
#[allow(clippy::print_stderr)]
fn python_has_the_same_ids_and_text() {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let run = |arguments: &[&std::ffi::OsStr]| {
        std::process::Command::new(&python).args(arguments).output()
    };
    if !run(&["-c".as_ref(), "import tokenizers".as_ref()]).is_ok_and(|out| out.status.success()) {
        eprintln!("SKIPPED: {} has no package `tokenizers`", python.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut texts = lines();
    texts.extend(
        [
            "",
            " ",
            "  a  b ",
            "été <s> </s> x",
            "漢字 😀\u{200d}!",
            "\t\r\u{2028}",
            "don't ''s  12,5 %",
        ]
        .map(str::to_owned),
    );
    let (file, list) = (folder.path().join("tokenizer.json"), folder.path().join("lines.json"));
    std::fs::write(&list, serde_json::to_string(&texts).unwrap()).unwrap();
    for model in &*MODELS {
        std::fs::write(&file, model.to_json()).unwrap();
        let out = run(&["-c".as_ref(), SCRIPT.as_ref(), file.as_ref(), list.as_ref()]).unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let out = String::from_utf8(out.stdout).unwrap();
        assert_eq!(out.lines().count(), texts.len());
        for (line, text) in out.lines().zip(&texts) {
            let (ids, decoded): (Vec<u32>, String) = serde_json::from_str(line).unwrap();
            let pieces = model.tokenize(text);
            let mut own = model.vocabulary().encode(&pieces);
            own.push(tokenizer::EOS);
            assert_eq!(ids, own, "{text:?} {pieces:?}");
            assert_eq!(&decoded, text);
        }
    }
}
