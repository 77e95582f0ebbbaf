//! The time of a training step, by operation.

use std::time::{Duration, Instant};

/// Time spent in one kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpTiming {
    /// The operation.
    pub name: &'static str,
    /// How many times it was recorded.
    pub calls: usize,
    /// Time of the forward pass.
    pub forward: Duration,
    /// Time of the backward pass.
    pub backward: Duration,
}

/// The time of a [`Tape`](crate::Tape)'s operations, added up by name and over threads.
///
/// An operation is recorded when its forward part is done, so its forward time is the time since
/// the previous operation was recorded, including any code between the two.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    rows: Vec<OpTiming>,
}

impl Profile {
    /// Returns one row per operation, in the order of their first use.
    pub fn rows(&self) -> &[OpTiming] {
        &self.rows
    }

    /// Returns the row of an operation, made at its first use.
    fn row(&mut self, name: &'static str) -> &mut OpTiming {
        let at = self.rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
            let none = Duration::ZERO;
            self.rows.push(OpTiming { name, calls: 0, forward: none, backward: none });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// Adds the time of an operation's forward pass.
    pub fn add_forward(&mut self, name: &'static str, time: Duration) {
        let row = self.row(name);
        row.calls += 1;
        row.forward += time;
    }

    /// Adds the time of an operation's backward pass.
    pub fn add_backward(&mut self, name: &'static str, time: Duration) {
        self.row(name).backward += time;
    }

    /// Adds the times of another thread's profile.
    pub fn merge(&mut self, other: &Self) {
        for row in &other.rows {
            let mine = self.row(row.name);
            mine.calls += row.calls;
            mine.forward += row.forward;
            mine.backward += row.backward;
        }
    }
}

/// A profile being recorded, with a clock that runs from operation to operation.
#[derive(Debug)]
pub(crate) struct Profiler {
    pub(crate) profile: Profile,
    since: Instant,
}

impl Profiler {
    pub(crate) fn start() -> Self {
        Self { profile: Profile::default(), since: Instant::now() }
    }

    /// Returns the time since the last call.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let time = now - self.since;
        self.since = now;
        time
    }
}

#[cfg(test)]
mod tests {
    use crate::{Params, Tape, Tensor, ops};

    #[test]
    fn operations_are_timed_by_name() {
        let params = Params::new();
        let mut tape = Tape::new(&params).with_profile();
        let x = tape.input(Tensor::full([300, 300], 0.5));
        let y = ops::tanh(&mut tape, x).unwrap();
        let y = ops::tanh(&mut tape, y).unwrap();
        let back = tape.backward(&[(y, Tensor::full([300, 300], 1.0))]).unwrap();
        let profile = back.profile.unwrap();
        let [row] = profile.rows() else { panic!("{profile:?}") };
        assert_eq!((row.name, row.calls), ("tanh", 2));
        assert!(row.forward.as_nanos() > 0 && row.backward.as_nanos() > 0, "{row:?}");
        let mut twice = profile.clone();
        twice.merge(&profile);
        assert_eq!(twice.rows()[0].forward, 2 * row.forward);
    }
}
