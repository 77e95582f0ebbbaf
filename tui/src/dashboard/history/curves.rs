//! The curves of a run.

use seq2seq::Event;
use seq2seq::event::{Start, TrainStep};
use serde::{Deserialize, Serialize};

use crate::dashboard::series::Series;
use crate::run_state::RunState;

/// Ratio of the largest to the smallest value above which the scale is logarithmic, unless the user
/// chose one.
const WIDE: f64 = 5.0;

/// The curves of a run, over steps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::dashboard) struct Curves {
    pub loss: Series,
    pub smoothed: Series,
    pub before: Series,
    pub after: Series,
    pub learning_rate: Series,
    pub speed: Series,
    pub valid: Series,
    pub accuracy: Series,
    pub exact: Series,
    pub bleu: Series,
    pub token_bleu: Series,
}

impl Curves {
    fn all(&mut self) -> [&mut Series; 11] {
        [
            &mut self.loss,
            &mut self.smoothed,
            &mut self.before,
            &mut self.after,
            &mut self.learning_rate,
            &mut self.speed,
            &mut self.valid,
            &mut self.accuracy,
            &mut self.exact,
            &mut self.bleu,
            &mut self.token_bleu,
        ]
    }

    /// Adds the points of an event. `run_state` has already seen it.
    pub(in crate::dashboard) fn apply(&mut self, event: &Event, run_state: &RunState) {
        match event {
            Event::Start(start) => self.begin(start),
            Event::Step(step) => self.take_step(step, run_state),
            Event::Validation(validation) => {
                let (x, metrics) = (validation.step as f64, &validation.metrics);
                self.valid.push(x, metrics.loss);
                for (series, value) in [
                    (&mut self.accuracy, metrics.token_accuracy),
                    (&mut self.exact, metrics.exact_match),
                    (&mut self.bleu, metrics.bleu),
                    (&mut self.token_bleu, metrics.token_bleu),
                ] {
                    if let Some(value) = value {
                        series.push(x, value);
                    }
                }
            }
            _ => {}
        }
    }

    /// Removes the points after the checkpoint: a resumed run repeats those steps.
    fn begin(&mut self, start: &Start) {
        for series in self.all() {
            series.rewind(start.step as f64);
        }
    }

    fn take_step(&mut self, step: &TrainStep, run_state: &RunState) {
        let x = step.step as f64;
        self.loss.push(x, step.loss);
        let mean = &run_state.loss;
        if let (true, Some(centre), Some(mean)) =
            (step.loss.is_finite(), mean.centre(), mean.value())
        {
            self.smoothed.push(centre, mean);
            self.smoothed.set_tail(x, mean);
        }
        self.before.push(x, step.gradient_norm);
        self.after.push(x, step.clipped_norm);
        self.learning_rate.push(x, step.learning_rate);
        self.speed.push(x, step.tokens_per_second);
    }

    /// Appends the curves of a later part of the run.
    pub(in crate::dashboard) fn append(&mut self, later: &mut Self) {
        for (series, later) in self.all().into_iter().zip(later.all()) {
            series.append(later);
        }
    }

    /// Returns true if the smoothed loss has fallen so far that a linear axis is flat for most of
    /// the run.
    pub(in crate::dashboard) fn loss_is_wide(&self) -> bool {
        is_wide(&self.smoothed)
    }
}

/// Returns true if a linear axis would be flat for most of the curve.
pub(in crate::dashboard) fn is_wide(series: &Series) -> bool {
    let buckets = series.buckets();
    let high = buckets.iter().map(|bucket| bucket.high).fold(0.0, f64::max);
    let low = buckets.iter().map(|bucket| bucket.low).fold(f64::INFINITY, f64::min);
    low > 0.0 && high > WIDE * low
}
