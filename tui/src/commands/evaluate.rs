//! `tui evaluate`: the metrics of a model on a corpus.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::Evaluation;

use crate::args::EvaluateArguments;
use crate::format::{count, number, percent};
use crate::output;

/// Prints the metrics, as a table or as one JSON object.
pub(super) fn run(arguments: &EvaluateArguments) -> Result<ExitCode> {
    let (model, corpus) = (&arguments.model, &arguments.corpus);
    let evaluation = seq2seq::evaluate(
        &model.run,
        &model.device,
        model.threads,
        &corpus.data,
        corpus.columns,
        &arguments.decoding.options(1)?,
    )
    .wrap_err_with(|| format!("--run {} --data {}", model.run.display(), corpus.data))?;
    for remark in &evaluation.remarks {
        output::note(remark);
    }
    if arguments.json {
        output::data(&serde_json::to_string(&evaluation)?)?;
    } else {
        output::lines(&table(&evaluation))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Formats the metrics as a table, each with its description.
fn table(evaluation: &Evaluation) -> Vec<String> {
    let loss = if evaluation.metrics.perplexity.is_some() {
        "natural log, teacher-forced"
    } else {
        "mean squared error"
    };
    let mut rows = vec![
        ("sentences", count(evaluation.sentences), ""),
        ("tokens", count(evaluation.tokens), "target tokens, end token counted"),
        ("loss per token", number(evaluation.metrics.loss), loss),
    ];
    if let Some(perplexity) = evaluation.metrics.perplexity {
        rows.push(("perplexity", number(perplexity), "exp(loss)"));
    }
    if let Some(accuracy) = evaluation.metrics.token_accuracy {
        rows.push(("token accuracy", percent(accuracy), "teacher-forced"));
    }
    if let Some(exact) = evaluation.metrics.exact_match {
        rows.push(("exact match", percent(exact), "output equal to the reference"));
    }
    if let Some(bleu) = evaluation.metrics.bleu {
        let signature = evaluation.bleu_signature.as_deref().unwrap_or_default();
        rows.push(("BLEU", format!("{bleu:.2}"), signature));
    }
    if let Some(exact) = evaluation.token_exact_match {
        rows.push(("token exact", percent(exact), "the model's tokens equal to the reference's"));
    }
    if let Some(bleu) = evaluation.metrics.token_bleu {
        rows.push((
            "token BLEU",
            format!("{bleu:.2}"),
            "of the model's tokens (words, or letters)",
        ));
    }
    let cut = "outputs cut at max_length, before the end token";
    let blank = "sources without text: their output is empty";
    for (name, number, note) in [
        ("truncated", evaluation.metrics.truncated, cut),
        ("empty sources", evaluation.empty_sources.filter(|&n| n > 0), blank),
    ] {
        rows.extend(number.map(|n| (name, count(n), note)));
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
    use seq2seq::Metrics;

    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_metric() {
        let metrics = Metrics {
            loss: 0.02,
            perplexity: Some(1.02),
            token_accuracy: Some(0.99),
            exact_match: Some(0.95),
            bleu: Some(97.25),
            truncated: Some(3),
            ..Metrics::default()
        };
        let mut evaluation = Evaluation {
            metrics,
            bleu_signature: Some("nrefs:1".into()),
            sentences: 1000,
            tokens: 9000,
            empty_sources: Some(0),
            ..Evaluation::default()
        };
        let rows = table(&evaluation);
        assert_eq!(rows.len(), 8);
        assert!(rows[6].ends_with("97.25  nrefs:1"), "{rows:?}");
        assert!(
            rows[7].starts_with("truncated ") && rows[7].contains(" 3  outputs cut"),
            "{rows:?}"
        );
        assert!(rows[5].starts_with("exact match"), "{rows:?}");
        assert!(rows[5].contains("95.0%"), "{rows:?}");
        evaluation.aer = Some(0.21);
        assert!(table(&evaluation)[8].contains("0.210"));
        evaluation.metrics.perplexity = None;
        evaluation.metrics.bleu = None;
        evaluation.metrics.truncated = None;
        let rows = table(&evaluation);
        assert_eq!(rows.len(), 6);
        assert!(rows[2].ends_with("mean squared error"), "{rows:?}");
    }
}
