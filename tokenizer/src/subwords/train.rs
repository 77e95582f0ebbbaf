//! Training of subword models.

use std::collections::HashMap;

use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::unigram::{Unigram, UnigramTrainer};
use tokenizers::normalizers::Prepend;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Normalizer, OffsetReferential, OffsetType, PreTokenizer, Tokenizer};

use super::options::{BYTE_PIECES, SubwordKind, SubwordOptions};
use crate::{EOS, Error, Result, SPECIALS, UNK};

/// Words of more bytes are not trained on: they are no words, and the sums over the segmentations of
/// a unigram model overflow.
const LONGEST_WORD: usize = 1_000;
/// Logarithm of the probability of special tokens in a unigram model, so low that they never occur in
/// text.
const NEVER: f64 = -1_000.0;
/// The step between the scores that `tokenizers` gives to characters that have none.
const SCORE_STEP: f64 = 0.0001;

/// Trains a model and returns its `tokenizer.json`.
pub(super) fn train(lines: &[String], options: &SubwordOptions) -> Result<String> {
    let SubwordOptions { kind, pieces, min_count } = *options;
    if pieces < BYTE_PIECES {
        let what = format!(
            "{pieces} pieces are fewer than the {BYTE_PIECES} bytes, each of which is a piece; ask \
             for {BYTE_PIECES} or more"
        );
        return Err(Error::SubwordTraining { what });
    }
    if lines.iter().all(String::is_empty) {
        return Err(Error::SubwordTraining { what: "there is no text to train on".to_owned() });
    }
    let trained = match kind {
        SubwordKind::Bpe => train_bpe(lines, pieces, min_count),
        SubwordKind::Unigram => train_unigram(lines, pieces),
    };
    trained.map_err(|error| Error::SubwordTraining { what: error.to_string() })
}

/// Returns a tokenizer that keeps every byte, around a model that is not trained yet.
fn around(model: impl Into<tokenizers::models::ModelWrapper>) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::new(model);
    let end = SPECIALS[EOS as usize];
    let template = TemplateProcessing::builder()
        .try_single(format!("$A {end}"))
        .map_err(|what| tokenizers::Error::from(what.to_string()))?
        .special_tokens(vec![(end, EOS)])
        .build()?;
    let decoders = vec![
        DecoderWrapper::ByteLevel(ByteLevel::new(false, false, true)),
        DecoderWrapper::Strip(Strip::new(' ', 1, 0)),
    ];
    tokenizer
        .with_normalizer(Some(Prepend::new(" ".to_owned())))?
        .with_pre_tokenizer(Some(ByteLevel::new(false, false, true)))
        .with_decoder(Some(Sequence::new(decoders)))
        .with_post_processor(Some(template));
    Ok(tokenizer)
}

fn specials() -> Vec<AddedToken> {
    SPECIALS.iter().map(|name| AddedToken::from(*name, true)).collect()
}

fn train_bpe(lines: &[String], pieces: usize, min_count: usize) -> tokenizers::Result<String> {
    let mut tokenizer = around(BPE::default())?;
    let trainer = BpeTrainer::builder()
        .vocab_size(pieces + SPECIALS.len())
        .min_frequency(min_count.max(1) as u64)
        .special_tokens(specials())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .show_progress(false)
        .build();
    tokenizer.train(&mut TrainerWrapper::from(trainer), lines.iter())?;
    tokenizer.to_string(true)
}

fn train_unigram(lines: &[String], pieces: usize) -> tokenizers::Result<String> {
    let mut tokenizer = around(Unigram::default())?;
    let trainer = UnigramTrainer::builder()
        .vocab_size(u32::try_from(pieces + SPECIALS.len())?)
        .special_tokens(specials())
        .initial_alphabet(ByteLevel::alphabet())
        .unk_token(Some(SPECIALS[UNK as usize].to_owned()))
        .show_progress(false)
        .build()?;
    let mut model = Unigram::default();
    trainer.do_train(words(lines, &tokenizer)?, &mut model)?;
    let mut trained: Vec<(String, f64)> = model.iter().skip(SPECIALS.len()).cloned().collect();
    order_unused(&mut trained);
    trained.sort_by(|(piece, score), (other, others)| {
        others.total_cmp(score).then_with(|| piece.cmp(other))
    });
    let specials = SPECIALS.iter().map(|name| ((*name).to_owned(), NEVER));
    let vocabulary = specials.chain(trained).collect();
    tokenizer.with_model(Unigram::from(vocabulary, Some(UNK as usize), false)?);
    tokenizer.add_special_tokens(self::specials())?;
    tokenizer.to_string(true)
}

/// Counts the words of a text, in a fixed order.
fn words(lines: &[String], tokenizer: &Tokenizer) -> tokenizers::Result<Vec<(String, u32)>> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for line in lines {
        let mut text = tokenizers::NormalizedString::from(line.as_str());
        if let Some(normalizer) = tokenizer.get_normalizer() {
            normalizer.normalize(&mut text)?;
        }
        let mut text = tokenizers::PreTokenizedString::from(text);
        if let Some(splitter) = tokenizer.get_pre_tokenizer() {
            splitter.pre_tokenize(&mut text)?;
        }
        for (word, ..) in text.get_splits(OffsetReferential::Normalized, OffsetType::None) {
            if word.len() <= LONGEST_WORD {
                match counts.get_mut(word) {
                    Some(count) => *count = count.saturating_add(1),
                    None => drop(counts.insert(word.to_owned(), 1)),
                }
            }
        }
    }
    let mut words: Vec<(String, u32)> = counts.into_iter().collect();
    words.sort_unstable();
    Ok(words)
}

/// Gives the characters without a score of their own their scores in the order of the characters.
///
/// `tokenizers` numbers them in the order of a hash table, which differs from run to run: the
/// lowest score, then steps up from it.
fn order_unused(pieces: &mut [(String, f64)]) {
    let mut single: Vec<usize> =
        (0..pieces.len()).filter(|&at| pieces[at].0.chars().count() == 1).collect();
    single.sort_unstable_by(|&a, &b| pieces[a].0.cmp(&pieces[b].0));
    let lowest = single.iter().map(|&at| pieces[at].1).fold(f64::INFINITY, f64::min);
    let mut steps = 0.0;
    let mut scores = Vec::new();
    loop {
        let score = lowest + steps;
        let count = single.iter().filter(|&&at| pieces[at].1 == score).count();
        if count == 0 {
            break;
        }
        scores.extend(std::iter::repeat_n(score, count));
        steps += SCORE_STEP;
    }
    let unused: Vec<usize> =
        single.into_iter().filter(|&at| scores.contains(&pieces[at].1)).collect();
    for (at, score) in unused.into_iter().zip(scores) {
        pieces[at].1 = score;
    }
}
