//! Which positions a query sees.

use tensor::List;

/// Positions `from..to` of the memory: what a query sees. No others get a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Span {
    /// Positions up to `to`.
    pub(crate) fn until(to: usize) -> Self {
        Self { from: 0, to }
    }

    /// The part of a row that it stands for.
    #[inline(always)]
    pub(crate) fn of(self, row: &[f32]) -> &[f32] {
        &row[self.from..self.to]
    }

    /// The part of a row that it stands for, to be written.
    #[inline(always)]
    pub(crate) fn of_mut(self, row: &mut [f32]) -> &mut [f32] {
        &mut row[self.from..self.to]
    }
}

/// A span for each of `times` steps, entry of the batch and head, in this order.
pub(crate) fn spans(
    times: usize,
    lengths: &[usize],
    heads: usize,
    span: impl Fn(usize, usize) -> Span,
) -> List<Span> {
    let mut all = List::with_capacity(times * lengths.len() * heads);
    for t in 0..times {
        for &length in lengths {
            all.extend(std::iter::repeat_n(span(t, length), heads));
        }
    }
    all
}
