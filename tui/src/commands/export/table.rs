//! `tui export --csv` and `--jsonl`: a row for each step.

use std::io::Write;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::event::{TrainStep, Validation};
use seq2seq::{Event, EventReader};
use serde_json::Value;

use super::new_file::NewFile;
use crate::format::{json_number, several};
use crate::output;

/// Bytes of the log that are read at once.
const BATCH: u64 = 1 << 20;

/// The columns of a step, then those of a validation after it.
const COLUMNS: [&str; 16] = [
    "step",
    "epoch",
    "seconds",
    "tokens",
    "tokens_per_second",
    "loss",
    "learning_rate",
    "gradient_norm",
    "clipped_norm",
    "valid_loss",
    "valid_perplexity",
    "valid_token_accuracy",
    "valid_exact_match",
    "valid_bleu",
    "valid_token_bleu",
    "valid_best",
];

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Comma-separated values (RFC 4180) with a row of names.
    Csv,
    /// A JSON object per line.
    JsonLines,
}

impl Format {
    fn flag(self) -> &'static str {
        match self {
            Self::Csv => "--csv",
            Self::JsonLines => "--jsonl",
        }
    }
}

/// Writes the table of a run to a file, or to stdout if the path is `-`.
pub(super) fn write(run: &Path, path: &Path, format: Format, overwrite: bool) -> Result<()> {
    let name = || format!("{} {}", format.flag(), path.display());
    let is_stdout = path == Path::new("-");
    let mut file = match is_stdout {
        true => None,
        false => Some(NewFile::begin(path, overwrite).wrap_err_with(name)?),
    };
    let mut rows = 0;
    let mut lines: Vec<String> = Vec::new();
    if format == Format::Csv {
        lines.push(COLUMNS.join(","));
    }
    let mut send = |lines: &mut Vec<String>| -> Result<()> {
        match &mut file {
            Some(file) => {
                for line in lines.iter() {
                    writeln!(file, "{line}").wrap_err_with(name)?;
                }
            }
            None => output::data_lines(lines)?,
        }
        lines.clear();
        Ok(())
    };
    let mut reader = EventReader::open(run)?;
    let mut table = Table::default();
    loop {
        let events = reader.poll_up_to(BATCH)?;
        if reader.restarted() {
            return Err(eyre!("{}: the run was resumed while its log was read; try again", name()));
        }
        let is_end = events.is_empty();
        for event in &events {
            lines.extend(table.apply(event).map(|row| row.text(format)));
        }
        if is_end {
            lines.extend(table.row.take().map(|row| row.text(format)));
        }
        rows += lines.len() as u64;
        send(&mut lines)?;
        if is_end {
            break;
        }
    }
    let rows = rows - u64::from(format == Format::Csv);
    if let Some(file) = file {
        file.finish()?;
        output::line(&format!("{}: {}", path.display(), several(rows, "row")))?;
    }
    if rows == 0 {
        output::note(&format!("{}: no step has been trained yet", run.display()));
    }
    Ok(())
}

/// The row that may still get a validation.
#[derive(Default)]
struct Table {
    row: Option<Row>,
}

impl Table {
    /// Applies an event; returns the row before it if that is complete.
    fn apply(&mut self, event: &Event) -> Option<Row> {
        match event {
            Event::Step(step) => self.row.replace(Row::of(step)),
            Event::Validation(validation) => match &mut self.row {
                Some(row) if row.step == validation.step => {
                    row.valid = Some(validation.clone());
                    None
                }
                // A validation before the first step.
                _ => {
                    let (step, valid) = (validation.step, Some(validation.clone()));
                    self.row.replace(Row { step, train: None, valid })
                }
            },
            _ => None,
        }
    }
}

/// A step, and the validation after it.
struct Row {
    step: u64,
    train: Option<TrainStep>,
    valid: Option<Validation>,
}

impl Row {
    fn of(step: &TrainStep) -> Self {
        Self { step: step.step, train: Some(step.clone()), valid: None }
    }

    /// Returns the values in the order of the columns; null where there is none.
    fn values(&self) -> [Value; 16] {
        let train = |of: fn(&TrainStep) -> Value| self.train.as_ref().map_or(Value::Null, of);
        let valid = |of: fn(&Validation) -> Option<f64>| {
            self.valid.as_ref().and_then(of).map_or(Value::Null, json_number)
        };
        [
            self.step.into(),
            train(|step| step.epoch.into()),
            train(|step| json_number(step.seconds)),
            train(|step| step.tokens.into()),
            train(|step| json_number(step.tokens_per_second)),
            train(|step| json_number(step.loss)),
            train(|step| json_number(step.learning_rate)),
            train(|step| json_number(step.gradient_norm)),
            train(|step| json_number(step.clipped_norm)),
            valid(|valid| Some(valid.metrics.loss)),
            valid(|valid| valid.metrics.perplexity),
            valid(|valid| valid.metrics.token_accuracy),
            valid(|valid| valid.metrics.exact_match),
            valid(|valid| valid.metrics.bleu),
            valid(|valid| valid.metrics.token_bleu),
            self.valid.as_ref().map_or(Value::Null, |valid| valid.best.into()),
        ]
    }

    fn text(&self, format: Format) -> String {
        let values = self.values();
        match format {
            // Numbers, NaN, inf, -inf, true and false need no quotes.
            Format::Csv => {
                let words = values.iter().map(|value| match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                words.collect::<Vec<_>>().join(",")
            }
            Format::JsonLines => {
                let fields = COLUMNS.iter().zip(&values);
                let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use seq2seq::Metrics;

    use super::*;

    fn step(step: u64, loss: f64) -> Event {
        Event::Step(Box::new(TrainStep {
            step,
            epoch: 1,
            loss,
            learning_rate: 0.001,
            gradient_norm: 2.5,
            clipped_norm: 1.0,
            tokens: 100,
            tokens_per_second: 1234.5,
            seconds: 0.25,
            parameters: vec![],
        }))
    }

    fn validation(step: u64) -> Event {
        let metrics = Metrics { loss: 0.5, bleu: Some(12.5), ..Metrics::default() };
        Event::Validation(Validation { step, metrics, best: true })
    }

    fn rows(events: &[Event], format: Format) -> Vec<String> {
        let mut table = Table::default();
        let mut rows: Vec<Row> = events.iter().filter_map(|event| table.apply(event)).collect();
        rows.extend(table.row);
        rows.iter().map(|row| row.text(format)).collect()
    }

    #[test]
    fn a_validation_stands_in_the_row_of_its_step() {
        let events = [validation(0), step(1, 4.0), step(2, f64::NAN), validation(2)];
        assert_eq!(
            rows(&events, Format::Csv),
            [
                "0,,,,,,,,,0.5,,,,12.5,,true",
                "1,1,0.25,100,1234.5,4.0,0.001,2.5,1.0,,,,,,,",
                "2,1,0.25,100,1234.5,NaN,0.001,2.5,1.0,0.5,,,,12.5,,true",
            ]
        );
        let lines = rows(&events, Format::JsonLines);
        let last: Value = serde_json::from_str(&lines[2]).unwrap();
        assert_eq!((&last["loss"], &last["valid_bleu"]), (&"NaN".into(), &12.5.into()));
        assert_eq!(last["valid_perplexity"], Value::Null);
        assert_eq!(last.as_object().unwrap().len(), COLUMNS.len());
    }
}
