//! Injected faults, to test the handling of device failures.
//!
//! The variable `TENSOR_OPENCL_FAULT` is read when a device is opened:
//!
//! | value | effect |
//! |---|---|
//! | `lost:N` | the first N commands are carried out, all others fail, as on a device that was unplugged |
//! | `memory:N` | the device has only N MiB |
//! | `build:KERNEL` | the program of that kernel does not compile |

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

const VARIABLE: &str = "TENSOR_OPENCL_FAULT";

/// The faults of a device.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Number of commands until the device is lost.
    commands: Option<u64>,
    given: AtomicU64,
    /// The pretended bytes of memory.
    pub(crate) memory: Option<u64>,
    /// The kernel whose program is broken.
    build: Option<String>,
}

impl Faults {
    /// Reads the faults from the environment; none if the variable is not set.
    pub(crate) fn from_environment() -> Result<Self> {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Self::parse(&text),
            _ => Ok(Self::default()),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            let what = format!("{text:?}: expected lost:COMMANDS, memory:MIB or build:KERNEL");
            Error::argument(VARIABLE, what)
        };
        let (kind, value) = text.split_once(':').ok_or_else(wrong)?;
        let number = || value.parse::<u64>().map_err(|_| wrong());
        Ok(match kind {
            "lost" => Self { commands: Some(number()?), ..Self::default() },
            "memory" => Self { memory: Some(number()? << 20), ..Self::default() },
            "build" => Self { build: Some(value.to_string()), ..Self::default() },
            _ => return Err(wrong()),
        })
    }

    /// Counts a command; returns the error of a lost device once there were too many.
    pub(crate) fn command(&self) -> Result<()> {
        let Some(last) = self.commands else { return Ok(()) };
        if self.given.fetch_add(1, Ordering::Relaxed) < last {
            return Ok(());
        }
        let what = format!("CL_DEVICE_NOT_AVAILABLE ({VARIABLE} asks for it)");
        Err(Error::OpenCl { call: "a command of the queue", what })
    }

    /// Returns the text of a kernel's program that the compiler gets.
    pub(crate) fn source(&self, kernel: &str, text: &str) -> String {
        match &self.build {
            Some(broken) if broken == kernel => format!("{text}\n#error {VARIABLE} asks for it\n"),
            _ => text.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_what_is_asked_for() {
        let lost = Faults::parse("lost:2").unwrap();
        assert!(lost.command().is_ok() && lost.command().is_ok());
        assert!(lost.command().is_err() && lost.command().is_err());
        assert_eq!(Faults::parse("memory:3").unwrap().memory, Some(3 << 20));
        let broken = Faults::parse("build:attend").unwrap();
        assert!(broken.source("attend", "x").contains("#error") && broken.command().is_ok());
        assert_eq!(broken.source("product", "x"), "x");
        for wrong in ["lost", "lost:x", "memory:-1", "fire:1", ""] {
            assert!(Faults::parse(wrong).is_err(), "{wrong}");
        }
    }
}
