//! Devices of this machine.

use tensor::Device;

use crate::{Error, Result};

pub use tensor::opencl::{DeviceDescription, PlatformDescription, platforms as opencl_platforms};

/// Opens a device that computes results; a device that only counts operations is refused.
///
/// # Errors
/// Those of [`Device::open`], a device that only counts.
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

/// Returns the kernels that this processor uses: `avx512`, `avx2` or `portable`.
pub fn processor_kernels() -> &'static str {
    tensor::simd::level().name()
}
