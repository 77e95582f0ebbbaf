//! The lines of stdin, read on their own thread.

use std::io::BufRead;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::{ReadOptions, TextFile};

use super::json_line;
use super::line::Line;
use crate::output;

/// Maximum number of lines translated together, and of lines read ahead.
pub(super) const WINDOW: usize = 1024;
/// Maximum number of lines of the first window.
pub(super) const FIRST_WINDOW: usize = 64;
/// Maximum number of lines of a window if the model is slow.
const LEAST_WINDOW: usize = 16;
/// How long a line is waited for before the ranks that wait, too, are told so.
const IDLE: Duration = Duration::from_secs(60);
/// Bytes of text after which a window has no further line, because the attention weights of a window
/// of very long lines would need much memory.
const WINDOW_BYTES: usize = 1 << 18;

/// Parses line `number`: as JSON if `json` is true and it begins with `{`.
fn parse(text: String, json: bool, number: u64, end: u64) -> Result<Line> {
    if json && text.trim_start().starts_with('{') {
        let line = json_line::parse(&text).map_err(|e| eyre!("stdin, line {number}: {e}"))?;
        return Ok(Line { end, ..line });
    }
    Ok(Line { source: text, end, ..Line::default() })
}

/// Returns the maximum number of lines of the next window, so that a window takes a few seconds: many
/// lines form better batches, but are printed only when all of them are translated. The last window
/// of at most `size` lines had `lines` lines and took `seconds`.
pub(super) fn next_size(size: usize, lines: usize, seconds: f64) -> usize {
    if seconds > 4.0 {
        (size / 2).max(LEAST_WINDOW)
    } else if seconds < 1.0 && lines == size {
        (size * 2).min(WINDOW)
    } else {
        size
    }
}

/// Waits for a line and returns it with all waiting lines, at most `size`, and with the error that
/// followed them, if any; `None` at the end. Calls `idle` now and then while there is none.
pub(super) fn next_window(
    lines: &Receiver<Result<Line>>,
    size: usize,
    mut idle: impl FnMut() -> Result<()>,
) -> Result<Option<(Vec<Line>, Result<()>)>> {
    let mut window = Vec::new();
    let mut bytes = 0;
    let mut next = loop {
        match lines.recv_timeout(IDLE) {
            Err(RecvTimeoutError::Timeout) => idle()?,
            line => break line.ok(),
        }
    };
    while let Some(line) = next {
        match line {
            Ok(line) => {
                bytes += line.source.len() + line.target.as_ref().map_or(0, String::len);
                window.push(line);
            }
            Err(error) => return Ok(Some((window, Err(error)))),
        }
        let has_room = window.len() < size && bytes < WINDOW_BYTES;
        next = if has_room { lines.try_recv().ok() } else { None };
    }
    Ok((!window.is_empty()).then_some((window, Ok(()))))
}

/// Sends the lines of `reader` until they end, an error occurs, or the receiver is dropped. UTF-8
/// text is sent line by line as it arrives. If the first bytes show another encoding, compressed
/// data or binary data, the input is read completely, like a file; the lines then have equal shares
/// of its `bytes`.
pub(super) fn read(
    mut reader: impl BufRead,
    json: bool,
    bytes: u64,
    sender: &SyncSender<Result<Line>>,
) {
    let is_text = match reader.fill_buf().map(is_utf8) {
        Ok(is_text) => is_text,
        Err(error) => return drop(sender.send(Err(error).wrap_err("stdin"))),
    };
    if is_text {
        let lines = Lines::new(reader).zip(1..);
        let lines =
            lines.map(|(line, number)| line.and_then(|(text, end)| parse(text, json, number, end)));
        return send(lines, sender);
    }
    match TextFile::from_reader("stdin", reader, ReadOptions::ANY) {
        Ok(text) => {
            text.notes().iter().for_each(|note| output::note(note));
            let count = (text.lines().count() as u64).max(1);
            let lines = text.lines().zip(1..).map(|(text, number)| {
                let end = u128::from(bytes) * u128::from(number) / u128::from(count);
                parse(text.to_owned(), json, number, u64::try_from(end).unwrap_or(bytes))
            });
            send(lines, sender);
        }
        Err(error) => drop(sender.send(Err(error.into()))),
    }
}

/// Sends lines up to the first error.
fn send(lines: impl Iterator<Item = Result<Line>>, sender: &SyncSender<Result<Line>>) {
    for line in lines {
        let is_last = line.is_err();
        if sender.send(line).is_err() || is_last {
            break;
        }
    }
}

/// Returns true if text that begins with these bytes may be UTF-8: they contain no zero byte, and
/// no invalid sequence at the start.
fn is_utf8(head: &[u8]) -> bool {
    let starts_well = str::from_utf8(head)
        .map_or_else(|wrong| wrong.error_len().is_none() || wrong.valid_up_to() >= 4, |_| true);
    starts_well && !head.contains(&0)
}

/// Iterator over lines of UTF-8 text with LF or CRLF, without the byte order mark of the first one,
/// each with the number of bytes up to its end.
struct Lines<R> {
    reader: R,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, number: 0, bytes: 0 }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<(String, u64)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        match self.reader.read_until(b'\n', &mut bytes).wrap_err("stdin") {
            Ok(0) => return None,
            Ok(read) => {
                self.number += 1;
                self.bytes += read as u64;
            }
            Err(error) => return Some(Err(error)),
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        let (number, end) = (self.number, self.bytes);
        Some(match String::from_utf8(bytes) {
            Ok(line) if number == 1 => Ok((line.trim_start_matches('\u{feff}').to_owned(), end)),
            Ok(line) => Ok((line, end)),
            Err(error) => Err(eyre!(
                "stdin, line {number}: not UTF-8 (at byte {})",
                error.utf8_error().valid_up_to() + 1
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn every_line_counts_empty_ones_too() {
        let text = "\u{feff}one\r\n\n  two \nthree";
        let lines: Vec<(String, u64)> = Lines::new(text.as_bytes()).map(Result::unwrap).collect();
        let expected = [("one", 8), ("", 9), ("  two ", 16), ("three", 21)];
        assert_eq!(lines, expected.map(|(line, end)| (line.to_owned(), end)));
        assert_eq!(Lines::new("".as_bytes()).count(), 0);
    }

    #[test]
    fn broken_text_names_its_line() {
        let mut lines = Lines::new(&b"fine\nbro\xffken\n"[..]);
        assert_eq!(lines.next().unwrap().unwrap().0, "fine");
        let error = lines.next().unwrap().unwrap_err().to_string();
        assert_eq!(error, "stdin, line 2: not UTF-8 (at byte 4)");
    }

    fn sent(bytes: &[u8], json: bool) -> Vec<Result<(String, u64), String>> {
        let (sender, lines) = sync_channel(WINDOW);
        read(bytes, json, bytes.len() as u64, &sender);
        drop(sender);
        let line = |line: Line| (line.source, line.end);
        lines.iter().map(|found| found.map(line).map_err(|e| e.to_string())).collect()
    }

    #[test]
    fn other_encodings_are_read_as_of_files() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let lines = sent(&wide("\u{feff}été\r\nun\n"), false);
        assert_eq!(lines, [Ok(("été".to_owned(), 9)), Ok(("un".to_owned(), 18))]);
        assert_eq!(sent(&wide("chat\n"), false), [Ok(("chat".to_owned(), 10))]);
        let zip = sent(b"PK\x03\x04\x14\0\0\0", false);
        assert!(matches!(&zip[..], [Err(error)] if error.contains("unzip")), "{zip:?}");
        assert_eq!(sent("é\n".as_bytes(), false), [Ok(("é".to_owned(), 3))]);
    }

    #[test]
    fn json_is_read_where_it_is_expected_up_to_the_first_error() {
        let text = b"{\"source\": \"a\"}\nb\n {\"source\": 3}\nc\n";
        let lines = sent(text, true);
        assert_eq!(lines[..2], [Ok(("a".to_owned(), 16)), Ok(("b".to_owned(), 18))]);
        assert!(lines[2].as_ref().unwrap_err().starts_with("stdin, line 3: the key source has"));
        assert_eq!(lines.len(), 3);
        assert_eq!(sent(text, false)[0], Ok(("{\"source\": \"a\"}".to_owned(), 16)));
        // White space before the bracket, and lines without one, change nothing.
        assert_eq!(sent(b"\n  [1]\n", true), [Ok((String::new(), 1)), Ok(("  [1]".into(), 7))]);
    }

    #[test]
    fn windows_grow_until_they_take_a_second_and_shrink_if_they_take_long() {
        assert_eq!(next_size(64, 64, 0.5), 128);
        assert_eq!(next_size(WINDOW, WINDOW, 0.5), WINDOW);
        // Few lines were waiting: more would not have come.
        assert_eq!(next_size(64, 3, 0.1), 64);
        assert_eq!(next_size(64, 64, 2.0), 64);
        assert_eq!(next_size(64, 9, 5.0), 32);
        assert_eq!(next_size(LEAST_WINDOW, LEAST_WINDOW, 60.0), LEAST_WINDOW);
    }

    #[test]
    fn windows_hold_what_waits_and_end_with_the_error() {
        let line = |source: &str| Ok(Line { source: source.to_owned(), ..Line::default() });
        let (sender, lines) = sync_channel(2 * WINDOW);
        for i in 0..WINDOW + 6 {
            sender.send(line(&i.to_string())).unwrap();
        }
        sender.send(Err(eyre!("broken"))).unwrap();
        drop(sender);
        assert_eq!(next_window(&lines, WINDOW, || Ok(())).unwrap().unwrap().0.len(), WINDOW);
        let (rest, trouble) = next_window(&lines, WINDOW, || Ok(())).unwrap().unwrap();
        assert_eq!((rest.len(), rest[5].source.as_str()), (6, "1029"));
        assert!(trouble.is_err());
        assert!(next_window(&lines, WINDOW, || Ok(())).unwrap().is_none());

        let (sender, lines) = sync_channel(WINDOW);
        let long = "x".repeat(WINDOW_BYTES / 2);
        (0..3).for_each(|_| sender.send(line(&long)).unwrap());
        assert_eq!(next_window(&lines, WINDOW, || Ok(())).unwrap().unwrap().0.len(), 2);
    }
}
