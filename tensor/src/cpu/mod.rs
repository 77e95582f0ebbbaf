//! Vector instructions and reused memory, for speed on the processor.

pub(crate) mod buffer;
pub mod elementwise;
pub(crate) mod pooled_vec;
pub mod simd;
