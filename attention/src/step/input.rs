//! The input of an attention operation.

use tensor::opencl::Ids;
use tensor::{PooledVec, Tensor, Var};

use crate::local::GaussianWindow;
use crate::mask::{MaskRule, MaskSpan};
use crate::memory::Sizes;
use crate::score::Score;

/// What a device needs to find the spans by itself.
#[derive(Debug, Clone)]
pub(crate) struct DeviceMask {
    pub(crate) lengths: Ids,
    pub(crate) rule: MaskRule,
    /// True where the queries are those of successive steps, false where all are of one step.
    pub(crate) is_sequence: bool,
    /// Entries of a sentence.
    pub(crate) heads: usize,
}

/// Scores, keys and values of queries, each within its span.
#[derive(Debug)]
pub(crate) struct AttentionInput {
    pub(crate) score: Score,
    /// None on a device, which has `device_mask` instead.
    pub(crate) spans: PooledVec<MaskSpan>,
    pub(crate) device_mask: Option<DeviceMask>,
    pub(crate) gaussian: Option<GaussianWindow>,
    /// \[S, batch, keys\]
    pub(crate) keys: Var,
    /// \[S, batch, values\]
    pub(crate) values: Var,
    pub(crate) n: Sizes,
}

/// The operation, with what its backward pass needs.
pub(super) struct Attend {
    pub(super) input: AttentionInput,
    /// The weights before the Gaussian, where there is one.
    pub(super) softmax: Option<Tensor>,
    pub(super) context: Var,
    pub(super) weights: Var,
}
