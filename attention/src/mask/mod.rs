//! Which positions a query sees.

use tensor::PooledVec;

/// Positions `from..to` of the memory: what a query sees. No others get a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaskSpan {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl MaskSpan {
    /// Positions up to `to`.
    fn until(to: usize) -> Self {
        Self { from: 0, to }
    }

    /// The window around a position, as entries of the memory.
    fn around(middle: usize, length: usize, Reach { reach, reversed }: Reach) -> Self {
        let middle = middle.min(length.saturating_sub(1));
        let from = middle.saturating_sub(reach);
        let to = middle.saturating_add(reach).saturating_add(1).min(length);
        if reversed { Self { from: length - to, to: length - from } } else { Self { from, to } }
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

/// A window's size and direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Positions on each side of the middle, D.
    pub(crate) reach: usize,
    /// The memory holds each sentence from its end to its start.
    pub(crate) reversed: bool,
}

/// What a query sees of its sentence; that of step `first` is the first one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MaskRule {
    /// Positions before a limit.
    Whole { limit: usize },
    /// Nothing later than its own step.
    Causal { first: usize },
    /// A window around its own step.
    Step { first: usize, reach: Reach },
    /// A window around a centre that it predicts.
    Centre { reach: Reach },
}

impl MaskRule {
    /// The span of query `t` of a sentence.
    fn span(self, t: usize, length: usize, centre: f32) -> MaskSpan {
        match self {
            Self::Whole { limit } => MaskSpan::until(length.min(limit)),
            Self::Causal { first } => MaskSpan::until(length.min(first + t + 1)),
            // A time that a float does not hold exactly is still a position.
            Self::Step { first, reach } => MaskSpan::around(first + t, length, reach),
            // A sigmoid of one puts the centre just past the sentence.
            Self::Centre { reach } => MaskSpan::around(centre.floor() as usize, length, reach),
        }
    }

    /// A span for each of `times` steps, entry of the batch and head, in this order; `centres` are
    /// those of steps and entries, where the rule asks for them.
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
