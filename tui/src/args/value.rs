//! Parsers of option values.

use seq2seq::config::UnknownWords;
use seq2seq::decode::{Combination, LengthPenalty};
use seq2seq::score::{BleuTokenizer, LinkMethod, Symmetrization};
use seq2seq::{Precision, Range};

/// Parses two columns, counted from 1, such as `2,1`.
pub(super) fn columns(text: &str) -> Result<(usize, usize), String> {
    let column = |part: &str| part.trim().parse().ok().filter(|&column: &usize| column > 0);
    text.split_once(',')
        .and_then(|(source, target)| Some((column(source)?, column(target)?)))
        .ok_or_else(|| "two columns counted from 1 are needed, such as 2,1".to_owned())
}

/// Parses `cpu`, `opencl`, `opencl:auto` or `opencl:P.D`; the library checks that the device exists.
pub(super) fn device(text: &str) -> Result<String, String> {
    let precise = text.strip_suffix(":tf32");
    let known = match precise.unwrap_or(text).split_once(':') {
        None => precise.or(Some(text)) == Some("opencl") || text == "cpu",
        Some(("opencl", "auto")) => true,
        Some(("opencl", place)) => place
            .split_once('.')
            .is_some_and(|(p, d)| p.parse::<u32>().is_ok() && d.parse::<u32>().is_ok()),
        Some(_) => false,
    };
    if known {
        Ok(text.to_owned())
    } else {
        Err("known are cpu, opencl, opencl:auto and opencl:PLATFORM.DEVICE, such as opencl:0.0; \
             those of OpenCL with :tf32 behind them"
            .to_owned())
    }
}

/// Parses the numbers that a model computes with.
pub(super) fn precision(text: &str) -> Result<Precision, String> {
    text.parse().map_err(|_| "known are f32 and int8".to_owned())
}

/// Parses a number of threads.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    whole(text, Range::THREADS)
}

/// Parses a number of texts.
pub(super) fn texts(text: &str) -> Result<usize, String> {
    whole(text, Range::TEXTS)
}

/// Parses a number of tokens.
pub(super) fn tokens(text: &str) -> Result<usize, String> {
    whole(text, Range::TOKENS)
}

/// Parses the number of tokens at which a translation is truncated.
pub(super) fn max_length(text: &str) -> Result<usize, String> {
    whole(text, Range::MAX_LENGTH)
}

/// Parses a number of hypotheses.
pub(super) fn beam(text: &str) -> Result<usize, String> {
    whole(text, Range::BEAM)
}

/// Parses a number of alternatives.
pub(super) fn alternatives(text: &str) -> Result<usize, String> {
    whole(text, Range::ALTERNATIVES)
}

/// Parses how attention weights become links: `argmax`, or a weight.
pub(super) fn link_method(text: &str) -> Result<LinkMethod, String> {
    let range = Range::PROBABILITY;
    match text.trim() {
        "argmax" => Ok(LinkMethod::Argmax),
        weight => range
            .number(weight)
            .map(LinkMethod::Threshold)
            .ok_or_else(|| format!("it takes argmax or a weight {range}, such as 0.3")),
    }
}

/// Parses how the links of two directions are combined.
pub(super) fn symmetrization(text: &str) -> Result<Symmetrization, String> {
    let named = |symmetrization: &Symmetrization| symmetrization.to_string() == text.trim();
    Symmetrization::ALL.into_iter().find(named).ok_or_else(|| {
        let names = Symmetrization::ALL.map(|symmetrization| symmetrization.to_string());
        format!("it takes {}", names.join(", "))
    })
}

/// Parses a length penalty.
pub(super) fn length_penalty(text: &str) -> Result<LengthPenalty, String> {
    text.parse().map_err(|error: seq2seq::Error| error.to_string())
}

/// Parses the name of a tokenizer of BLEU.
pub(super) fn tokenizer(text: &str) -> Result<BleuTokenizer, String> {
    text.parse().map_err(|error: seq2seq::Error| error.to_string())
}

/// Parses a minimum number of tokens; 0 for none.
pub(super) fn min_length(text: &str) -> Result<usize, String> {
    whole(text, Range::MIN_LENGTH)
}

/// Parses the length of n-grams; 0 for none.
pub(super) fn ngram(text: &str) -> Result<usize, String> {
    whole(text, Range::NGRAM)
}

/// Parses a number of most probable tokens; 0 for all.
pub(super) fn top_k(text: &str) -> Result<usize, String> {
    whole(text, Range::TOP_K)
}

/// Parses a number of checkpoints to average.
pub(super) fn averaged(text: &str) -> Result<usize, String> {
    whole(text, Range::AVERAGED)
}

/// Parses a probability.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    real(text, Range::PROBABILITY, "0.9")
}

/// Parses the weight of a run.
pub(super) fn weight(text: &str) -> Result<f64, String> {
    real(text, Range::WEIGHT, "2")
}

/// Parses the weight of the coverage penalty.
pub(super) fn coverage(text: &str) -> Result<f64, String> {
    real(text, Range::COVERAGE, "0.2")
}

/// Parses a multiple of the beam.
pub(super) fn patience(text: &str) -> Result<f64, String> {
    real(text, Range::PATIENCE, "2")
}

/// Parses a multiple of the source's length.
pub(super) fn ratio(text: &str) -> Result<f64, String> {
    real(text, Range::PATIENCE, "1.5")
}

/// Parses the name of a combination of runs.
pub(super) fn combination(text: &str) -> Result<Combination, String> {
    text.parse().map_err(|error: seq2seq::Error| error.to_string())
}

/// Parses the name of a treatment of unknown words.
pub(super) fn unknown_words(text: &str) -> Result<UnknownWords, String> {
    text.parse().map_err(|error: seq2seq::Error| error.to_string())
}

/// Parses a temperature.
pub(super) fn temperature(text: &str) -> Result<f32, String> {
    let range = Range::TEMPERATURE;
    let temperature = range.number(text).map(|temperature| temperature as f32);
    temperature.ok_or_else(|| format!("a number {range} is needed, such as 0.8"))
}

/// Parses a duration in seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let range = Range::SECONDS;
    range.number(text).ok_or_else(|| format!("a number of seconds {range} is needed"))
}

/// Parses a time limit in minutes.
pub(super) fn minutes(text: &str) -> Result<f64, String> {
    let range = Range::MINUTES;
    let minutes = range.number(text);
    minutes.ok_or_else(|| format!("a number of minutes {range} is needed, such as 2 or 0.5"))
}

/// Parses a number in a range.
fn real(text: &str, range: Range, example: &str) -> Result<f64, String> {
    range.number(text).ok_or_else(|| format!("a number {range} is needed, such as {example}"))
}

/// Parses a whole number in a range.
pub(super) fn whole(text: &str, range: Range) -> Result<usize, String> {
    range.whole(text).ok_or_else(|| format!("a whole number {range} is needed"))
}

/// Parses `key=value`; the library checks that the key exists.
pub(super) fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("key=value is needed, such as hidden=512".to_owned()),
    }
}
