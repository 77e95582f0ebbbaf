//! Numbers that a step computes and that are read later.

use super::Tensor;
use crate::error::Result;

/// A number that may still be on a device.
///
/// Operations on a device leave their sums there; reading one waits for the device. A training step
/// therefore passes its metrics to [`Optimizer::update`](crate::optim::Optimizer::update), which
/// reads all of them together, later.
#[derive(Debug, Clone)]
pub struct DeferredScalar(Source);

#[derive(Debug, Clone)]
enum Source {
    Host(f64),
    Device(Tensor),
}

impl DeferredScalar {
    /// Creates the scalar from element `i` of a tensor on a device.
    pub(crate) fn on_device(tensor: &Tensor, i: usize) -> Self {
        Self(Source::Device(tensor.flat(i, 1)))
    }

    /// Returns the number. If it is on a device, this is a read: it waits for the device and is
    /// counted.
    ///
    /// PyTorch: `tensor.item()`.
    ///
    /// # Errors
    /// The device failed.
    pub fn get(&self) -> Result<f64> {
        match &self.0 {
            Source::Host(value) => Ok(*value),
            Source::Device(tensor) => {
                let value = tensor.data().first().map_or(0.0, |&v| f64::from(v));
                tensor.check().map(|()| value)
            }
        }
    }

    /// Returns the number as a tensor of one element, if it is on a device.
    pub(crate) fn tensor(&self) -> Option<&Tensor> {
        match &self.0 {
            Source::Host(_) => None,
            Source::Device(tensor) => Some(tensor),
        }
    }
}

impl From<f64> for DeferredScalar {
    fn from(value: f64) -> Self {
        Self(Source::Host(value))
    }
}
