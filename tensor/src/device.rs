//! Where tensors live and kernels run.

use crate::error::{Error, Result};
use crate::simd;
use crate::threads::Threads;

/// A device: the processor, or one behind OpenCL.
#[derive(Debug, Clone)]
pub struct Device {
    threads: Threads,
}

impl Device {
    /// The processor with a number of threads; 0 asks for one a core.
    pub fn cpu(threads: usize) -> Self {
        Self { threads: Threads::new(threads) }
    }

    /// The device of a name: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`.
    ///
    /// # Errors
    /// An unknown name; [`Error::NotBuiltWith`] for OpenCL, for which this version has no kernels.
    pub fn open(name: &str, threads: usize) -> Result<Self> {
        match name.split_once(':').map_or(name, |(kind, _)| kind) {
            "cpu" if name == "cpu" => Ok(Self::cpu(threads)),
            "opencl" => Err(Error::NotBuiltWith("opencl")),
            _ => Err(Error::Device(name.to_string())),
        }
    }

    /// The threads of the processor.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The device in words.
    pub fn describe(&self) -> String {
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
        assert_eq!(Device::open("opencl:0.1", 1).unwrap_err(), Error::NotBuiltWith("opencl"));
        assert_eq!(Device::open("gpu", 1).unwrap_err(), Error::Device("gpu".into()));
        assert_eq!(Device::open("cpu:0", 1).unwrap_err(), Error::Device("cpu:0".into()));
    }
}
