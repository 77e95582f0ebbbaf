//! The few calls of OpenCL that everything else stands on.

#[cfg(not(feature = "opencl"))]
mod none;
#[cfg(feature = "opencl")]
mod ocl;

#[cfg(not(feature = "opencl"))]
pub(crate) use none::{Built, Driver, Kernel, Memory, Proof, Transfer, platforms, proof};
#[cfg(feature = "opencl")]
pub(crate) use ocl::{Built, Driver, Kernel, Memory, Proof, Transfer, platforms, proof};
