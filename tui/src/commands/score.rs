//! `tui score`: the probability of each target given its source.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::PairScore;
use serde::Serialize;
use serde_json::Value;

use super::model;
use crate::args::ScoreArguments;
use crate::format::{count, json_number, several};
use crate::output;

/// Prints one natural-log probability for each pair, or for each of its tokens.
pub(super) fn run(arguments: &ScoreArguments) -> Result<ExitCode> {
    let translator = model::open(&arguments.model)?;
    let corpus = &arguments.corpus;
    let (scores, remarks) = translator
        .score(&corpus.data, corpus.columns)
        .wrap_err_with(|| format!("--data {}", corpus.data))?;
    let lines = scores.iter().map(|score| lines(score, arguments));
    output::data_lines(&lines.collect::<Result<Vec<_>>>()?.concat())?;
    for note in remarks.into_iter().chain(notes(&scores)) {
        output::note(&note);
    }
    Ok(ExitCode::SUCCESS)
}

/// The JSON form of a score.
#[derive(Serialize)]
struct JsonScore<'a> {
    logprob: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_logprobs: Option<Vec<Value>>,
}

/// Returns the printed lines of a pair. In text a token is the rest of its line, so any character
/// may be in it.
fn lines(score: &PairScore, arguments: &ScoreArguments) -> Result<Vec<String>> {
    let ScoreArguments { words, json, .. } = *arguments;
    let tokens = score.tokens.iter();
    if json {
        let object = JsonScore {
            logprob: json_number(score.logprob),
            tokens: words.then(|| tokens.clone().map(|(token, _)| token.as_str()).collect()),
            token_logprobs: words.then(|| tokens.map(|(_, p)| json_number(*p)).collect()),
        };
        return Ok(vec![serde_json::to_string(&object)?]);
    }
    if words {
        let lines = tokens.map(|(token, logprob)| format!("{logprob:.6}\t{token}"));
        return Ok(lines.chain([String::new()]).collect());
    }
    Ok(vec![format!("{:.6}", score.logprob)])
}

/// Returns notes on information that the numbers alone do not show.
fn notes(scores: &[PairScore]) -> Vec<String> {
    let pairs = several(scores.len() as u64, "pair");
    let first = |is: fn(&PairScore) -> bool| {
        let number = scores.iter().position(is).map_or(0, |at| at as u64 + 1);
        (scores.iter().filter(|s| is(s)).count() as u64, number)
    };
    let mut notes = Vec::new();
    let mut note = |(number, first): (u64, u64), what: &str| {
        if number > 0 {
            let first = count(first);
            notes.push(format!(
                "{} of {pairs}, the first being number {first}, {what}",
                count(number)
            ));
        }
    };
    note(
        first(|s| s.is_source_blank),
        "without a source: nothing else than nothing comes of it, so a blank target has 0 and any \
         other -inf",
    );
    note(
        first(|s| s.is_target_blank && !s.is_source_blank),
        "without a target: the number is that of the end token alone",
    );
    let tokens: usize = scores.iter().map(|s| s.unknown_target).sum();
    note(
        first(|s| s.unknown_target > 0),
        &format!(
            "with {} unknown to the model in the target: the number is that of `<unk>` in its place",
            several(tokens as u64, "token")
        ),
    );
    let tokens: usize = scores.iter().map(|s| s.unknown_source).sum();
    note(
        first(|s| s.unknown_source > 0),
        &format!(
            "with {} unknown to the model in the source, which it reads as `<unk>`",
            several(tokens as u64, "token")
        ),
    );
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_does_not_show_is_counted() {
        let plain = PairScore {
            logprob: -1.0,
            tokens: Vec::new(),
            attention: Vec::new(),
            is_source_blank: false,
            is_target_blank: false,
            unknown_source: 0,
            unknown_target: 0,
        };
        assert!(notes(&vec![plain.clone(); 3]).is_empty());
        let blank = PairScore { is_source_blank: true, ..plain.clone() };
        let unknown = PairScore { unknown_target: 2, ..plain.clone() };
        let notes = notes(&[plain, unknown.clone(), blank, unknown]);
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].starts_with("1 of 4 pairs, the first being number 3, without a source"));
        assert!(notes[1].starts_with("2 of 4 pairs, the first being number 2, with 4 tokens"));
    }
}
