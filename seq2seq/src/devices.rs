//! What can train here.

use tensor::Device;

use crate::{Error, Result};

pub use tensor::opencl::{DeviceDescription, PlatformDescription, platforms as opencl_platforms};

/// Opens a device whose results are meant: not one that only counts what it is requested.
///
/// # Errors
/// As [`Device::open`]; a device that counts.
pub(crate) fn open(name: &str, threads: Option<usize>) -> Result<Device> {
    let device = Device::open(name, threads.unwrap_or(0))?;
    if !device.properties().computes {
        let problem = "TENSOR_OPENCL_PATH = counted: the device counts what it is requested and \
                       computes nothing; only a benchmark may run on it; unset it"
            .to_owned();
        return Err(Error::Configuration { problems: vec![problem] });
    }
    Ok(device)
}

/// The kernels that the processor's vector instructions get: `avx512`, `avx2` or `portable`.
pub fn processor_kernels() -> &'static str {
    tensor::simd::level().name()
}
