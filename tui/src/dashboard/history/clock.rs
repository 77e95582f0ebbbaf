//! Epochs, seconds and tokens as functions of the step.

use seq2seq::event::{Start, TrainStep};
use serde::{Deserialize, Serialize};

/// Maximum number of points kept.
const MOST: usize = 2048;

/// The unit of a horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::dashboard) enum Axis {
    /// Optimizer steps.
    #[default]
    Steps,
    /// Passes over the training data.
    Epochs,
    /// Training seconds.
    Time,
    /// Target tokens trained on.
    Tokens,
}

impl Axis {
    /// Returns the next unit.
    pub(in crate::dashboard) fn next(self) -> Self {
        match self {
            Self::Steps => Self::Epochs,
            Self::Epochs => Self::Time,
            Self::Time => Self::Tokens,
            Self::Tokens => Self::Steps,
        }
    }

    /// Returns the name in a sentence.
    pub(in crate::dashboard) fn plural(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Epochs => "epochs",
            Self::Time => "time",
            Self::Tokens => "tokens",
        }
    }

    /// Returns the name that is displayed.
    pub(in crate::dashboard) fn name(self) -> &'static str {
        match self {
            Self::Steps => "step",
            Self::Epochs => "epoch",
            Self::Time => "time",
            Self::Tokens => "tokens",
        }
    }
}

/// The state of a run after a step.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Point {
    step: f64,
    seconds: f64,
    tokens: f64,
}

impl Point {
    const ZERO: Self = Self { step: 0.0, seconds: 0.0, tokens: 0.0 };

    fn on(self, axis: Axis) -> f64 {
        match axis {
            Axis::Steps | Axis::Epochs => self.step,
            Axis::Time => self.seconds,
            Axis::Tokens => self.tokens,
        }
    }
}

/// The progress of a run; between two kept points, it is interpolated.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::dashboard) struct Clock {
    points: Vec<Point>,
    newest: Option<Point>,
    stride: usize,
    since: usize,
    per_epoch: f64,
}

impl Clock {
    /// Notes the length of an epoch, and removes the points that a resumed run repeats.
    pub(in crate::dashboard) fn begin(&mut self, start: &Start) {
        self.per_epoch = start.steps_per_epoch.max(1) as f64;
        self.rewind(start.step);
    }

    fn rewind(&mut self, step: u64) {
        let keep = |point: &Point| point.step <= step as f64;
        self.points.retain(keep);
        self.newest = self.newest.filter(keep).or(self.points.last().copied());
    }

    /// Adds a step.
    pub(in crate::dashboard) fn push(&mut self, step: &TrainStep) {
        let last = self.newest.unwrap_or(Point::ZERO);
        let steps = step.step as f64 - last.step;
        if steps <= 0.0 || !step.seconds.is_finite() {
            return;
        }
        let point = Point {
            step: step.step as f64,
            seconds: step.seconds.max(last.seconds),
            // Steps that did not reach the viewer are counted as large as this one.
            tokens: last.tokens + step.tokens as f64 * steps,
        };
        self.newest = Some(point);
        self.since += 1;
        if self.since < self.stride && !self.points.is_empty() {
            return;
        }
        self.since = 0;
        self.keep(point);
    }

    fn keep(&mut self, point: Point) {
        if self.points.len() >= MOST {
            self.stride = self.stride.max(1) * 2;
            let mut even = false;
            self.points.retain(|_| {
                even = !even;
                even
            });
        }
        self.points.push(point);
    }

    /// Appends the points of a later part of the run.
    pub(in crate::dashboard) fn append(&mut self, later: &Self) {
        let end = self.newest.unwrap_or(Point::ZERO);
        let Some(first) = later.points.iter().find(|point| point.step > end.step) else { return };
        // The later part did not know the tokens of the earlier one, nor those between the two.
        let rate = if end.step > 0.0 { end.tokens / end.step } else { 0.0 };
        let more = end.tokens + rate * (first.step - end.step) - first.tokens;
        let moved = |point: Point| Point { tokens: point.tokens + more.max(0.0), ..point };
        self.stride = self.stride.max(later.stride);
        let points = later.points.iter().filter(|point| point.step > end.step);
        points.for_each(|point| self.keep(moved(*point)));
        self.newest = later.newest.map(moved);
        self.per_epoch = self.per_epoch.max(later.per_epoch);
    }

    /// Returns the position of a step on an axis.
    pub(in crate::dashboard) fn at(&self, step: f64, axis: Axis) -> f64 {
        match axis {
            Axis::Steps => step,
            Axis::Epochs => step / self.per_epoch.max(1.0),
            Axis::Time | Axis::Tokens => self.interpolated(step, Axis::Steps, axis),
        }
    }

    /// Returns the step at a position on an axis.
    pub(in crate::dashboard) fn step_at(&self, position: f64, axis: Axis) -> f64 {
        match axis {
            Axis::Steps => position,
            Axis::Epochs => position * self.per_epoch.max(1.0),
            Axis::Time | Axis::Tokens => self.interpolated(position, axis, Axis::Steps),
        }
    }

    /// Interpolates between the two points around `value` on one axis; beyond the last point, it
    /// continues at the rate of the whole run.
    fn interpolated(&self, value: f64, from: Axis, to: Axis) -> f64 {
        let newest = self.newest.unwrap_or(Point::ZERO);
        let after = self.points.partition_point(|point| point.on(from) < value);
        let low = after.checked_sub(1).and_then(|i| self.points.get(i)).copied();
        let low = low.unwrap_or(Point::ZERO);
        let mut high = self.points.get(after).copied().unwrap_or(newest);
        let mut origin = low;
        if high.on(from) <= low.on(from) {
            (origin, high) = (Point::ZERO, newest);
        }
        let span = high.on(from) - origin.on(from);
        let share = if span > 0.0 { (value - origin.on(from)) / span } else { 0.0 };
        origin.on(to) + share * (high.on(to) - origin.on(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, seconds: f64) -> TrainStep {
        TrainStep {
            step,
            epoch: 1,
            loss: 1.0,
            learning_rate: 0.1,
            gradient_norm: 1.0,
            clipped_norm: 1.0,
            tokens: 100,
            tokens_per_second: 1000.0,
            seconds,
            parameters: Vec::new(),
        }
    }

    fn clock(steps: std::ops::RangeInclusive<u64>) -> Clock {
        let mut clock = Clock { per_epoch: 50.0, ..Clock::default() };
        for i in steps {
            clock.push(&step(i, i as f64 * 0.5 + if i > 5000 { 600.0 } else { 0.0 }));
        }
        clock
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} {b}");
    }

    #[test]
    fn positions_are_interpolated_in_both_directions() {
        let clock = clock(1..=10_000);
        assert!(clock.points.len() <= MOST);
        near(clock.at(200.0, Axis::Steps), 200.0);
        near(clock.at(200.0, Axis::Epochs), 4.0);
        near(clock.at(1234.0, Axis::Time), 617.0);
        near(clock.at(9000.0, Axis::Time), 5100.0);
        near(clock.at(777.0, Axis::Tokens), 77_700.0);
        near(clock.at(10_000.0, Axis::Time), 5600.0);
        for axis in [Axis::Steps, Axis::Epochs, Axis::Time, Axis::Tokens] {
            for at in [0.0, 1.0, 17.0, 4000.0, 9999.0] {
                near(clock.step_at(clock.at(at, axis), axis), at);
            }
        }
    }

    #[test]
    fn an_empty_clock_stands_still() {
        let clock = Clock::default();
        assert_eq!(clock.at(10.0, Axis::Time), 0.0);
        assert_eq!(clock.step_at(10.0, Axis::Tokens), 0.0);
        assert_eq!(clock.at(10.0, Axis::Epochs), 10.0);
    }

    #[test]
    fn the_tokens_of_a_later_part_follow_those_of_the_earlier_one() {
        let mut first = clock(1..=100);
        first.append(&clock(201..=300));
        near(first.at(100.0, Axis::Tokens), 10_000.0);
        near(first.at(300.0, Axis::Tokens), 30_000.0);
        first.rewind(100);
        near(first.at(100.0, Axis::Time), 50.0);
    }
}
