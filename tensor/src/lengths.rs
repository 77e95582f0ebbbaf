//! The lengths of a batch's sequences.

use crate::autograd::Tape;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::opencl::Ids;

/// The length of each sequence of a batch: on the host, and on a tape's device if it has one.
#[derive(Clone)]
pub struct Lengths {
    host: PooledVec<usize>,
    on_device: Option<Ids>,
}

impl Lengths {
    /// Creates the lengths of a batch for a tape.
    ///
    /// # Errors
    /// The device failed.
    pub fn new(tape: &Tape<'_>, lengths: &[usize]) -> Result<Self> {
        let words = || lengths.iter().map(|&n| n as u32).collect::<Vec<_>>();
        let on_device = tape.opencl().map(|device| device.ids(&words())).transpose()?;
        Ok(Self { host: lengths.into(), on_device })
    }

    /// Returns those on the device, or `None` on the processor.
    pub fn on_device(&self) -> Option<&Ids> {
        self.on_device.as_ref()
    }
}

impl std::ops::Deref for Lengths {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.host
    }
}

impl std::fmt::Debug for Lengths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.host.fmt(f)
    }
}
