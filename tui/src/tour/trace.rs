//! Losses of a run as a curve with a bounded number of points.

use seq2seq::Event;

/// The mean of a value over bins of steps: a curve with a bounded number of points.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    /// Steps of a bin.
    width: u64,
    bin: u64,
    sum: f64,
    count: u64,
    points: Vec<(f64, f64)>,
}

/// Number of points of a [`Trace`].
const POINTS: u64 = 80;

impl Trace {
    /// Takes a step's value. A step before the last one begins the curve anew from there.
    pub(crate) fn push(&mut self, step: u64, value: f64) {
        let width = self.width.max(1);
        let bin = step.saturating_sub(1) / width;
        if bin < self.bin {
            let end = (bin * width) as f64;
            self.points.retain(|(x, _)| *x <= end);
            (self.sum, self.count) = (0.0, 0);
        }
        if bin != self.bin {
            self.flush();
            self.bin = bin;
        }
        self.sum += value;
        self.count += 1;
        if step.is_multiple_of(width) {
            self.flush();
        }
    }

    /// Sets the number of steps that the curve will have.
    pub(crate) fn set_length(&mut self, steps: u64) {
        self.width = steps.div_ceil(POINTS).max(1);
    }

    fn flush(&mut self) {
        if self.count > 0 {
            let x = ((self.bin + 1) * self.width.max(1)) as f64;
            self.points.push((x, self.sum / self.count as f64));
        }
        (self.sum, self.count) = (0.0, 0);
    }

    /// Returns the points so far.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        self.points.clone()
    }

    /// Takes an event of the run: the loss of its steps.
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::Start(start) => self.set_length(start.last_step.unwrap_or(POINTS)),
            Event::Step(step) => self.push(step.step, step.loss),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_the_mean_of_each_bin_and_begins_anew_where_a_run_goes_back() {
        let mut trace = Trace::default();
        trace.set_length(160);
        (1..=6).for_each(|step| trace.push(step, step as f64));
        assert_eq!(trace.points(), [(2.0, 1.5), (4.0, 3.5), (6.0, 5.5)]);
        trace.push(3, 10.0);
        trace.push(4, 20.0);
        assert_eq!(trace.points(), [(2.0, 1.5), (4.0, 15.0)]);
    }
}
