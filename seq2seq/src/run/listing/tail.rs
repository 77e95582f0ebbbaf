//! The end of a run's log, read backward.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::event::{End, Event, Start, Validation};
use crate::{Error, Result};

/// Bytes at the end of the log that are read first.
const FIRST: u64 = 1 << 18;
/// Maximum number of bytes that are read in search of a step.
const MOST: u64 = 1 << 24;
/// Maximum bytes of the first line, which names the length of the run.
const HEAD: u64 = 1 << 16;
/// Maximum number of steps over which the loss is averaged.
const WINDOW: usize = 50;

/// What the end of a log says.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The end of the run, if nothing but a checkpoint follows it.
    pub(super) end: Option<End>,
    /// The newest step.
    pub(super) step: Option<u64>,
    pub(super) seconds: Option<f64>,
    /// Mean loss of the newest steps.
    pub(super) loss: Option<f64>,
    /// The newest validation that was the best so far.
    pub(super) best: Option<Validation>,
    pub(super) steps_per_epoch: Option<u64>,
    /// The last step, if the newest start, or a later change of the epochs, is near the end.
    pub(super) last_step: Option<u64>,
}

/// Reads the end of a log.
///
/// # Errors
/// The file cannot be read.
pub(super) fn read_tail(path: &Path) -> Result<Tail> {
    let io = || Error::io("read", path);
    let mut file = File::open(path).map_err(io())?;
    let length = file.metadata().map_err(io())?.len();
    let mut window = FIRST;
    loop {
        let from = length.saturating_sub(window);
        file.seek(SeekFrom::Start(from)).map_err(io())?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file).take(window).read_to_end(&mut bytes).map_err(io())?;
        if from > 0 {
            // The first line is cut.
            let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
            bytes.drain(..end);
        }
        let mut tail = tail_of(&bytes);
        if tail.step.is_some() || from == 0 || window >= MOST {
            if tail.steps_per_epoch.is_none() {
                let start = first_line(&mut file).map_err(io())?;
                tail.steps_per_epoch = start.map(|start| start.steps_per_epoch);
            }
            return Ok(tail);
        }
        window = window.saturating_mul(4);
    }
}

/// Returns the first event, if it is a start.
fn first_line(file: &mut File) -> std::io::Result<Option<Start>> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.take(HEAD).read_to_end(&mut bytes)?;
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(match Event::from_line(line) {
        Ok(Event::Start(start)) => Some(*start),
        _ => None,
    })
}

/// Reads lines from the last to the first, and parses only those that matter.
fn tail_of(bytes: &[u8]) -> Tail {
    let mut tail = Tail::default();
    let mut losses = Vec::new();
    let mut wanted = WINDOW;
    let is = |line: &[u8], event: &str| {
        let begin = line.strip_prefix(b"{\"event\":\"".as_slice());
        begin
            .and_then(|rest| rest.strip_prefix(event.as_bytes()))
            .is_some_and(|rest| rest.first() == Some(&b'"'))
    };
    for line in bytes.rsplit(|&byte| byte == b'\n') {
        let matters = (Event::is_step_line(line) && losses.len() < wanted)
            || (is(line, "validation") && tail.best.is_none())
            || (is(line, "start") && tail.steps_per_epoch.is_none())
            || (is(line, "changed") && tail.last_step.is_none())
            || (is(line, "end") && tail.step.is_none() && tail.end.is_none());
        if !matters {
            continue;
        }
        // A damaged line, or one of a newer program, says nothing.
        match Event::from_line(line) {
            Ok(Event::Step(step)) => {
                if tail.step.is_none() {
                    wanted = usize::try_from(step.step / 10).map_or(WINDOW, |n| n.clamp(1, WINDOW));
                    tail.step = Some(step.step);
                    tail.seconds = Some(step.seconds);
                }
                losses.push(step.loss);
            }
            Ok(Event::Validation(validation)) if validation.best => tail.best = Some(validation),
            Ok(Event::Start(start)) => {
                tail.steps_per_epoch = Some(start.steps_per_epoch);
                tail.last_step = tail.last_step.or(start.last_step);
                if tail.step.is_none() {
                    // The newest process has made no step yet.
                    tail.step = Some(start.step);
                    tail.seconds = Some(start.seconds);
                }
            }
            Ok(Event::Changed(changed)) => tail.last_step = changed.last_step,
            Ok(Event::End(end)) => tail.end = Some(end),
            _ => {}
        }
    }
    if !losses.is_empty() {
        tail.loss = Some(losses.iter().sum::<f64>() / losses.len() as f64);
    }
    tail
}
