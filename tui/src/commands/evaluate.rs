//! `tui evaluate`: the figures of a model on a corpus.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::Evaluation;

use crate::args::EvaluateArguments;
use crate::format::{count, figure, percent};
use crate::output;

/// Prints the figures, as a table or as one JSON object.
pub(super) fn run(arguments: &EvaluateArguments) -> Result<ExitCode> {
    let (model, corpus) = (&arguments.model, &arguments.corpus);
    let evaluation =
        seq2seq::evaluate(&model.run, &model.device, model.threads, &corpus.data, corpus.columns)
            .wrap_err_with(|| format!("--run {} --data {}", model.run.display(), corpus.data))?;
    if arguments.json {
        output::data(&serde_json::to_string(&evaluation)?)?;
    } else {
        output::lines(&table(&evaluation))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The figures for people, each with what it is.
fn table(evaluation: &Evaluation) -> Vec<String> {
    let loss = if evaluation.perplexity.is_some() {
        "natural log, teacher-forced"
    } else {
        "mean squared error"
    };
    let mut rows = vec![
        ("sentences", count(evaluation.sentences), ""),
        ("tokens", count(evaluation.tokens), "target tokens, end token counted"),
        ("loss per token", figure(evaluation.loss_per_token), loss),
    ];
    if let Some(perplexity) = evaluation.perplexity {
        rows.push(("perplexity", figure(perplexity), "exp(loss)"));
    }
    if let Some(accuracy) = evaluation.token_accuracy {
        rows.push(("token accuracy", percent(accuracy), "teacher-forced"));
    }
    if let Some(exact) = evaluation.exact_match {
        rows.push(("exact match", percent(exact), "output equal to the reference"));
    }
    if let Some(bleu) = evaluation.bleu {
        rows.push(("BLEU", format!("{bleu:.2}"), "greedy output, tokenisation `none`"));
    }
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
            perplexity: Some(1.02),
            token_accuracy: Some(0.99),
            exact_match: Some(0.95),
            bleu: Some(97.25),
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
        evaluation.perplexity = None;
        evaluation.bleu = None;
        let rows = table(&evaluation);
        assert_eq!(rows.len(), 6);
        assert!(rows[2].ends_with("mean squared error"), "{rows:?}");
    }
}
