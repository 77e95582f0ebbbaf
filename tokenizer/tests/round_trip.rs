//! Tokens give the text back, whatever the text; vocabularies give the tokens back.

mod common;

use common::composed;
use proptest::prelude::*;
use tokenizer::{Recipe, SPECIALS, Tokenizer, UNK, Unit, Vocabulary, VocabularyOptions};

/// Every recipe with every unit.
fn tokenizers() -> impl Iterator<Item = Tokenizer> {
    Recipe::ALL.into_iter().flat_map(|recipe| Unit::ALL.map(|unit| Tokenizer::new(recipe, unit)))
}

/// Texts full of what a tokenizer could trip over.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Zéçß0-9]{1,6}",
        4 => "[ ]{1,3}",
        3 => "[.,!?¿'’\"«»…-]",
        2 => "[￭％]{1,2}(0020|FFED|００)?",
        1 => "(<pad>|<unk>|<s>|</s>)",
        1 => "[\t\r\n\u{b}\u{a0}\u{2028}\u{3000}\0\u{1b}\u{7f}\u{85}]",
        1 => "[\u{301}\u{200d}\u{fe0f}\u{202e}\u{feff}😀❤漢Ⓐ٣İΣ\u{212a}ﬁ]",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_give_the_normalised_text_back(text in text()) {
        for tokenizer in tokenizers() {
            let tokens = tokenizer.tokenize(&text);
            prop_assert_eq!(tokenizer.detokenize(&tokens), tokenizer.normalize(&text), "{:?}", tokenizer);
        }
    }

    #[test]
    fn nothing_is_lost_where_nothing_should_be(text in text()) {
        for unit in Unit::ALL {
            for recipe in [Recipe::Words, Recipe::None] {
                let tokenizer = Tokenizer::new(recipe, unit);
                prop_assert_eq!(tokenizer.detokenize(&tokenizer.tokenize(&text)), composed(&text));
            }
            let lower = Tokenizer::new(Recipe::WordsLower, unit);
            prop_assert_eq!(lower.detokenize(&lower.tokenize(&text)), composed(&text).to_lowercase());
        }
    }

    #[test]
    fn tokens_are_well_formed(text in text()) {
        for tokenizer in tokenizers() {
            for token in tokenizer.tokenize(&text) {
                let shown = tokenizer.display_token(&token);
                prop_assert!(!shown.is_empty());
                prop_assert!(!shown.chars().any(|c| c.is_whitespace() || c.is_control()));
                if tokenizer.unit() == Some(Unit::Words) && tokenizer.recipe() != Recipe::None {
                    prop_assert!(!token.is_empty());
                    prop_assert!(!token.chars().any(|c| c.is_whitespace() || c.is_control()));
                    prop_assert!(!SPECIALS.contains(&token.as_str()));
                }
            }
        }
    }

    #[test]
    fn any_tokens_join(tokens in prop::collection::vec(text(), 0..6)) {
        for tokenizer in tokenizers() {
            let _ = tokenizer.detokenize(&tokens);
            for token in &tokens {
                let _ = tokenizer.display_token(token);
            }
        }
    }

    #[test]
    fn a_vocabulary_gives_the_tokens_back(
        sentences in prop::collection::vec(prop::collection::vec("[a-e<s>]{0,3}", 0..8), 0..8),
        min_count in 0_usize..4,
        max_size in prop::option::of(0_usize..12),
    ) {
        let all = Vocabulary::build(&sentences, &VocabularyOptions::default());
        prop_assert_eq!(all.unknown_rate(&sentences).unknown, 0);
        for sentence in &sentences {
            prop_assert_eq!(&all.decode(&all.encode(sentence)), sentence);
        }

        let cut = Vocabulary::build(&sentences, &VocabularyOptions { min_count, max_size });
        prop_assert!(cut.len() - SPECIALS.len() <= max_size.unwrap_or(usize::MAX));
        let count = |token: &str| sentences.iter().flatten().filter(|&t| t == token).count();
        let counts: Vec<usize> = cut.tokens()[4..].iter().map(|token| count(token)).collect();
        prop_assert!(counts.is_sorted_by(|a, b| a >= b));
        prop_assert!(counts.iter().all(|&n| n >= min_count.max(1)));
        let rate = cut.unknown_rate(&sentences);
        prop_assert_eq!(rate.total - rate.unknown, counts.iter().sum::<usize>());
        for sentence in &sentences {
            for (token, id) in sentence.iter().zip(cut.encode(sentence)) {
                prop_assert!(id == UNK || cut.token(id) == Some(token));
            }
        }
        let json = serde_json::to_string(&cut).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vocabulary>(&json).unwrap(), cut);
    }
}
