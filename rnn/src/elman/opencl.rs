//! The gating's kernels.

use crate::programs::{Programs, programs};

pub(crate) static TANH: [Programs; 1] = [programs!("../elman/elman.cl", "-DGATES=1 -DKEPT=0")];
pub(crate) static RELU: [Programs; 1] =
    [programs!("../elman/elman.cl", "-DGATES=1 -DKEPT=0 -DRELU")];
