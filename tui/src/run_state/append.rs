//! A run whose beginning is known later than its end.

use super::{RunState, WARNINGS};

impl RunState {
    /// Appends the state of a later part of the run.
    pub fn append(&mut self, later: Self) {
        let earlier = std::mem::replace(self, later);
        let first = self.warnings.first().map_or(u64::MAX, |(step, _)| *step);
        let mut warnings = earlier.warnings;
        warnings.retain(|(step, _)| *step < first);
        warnings.append(&mut self.warnings);
        let more = warnings.len().saturating_sub(WARNINGS);
        warnings.drain(..more);
        self.warnings = warnings;
        self.warnings_left_out += earlier.warnings_left_out + more as u64;
        self.start = self.start.take().or(earlier.start);
        self.step = self.step.take().or(earlier.step);
        self.previous = self.previous.take().or_else(|| match self.validation {
            Some(_) => earlier.validation.clone(),
            None => earlier.previous,
        });
        self.validation = self.validation.take().or(earlier.validation);
        self.best = self.best.take().or(earlier.best);
        self.saved = self.saved.or(earlier.saved);
        self.ranks = self.ranks.take().or(earlier.ranks);
        self.not_finite += earlier.not_finite;
        self.first_not_finite = earlier.first_not_finite.or(self.first_not_finite);
        self.dropped += earlier.dropped;
    }
}
