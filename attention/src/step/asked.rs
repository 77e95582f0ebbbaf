//! What queries are asked.

use tensor::{List, Tensor, Var};

use crate::local::Bell;
use crate::memory::{Lengths, Sizes};
use crate::score::Score;
use crate::span::{Rule, Span};

/// What a device needs to find the spans by itself.
#[derive(Debug, Clone)]
pub(crate) struct There {
    pub(crate) lengths: Lengths,
    pub(crate) rule: Rule,
    /// Entries of a sentence.
    pub(crate) heads: usize,
}

/// What queries are asked, each within its span.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) score: Score,
    /// None on a device, which has `there` instead.
    pub(crate) spans: List<Span>,
    pub(crate) there: Option<There>,
    pub(crate) bell: Option<Bell>,
    /// \[S, batch, keys\]
    pub(crate) keys: Var,
    /// \[S, batch, values\]
    pub(crate) values: Var,
    pub(crate) n: Sizes,
}

/// The operation, with what its way back needs.
pub(super) struct Attend {
    pub(super) asked: Asked,
    /// The weights before the Gaussian, where there is one.
    pub(super) softmax: Option<Tensor>,
    pub(super) context: Var,
    pub(super) weights: Var,
}
