//! Values on a tape.

use crate::tensor::Tensor;

/// A value on a [`Tape`](super::Tape).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var(pub(crate) usize);

/// A value on a tape, and the facts about it that the backward pass needs.
pub(crate) struct Node {
    pub(crate) value: Tensor,
    pub(crate) requires_grad: bool,
    /// For a part of another value: that value, and where the part starts.
    pub(crate) part_of: Option<(Var, usize)>,
}
