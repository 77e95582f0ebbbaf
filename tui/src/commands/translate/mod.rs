//! `tui translate`: translates stdin to stdout, line by line.

mod input;
mod json_line;
mod line;
mod links;
mod notes;
mod text_lines;

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use color_eyre::eyre::{Result, eyre};
use seq2seq::data::Pair;
use seq2seq::decode::SamplingOptions;
use seq2seq::ranks::of_first;
use seq2seq::{PairScore, Translation, TranslationRequest, Translator};
use serde::{Deserialize, Serialize};

use super::model;
use crate::args::TranslateArguments;
use crate::{output, ranks};
use input::{FIRST_WINDOW, WINDOW, next_size, next_window, read};
use json_line::json_line;
use line::Line;
use notes::Told;

/// Translates until stdin ends.
///
/// A thread reads and parses up to [`WINDOW`] lines ahead while the lines before them are translated.
/// All lines that have arrived, at most a window, are translated together, in batches of similar
/// length; a single line is translated at once. The memory used does not grow with the input.
/// Translation and printing alternate on this thread: printing takes little time.
pub(super) fn run(arguments: &TranslateArguments) -> Result<ExitCode> {
    let translator = open(arguments)?;
    if !ranks::all().is_first() {
        return follow(&translator);
    }
    translator.remarks().iter().for_each(|remark| output::note(remark));
    if arguments.heads && !translator.has_heads() {
        let why = match translator.attends() {
            _ if arguments.model.runs.names().len() > 1 => "an ensemble has no heads",
            true => "only attention = multi_head has heads",
            false => "the run has no attention",
        };
        output::note(&format!("--heads: {why}, so there is no key heads in the output"));
    }
    let mut told = Told::default();
    let progress = output::StdinProgress::show();
    let (sender, lines) = sync_channel(WINDOW);
    let (json, bytes) = (arguments.json, progress.bytes());
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        read(io::stdin().lock(), json, bytes, &sender);
    })?;
    let mut trouble = Ok(());
    let mut size = FIRST_WINDOW;
    while let Some((window, error)) = next_window(&lines, size, || Work::default().tell())? {
        let begun = Instant::now();
        let printed = translated(&translator, arguments, &window, &mut told)?;
        size = next_size(size, window.len(), begun.elapsed().as_secs_f64());
        if let Err(error) = output::data_lines(&printed) {
            trouble = Err(error.into());
            break;
        }
        if let Some(last) = window.last() {
            progress.set(last.end);
        }
        trouble = error;
        if trouble.is_err() {
            break;
        }
    }
    of_first(&ranks::all(), Some(&Option::<Work>::None))?;
    drop(progress);
    told.say(&translator);
    trouble.map(|()| ExitCode::SUCCESS)
}

/// Opens the model with the requested decoding.
fn open(arguments: &TranslateArguments) -> Result<Translator> {
    let options = arguments.decoding.options(arguments.n_best)?;
    if arguments.samples.is_none() && arguments.sampling.is_given() {
        return Err(eyre!(
            "--temperature, --top-k, --top-p, --min-p, --seed: nothing is sampled; give --samples N"
        ));
    }
    let unknown_words = arguments.decoding.unknown_words()?;
    let mut translator = model::open(&arguments.model)?.with_options(options);
    if arguments.align.is_some() {
        model::check_attention(&translator, "--align")?;
    }
    if let Some(samples) = arguments.samples {
        let sampling = arguments.sampling.options(1.0, samples);
        let constraints = options.constraints;
        translator = translator.with_sampling(SamplingOptions { constraints, ..sampling });
    }
    if let Some(unknown_words) = unknown_words {
        translator = translator.with_unknown_words(unknown_words);
    }
    Ok(translator
        .with_alternatives(arguments.alternatives.unwrap_or(0))
        .with_heads(arguments.heads && arguments.json))
}

/// Translates the lines of a window. Returns the lines to print.
fn translated(
    translator: &Translator,
    arguments: &TranslateArguments,
    window: &[Line],
    told: &mut Told,
) -> Result<Vec<String>> {
    // A window of no lines comes before an error.
    if window.is_empty() {
        return Ok(Vec::new());
    }
    let prefix = |line: &Line| line.prefix.clone().or_else(|| arguments.prefix.clone());
    let request = |(number, line): (u64, &Line)| TranslationRequest {
        source: line.source.clone(),
        prefix: prefix(line).unwrap_or_default(),
        number,
    };
    let requests: Vec<_> = (told.lines()..).zip(window).map(request).collect();
    let pairs = window.iter().filter_map(pair_to_score).collect();
    let (translations, scores) = Work { requests, pairs }.shared(translator)?;
    if translations.len() != window.len() {
        return Err(eyre!("{} lines gave {} translations", window.len(), translations.len()));
    }
    let mut scores = scores.into_iter();
    let score = |line: &Line| line.target.as_ref().and_then(|_| scores.next());
    let scores: Vec<Option<PairScore>> = window.iter().map(score).collect();
    let is_list = arguments.n_best.max(arguments.samples.unwrap_or(1)) > 1;
    let mut printed = Vec::with_capacity(window.len());
    for ((line, translation), score) in window.iter().zip(&translations).zip(&scores) {
        let number = told.lines();
        told.count(translation, score.as_ref());
        if arguments.json {
            let (text, replaced) = json_line(line, translation, score.as_ref(), arguments.align)?;
            told.count_replaced_fields(&replaced);
            printed.push(text);
        } else if is_list {
            let of_candidates = text_lines::of_candidates(number, translation, arguments.align);
            printed.extend(of_candidates);
        } else {
            printed.push(text_lines::of_best(translation, arguments.align));
        }
    }
    Ok(printed)
}

/// Returns the pair to score, if the line has a target.
fn pair_to_score(line: &Line) -> Option<(String, String)> {
    Some((line.source.clone(), line.target.clone()?))
}

/// What the ranks do together for a window.
#[derive(Default, Serialize, Deserialize)]
struct Work {
    requests: Vec<TranslationRequest>,
    /// Sources and targets to score.
    pairs: Vec<(String, String)>,
}

impl Work {
    /// Tells the other ranks, if there are any, that there is no work yet: they do not wait for ever.
    fn tell(self) -> Result<()> {
        let ranks = ranks::all();
        if !ranks.is_alone() {
            of_first(&ranks, Some(&Some(self)))?;
        }
        Ok(())
    }

    /// Tells the other ranks, if there are any, and does the work with them.
    fn shared(self, translator: &Translator) -> Result<(Vec<Translation>, Vec<PairScore>)> {
        let ranks = ranks::all();
        if ranks.is_alone() {
            return self.done(translator);
        }
        // Rank 0 hears what it told, as the others do.
        let work = of_first(&ranks, Some(&Some(self)))?;
        work.map_or_else(|| Ok(Default::default()), |work| work.done(translator))
    }

    /// Translates, and scores the targets that were given, in one batch.
    fn done(&self, translator: &Translator) -> Result<(Vec<Translation>, Vec<PairScore>)> {
        let translations = translator.translate_requests(&self.requests)?;
        if self.pairs.is_empty() {
            return Ok((translations, Vec::new()));
        }
        let pair = |(source, target): &(String, String)| Pair::from((&**source, &**target));
        let pairs: Vec<Pair> = self.pairs.iter().map(pair).collect();
        Ok((translations, translator.score_pairs(&pairs)?))
    }
}

/// Works on the windows of rank 0, which reads and prints.
fn follow(translator: &Translator) -> Result<ExitCode> {
    while let Some(work) = of_first::<Option<Work>>(&ranks::all(), None)? {
        if !work.requests.is_empty() {
            work.done(translator)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
