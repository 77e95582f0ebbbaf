//! The settings of a cross-entropy.

use crate::error::{Error, Result};
use crate::shape::Shape;

/// The targets of a cross-entropy and their weights.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropy<'a> {
    /// The target class of each row.
    pub targets: &'a [u32],
    /// Rows with this target add nothing to the loss.
    pub ignore: Option<u32>,
    /// Share of the target distributed evenly over all classes (Szegedy et al. 2016, section 7); 0
    /// for none.
    pub smoothing: f32,
    /// The weight of every row: 1 / number of rows counted for a mean.
    pub weight: f32,
}

impl CrossEntropy<'_> {
    /// Checks that the targets are classes, one for each row of a value.
    pub(in crate::ops) fn check(&self, op: &'static str, of: Shape, classes: usize) -> Result<()> {
        if of.rows() != self.targets.len() {
            return Err(Error::shapes(op, of, [self.targets.len()]));
        }
        if let Some(&id) = self.targets.iter().find(|&&t| t as usize >= classes) {
            return Err(Error::Id { op, id, rows: classes });
        }
        if !(0.0..=1.0).contains(&self.smoothing) {
            let what = format!("smoothing is {}, expected 0 to 1", self.smoothing);
            return Err(Error::argument(op, what));
        }
        Ok(())
    }

    /// Returns the rows whose targets are not ignored.
    pub(in crate::ops) fn counted(&self) -> impl Iterator<Item = usize> {
        let rows = self.targets.iter().enumerate();
        rows.filter(|&(_, &target)| self.ignore != Some(target)).map(|(row, _)| row)
    }
}
