//! What was found when parameters were loaded.

use std::fmt;

use crate::shape::Shape;

/// Maximum number of names that a [`LoadReport`] shows of each kind.
const SHOWN: usize = 5;

/// A tensor whose shape is not that of its parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The name of the parameter.
    pub name: String,
    /// The shape of the tensor.
    pub found: Shape,
    /// The shape of the parameter.
    pub expected: Shape,
}

/// What [`Params::load_state_dict`](crate::Params::load_state_dict) found.
///
/// PyTorch: the result of `load_state_dict`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Number of parameters that have a tensor of their shape.
    pub loaded: usize,
    /// Parameters without a tensor.
    pub missing: Vec<String>,
    /// Tensors without a parameter.
    pub unexpected: Vec<String>,
    /// Tensors of another shape than their parameters.
    pub mismatched: Vec<Mismatch>,
}

impl LoadReport {
    /// Returns true if every parameter has its tensor and every tensor its parameter.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty()
    }
}

/// Formats the counts and the first names of each kind.
impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} loaded", self.loaded)?;
        list(f, "missing", &self.missing)?;
        list(f, "unexpected", &self.unexpected)?;
        let shapes = |m: &Mismatch| format!("{} is {}, not {}", m.name, m.found, m.expected);
        list(f, "of another shape", &self.mismatched.iter().map(shapes).collect::<Vec<_>>())
    }
}

fn list(f: &mut fmt::Formatter<'_>, kind: &str, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    let shown = names[..names.len().min(SHOWN)].join(", ");
    write!(f, "; {} {kind}: {shown}{more}", names.len())
}
