//! What callers need to know of a device.

use crate::opencl::OpenCl;
use crate::threads::Threads;

/// Sentences that a processor decodes side by side.
const DECODE_BATCH: usize = 64;
/// The same of a device, which is slow for few.
const DEVICE_DECODE_BATCH: usize = 256;

/// What callers need to know of a device, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceProperties {
    /// True where kernels run while the host goes on, and somebody must wait for them.
    pub is_asynchronous: bool,
    /// False where kernels are only counted, so that what they give means nothing.
    pub computes: bool,
    /// True where the threads of the host take a part of a batch each; a device takes it whole.
    pub splits_batches: bool,
    /// Sentences that are decoded side by side.
    pub decode_batch: usize,
}

impl DeviceProperties {
    /// Of a device, or of the processor.
    pub(crate) fn of(device: Option<&OpenCl>) -> Self {
        match device {
            Some(device) => Self {
                is_asynchronous: true,
                computes: !device.is_counted(),
                splits_batches: false,
                decode_batch: DEVICE_DECODE_BATCH,
            },
            None => Self {
                is_asynchronous: false,
                computes: true,
                splits_batches: true,
                decode_batch: DECODE_BATCH,
            },
        }
    }

    /// Those of `threads` that each take a part of a batch, or a group of examples: all of them, or
    /// one for a device.
    pub fn data_parallel(&self, threads: &Threads) -> Threads {
        if self.splits_batches { threads.clone() } else { Threads::single() }
    }
}
