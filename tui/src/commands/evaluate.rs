//! `tui evaluate`: the figures of a model on a corpus.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::Evaluation;

use crate::args::EvaluateArguments;
use crate::format::{count, figure, percent};
use crate::output;

/// Prints the figures, as a table or as one JSON object.
pub(super) fn run(arguments: &EvaluateArguments) -> Result<ExitCode> {
    let translator = super::open(&arguments.model)?;
    let corpus = &arguments.corpus;
    let evaluation = translator
        .evaluate(&corpus.data, corpus.columns)
        .wrap_err_with(|| format!("--data {}", corpus.data))?;
    if arguments.json {
        output::data(&serde_json::to_string(&evaluation)?)?;
    } else {
        output::lines(&table(&evaluation))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The figures for people, each with what it is.
fn table(evaluation: &Evaluation) -> Vec<String> {
    let mut rows = vec![
        ("sentences", count(evaluation.sentences), ""),
        ("tokens", count(evaluation.tokens), "target tokens, end token counted"),
        ("loss per token", figure(evaluation.loss_per_token), "natural log, teacher-forced"),
        ("perplexity", figure(evaluation.perplexity), "exp(loss)"),
        ("token accuracy", percent(evaluation.token_accuracy), "teacher-forced"),
        ("exact match", percent(evaluation.exact_match), "greedy output equal to the reference"),
        ("BLEU", format!("{:.2}", evaluation.bleu), "greedy output, tokenisation `none`"),
    ];
    if let Some(aer) = evaluation.aer {
        rows.push(("AER", format!("{aer:.3}"), "alignment error rate against the gold links"));
    }
    rows.into_iter()
        .map(|(name, value, note)| format!("{name:<16}{value:>10}  {note}").trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_figure() {
        let mut evaluation = Evaluation {
            loss_per_token: 0.02,
            perplexity: 1.02,
            token_accuracy: 0.99,
            exact_match: 0.95,
            bleu: 97.25,
            sentences: 1000,
            tokens: 9000,
            aer: None,
        };
        let rows = table(&evaluation);
        assert_eq!(rows.len(), 7);
        assert!(rows[5].starts_with("exact match"), "{rows:?}");
        assert!(rows[5].contains("95.0%"), "{rows:?}");
        evaluation.aer = Some(0.21);
        assert!(table(&evaluation)[7].contains("0.210"));
    }
}
