//! How a cross-entropy is computed.

/// What is compared with the logits, and how it is weighed.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropy<'a> {
    /// The right class of each row.
    pub targets: &'a [u32],
    /// Rows of this class count nothing.
    pub ignore: Option<u32>,
    /// Share of the target given to all classes alike (Szegedy et al. 2016, section 7), 0 for none.
    pub smoothing: f32,
    /// The weight of every row: 1 / rows counted for a mean.
    pub weight: f32,
}
