//! The driver: the few calls that everything else stands on.

#[cfg(not(feature = "opencl"))]
mod none;
#[cfg(feature = "opencl")]
mod ocl;

#[cfg(not(feature = "opencl"))]
pub(crate) use none::{Built, Driver, Kernel, Memory, Proof, Transfer, platforms, proof};
#[cfg(feature = "opencl")]
pub(crate) use ocl::{Built, Driver, Kernel, Memory, Proof, Transfer, platforms, proof};

/// The host's side of a transfer.
pub(crate) enum Data {
    Floats(Vec<f32>),
    Words(Vec<u32>),
}

/// One argument of a kernel.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// `__global float *`
    Floats(&'a Memory),
    /// `__global uint *`
    Words(&'a Memory),
    /// `ulong`
    Long(u64),
    /// `uint`
    Uint(u32),
    /// `float`
    Float(f32),
}
