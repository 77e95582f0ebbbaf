//! `tui translate`: translates stdin to stdout, line by line.

use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::decode::SamplingOptions;
use seq2seq::{ReadOptions, TextFile, Translation, Translator};

use super::model;
use crate::args::TranslateArguments;
use crate::format::{count, several};
use crate::output;

/// Maximum number of lines translated in one batch.
const BATCH: usize = 64;
/// Maximum number of lines read ahead.
const AHEAD: usize = 4 * BATCH;

/// Translates until stdin ends. A single line is translated immediately, many lines in batches.
pub(super) fn run(arguments: &TranslateArguments) -> Result<ExitCode> {
    let translator = open(arguments)?;
    if let Some(remark) = translator.remark() {
        output::note(&remark);
    }
    let mut told = Told::default();
    let (sender, lines) = sync_channel(AHEAD);
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        read(io::stdin().lock(), &sender);
    })?;
    while let Some((batch, trouble)) = next_batch(&lines) {
        let translations =
            if batch.is_empty() { Vec::new() } else { translator.translate(&batch)? };
        if translations.len() != batch.len() {
            return Err(eyre!("{} lines gave {} translations", batch.len(), translations.len()));
        }
        for translation in &translations {
            told.count(translation);
            if arguments.json {
                output::data(&serde_json::to_string(translation)?)?;
            } else if arguments.n_best.max(arguments.samples.unwrap_or(1)) > 1 {
                for candidate in &translation.n_best {
                    let (line, score) = (told.lines - 1, candidate.score);
                    output::data(&format!("{line} ||| {} ||| {score:.4}", candidate.target))?;
                }
            } else {
                output::data(&translation.target)?;
            }
        }
        if let Err(error) = trouble {
            told.say(&translator);
            return Err(error);
        }
    }
    told.say(&translator);
    Ok(ExitCode::SUCCESS)
}

/// Opens the model with the requested decoding.
fn open(arguments: &TranslateArguments) -> Result<Translator> {
    let options = arguments.decoding.options(arguments.n_best)?;
    let unknown_words = arguments.decoding.unknown_words()?;
    let mut translator = model::open(&arguments.model)?.with_options(options);
    if let Some(samples) = arguments.samples {
        let sampling = arguments.sampling.options(1.0, samples);
        let constraints = options.constraints;
        translator = translator.with_sampling(SamplingOptions { constraints, ..sampling });
    }
    if let Some(unknown_words) = unknown_words {
        translator = translator.with_unknown_words(unknown_words);
    }
    Ok(translator)
}

/// Counts of lines for the notes on stderr.
#[derive(Default)]
struct Told {
    lines: u64,
    truncated: u64,
    emptied: u64,
}

impl Told {
    fn count(&mut self, translation: &Translation) {
        self.lines += 1;
        self.truncated += u64::from(translation.truncated);
        let is_emptied =
            translation.source_tokens.is_empty() && !translation.source.trim().is_empty();
        self.emptied += u64::from(is_emptied);
    }

    fn say(&self, translator: &Translator) {
        let lines = several(self.lines, "line");
        if self.truncated > 0 {
            output::note(&format!(
                "{} of {lines} cut at {}, before the end token; --max-length N cuts elsewhere",
                count(self.truncated),
                translator.limit_in_words()
            ));
        }
        if self.emptied > 0 {
            output::note(&format!(
                "{} of {lines} empty after the run's source_recipe, which keeps none of their \
                 characters: they were translated into empty lines",
                count(self.emptied)
            ));
        }
    }
}

/// Waits for a line and returns all waiting lines, with the error that followed them, if any;
/// `None` at the end.
fn next_batch(lines: &Receiver<Result<String>>) -> Option<(Vec<String>, Result<()>)> {
    let mut batch = Vec::new();
    let mut next = lines.recv().ok();
    while let Some(line) = next {
        match line {
            Ok(line) => batch.push(line),
            Err(error) => return Some((batch, Err(error))),
        }
        next = if batch.len() < BATCH { lines.try_recv().ok() } else { None };
    }
    (!batch.is_empty()).then_some((batch, Ok(())))
}

/// Sends the lines of `reader` until they end, an error occurs, or the receiver is dropped. UTF-8
/// text is sent line by line as it arrives. If the first bytes show another encoding, compressed
/// data or binary data, the input is read completely, like a file.
fn read(mut reader: impl BufRead, sender: &SyncSender<Result<String>>) {
    let is_text = match reader.fill_buf().map(is_utf8) {
        Ok(is_text) => is_text,
        Err(error) => return drop(sender.send(Err(error).wrap_err("stdin"))),
    };
    if is_text {
        for line in Lines::new(reader) {
            let last = line.is_err();
            if sender.send(line).is_err() || last {
                break;
            }
        }
        return;
    }
    match TextFile::from_reader("stdin", reader, ReadOptions::ANY) {
        Ok(text) => {
            text.notes().iter().for_each(|note| output::note(note));
            let mut lines = text.lines().map(|line| Ok(line.to_owned()));
            while lines.next().is_some_and(|line| sender.send(line).is_ok()) {}
        }
        Err(error) => drop(sender.send(Err(error.into()))),
    }
}

/// Returns true if text that begins with these bytes may be UTF-8: they contain no zero byte, and
/// no invalid sequence at the start.
fn is_utf8(head: &[u8]) -> bool {
    let starts_well = str::from_utf8(head)
        .map_or_else(|wrong| wrong.error_len().is_none() || wrong.valid_up_to() >= 4, |_| true);
    starts_well && !head.contains(&0)
}

/// Iterator over lines of UTF-8 text with LF or CRLF, without the byte order mark of the first one.
struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        match self.reader.read_until(b'\n', &mut bytes).wrap_err("stdin") {
            Ok(0) => return None,
            Ok(_) => self.number += 1,
            Err(error) => return Some(Err(error)),
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        let number = self.number;
        Some(match String::from_utf8(bytes) {
            Ok(line) if number == 1 => Ok(line.trim_start_matches('\u{feff}').to_owned()),
            Ok(line) => Ok(line),
            Err(error) => Err(eyre!(
                "stdin, line {number}: not UTF-8 (at byte {})",
                error.utf8_error().valid_up_to() + 1
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts_empty_ones_too() {
        let text = "\u{feff}one\r\n\n  two \nthree";
        let lines: Vec<String> = Lines::new(text.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(lines, ["one", "", "  two ", "three"]);
        assert_eq!(Lines::new("".as_bytes()).count(), 0);
    }

    #[test]
    fn broken_text_names_its_line() {
        let mut lines = Lines::new(&b"fine\nbro\xffken\n"[..]);
        assert_eq!(lines.next().unwrap().unwrap(), "fine");
        let error = lines.next().unwrap().unwrap_err().to_string();
        assert_eq!(error, "stdin, line 2: not UTF-8 (at byte 4)");
    }

    #[test]
    fn other_encodings_are_read_as_of_files() {
        let sent = |bytes: &[u8]| {
            let (sender, lines) = sync_channel(AHEAD);
            read(bytes, &sender);
            drop(sender);
            lines.iter().map(|line| line.map_err(|e| e.to_string())).collect::<Vec<_>>()
        };
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(sent(&wide("\u{feff}été\r\nun\n")), [Ok("été".to_owned()), Ok("un".to_owned())]);
        assert_eq!(sent(&wide("chat\n")), [Ok("chat".to_owned())]);
        let zip = sent(b"PK\x03\x04\x14\0\0\0");
        assert!(matches!(&zip[..], [Err(error)] if error.contains("unzip")), "{zip:?}");
        assert_eq!(sent("é\n".as_bytes()), [Ok("é".to_owned())]);
    }

    #[test]
    fn batches_hold_what_waits_and_end_with_the_error() {
        let (sender, lines) = sync_channel(AHEAD);
        for i in 0..70 {
            sender.send(Ok(i.to_string())).unwrap();
        }
        sender.send(Err(eyre!("broken"))).unwrap();
        drop(sender);
        assert_eq!(next_batch(&lines).unwrap().0.len(), BATCH);
        let (rest, trouble) = next_batch(&lines).unwrap();
        assert_eq!(rest.len(), 6);
        assert!(trouble.is_err());
        assert!(next_batch(&lines).is_none());
    }
}
