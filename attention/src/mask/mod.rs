//! Masks: the positions that a query attends to.

use tensor::PooledVec;

/// The positions `from..to` of the memory that a query attends to. All others get weight zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaskSpan {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl MaskSpan {
    /// Returns the span of all positions before `to`.
    fn until(to: usize) -> Self {
        Self { from: 0, to }
    }

    /// Returns the window around a position, as entries of the memory.
    fn around(middle: usize, length: usize, Reach { reach, reversed }: Reach) -> Self {
        let middle = middle.min(length.saturating_sub(1));
        let from = middle.saturating_sub(reach);
        let to = middle.saturating_add(reach).saturating_add(1).min(length);
        if reversed { Self { from: length - to, to: length - from } } else { Self { from, to } }
    }

    /// Returns the part of a row that the span covers.
    #[inline(always)]
    pub(crate) fn of(self, row: &[f32]) -> &[f32] {
        &row[self.from..self.to]
    }

    /// Returns the part of a row that the span covers, as a mutable slice.
    #[inline(always)]
    pub(crate) fn of_mut(self, row: &mut [f32]) -> &mut [f32] {
        &mut row[self.from..self.to]
    }
}

/// The size and direction of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Number of positions on each side of the middle, D.
    pub(crate) reach: usize,
    /// Whether the memory holds each sentence from its end to its start.
    pub(crate) reversed: bool,
}

/// The mask of a query within its sentence; the first query is that of step `first`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MaskRule {
    /// All positions before a limit.
    Whole { limit: usize },
    /// The positions up to the query's own step.
    Causal { first: usize },
    /// A window around the query's own step.
    Step { first: usize, reach: Reach },
    /// A window around a centre that is predicted from the query.
    Centre { reach: Reach },
}

impl MaskRule {
    /// Returns the span of query `t` of a sentence.
    fn span(self, t: usize, length: usize, centre: f32) -> MaskSpan {
        match self {
            Self::Whole { limit } => MaskSpan::until(length.min(limit)),
            Self::Causal { first } => MaskSpan::until(length.min(first + t + 1)),
            // In integers: a float cannot represent every step exactly.
            Self::Step { first, reach } => MaskSpan::around(first + t, length, reach),
            // A sigmoid of 1 puts the centre just past the sentence; `around` clamps it.
            Self::Centre { reach } => MaskSpan::around(centre.floor() as usize, length, reach),
        }
    }

    /// Returns one span per step (`times` of them), entry of the batch and head, in this order.
    /// `centres` has one centre per step and entry if the rule uses centres.
    pub(crate) fn spans(
        self,
        times: usize,
        lengths: &[usize],
        heads: usize,
        is_sequence: bool,
        centres: &[f32],
    ) -> PooledVec<MaskSpan> {
        let mut all = PooledVec::with_capacity(times * lengths.len() * heads);
        let mut centres = centres.iter().copied();
        for t in 0..times {
            for &length in lengths {
                let step = if is_sequence { t } else { 0 };
                let span = self.span(step, length, centres.next().unwrap_or(0.0));
                all.extend(std::iter::repeat_n(span, heads));
            }
        }
        all
    }
}
