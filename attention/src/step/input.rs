//! The input of an attention operation.

use tensor::opencl::Ids;
use tensor::{PooledVec, Tensor, Var};

use crate::local::GaussianWindow;
use crate::mask::{MaskRule, MaskSpan};
use crate::memory::Sizes;
use crate::score::Score;

/// The data from which a device computes the spans.
#[derive(Debug, Clone)]
pub(crate) struct DeviceMask {
    pub(crate) lengths: Ids,
    pub(crate) rule: MaskRule,
    /// True if the queries belong to successive steps, false if all belong to one step.
    pub(crate) is_sequence: bool,
    /// Number of entries per sentence.
    pub(crate) heads: usize,
}

/// The score, keys and values for a set of queries, and the mask of each query.
#[derive(Debug)]
pub(crate) struct AttentionInput {
    pub(crate) score: Score,
    /// Empty on a device, which uses `device_mask` instead.
    pub(crate) spans: PooledVec<MaskSpan>,
    pub(crate) device_mask: Option<DeviceMask>,
    pub(crate) gaussian: Option<GaussianWindow>,
    /// \[S, batch, keys\]
    pub(crate) keys: Var,
    /// \[S, batch, values\]
    pub(crate) values: Var,
    pub(crate) n: Sizes,
}

/// The operation, with the values that its backward pass needs.
pub(super) struct Attend {
    pub(super) input: AttentionInput,
    /// The weights before the Gaussian, if there is one.
    pub(super) softmax: Option<Tensor>,
    pub(super) context: Var,
    pub(super) weights: Var,
}
