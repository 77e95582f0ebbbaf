//! The axes of charts.

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The quantity with its unit.
    pub label: String,
    /// True for a logarithmic axis; values up to 0 are then left out.
    pub log: bool,
    /// The ends; `None` for those of the values. Values beyond an end are drawn there.
    pub ends: Option<(f64, f64)>,
}

impl Axis {
    /// Creates a linear axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: false, ends: None }
    }

    /// Creates a logarithmic axis.
    pub fn logarithmic(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: true, ends: None }
    }

    /// Returns the axis with fixed ends.
    #[must_use]
    pub fn with_ends(self, low: f64, high: f64) -> Self {
        Self { ends: Some((low, high)), ..self }
    }
}
