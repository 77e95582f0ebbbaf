//! f32 tensors with reverse-mode differentiation, built for recurrent networks.

mod buffer;
pub mod check;
mod device;
mod error;
pub mod gemm;
mod gradients;
pub mod init;
pub mod kernels;
pub mod ops;
pub mod optim;
mod params;
pub mod random;
mod shape;
pub mod simd;
mod tape;
mod tensor;
mod threads;

pub use device::Device;
pub use error::{Error, Result};
pub use gradients::{Gradient, Gradients, Norms, RowGradient, Summed};
pub use params::{ParamId, Params};
pub use shape::Shape;
pub use tape::{Backpropagated, Backward, BatchPart, Op, Tape, Var};
pub use tensor::Tensor;
pub use threads::Threads;
