//! Values on a tape.

use crate::tensor::Tensor;

/// A value on a [`Tape`](super::Tape).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var(pub(crate) usize);

/// A value on a tape, and what the backward pass must know of it.
pub(crate) struct Node {
    pub(crate) value: Tensor,
    pub(crate) requires_grad: bool,
    /// A part of another value: that value, and where the part starts.
    pub(crate) part_of: Option<(Var, usize)>,
}
