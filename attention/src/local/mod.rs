//! Local attention: monotonic and predictive windows (Luong et al. 2015, section 3.2).
//!
//! Of a sentence of n positions, a query of step t looks at the 2D + 1 positions around the floor
//! of a centre p, cut to the sentence; the weights are a softmax of some score over these alone.
//!
//! - `local_m`: p = min(t, n - 1), source and target being roughly aligned;
//! - `local_p`: p = n sigmoid(v_p^T tanh(W_p q)) (equation 10), and each weight is multiplied by
//!   exp(-(s - p)^2 / (2 (D/2)^2)) (equation 11), p being the real number, not its floor. So p has
//!   a gradient, and the weights sum to less than one, unless
//!   [`renormalize`](crate::AttentionConfig::renormalize) divides by their sum.
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, K\] |
//! | W_p | \[A, Q\] |
//! | v_p | \[A\] |
//! | the score's | as the score has them: [`score`](crate::AttentionConfig::score), `general` at first |
//!
//! Positions count from 0. Where the source was reversed ([`Place::reversed`](crate::Place)), entry
//! i of the memory is position n - 1 - i, and the window lies where the words are.
//!
//! Only the window is scored, weighed and summed up: a step costs 2D + 1 positions, however long
//! the sentence. (Keys are made once a sentence, for all of it.)
//!
//! PyTorch: a softmax of the scores, those with `(s - p.floor()).abs() > D` filled with -inf.

mod bell;
mod centre;
pub mod reference;

use tensor::{List, ParamId, Tape, Var, ops};

use crate::error::Result;
use crate::span::Span;

pub(crate) use bell::Bell;

/// Where a window lies.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// D
    pub(crate) reach: usize,
    /// W_p and v_p of `local_p`.
    pub(crate) predict: Option<(ParamId, ParamId)>,
    pub(crate) renormalize: bool,
}

impl Window {
    /// Spans of the windows of some queries \[T, B, Q\], the first of step `first`, and what weighs
    /// them.
    pub(crate) fn place(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        lengths: &List<usize>,
        first: usize,
        reversed: bool,
    ) -> Result<(List<Span>, Option<Bell>)> {
        let rows = tape.shape(query).rows();
        let Some((w_p, v_p)) = self.predict else {
            let batch = lengths.len();
            let spans = (0..rows).map(|r| {
                let length = lengths[r % batch];
                // A time that a float does not hold exactly is still a position.
                let middle = (first + r / batch).min(length.saturating_sub(1));
                span(middle, length, self.reach, reversed)
            });
            return Ok((spans.collect(), None));
        };
        let hidden = ops::linear(tape, query, w_p, None)?;
        let centres = centre::centres(tape, hidden, v_p, lengths.clone());
        let placed = tape.value(centres).data().iter().zip(lengths.iter().cycle());
        let spans = placed.map(|(&centre, &length)| {
            // A sigmoid of one puts the centre just past the sentence.
            let middle = (centre.floor() as usize).min(length.saturating_sub(1));
            span(middle, length, self.reach, reversed)
        });
        let bell = Bell {
            centres,
            lengths: lengths.clone(),
            sigma: self.reach as f32 / 2.0,
            reversed,
            renormalize: self.renormalize,
        };
        Ok((spans.collect(), Some(bell)))
    }
}

/// The window around a position, as entries of the memory.
fn span(middle: usize, length: usize, reach: usize, reversed: bool) -> Span {
    let from = middle.saturating_sub(reach);
    let to = middle.saturating_add(reach).saturating_add(1).min(length);
    if reversed { Span { from: length - to, to: length - from } } else { Span { from, to } }
}
