//! Settings that are changed while a run trains.

use seq2seq::config::Change;
use seq2seq::event::Changed;

use super::RunState;

impl RunState {
    /// Takes the new values.
    pub(super) fn change(&mut self, changed: &Changed) {
        let Some(start) = &mut self.start else { return };
        start.model.clone_from(&changed.model);
        start.last_step = changed.last_step.or(start.last_step);
        for change in &changed.changes {
            start.settings.insert(change.key.clone(), change.to.clone());
            let known = start.differences.iter().position(|known| known.key == change.key);
            let mut difference = known.map(|at| start.differences.remove(at));
            if let Some(difference) = &mut difference {
                difference.to.clone_from(&change.to);
            }
            // The newest change comes first, since a small screen shows only some.
            start.differences.insert(0, difference.unwrap_or_else(|| change.clone()));
        }
        // A key that is back at the preset's value no longer differs.
        start.differences.retain(|Change { from, to, .. }| from != to);
    }
}
