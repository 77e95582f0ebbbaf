//! The state that an optimizer keeps between steps.

use crate::error::{Error, Result};
use crate::params::Params;
use crate::tensor::Tensor;

/// The state that an optimizer keeps between steps, as saved in a checkpoint.
///
/// A clone shares the tensors' memory until the next step writes to them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// The number of steps each parameter has taken; steps without a gradient of its own are not
    /// counted.
    pub steps: Vec<u64>,
    /// The slots, in the order of the optimizer's table.
    pub slots: Vec<Slot>,
}

/// One kind of state: a tensor per parameter, of the parameter's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Its name in PyTorch's optimizer state: `exp_avg`, `momentum_buffer` and so on.
    pub name: String,
    /// One tensor per parameter, in the order of the parameters.
    pub tensors: Vec<Tensor>,
}

impl State {
    /// Creates slots with these names and initial values.
    pub(super) fn new(names: &[(&str, f32)], params: &Params) -> Self {
        let slot = |&(name, first): &(&str, f32)| Slot {
            name: name.to_string(),
            tensors: params.iter().map(|(_, t)| Tensor::full(t.shape(), first)).collect(),
        };
        Self { steps: vec![0; params.len()], slots: names.iter().map(slot).collect() }
    }

    /// Iterates over all tensors, slot by slot: (slot's name, parameter's index, tensor).
    pub fn tensors(&self) -> impl Iterator<Item = (&str, usize, &Tensor)> {
        self.slots
            .iter()
            .flat_map(|s| s.tensors.iter().enumerate().map(|(i, t)| (s.name.as_str(), i, t)))
    }

    /// Checks that `other` can replace this state: the same slots, of the same shapes.
    pub(super) fn check(&self, other: &Self) -> Result<()> {
        const OP: &str = "restore optimizer";
        let names = |state: &Self| {
            let names: Vec<&str> = state.slots.iter().map(|s| s.name.as_str()).collect();
            if names.is_empty() { "no slot".to_string() } else { names.join(", ") }
        };
        if names(self) != names(other) {
            let what = format!("found {}, expected {}", names(other), names(self));
            return Err(Error::argument(OP, what));
        }
        let count = self.steps.len();
        let counts = |s: &Slot| s.tensors.len() == count;
        if other.steps.len() != count || !other.slots.iter().all(counts) {
            let what = format!("found {} parameters, expected {count}", other.steps.len());
            return Err(Error::argument(OP, what));
        }
        for ((_, _, mine), (_, _, theirs)) in self.tensors().zip(other.tensors()) {
            if mine.shape() != theirs.shape() {
                return Err(Error::shapes(OP, theirs.shape(), mine.shape()));
            }
        }
        Ok(())
    }
}
