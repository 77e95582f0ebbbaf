//! `tui align`: word alignments of sentence pairs.

use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::data::Pair;
use seq2seq::score::{SoftAlignment, pharaoh};
use seq2seq::{Translator, device_at};
use serde::Serialize;

use super::{model, named};
use crate::args::{AlignArguments, AlignmentFormat};
use crate::format::{count, several};
use crate::{output, ranks};

/// Number of pairs that are aligned together.
const WINDOW: usize = 1024;

/// Prints one alignment per pair.
pub(super) fn run(arguments: &AlignArguments) -> Result<ExitCode> {
    check(arguments)?;
    let forward = model::open(&arguments.model)?;
    model::check_attention(&forward, "RUN")?;
    let reverse = arguments.reverse_run.as_deref();
    let reverse = reverse.map(|run| open_reverse(arguments, run)).transpose()?;
    let corpus = &arguments.corpus;
    let (pairs, remarks) = forward
        .read_pairs(&corpus.data, corpus.columns)
        .wrap_err_with(|| format!("--data {}", corpus.data))?;
    remarks.iter().for_each(|remark| output::note(remark));
    let mut counts = Counts::default();
    for (window, pairs) in pairs.chunks(WINDOW).enumerate() {
        let alignments = forward.align_pairs(pairs)?;
        let others = match &reverse {
            Some(reverse) => reverse.align_pairs(&swapped(pairs))?,
            None => Vec::new(),
        };
        for (i, (alignment, other)) in alignments.iter().zip(&others).enumerate() {
            check_tokens(window * WINDOW + i + 1, alignment, other)?;
        }
        let mut lines = Vec::with_capacity(pairs.len());
        for (i, alignment) in alignments.iter().enumerate() {
            counts.add(alignment);
            lines.push(line(arguments, alignment, others.get(i))?);
        }
        output::data_lines(&lines)?;
    }
    counts.notes().iter().for_each(|note| output::note(note));
    Ok(ExitCode::SUCCESS)
}

/// Refuses options without effect.
fn check(arguments: &AlignArguments) -> Result<()> {
    if arguments.format != AlignmentFormat::Soft {
        return Ok(());
    }
    if arguments.reverse_run.is_some() {
        return Err(eyre!(
            "--format soft: the weights of two directions are not combined, only their links are; \
             give --format pharaoh or json, or leave --reverse-run out"
        ));
    }
    if arguments.method.is_some() {
        return Err(eyre!(
            "--method: --format soft prints the weights, without links; leave it out"
        ));
    }
    Ok(())
}

/// Opens the run of the other direction.
fn open_reverse(arguments: &AlignArguments, run: &Path) -> Result<Translator> {
    let model = &arguments.model;
    let given = run.display();
    let run = &named::run(Some(run)).wrap_err_with(|| format!("--reverse-run {given}"))?;
    let ranks = ranks::all();
    let threads = model.threads.or_else(|| ranks.place().threads());
    let translator = Translator::open(run, &device_at(&model.device, ranks.place())?, threads)
        .wrap_err_with(|| format!("--reverse-run {}", run.display()))?;
    let translator = model::converted(translator, model.precision)?.with_ranks(&ranks);
    model::check_attention(&translator, "--reverse-run")?;
    for remark in translator.remarks() {
        output::note(&format!("--reverse-run: {remark}"));
    }
    Ok(translator)
}

/// Swaps the sides of pairs.
fn swapped(pairs: &[Pair]) -> Vec<Pair> {
    let swap = |pair: &Pair| Pair {
        source: pair.target.clone(),
        target: pair.source.clone(),
        links: None,
    };
    pairs.iter().map(swap).collect()
}

/// Checks that both runs read pair `number` as the same tokens.
fn check_tokens(number: usize, forward: &SoftAlignment, reverse: &SoftAlignment) -> Result<()> {
    for (side, own, other) in
        [("source", &forward.source, &reverse.target), ("target", &forward.target, &reverse.source)]
    {
        if own != other {
            return Err(eyre!(
                "pair {number}: the run reads its {side} as {own:?}, but --reverse-run as {other:?}; \
                 both runs need the same recipe and unit for each language (source_recipe and \
                 source_unit of one are target_recipe and target_unit of the other)"
            ));
        }
    }
    Ok(())
}

/// The JSON form of an alignment.
#[derive(Serialize)]
struct JsonAlignment<'a> {
    source_tokens: &'a [String],
    target_tokens: &'a [String],
    alignment: Vec<(usize, usize)>,
    weights: &'a [Vec<f32>],
    #[serde(skip_serializing_if = "Option::is_none")]
    reverse_weights: Option<&'a [Vec<f32>]>,
}

/// Returns the printed line of a pair.
fn line(
    arguments: &AlignArguments,
    alignment: &SoftAlignment,
    reverse: Option<&SoftAlignment>,
) -> Result<String> {
    let method = arguments.method.unwrap_or_default();
    let links = match reverse {
        Some(reverse) => {
            let links = reverse.links(method).into_iter().map(|(source, target)| (target, source));
            let symmetrization = arguments.symmetrize.unwrap_or_default();
            symmetrization.combine(&alignment.links(method), &links.collect::<Vec<_>>())
        }
        None => alignment.links(method),
    };
    Ok(match arguments.format {
        AlignmentFormat::Pharaoh => pharaoh(&links),
        AlignmentFormat::Soft => soft(alignment),
        AlignmentFormat::Json => serde_json::to_string(&JsonAlignment {
            source_tokens: &alignment.source,
            target_tokens: &alignment.target,
            alignment: links,
            weights: &alignment.weights,
            reverse_weights: reverse.map(|reverse| reverse.weights.as_slice()),
        })?,
    })
}

/// Returns the weights of each target word over the source words: `0.9,0.1 0.2,0.8`.
fn soft(alignment: &SoftAlignment) -> String {
    let row = |row: &Vec<f32>| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    alignment.weights.iter().map(row).collect::<Vec<_>>().join(" ")
}

/// What the alignments alone do not show.
#[derive(Default)]
struct Counts {
    pairs: u64,
    blank: u64,
    unknown: [(u64, u64); 2],
}

impl Counts {
    fn add(&mut self, alignment: &SoftAlignment) {
        self.pairs += 1;
        self.blank += u64::from(alignment.source.is_empty() || alignment.target.is_empty());
        let found = [alignment.unknown_source, alignment.unknown_target];
        for ((pairs, tokens), found) in self.unknown.iter_mut().zip(found) {
            *pairs += u64::from(found > 0);
            *tokens += found as u64;
        }
    }

    fn notes(&self) -> Vec<String> {
        let pairs = several(self.pairs, "pair");
        let mut notes = Vec::new();
        if self.blank > 0 {
            notes.push(format!("{} of {pairs} with a blank side: no links", count(self.blank)));
        }
        for ((with, tokens), side) in self.unknown.iter().zip(["source", "target"]) {
            if *with > 0 {
                notes.push(format!(
                    "{} of {pairs} with {} unknown to the run's model in the {side}, which it reads \
                     as <unk>",
                    count(*with),
                    several(*tokens, "token")
                ));
            }
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alignment() -> SoftAlignment {
        let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        SoftAlignment {
            source: words(["a", "b"]),
            target: words(["x", "y"]),
            weights: vec![vec![0.5, 0.25], vec![0.125, 1.0]],
            unknown_source: 0,
            unknown_target: 2,
        }
    }

    #[test]
    fn weights_are_printed_as_numbers() {
        assert_eq!(soft(&alignment()), "0.5,0.25 0.125,1");
        assert_eq!(soft(&SoftAlignment::default()), "");
    }

    #[test]
    fn other_tokens_are_an_error_that_names_the_pair() {
        let forward = alignment();
        let reverse = SoftAlignment {
            source: forward.target.clone(),
            target: forward.source.clone(),
            ..SoftAlignment::default()
        };
        assert!(check_tokens(7, &forward, &reverse).is_ok());
        let error = check_tokens(7, &forward, &forward).unwrap_err().to_string();
        let words =
            r#"pair 7: the run reads its source as ["a", "b"], but --reverse-run as ["x", "y"]"#;
        assert!(error.starts_with(words), "{error}");
    }

    #[test]
    fn blank_sides_and_unknown_words_are_counted() {
        let mut counts = Counts::default();
        assert!(counts.notes().is_empty());
        counts.add(&alignment());
        counts.add(&SoftAlignment::default());
        let notes = counts.notes();
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].starts_with("1 of 2 pairs with a blank side"), "{notes:?}");
        assert!(notes[1].starts_with("1 of 2 pairs with 2 tokens unknown"), "{notes:?}");
    }
}
