//! What makes the processor fast: vector instructions, and memory that is used again.

pub(crate) mod buffer;
pub mod elementwise;
pub(crate) mod pooled_vec;
pub mod simd;
