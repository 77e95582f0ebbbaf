//! What can train here.

pub use tensor::opencl::{DeviceDescription, PlatformDescription, platforms as opencl_platforms};

/// The kernels that the processor's vector instructions get: `avx512`, `avx2` or `portable`.
pub fn processor_kernels() -> &'static str {
    tensor::simd::level().name()
}
