//! Tensors on a device: creation, copies, reads.

use std::sync::{Arc, OnceLock};

use crate::driver::{Block, Data, Driver, OpenCl, Pending, Remote};
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Tensors with at most this number of elements keep the host's data after an upload, so that they
/// need not be read.
const KEPT: usize = 64;

impl OpenCl {
    /// Creates a tensor with unspecified elements on this device, for a kernel that writes all of
    /// them.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory), or an earlier failure of the device.
    pub fn uninit(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        Ok(tensor_of(Block::new(self, shape.len())?, shape, OnceLock::new()))
    }

    /// Creates a tensor on this device with all elements `value`.
    ///
    /// # Errors
    /// As [`OpenCl::uninit`].
    pub fn full(&self, shape: impl Into<Shape>, value: f32) -> Result<Tensor> {
        let shape = shape.into();
        let block = Block::new(self, shape.len())?;
        if !shape.is_empty() {
            let fill = |driver: &Driver| driver.fill(block.memory(), 0, shape.len(), value);
            self.command(shape.len(), fill)?;
            self.shared.counted.copy(shape.len());
        }
        Ok(tensor_of(block, shape, OnceLock::new()))
    }

    /// Creates a tensor on this device with all elements zero.
    ///
    /// # Errors
    /// As [`OpenCl::uninit`].
    pub fn zeros(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        self.full(shape, 0.0)
    }

    /// Returns the tensor on this device: itself if it is already there, else an asynchronous copy.
    ///
    /// # Errors
    /// As [`OpenCl::uninit`].
    pub fn upload(&self, tensor: &Tensor) -> Result<Tensor> {
        if tensor.opencl().is_some_and(|device| device.is(self)) {
            return Ok(tensor.clone());
        }
        let block = Block::new(self, tensor.len())?;
        self.write_block(&block, 0, Data::Floats(tensor.data().to_vec()))?;
        let host = OnceLock::new();
        if tensor.len() <= KEPT {
            let _ = host.set(tensor.data().into());
        }
        Ok(tensor_of(block, tensor.shape(), host))
    }

    /// Starts reading a tensor's elements, without waiting for them.
    ///
    /// # Errors
    /// The device failed.
    pub fn read_later(&self, tensor: &Tensor) -> Result<Pending> {
        let transfer = match tensor.place() {
            Some((remote, at)) if !tensor.is_empty() => {
                self.shared.counted.read(tensor.len());
                let memory = remote.block.memory();
                Some(self.command(tensor.len(), |d| d.read(memory, at, tensor.len()))?)
            }
            _ => None,
        };
        Ok(Pending { device: self.clone(), transfer })
    }

    /// Overwrites `to` with the elements of `from`, which may be on the host.
    ///
    /// # Errors
    /// The tensors' lengths differ; the device failed.
    pub fn assign(&self, to: &mut Tensor, from: &Tensor) -> Result<()> {
        if to.len() != from.len() {
            return Err(crate::Error::shapes("assign", to.shape(), from.shape()));
        }
        to.make_unique(self)?;
        self.overwrite(to, from)
    }

    /// [`OpenCl::assign`] to memory that the caller guarantees nothing else reads.
    pub(crate) fn overwrite(&self, to: &mut Tensor, from: &Tensor) -> Result<()> {
        let len = to.len();
        let Some((remote, at)) = to.place_mut().filter(|_| len > 0) else { return Ok(()) };
        let block = &remote.block;
        match from.place() {
            Some((source, from_at)) => {
                self.shared.counted.copy(2 * len);
                let (source, to) = ((source.block.memory(), from_at), (block.memory(), at));
                self.command(len, |driver| driver.copy(source, to, len))
            }
            None => self.write_block(block, at, Data::Floats(from.data().to_vec())),
        }
    }

    /// Sets all elements of memory that the caller guarantees nothing else reads.
    pub(crate) fn fill_shared(&self, to: &mut Tensor, value: f32) -> Result<()> {
        let len = to.len();
        let Some((remote, at)) = to.place_mut().filter(|_| len > 0) else { return Ok(()) };
        self.shared.counted.copy(len);
        self.command(len, |driver| driver.fill(remote.block.memory(), at, len, value))
    }

    /// Returns a copy of a tensor on this device, with memory of its own.
    pub(crate) fn duplicate(&self, tensor: &Tensor) -> Result<Tensor> {
        let mut copy = self.uninit(tensor.shape())?;
        self.overwrite(&mut copy, tensor)?;
        Ok(copy)
    }
}

fn tensor_of(block: Arc<Block>, shape: Shape, host: OnceLock<Arc<[f32]>>) -> Tensor {
    Tensor::remote(Remote::new(block, host), shape)
}
