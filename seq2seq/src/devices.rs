//! Devices of this machine.

use tensor::{Device, Place};

use crate::{Error, Result};

pub use tensor::opencl::{DeviceDescription, PlatformDescription, platforms as opencl_platforms};

/// The name of the OpenCL device that has the number of this rank on its machine.
const AUTO: &str = "opencl:auto";
/// The end of the name of a device that multiplies in TF32.
const TF32: &str = ":tf32";

/// Returns the name of the device that a rank opens: `opencl:auto` becomes the OpenCL device that has
/// the number of the rank on its machine.
///
/// # Errors
/// OpenCL is not there.
pub fn device_at(name: &str, place: Place) -> Result<String> {
    let (name, suffix) = match name.strip_suffix(TF32) {
        Some(name) => (name, TF32),
        None => (name, ""),
    };
    let name = if name == AUTO { nth_device(place.number)? } else { name.to_owned() };
    Ok(name + suffix)
}

/// Returns the name of device `number` of all OpenCL devices, which are counted round.
fn nth_device(number: usize) -> Result<String> {
    let mut names = Vec::new();
    for (p, platform) in opencl_platforms()?.iter().enumerate() {
        names.extend((0..platform.devices.len()).map(|d| format!("opencl:{p}.{d}")));
    }
    let count = names.len().max(1);
    // Without a device, opening the first one is the error that says so.
    Ok(names.into_iter().nth(number % count).unwrap_or_else(|| "opencl".to_owned()))
}

/// Opens a device that computes results; a device that only counts operations is refused.
///
/// # Errors
/// Those of [`Device::open`], a device that only counts.
pub(crate) fn open(name: &str, threads: Option<usize>) -> Result<Device> {
    open_at(name, threads, Place::default())
}

/// Opens a device like [`open`], for a rank that shares its machine with others: `opencl:auto` is the
/// device with its number there, and without a number of threads it has its share of the processors.
///
/// # Errors
/// Those of [`open`]; there are no OpenCL devices.
pub(crate) fn open_at(name: &str, threads: Option<usize>, place: Place) -> Result<Device> {
    let device =
        Device::open(&device_at(name, place)?, threads.or_else(|| place.threads()).unwrap_or(0))?;
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
