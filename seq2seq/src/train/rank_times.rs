//! What the ranks of a run did since the last report.

use std::time::{Duration, Instant};

use super::step::RankWork;
use crate::event::{RankReport, Ranks, TrainStep};

/// Time between two reports.
const EVERY: Duration = Duration::from_secs(2);
/// Number of reports of a run after which they become rarer.
const REPORTS: f64 = 200.0;

/// What the ranks of a run did since the last report.
#[derive(Debug)]
pub(super) struct RankTimes {
    since: Instant,
    steps: u64,
    seconds: f64,
    exchange: f64,
    ranks: Vec<RankReport>,
}

impl RankTimes {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), steps: 0, seconds: 0.0, exchange: 0.0, ranks: Vec::new() }
    }

    /// Adds a step, and returns a report if it is time for one. Nothing is reported of a run without
    /// other ranks.
    pub(super) fn add(&mut self, work: &[RankWork], step: &TrainStep) -> Option<Ranks> {
        if work.is_empty() {
            return None;
        }
        self.steps += 1;
        self.seconds += step.tokens as f64 / step.tokens_per_second;
        let slowest = work.iter().map(|rank| rank.busy).fold(0.0, f64::max);
        self.ranks.resize_with(work.len(), RankReport::default);
        for (rank, work) in self.ranks.iter_mut().zip(work) {
            rank.tokens += work.tokens as u64;
            rank.busy += work.busy;
            rank.waiting += slowest - work.busy;
            self.exchange += work.exchange;
        }
        if self.since.elapsed() < EVERY.max(Duration::from_secs_f64(step.seconds / REPORTS)) {
            return None;
        }
        let Self { steps, seconds, exchange, ranks, .. } = std::mem::replace(self, Self::new());
        Some(Ranks { step: step.step, steps, seconds, exchange, ranks })
    }
}
