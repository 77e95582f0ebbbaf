//! The rule of comparison.

use std::collections::{BTreeMap, BTreeSet};

use tensor::Tensor;
use tensor::check::to_f64;

use super::case_file::Expected;
use crate::error::{Error, Result};

/// A tensor that a runner computed.
#[derive(Debug, Clone)]
pub struct Computed {
    /// Which expected tensor it is to equal.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values in row-major order.
    pub values: Vec<f64>,
}

impl Computed {
    /// A tensor of a name.
    pub fn new(name: impl Into<String>, tensor: &Tensor) -> Self {
        Self { name: name.into(), shape: tensor.dims().to_vec(), values: to_f64(tensor.data()) }
    }
}

/// How far a computed tensor a is from its golden tensor b: within bounds where
/// max|a - b| <= 1e-4 max|b| + 1e-6.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// max|a - b|; infinite where a is not a number somewhere.
    pub largest: f64,
    /// max|b|.
    pub scale: f64,
}

impl Deviation {
    /// The deviation of `a` from `b`, tensors of one shape.
    pub fn between(a: &[f64], b: &[f64]) -> Self {
        let distance = |(a, b): (&f64, &f64)| {
            let d = (a - b).abs();
            if d.is_nan() { f64::INFINITY } else { d }
        };
        let largest = if a.len() == b.len() {
            a.iter().zip(b).map(distance).fold(0.0, f64::max)
        } else {
            f64::INFINITY
        };
        Self { largest, scale: b.iter().fold(0.0, |m, b| m.max(b.abs())) }
    }

    /// max|a - b| at most.
    pub fn bound(&self) -> f64 {
        1e-4 * self.scale + 1e-6
    }

    /// The part of the bound that is used up: within bounds where at most 1.
    pub fn share(&self) -> f64 {
        self.largest / self.bound()
    }

    /// max|a - b| / max|b|; `None` where b is zero but for rounding, such as the gradient of a
    /// bias that a softmax takes away again.
    pub fn relative(&self) -> Option<f64> {
        (self.scale > 1e-9).then(|| self.largest / self.scale)
    }
}

/// Compares all computed tensors with all expected ones. One may be computed several times, in
/// several ways; all must be within bounds.
///
/// # Errors
/// Names, shapes or values differ: all that do.
pub fn compare<'e>(
    computed: &[Computed],
    expected: &'e BTreeMap<String, Expected>,
) -> Result<Vec<(&'e str, Deviation)>> {
    let mut wrong = Vec::new();
    let mut deviations = Vec::new();
    let mut seen = BTreeSet::new();
    for a in computed {
        let Some((name, b)) = expected.get_key_value(&a.name) else {
            wrong.push(format!("{} is computed, but the file has none", a.name));
            continue;
        };
        seen.insert(name);
        if a.shape != b.shape {
            wrong.push(format!("{name} has shape {:?}, expected {:?}", a.shape, b.shape));
            continue;
        }
        let deviation = Deviation::between(&a.values, &b.values);
        if deviation.share() > 1.0 {
            let (largest, bound) = (deviation.largest, deviation.bound());
            wrong.push(format!("{name} is {largest:.3e} off, expected at most {bound:.3e}"));
        }
        deviations.push((name.as_str(), deviation));
    }
    for name in expected.keys().filter(|name| !seen.contains(name)) {
        wrong.push(format!("{name} was not computed"));
    }
    if wrong.is_empty() { Ok(deviations) } else { Err(Error::new(wrong.join("; "))) }
}
