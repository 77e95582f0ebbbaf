//! The data of transfers and the arguments of kernels.

/// The host's side of a transfer.
pub(crate) enum Data {
    Floats(Vec<f32>),
    Words(Vec<u32>),
}

/// One argument of a kernel; `M` is the driver's memory type.
pub(crate) enum Value<'a, M> {
    /// `__global float *`
    Floats(&'a M),
    /// `__global uint *`
    Words(&'a M),
    /// `ulong`
    Long(u64),
    /// `uint`
    Uint(u32),
    /// `float`
    Float(f32),
}
