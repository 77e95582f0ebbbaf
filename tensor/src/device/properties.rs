//! The properties of a device that callers depend on.

use crate::opencl::OpenCl;
use crate::threads::Threads;

/// Sentences that a processor decodes in one batch.
const DECODE_BATCH: usize = 64;
/// Sentences that a device decodes in one batch; small batches are slow there.
const DEVICE_DECODE_BATCH: usize = 256;

/// The properties of a device that callers depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceProperties {
    /// True if kernels run asynchronously, so that the host must wait for results.
    pub is_asynchronous: bool,
    /// False if kernels are only counted, so that results are meaningless.
    pub computes: bool,
    /// True if each thread of the host takes a part of a batch; a device takes it whole.
    pub splits_batches: bool,
    /// Sentences that are decoded in one batch.
    pub decode_batch: usize,
}

impl DeviceProperties {
    /// Returns the properties of a device, or of the processor for `None`.
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

    /// Returns those of `threads` that each take a part of a batch or a group of examples: all of
    /// them on the processor, one for a device.
    pub fn data_parallel(&self, threads: &Threads) -> Threads {
        if self.splits_batches { threads.clone() } else { Threads::single() }
    }
}
