//! Whole files of `../shared/data`: the Unicode conformance test, the naughty strings, and the
//! corpus of the PyTorch tutorial. A test whose file is missing says so and passes.

mod common;

use std::path::{Path, PathBuf};

use common::composed;
use tokenizer::{
    NormalizationForm, NormalizationStep, Recipe, SPECIALS, Tokenizer, Unit, Vocabulary,
    VocabularyOptions,
};

/// A file of the shared data; says so where there is none.
#[allow(clippy::print_stderr)]
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

#[test]
fn unicode_forms_pass_the_conformance_test() {
    let Some(path) = shared("unicode/NormalizationTest.txt.gz") else {
        return;
    };
    let parse = |points: &str| -> String {
        let point = |hex| char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
        points.split(' ').map(point).collect()
    };
    let mut rows = 0;
    for line in tokenizer::read::lines(path).unwrap() {
        if line.is_empty() || line.starts_with(['#', '@']) {
            continue;
        }
        let columns: Vec<String> = line.split(';').take(5).map(parse).collect();
        let [c1, c2, c3, c4, c5] = columns.as_slice() else { panic!("{line}") };
        let check = |form: NormalizationForm, from: &[&String], expected: &String| {
            for text in from {
                assert_eq!(
                    &NormalizationStep::Unicode(form).apply(text),
                    expected,
                    "{form:?} of {text:?}"
                );
            }
        };
        check(NormalizationForm::Nfc, &[c1, c2, c3], c2);
        check(NormalizationForm::Nfc, &[c4, c5], c4);
        check(NormalizationForm::Nfd, &[c1, c2, c3], c3);
        check(NormalizationForm::Nfd, &[c4, c5], c5);
        check(NormalizationForm::Nfkc, &[c1, c2, c3, c4, c5], c4);
        check(NormalizationForm::Nfkd, &[c1, c2, c3, c4, c5], c5);
        rows += 1;
    }
    assert!(rows > 18_000, "only {rows} rows");
}

#[test]
fn naughty_strings_do_no_harm() {
    let Some(path) = shared("unicode/blns.txt.gz") else {
        return;
    };
    let lines = tokenizer::read::lines(path).unwrap();
    assert_eq!(lines.len(), 742);
    let whole = lines.join("\n");
    let texts: Vec<&str> = lines.iter().map(String::as_str).chain([whole.as_str()]).collect();
    for recipe in Recipe::ALL {
        for unit in Unit::ALL {
            let tokenizer = Tokenizer::new(recipe, unit);
            let sentences: Vec<_> = texts.iter().map(|text| tokenizer.tokenize(text)).collect();
            let vocabulary = Vocabulary::build(&sentences, &VocabularyOptions::default());
            for (text, tokens) in texts.iter().zip(&sentences) {
                let expected = match recipe {
                    Recipe::Words | Recipe::None => composed(text),
                    Recipe::WordsLower => composed(text).to_lowercase(),
                    Recipe::Tutorial | Recipe::TfNmt | Recipe::TfText => tokenizer.normalize(text),
                };
                let read = vocabulary.decode(&vocabulary.encode(tokens));
                assert_eq!(&read, tokens);
                assert_eq!(tokenizer.detokenize(&read), expected, "{recipe} {unit} of {text:?}");
                for token in tokens {
                    assert!(!tokenizer.display_token(token).is_empty());
                }
            }
        }
    }
}

#[test]
fn the_tutorial_filter_keeps_the_tutorials_pairs() {
    /// How the tutorial's English sentences start.
    const PREFIXES: [&str; 12] = [
        "i am ", "i m ", "he is", "he s ", "she is", "she s ", "you are", "you re ", "we are",
        "we re ", "they are", "they re ",
    ];
    let Some(path) = shared("tatoeba-eng-fra/eng-fra.shared.tsv.gz") else {
        return;
    };
    let tokenizer = Tokenizer::new(Recipe::Tutorial, Unit::Words);
    let (mut sources, mut targets) = (Vec::new(), Vec::new());
    for (source, target) in tokenizer::read::columns(path, 2, 1).unwrap() {
        let target = tokenizer.normalize(&target);
        if !PREFIXES.iter().any(|prefix| target.starts_with(prefix)) {
            continue;
        }
        let (source, target) = (tokenizer.tokenize(&source), tokenizer.tokenize(&target));
        if source.len() < 10 && target.len() < 10 {
            sources.push(source);
            targets.push(target);
        }
    }
    assert_eq!(sources.len(), 10_959);
    // The tutorial counts SOS and EOS, but neither padding nor unknown words.
    let words = |sentences| {
        Vocabulary::build(sentences, &VocabularyOptions::default()).len() - SPECIALS.len() + 2
    };
    assert_eq!((words(&sources), words(&targets)), (4_521, 2_962));
}
