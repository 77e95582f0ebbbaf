//! The log of the dashboard: events, warnings and controls in words.

use std::collections::VecDeque;

use seq2seq::event::{CheckpointKind, EndReason, Start};
use seq2seq::inspection::UnitCorrelations;
use seq2seq::{Event, Inspection};
use serde::{Deserialize, Serialize};

use crate::format::{count, estimated, number, several};
use crate::headless::{changed_words, told};
use crate::summary::measured;

/// Maximum number of entries kept.
const ENTRIES: usize = 2000;
/// Columns for which the length of the log is estimated, those of the smallest screen.
const NARROW: usize = 30;

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The beginning, the end, or a stage of the run.
    Event,
    /// A warning.
    Warning,
    /// The metrics of the held-out examples, or a checkpoint of the best ones.
    Validation,
    /// A command that was executed.
    Control,
}

/// An entry of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The kind.
    pub kind: Kind,
    /// Optimizer steps done, if known.
    pub step: Option<u64>,
    /// What happened.
    pub text: String,
}

/// The entries, the kind that is shown, and the position.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    left_out: u64,
    #[serde(skip)]
    filter: Option<Kind>,
    #[serde(skip)]
    back: usize,
}

impl Journal {
    /// Takes the kind that is shown and the position from another log.
    pub(super) fn keep_view(&mut self, shown: &Self) {
        (self.filter, self.back) = (shown.filter, shown.back);
    }

    /// Appends the entries of a later part of the run; those that it repeats are left out.
    pub(super) fn append(&mut self, later: Self) {
        let last = self.entries.iter().filter_map(|entry| entry.step).max();
        for entry in later.entries {
            let repeated = entry.step.is_some_and(|step| {
                last.is_some_and(|last| step < last)
                    || self.entries.iter().rev().take_while(|old| old.step >= Some(step)).any(
                        |old| {
                            (old.step, old.kind, &old.text) == (entry.step, entry.kind, &entry.text)
                        },
                    )
            });
            if !repeated {
                self.add(entry);
            }
        }
        self.left_out += later.left_out;
    }

    fn add(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if self.entries.len() > ENTRIES {
            self.entries.pop_front();
            self.left_out += 1;
        }
    }

    /// Adds an entry for an event that has one.
    pub(super) fn apply(&mut self, event: &Event) {
        let Some(entry) = entry(event) else { return };
        if let Event::Start(start) = event {
            // A resumed run repeats the steps after its checkpoint.
            self.entries.retain(|entry| entry.step.is_none_or(|step| step <= start.step));
        }
        self.add(entry);
    }

    /// Returns the number of entries, those that are no longer kept included.
    pub(super) fn count(&self) -> u64 {
        self.entries.len() as u64 + self.left_out
    }

    /// Returns the number of the oldest entries, which are no longer kept.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Returns the entries of the selected kind.
    pub(super) fn shown(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(|entry| self.filter.is_none_or(|kind| entry.kind == kind))
    }

    /// Returns the name of the selected kind.
    pub(super) fn filter_name(&self) -> &'static str {
        match self.filter {
            None => "all entries",
            Some(Kind::Event) => "stages",
            Some(Kind::Warning) => "warnings",
            Some(Kind::Validation) => "validations",
            Some(Kind::Control) => "controls",
        }
    }

    /// Selects the next kind, and scrolls to the end.
    pub(super) fn next_filter(&mut self) {
        self.filter = match self.filter {
            None => Some(Kind::Warning),
            Some(Kind::Warning) => Some(Kind::Validation),
            Some(Kind::Validation) => Some(Kind::Control),
            Some(Kind::Control) => Some(Kind::Event),
            Some(Kind::Event) => None,
        };
        self.back = 0;
    }

    /// Returns the number of lines between the last line shown and the end.
    pub(super) fn back(&self) -> usize {
        self.back
    }

    /// Scrolls up by a number of lines; down if it is negative.
    pub(super) fn scroll(&mut self, lines: i8) {
        let most: usize = self.shown().map(|entry| 1 + entry.text.len() / NARROW).sum();
        let distance = usize::from(lines.unsigned_abs());
        self.back = match lines {
            i8::MIN => 0,
            0.. => (self.back + distance).min(most),
            _ => self.back.saturating_sub(distance),
        };
    }
}

/// Returns the entry of an event; `None` for steps, samples, gradient flow and the regular
/// checkpoints, which the other pages show.
fn entry(event: &Event) -> Option<Entry> {
    let of = |kind, step, text| Some(Entry { kind, step, text });
    match event {
        Event::Phase { text } => of(Kind::Event, None, format!("{text} ...")),
        Event::Start(start) => of(Kind::Event, Some(start.step), begun(start)),
        Event::Estimate(estimate) => {
            of(Kind::Event, None, format!("estimate: {}", estimated(estimate).join(", ")))
        }
        Event::Validation(validation) => {
            let mut parts = vec![format!("held-out loss {}", number(validation.metrics.loss))];
            parts.extend(measured(validation));
            if validation.best {
                parts.push("the best so far".to_owned());
            }
            of(Kind::Validation, Some(validation.step), parts.join(", "))
        }
        Event::Checkpoint { step, kind: CheckpointKind::Best } => {
            of(Kind::Validation, Some(*step), "the best checkpoint was written".to_owned())
        }
        Event::Changed(changed) => of(Kind::Control, Some(changed.step), changed_words(changed)),
        Event::Control { step, command } => of(Kind::Control, Some(*step), told(command)),
        Event::Warning { step, text } => of(Kind::Warning, Some(*step), text.clone()),
        Event::End(end) => {
            let why = match end.reason {
                EndReason::Finished => "finished",
                EndReason::Stopped => "stopped by the user, and saved",
                EndReason::NotFinite => "ended: a value was not finite",
                EndReason::Failed => "ended by an error",
                EndReason::EarlyStopped => "stopped early: validations no longer improved",
            };
            of(Kind::Event, Some(end.step), why.to_owned())
        }
        Event::Translation(sample) => {
            let output = sample.output_text.clone().unwrap_or_else(|| sample.output.join(" "));
            of(Kind::Control, None, format!("translated: {output}"))
        }
        Event::Inspection(found) => of(Kind::Control, None, inspected(found)),
        Event::HeldOut(maps) => {
            let output = maps.free.output_text.clone().unwrap_or_default();
            let text = format!("held-out sentence {}: {output}", maps.number);
            of(Kind::Control, None, text)
        }
        Event::Units(found) => of(Kind::Control, None, followed(found)),
        Event::Histogram(found) => {
            of(Kind::Control, Some(found.step), format!("histogram of {}", found.name))
        }
        Event::Refused { command, reason } => {
            of(Kind::Control, None, format!("refused: {}: {reason}", told(command)))
        }
        Event::Checkpoint { .. }
        | Event::Step(_)
        | Event::Samples(_)
        | Event::Flow(_)
        | Event::Ranks(_) => None,
    }
}

/// Describes an inspection: the translation, and the one with the changes.
fn inspected(found: &Inspection) -> String {
    let plain = &found.without.output_text;
    match &found.with {
        None => format!("inspected: {plain}"),
        Some(with) if with.output_text == *plain => {
            format!("inspected: {plain}; the same with the changes")
        }
        Some(with) => format!("inspected: {plain}; with the changes: {}", with.output_text),
    }
}

/// Describes the unit that follows words most.
fn followed(found: &UnitCorrelations) -> String {
    let (request, first) = (&found.request, found.order().first().copied());
    let most = first.map_or_else(String::new, |unit| {
        format!(", unit {unit} most: {:.2}", found.correlations[unit])
    });
    let words = request.words.join(" ");
    format!("units of {} of {} that follow `{words}`{most}", request.gate, request.layer)
}

fn begun(start: &Start) -> String {
    let verb = if start.step > 0 { "training is resumed" } else { "training begins" };
    let mut text = format!(
        "{verb}: {} on {}, {}, {} training and {} held-out examples",
        start.preset,
        start.data,
        several(start.parameters, "parameter"),
        count(start.train_pairs),
        count(start.valid_pairs),
    );
    if !start.model.is_empty() {
        text += &format!("; {}", start.model);
    }
    for (name, changes) in [
        ("differs from the preset", &start.differences),
        ("changed by this resume", &start.changes),
    ] {
        if !changes.is_empty() {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            text += &format!("; {name}: {}", changes.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(step: u64) -> Event {
        Event::Warning { step, text: format!("warning {step}") }
    }

    #[test]
    fn entries_are_filtered_and_the_oldest_are_counted() {
        let mut journal = Journal::default();
        journal.apply(&Event::Phase { text: "reading".into() });
        for step in 1..=2500 {
            journal.apply(&warning(step));
        }
        assert_eq!((journal.count(), journal.left_out()), (2501, 501));
        assert_eq!(journal.shown().next().map(|entry| entry.step), Some(Some(501)));
        journal.next_filter();
        assert_eq!((journal.filter_name(), journal.shown().count()), ("warnings", 2000));
        journal.next_filter();
        assert_eq!((journal.filter_name(), journal.shown().count()), ("validations", 0));
        (0..3).for_each(|_| journal.next_filter());
        assert_eq!(journal.filter_name(), "all entries");
    }

    #[test]
    fn the_position_stays_within_the_log() {
        let mut journal = Journal::default();
        (1..=3).for_each(|step| journal.apply(&warning(step)));
        journal.scroll(-1);
        assert_eq!(journal.back(), 0);
        journal.scroll(2);
        assert_eq!(journal.back(), 2);
        journal.scroll(100);
        assert_eq!(journal.back(), 3);
        journal.scroll(i8::MIN);
        assert_eq!(journal.back(), 0);
    }
}
