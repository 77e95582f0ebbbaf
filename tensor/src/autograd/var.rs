//! Values on a tape.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::tensor::Tensor;

/// A value on a [`Tape`](super::Tape).
///
/// A tape recognises its own values. The value of another tape is empty, an operation on it is an
/// error, and so is the backward pass of a tape on which it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var {
    index: u32,
    tape: u32,
}

impl Var {
    pub(super) fn new(index: usize, tape: u32) -> Self {
        Self { index: index as u32, tape }
    }

    /// A value of no tape.
    pub(crate) const NOWHERE: Self = Self { index: 0, tape: 0 };

    /// Returns its position on its tape.
    pub(super) fn index(self) -> usize {
        self.index as usize
    }

    /// Returns true if it belongs to the tape with this number.
    pub(super) fn is_of(self, tape: u32) -> bool {
        self.tape == tape
    }
}

/// A value on a tape, and the facts about it that the backward pass needs.
pub(crate) struct Node {
    pub(crate) value: Tensor,
    pub(crate) requires_grad: bool,
    /// For a part of another value: that value, and where the part starts.
    pub(crate) part_of: Option<(Var, usize)>,
}

/// Returns a number that no tape of this process has had, except after 2^32 of them.
pub(super) fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // 0 is the number of no tape.
    NEXT.fetch_add(1, Ordering::Relaxed).max(1)
}
