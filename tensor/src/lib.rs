//! f32 tensors with reverse-mode differentiation, built for recurrent networks.

mod buffer;
mod error;
pub mod gemm;
pub mod kernels;
mod shape;
pub mod simd;
mod tensor;
mod threads;

pub use error::{Error, Result};
pub use shape::Shape;
pub use tensor::Tensor;
pub use threads::Threads;
