//! Devices, on which tensors live and kernels run.

mod peak;
mod properties;
mod work;

use std::time::Duration;

pub use properties::DeviceProperties;
pub use work::{DeviceWork, KernelShare, WorkMeter, gpu};

use crate::error::{Error, Result};
use crate::gemm;
use crate::opencl::OpenCl;
use crate::ranks::Ranks;
use crate::simd;
use crate::threads::Threads;

/// A device: the processor, or an OpenCL device.
#[derive(Debug, Clone)]
pub struct Device {
    threads: Threads,
    opencl: Option<OpenCl>,
}

impl Device {
    /// Creates a processor device with a number of threads; 0 means one per core.
    pub fn cpu(threads: usize) -> Self {
        Self { threads: Threads::new(threads), opencl: None }
    }

    /// Opens the device of a name: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`.
    ///
    /// # Errors
    /// The name is unknown; for the processor, `TENSOR_SIMD` names no [`simd::Level`]; for OpenCL,
    /// the errors of [`OpenCl::open`], including [`Error::NotBuiltWith`].
    pub fn open(name: &str, threads: usize) -> Result<Self> {
        match name.split_once(':').map_or(name, |(kind, _)| kind) {
            "cpu" if name == "cpu" => {
                simd::check_asked()?;
                Ok(Self::cpu(threads))
            }
            "opencl" => {
                let opencl = Some(OpenCl::open(name)?);
                Ok(Self { threads: Threads::new(threads), opencl })
            }
            _ => Err(Error::Device(name.to_string())),
        }
    }

    /// Returns the threads of the processor.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Returns the same device, for work that all ranks share ([`Threads::with_ranks`]).
    #[must_use]
    pub fn with_ranks(self, ranks: &Ranks) -> Self {
        Self { threads: self.threads.with_ranks(ranks), ..self }
    }

    /// Returns the OpenCL device, or `None` for the processor.
    pub fn opencl(&self) -> Option<&OpenCl> {
        self.opencl.as_ref()
    }

    /// Returns the properties of the device.
    pub fn properties(&self) -> DeviceProperties {
        DeviceProperties::of(self.opencl())
    }

    /// Waits until all work given to the device is done.
    ///
    /// PyTorch: `torch.cuda.synchronize()`.
    ///
    /// # Errors
    /// The device failed.
    pub fn synchronize(&self) -> Result<()> {
        self.opencl().map_or(Ok(()), OpenCl::finish)
    }

    /// Returns the floating-point operations of products so far: on the processor, those of this
    /// process.
    pub fn flops(&self) -> u64 {
        self.opencl().map_or_else(|| gemm::work().flops, |device| device.counters().flops)
    }

    /// Measures the floating-point operations per second of a large product: the best of several
    /// runs.
    ///
    /// # Errors
    /// The device failed.
    pub fn peak(&self, time: Duration) -> Result<f64> {
        match self.opencl() {
            Some(device) => peak::peak(device, time),
            None => Ok(gemm::peak(&self.threads, time)),
        }
    }

    /// Returns a description of the device.
    pub fn describe(&self) -> String {
        if let Some(device) = &self.opencl {
            return format!("{}, {}", device.name(), device.describe().name);
        }
        let n = self.threads.count();
        let plural = if n == 1 { "" } else { "s" };
        format!("cpu, {n} thread{plural}, {}", simd::level().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_answered() {
        assert!(Device::open("cpu", 2).unwrap().describe().starts_with("cpu, 2 threads"));
        #[cfg(not(feature = "opencl"))]
        assert_eq!(Device::open("opencl:0.1", 1).unwrap_err(), Error::NotBuiltWith("opencl"));
        assert_eq!(Device::open("gpu", 1).unwrap_err(), Error::Device("gpu".into()));
        assert_eq!(Device::open("cpu:0", 1).unwrap_err(), Error::Device("cpu:0".into()));
    }
}
