//! Gradients of parameters: dense, by rows, or still to be multiplied.

mod cpu;
mod gathered;
mod gradient;
mod norms;
mod opencl;
mod ranks;
mod reduced;
mod slot;

pub use gathered::Gradients;
pub use gradient::{Gradient, RowGradient};
pub use norms::Norms;
pub(crate) use norms::opencl as device_norms;
pub use reduced::ReducedGradients;
