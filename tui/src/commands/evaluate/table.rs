//! Scores as tables for people.

use seq2seq::Evaluation;
use seq2seq::score::{Confidence, LengthBucket, OutputScores, PairedTest, TextEvaluation};

use super::system::{Scores, System};
use crate::format::{count, number, percent, width};

/// Minimum width of the names of scores, and of the values.
const NAME: usize = 18;
const VALUE: usize = 10;

/// A score with its description.
#[derive(Debug, PartialEq)]
struct Row {
    name: &'static str,
    value: String,
    note: String,
}

fn row(name: &'static str, value: String, note: &str) -> Row {
    Row { name, value, note: note.to_owned() }
}

/// Formats the scores, with a column per system. With one system each score has its description;
/// with several, the signatures and the meaning of the tests follow.
pub(super) fn table(systems: &[System]) -> Vec<String> {
    let columns: Vec<Vec<Row>> = systems.iter().map(rows).collect();
    if let [column] = columns.as_slice() {
        let wide = column.iter().map(|row| width(&row.value)).max().unwrap_or(0).max(VALUE);
        let line = |row: &Row| {
            let line = format!("{:<NAME$}{:>wide$}  {}", row.name, row.value, row.note);
            line.trim_end().to_owned()
        };
        return column.iter().map(line).chain(foot(systems)).collect();
    }
    let mut names: Vec<&str> = Vec::new();
    for name in columns.iter().flatten().map(|row| row.name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut lines = vec![format!("{:NAME$}", "")];
    lines.extend(names.iter().map(|name| format!("{name:<NAME$}")));
    for (system, column) in systems.iter().zip(&columns) {
        let value = |name: &&str| {
            let found = column.iter().find(|row| row.name == *name);
            found.map_or_else(String::new, |row| row.value.clone())
        };
        let values = [system.name.clone()].into_iter().chain(names.iter().map(value));
        let values: Vec<String> = values.collect();
        let wide = values.iter().map(|value| width(value)).max().unwrap_or(0).max(VALUE);
        for (line, value) in lines.iter_mut().zip(values) {
            let blank = wide.saturating_sub(width(&value));
            line.push_str(&format!("  {}{value}", " ".repeat(blank)));
        }
    }
    let signatures = columns.iter().flatten().filter(|row| row.note.starts_with("nrefs:"));
    let mut signatures: Vec<String> =
        signatures.map(|row| format!("{:<NAME$}{}", row.name, row.note)).collect();
    let mut seen = std::collections::HashSet::new();
    signatures.retain(|line| seen.insert(line.clone()));
    let lines = lines.into_iter().map(|line| line.trim_end().to_owned());
    lines.chain(signatures).chain(foot(systems)).collect()
}

/// Explains what the values in brackets are.
fn foot(systems: &[System]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(found) = systems.iter().find_map(|s| s.outputs()?.confidence) {
        lines.push(format!(
            "(mean ± half of the 95% interval of {} bootstrap samples, seed {})",
            count(found.samples as u64),
            found.seed
        ));
    }
    if let Some(test) = systems.iter().find_map(|s| s.paired_bootstrap) {
        lines.push(format!(
            "p: paired bootstrap test against {}, {} samples, seed {}; * p < 0.05",
            systems.first().map_or("", |system| &system.name),
            count(test.samples as u64),
            test.seed
        ));
    }
    lines
}

fn rows(system: &System) -> Vec<Row> {
    match &system.scores {
        Scores::Model(evaluation) => of_model(evaluation, system),
        Scores::File(evaluation) => of_file(evaluation, system),
    }
}

fn of_file(evaluation: &TextEvaluation, system: &System) -> Vec<Row> {
    let mut rows = vec![
        row("sentences", count(evaluation.sentences), ""),
        row("exact match", percent(evaluation.exact_match), "output equal to the reference"),
        bleu(evaluation.bleu, &evaluation.bleu_signature, system),
    ];
    rows.extend(of_outputs(&evaluation.outputs, system, "words"));
    rows
}

fn of_model(evaluation: &Evaluation, system: &System) -> Vec<Row> {
    let metrics = &evaluation.metrics;
    let loss = if metrics.perplexity.is_some() {
        "natural log, teacher-forced"
    } else {
        "mean squared error"
    };
    let mut rows = vec![
        row("sentences", count(evaluation.sentences), ""),
        row("tokens", count(evaluation.tokens), "target tokens, end token counted"),
        row("loss per token", number(metrics.loss), loss),
    ];
    if let Some(perplexity) = metrics.perplexity {
        rows.push(row("perplexity", number(perplexity), "exp(loss)"));
    }
    if let Some(accuracy) = metrics.token_accuracy {
        rows.push(row("token accuracy", percent(accuracy), "teacher-forced"));
    }
    if let Some(exact) = metrics.exact_match {
        rows.push(row("exact match", percent(exact), "output equal to the reference"));
    }
    if let Some(score) = metrics.bleu {
        let signature = evaluation.bleu_signature.as_deref().unwrap_or_default();
        rows.push(bleu(score, signature, system));
    }
    if let Some(outputs) = &evaluation.outputs {
        rows.extend(of_outputs(outputs, system, "the model's tokens"));
    }
    if let Some(exact) = evaluation.token_exact_match {
        let note = "the model's tokens equal to the reference's";
        rows.push(row("token exact", percent(exact), note));
    }
    if let Some(bleu) = metrics.token_bleu {
        let note = "of the model's tokens (words, or letters)";
        rows.push(row("token BLEU", format!("{bleu:.2}"), note));
    }
    let cut = "outputs cut at max_length, before the end token";
    let blank = "sources without text: their output is empty";
    for (name, number, note) in [
        ("truncated", metrics.truncated, cut),
        ("empty sources", evaluation.empty_sources.filter(|&n| n > 0), blank),
    ] {
        rows.extend(number.map(|n| row(name, count(n), note)));
    }
    if let Some(aer) = evaluation.aer {
        let note = "alignment error rate against the gold links";
        rows.push(row("AER", format!("{aer:.3}"), note));
    }
    rows
}

fn bleu(score: f64, signature: &str, system: &System) -> Row {
    let confidence = system.outputs().and_then(|o| o.confidence).map(|all| all.bleu);
    let test = system.paired_bootstrap.map(|all| all.bleu);
    row("BLEU", value(score, confidence, test), signature)
}

fn of_outputs(outputs: &OutputScores, system: &System, symbols: &str) -> Vec<Row> {
    let confidence = outputs.confidence.as_ref();
    let test = system.paired_bootstrap.as_ref();
    let value = |score, confidence: Option<&Confidence>, test: Option<&PairedTest>| {
        value(score, confidence.copied(), test.copied())
    };
    let mut rows = vec![
        row(
            "chrF",
            value(outputs.chrf, confidence.map(|c| &c.chrf), test.map(|t| &t.chrf)),
            &outputs.chrf_signature,
        ),
        row(
            "chrF++",
            value(outputs.chrf_pp, confidence.map(|c| &c.chrf_pp), test.map(|t| &t.chrf_pp)),
            &outputs.chrf_pp_signature,
        ),
        row(
            "TER",
            value(outputs.ter, confidence.map(|c| &c.ter), test.map(|t| &t.ter)),
            &outputs.ter_signature,
        ),
    ];
    if let Some(ser) = outputs.ser {
        let note = format!("edits of {symbols} per symbol of the nearest reference, in percent");
        rows.push(row("symbol error rate", format!("{ser:.2}"), &note));
    }
    if let Some(wer) = outputs.wer {
        let note =
            format!("outputs that equal no reference of their source, by {symbols}, in percent");
        rows.push(row("word error rate", format!("{wer:.2}"), &note));
    }
    let unknown = format!("share of {symbols} that are <unk>");
    rows.push(row("unknown rate", percent(outputs.unknown_rate), &unknown));
    let repeated = "words that repeat the word before them";
    rows.push(row("repetition rate", percent(outputs.repetition_rate), repeated));
    let ratio = "words of the outputs per word of the references";
    rows.push(row("length ratio", format!("{:.3}", outputs.length_ratio), ratio));
    rows
}

/// Formats a score with its confidence interval and its test.
fn value(score: f64, confidence: Option<Confidence>, test: Option<PairedTest>) -> String {
    let mut text = format!("{score:.2}");
    if let Some(Confidence { mean, half_width }) = confidence {
        text.push_str(&format!(" ({mean:.2} ± {half_width:.2})"));
    }
    if let Some(test) = test {
        let mark = if test.is_significant() { "*" } else { " " };
        text.push_str(&format!(" (p {:.3}){mark}", test.p_value));
    }
    text
}

/// Formats the scores by the length of the source, a table per system.
pub(super) fn by_length(systems: &[System]) -> Vec<String> {
    let mut lines = Vec::new();
    for system in systems {
        let Some(outputs) = system.outputs() else { continue };
        lines.push(String::new());
        if systems.len() > 1 {
            lines.push(system.name.clone());
        }
        lines.push(format!(
            "{:<NAME$}{:>9}  {:>8}{:>8}  {:>11}  {:>12}",
            "source words", "sentences", "BLEU", "chrF", "exact match", "length ratio"
        ));
        lines.extend(outputs.by_length.iter().map(|bucket: &LengthBucket| {
            format!(
                "{:<NAME$}{:>9}  {:>8.2}{:>8.2}  {:>11}  {:>12.3}",
                bucket.range(),
                count(bucket.sentences),
                bucket.bleu,
                bucket.chrf,
                percent(bucket.exact_match),
                bucket.length_ratio
            )
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use seq2seq::Metrics;
    use seq2seq::score::{BleuOptions, Output, ScoredOutputs};

    use super::super::system::compare;
    use super::*;

    fn of(evaluation: &Evaluation) -> Vec<String> {
        let scores = Scores::Model(Box::new(evaluation.clone()));
        table(&[System { name: "run".into(), scores, paired_bootstrap: None, scored: None }])
    }

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
        let rows = of(&evaluation);
        assert_eq!(rows.len(), 8);
        assert!(rows[6].ends_with("97.25  nrefs:1"), "{rows:?}");
        assert!(
            rows[7].starts_with("truncated ") && rows[7].contains(" 3  outputs cut"),
            "{rows:?}"
        );
        assert!(rows[5].starts_with("exact match"), "{rows:?}");
        assert!(rows[5].contains("95.0%"), "{rows:?}");
        evaluation.aer = Some(0.21);
        assert!(of(&evaluation)[8].contains("0.210"));
        evaluation.metrics.perplexity = None;
        evaluation.metrics.bleu = None;
        evaluation.metrics.truncated = None;
        let rows = of(&evaluation);
        assert_eq!(rows.len(), 6);
        assert!(rows[2].ends_with("mean squared error"), "{rows:?}");
    }

    #[test]
    fn several_systems_have_a_column_each() {
        let system = |name: &str, hypotheses: [&str; 2]| {
            let references = ["a b c d e", "f g h i j"];
            let output = |(h, r)| Output::of_text(Some("un deux"), h, r);
            let outputs: Vec<_> = hypotheses.into_iter().zip(references).map(output).collect();
            let scored = ScoredOutputs::new(&outputs, BleuOptions::default());
            System {
                name: name.into(),
                scores: Scores::File(Box::new(scored.evaluation.clone())),
                paired_bootstrap: None,
                scored: Some(scored),
            }
        };
        let mut systems =
            [system("été.txt", ["a b c d e", "x"]), system("b.txt", ["a b c d e", "f g h i j"])];
        compare(&mut systems, true);
        let lines = table(&systems);
        assert!(lines[0].contains("été.txt") && lines[0].ends_with("b.txt"), "{lines:#?}");
        let row = |name: &str| lines.iter().find(|line| line.starts_with(name)).unwrap();
        assert!(row("sentences").ends_with(" 2"), "{lines:#?}");
        assert!(row("BLEU").contains("100.00 (100.00 ± 0.00) (p "), "{lines:#?}");
        let signatures = lines.iter().filter(|line| line.contains("nrefs:1")).count();
        assert_eq!(signatures, 4, "{lines:#?}");
        assert!(lines[lines.len() - 1].contains("against été.txt, 1,000 samples"), "{lines:#?}");
        let columns = |line: &str| width(line);
        assert_eq!(columns(&lines[0]), columns(row("exact match")), "{lines:#?}");
        let lines = by_length(&systems);
        assert_eq!((lines.len(), lines[1].as_str()), (8, "été.txt"), "{lines:#?}");
        assert!(lines[3].starts_with("1-5 ") && lines[3].ends_with("0.600"), "{lines:#?}");
    }
}
