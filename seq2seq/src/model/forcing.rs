//! Teacher forcing and scheduled sampling.

use tensor::random::PhiloxStream;

use crate::config::{Config, ForcingSchedule, ForcingUnit};

/// Probability with which the decoder is fed the reference in training (scheduled sampling).
///
/// The probability at step i (Bengio et al. 2015, section 2.4, with `start` and `end` in place of 1
/// and epsilon):
///
/// - constant: start
/// - linear: start - (start - end) min(i / k, 1)
/// - inverse sigmoid: end + (start - end) k / (k + exp(i / k))
///
/// Random draws are keyed by seed, step and position, so they do not depend on the number of
/// threads and are the same after a resume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forcing {
    schedule: ForcingSchedule,
    unit: ForcingUnit,
    start: f32,
    end: f32,
    steps: u64,
}

impl Forcing {
    /// Creates the schedule that a configuration describes.
    pub fn new(config: &Config) -> Self {
        Self {
            schedule: config.teacher_forcing_schedule,
            unit: config.teacher_forcing_unit,
            start: config.teacher_forcing,
            end: config.teacher_forcing_end,
            steps: config.teacher_forcing_steps.max(1),
        }
    }

    /// Returns the probability at a step, counted from 0.
    pub fn share(&self, step: u64) -> f32 {
        let (i, k) = (step as f64, self.steps as f64);
        let left = match self.schedule {
            ForcingSchedule::Constant => return self.start,
            ForcingSchedule::Linear => 1.0 - (i / k).min(1.0),
            ForcingSchedule::InverseSigmoid => k / (k + (i / k).exp()),
        };
        let (start, end) = (f64::from(self.start), f64::from(self.end));
        (end + (start - end) * left) as f32
    }

    /// Returns the sampling of a step, or `None` if every position is fed the reference. `draw` is
    /// called only if the probability is below 1.
    pub(super) fn sampling(
        &self,
        step: u64,
        draw: impl FnOnce() -> Option<PhiloxStream>,
    ) -> Option<ScheduledSampling> {
        let share = self.share(step);
        if share >= 1.0 {
            return None;
        }
        let draw = draw()?;
        // One draw for the whole batch, the same on every thread: element 0 of the stream.
        let batch = (self.unit == ForcingUnit::Batch).then(|| draw.uniform(0) < share);
        match batch {
            Some(true) => None,
            Some(false) => Some(ScheduledSampling { draw, share: 0.0 }),
            None => Some(ScheduledSampling { draw, share }),
        }
    }
}

/// Decides for each position of a batch whether it is fed the reference.
pub(super) struct ScheduledSampling {
    draw: PhiloxStream,
    share: f32,
}

impl ScheduledSampling {
    /// Returns the sampling that never keeps the reference.
    pub(super) fn never() -> Self {
        Self { draw: PhiloxStream::new(0, 0, 0), share: 0.0 }
    }

    pub(super) fn keeps_reference(&self, position: usize) -> bool {
        self.draw.uniform(position as u64) < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forcing(changes: &[(&str, &str)]) -> Forcing {
        let mut config = Config::default();
        changes.iter().for_each(|(key, value)| config.set(key, value).unwrap());
        Forcing::new(&config)
    }

    #[test]
    fn shares_follow_their_schedules() {
        let constant = forcing(&[("teacher_forcing", "0.7")]);
        assert_eq!((constant.share(0), constant.share(1_000_000)), (0.7, 0.7));
        let linear = forcing(&[
            ("teacher_forcing_schedule", "linear"),
            ("teacher_forcing_end", "0.25"),
            ("teacher_forcing_steps", "100"),
        ]);
        let shares = [0, 50, 100, 1_000].map(|i| linear.share(i));
        assert_eq!(shares, [1.0, 0.625, 0.25, 0.25]);
        let sigmoid = forcing(&[
            ("teacher_forcing_schedule", "inverse_sigmoid"),
            ("teacher_forcing_steps", "100"),
        ]);
        assert!((sigmoid.share(0) - 100.0 / 101.0).abs() < 1e-6);
        // The probability is halfway down when exp(i / k) = k.
        let half = (100.0 * 100_f64.ln()).round() as u64;
        assert!((sigmoid.share(half) - 0.5).abs() < 0.01, "{}", sigmoid.share(half));
        assert_eq!(sigmoid.share(u64::MAX), 0.0);
        assert!((0..2_000).all(|i| sigmoid.share(i + 1) <= sigmoid.share(i)));
    }

    #[test]
    fn a_coin_is_for_a_token_or_for_a_batch() {
        let draw = |step| move || Some(PhiloxStream::new(3, step, 1));
        let all = forcing(&[]);
        assert!(all.sampling(0, || panic!("nothing to draw")).is_none());
        assert!(forcing(&[("teacher_forcing", "0.5")]).sampling(0, || None).is_none());
        let tokens = forcing(&[("teacher_forcing", "0.25")]).sampling(9, draw(9)).unwrap();
        let kept = (0..4_000).filter(|&i| tokens.keeps_reference(i)).count();
        assert!((900..1_100).contains(&kept), "{kept}");
        let batch = forcing(&[("teacher_forcing", "0.25"), ("teacher_forcing_unit", "batch")]);
        let mut own = 0;
        for step in 0..1_000 {
            if let Some(sampling) = batch.sampling(step, draw(step)) {
                own += 1;
                assert!((0..100).all(|i| !sampling.keeps_reference(i)));
            }
        }
        assert!((700..800).contains(&own), "{own}");
    }
}
