//! The timeline: which of the stored maps is shown.

use std::time::Duration;

use seq2seq::event::{Flow, Sample, Samples};

use super::Model;
use crate::dashboard::history::{AtStep, Axis, Shared};
use crate::dashboard::mode::Movement;
use crate::dashboard::timeline::Timeline;
use crate::format::{count, duration};

/// Time in which all maps are played.
const WHOLE: Duration = Duration::from_secs(8);
/// Seconds by which a key goes back.
const HALF_MINUTE: f64 = 30.0;
/// Minimum and maximum time for which one map is shown.
const EACH: (Duration, Duration) = (Duration::from_millis(80), Duration::from_millis(400));

impl Model {
    fn shown_maps(&self) -> Option<&Shared<Samples>> {
        self.timeline.chosen.as_ref().or_else(|| self.history.maps.newest())
    }

    /// Returns the samples of held-out sentences at the shown step.
    pub(in crate::dashboard) fn samples(&self) -> &[Sample] {
        self.shown_maps().map_or(&[], |maps| &maps.samples)
    }

    /// Returns the step of the shown samples.
    pub(in crate::dashboard) fn samples_step(&self) -> u64 {
        self.shown_maps().map_or(0, |maps| maps.step)
    }

    /// Returns the gradient flow at the shown step.
    pub(in crate::dashboard) fn flow(&self) -> Option<&Flow> {
        let flows = &self.history.flows;
        let flow = match &self.timeline.chosen {
            Some(maps) => flows.at(maps.step),
            None => flows.newest(),
        };
        flow.map(|flow| &**flow)
    }

    /// Returns true while the user looks at earlier maps than the newest ones.
    pub(in crate::dashboard) fn is_scrubbed(&self) -> bool {
        self.timeline.chosen.is_some()
    }

    /// Returns true while the maps are played as an animation.
    pub(in crate::dashboard) fn is_playing(&self) -> bool {
        self.timeline.next.is_some()
    }

    /// Returns the step of the shown maps in words, the longest form first: `step 1,200 of 5,400,
    /// 30s ago`.
    pub(in crate::dashboard) fn shown_step_words(&self) -> [String; 3] {
        let step = self.samples_step();
        let short = format!("step {}", count(step));
        if !self.is_scrubbed() {
            return [format!("{short}, the newest"), short.clone(), short];
        }
        let of = format!("{short} of {}", count(self.history.run_state.steps()));
        let seconds = self.history.run_state.seconds();
        let ago = (seconds - self.history.clock.at(step as f64, Axis::Time)).max(0.0);
        [format!("{of}, {} ago", duration(ago)), of, short]
    }

    /// Returns the place of the shown maps among those kept, and their number.
    pub(in crate::dashboard) fn timeline_place(&self) -> (usize, usize) {
        let maps = &self.history.maps;
        let place = match &self.timeline.chosen {
            Some(chosen) => maps.before(chosen.step),
            None => maps.len().saturating_sub(1),
        };
        (place, maps.len())
    }

    /// Moves along the timeline.
    pub(super) fn travel(&mut self, movement: Movement) {
        self.timeline.next = None;
        if self.history.maps.len() < 2 {
            self.timeline.chosen = None;
            self.tell("no earlier maps are stored yet");
            return;
        }
        let (place, number) = self.timeline_place();
        let known = self.history.maps.get(place).map(AtStep::step) == Some(self.samples_step());
        let to = match movement {
            Movement::Earlier => place.saturating_sub(1),
            Movement::HalfMinute => self.place_before(place, HALF_MINUTE),
            // Thinning may have removed the shown maps; then `place` is that of the next ones.
            Movement::Later if !known => place,
            Movement::Later => place + 1,
            Movement::First => 0,
            Movement::Newest => number,
        };
        self.show_maps(to);
    }

    /// Shows the maps at a place of the timeline.
    pub(super) fn show_stored(&mut self, place: usize) {
        self.timeline.next = None;
        self.show_maps(place);
    }

    /// Returns the place of the maps that many seconds of training before others, or of the first.
    fn place_before(&self, place: usize, seconds: f64) -> usize {
        let maps = &self.history.maps;
        let time = |place: usize| {
            let step = maps.get(place).map_or(0, AtStep::step);
            self.history.clock.at(step as f64, Axis::Time)
        };
        // The newest maps are those of now.
        let now = if self.is_scrubbed() { time(place) } else { self.history.run_state.seconds() };
        (0..place).rev().find(|&earlier| time(earlier) <= now - seconds).unwrap_or(0)
    }

    fn show_maps(&mut self, place: usize) {
        let newest = self.history.maps.len().saturating_sub(1);
        // The newest maps are followed; so live updates are shown again.
        self.timeline.chosen = self.history.maps.get(place).filter(|_| place < newest).cloned();
        self.selected = self.selected.min(self.sample_count().saturating_sub(1));
        self.dirty = true;
    }

    /// Starts the animation, from the first maps if the newest are shown, or stops it.
    pub(super) fn play(&mut self) {
        if self.timeline.next.take().is_some() {
            return;
        }
        if self.history.maps.len() < 2 {
            self.tell("no earlier maps are stored yet");
            return;
        }
        if !self.is_scrubbed() {
            self.show_maps(0);
        }
        self.timeline.next = Some(self.now + self.frame_time());
    }

    fn frame_time(&self) -> Duration {
        let number = u32::try_from(self.history.maps.len()).unwrap_or(u32::MAX).max(1);
        (WHOLE / number).clamp(EACH.0, EACH.1)
    }

    /// Shows the next maps of the animation if it is time; the newest end it.
    pub(super) fn tick_timeline(&mut self) {
        let Some(next) = self.timeline.next.filter(|next| *next <= self.now) else { return };
        let frame = self.frame_time();
        self.travel(Movement::Later);
        // After a pause of the process, no frames are skipped.
        self.timeline.next = self.is_scrubbed().then_some((next + frame).max(self.now));
        self.answers_key = true;
    }

    /// Returns the time until the next maps of the animation, if it is playing.
    pub(in crate::dashboard) fn next_frame(&self) -> Option<Duration> {
        self.timeline.next.map(|next| next.saturating_sub(self.now))
    }

    /// Shows the newest maps again, of another history.
    pub(super) fn leave_timeline(&mut self) {
        self.timeline = Timeline::default();
    }
}
