//! The settings of a cross-entropy.

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
