//! The gating's kernels. If the reset comes before the product, a step has two programs, each with
//! its own product.

use crate::programs::{Programs, programs};

pub(crate) static GRU: [Programs; 1] = [programs!("../gru/gru.cl", "-DGATES=3 -DKEPT=3 -DAPART")];

pub(crate) static RESET_BEFORE: [Programs; 2] = [
    programs!(
        "../gru/gru.cl",
        "-DGATES=3 -DKEPT=1 -DRESET_BEFORE -DPHASE=0 -DFIRST=0 -DCOUNT=2 -DBACK_FIRST=2 \
         -DBACK_COUNT=1"
    ),
    programs!(
        "../gru/gru.cl",
        "-DGATES=3 -DKEPT=1 -DRESET_BEFORE -DPHASE=1 -DFIRST=2 -DCOUNT=1 -DBACK_FIRST=0 \
         -DBACK_COUNT=2"
    ),
];
