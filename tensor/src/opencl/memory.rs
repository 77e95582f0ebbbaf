//! Tensors and ids on a device: making them, copying them, reading them.

use std::mem::ManuallyDrop;
use std::sync::{Arc, OnceLock};

use super::device::OpenCl;
use super::driver::{Data, Driver, Memory, Proof, Transfer};
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Memory of a device; it goes back to the device's pool with its last holder.
pub(crate) struct Block {
    device: OpenCl,
    memory: ManuallyDrop<Memory>,
    class: usize,
}

impl Block {
    fn new(device: &OpenCl, len: usize) -> Result<Arc<Self>> {
        let (memory, class) = device.take(len)?;
        let memory = ManuallyDrop::new(memory);
        Ok(Arc::new(Self { device: device.clone(), memory, class }))
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn device(&self) -> &OpenCl {
        &self.device
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `self.memory` is not used again.
        let memory = unsafe { ManuallyDrop::take(&mut self.memory) };
        self.device.give(memory, self.class);
    }
}

/// A tensor's memory on a device, and what was read of it.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(super) block: Arc<Block>,
    /// The tensor's elements, once somebody asked for them; forgotten when they are written.
    host: OnceLock<Arc<[f32]>>,
    /// Without the feature there is no such value.
    proof: Proof,
}

impl Remote {
    pub(crate) fn device(&self) -> &OpenCl {
        &self.block.device
    }

    /// A view of the same memory of which nothing was read.
    pub(crate) fn view(&self) -> Self {
        Self { block: Arc::clone(&self.block), host: OnceLock::new(), proof: self.proof }
    }

    /// Elements `at..at + len`, read at the first call. Zeros where the device fails; it keeps why.
    pub(crate) fn data(&self, at: usize, len: usize) -> &[f32] {
        self.host.get_or_init(|| {
            let read = self.block.device.read_block(&self.block, at, len);
            read.unwrap_or_else(|_| vec![0.0; len]).into()
        })
    }

    /// True where nobody else holds the memory.
    pub(crate) fn is_unique(&mut self) -> bool {
        Arc::get_mut(&mut self.block).is_some()
    }

    /// True where both are of the same memory.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block)
    }

    /// A number that only views of the same memory share while it is held.
    pub(crate) fn key(&self) -> usize {
        Arc::as_ptr(&self.block).addr()
    }

    /// What was read is old now.
    pub(crate) fn forget(&mut self) {
        self.host.take();
    }

    /// True where nobody holds the memory but `holders` of its owner's tensors.
    pub(crate) fn is_held_by(&self, holders: usize) -> bool {
        Arc::strong_count(&self.block) <= holders
    }
}

/// Whole numbers on a device: ids, lengths, classes.
#[derive(Clone)]
pub struct Ids {
    pub(super) block: Arc<Block>,
    pub(super) len: usize,
}

impl Ids {
    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// What the device was asked for, still on its way to the host.
pub struct Pending {
    device: OpenCl,
    transfer: Option<Transfer>,
}

impl Pending {
    /// True where [`Pending::wait`] need not wait.
    pub fn is_ready(&self) -> bool {
        self.transfer.as_ref().is_none_or(Transfer::is_done)
    }

    /// The elements; waits until they are there.
    ///
    /// # Errors
    /// The device failed.
    pub fn wait(mut self) -> Result<Vec<f32>> {
        let data = match self.transfer.take() {
            Some(transfer) => self.device.keep(transfer.wait())?,
            None => return Ok(Vec::new()),
        };
        match data {
            Data::Floats(data) => Ok(data),
            Data::Words(_) => Ok(Vec::new()),
        }
    }
}

/// Tensors of at most so many elements keep what was copied to the device: it need not be read.
const KEPT: usize = 64;

impl OpenCl {
    /// A tensor of any values here, for a kernel that writes them all.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory), or an earlier failure of the device.
    pub fn scratch(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        Ok(self.tensor_of(Block::new(self, shape.len())?, shape, OnceLock::new()))
    }

    fn tensor_of(&self, block: Arc<Block>, shape: Shape, host: OnceLock<Arc<[f32]>>) -> Tensor {
        Tensor::remote(Remote { block, host, proof: self.proof() }, shape)
    }

    /// A tensor here, all elements `value`.
    ///
    /// # Errors
    /// As [`OpenCl::scratch`].
    pub fn full(&self, shape: impl Into<Shape>, value: f32) -> Result<Tensor> {
        let shape = shape.into();
        let block = Block::new(self, shape.len())?;
        if !shape.is_empty() {
            let fill = |driver: &Driver| driver.fill(block.memory(), 0, shape.len(), value);
            self.command(shape.len(), fill)?;
            self.shared.counted.copy(shape.len());
        }
        Ok(self.tensor_of(block, shape, OnceLock::new()))
    }

    /// A tensor here, all elements zero.
    ///
    /// # Errors
    /// As [`OpenCl::scratch`].
    pub fn zeros(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        self.full(shape, 0.0)
    }

    /// The tensor here: itself where it is, else a copy, for which nobody waits.
    ///
    /// # Errors
    /// As [`OpenCl::scratch`].
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
        Ok(self.tensor_of(block, tensor.shape(), host))
    }

    /// Whole numbers here.
    ///
    /// # Errors
    /// As [`OpenCl::scratch`].
    pub fn ids(&self, ids: &[u32]) -> Result<Ids> {
        let block = Block::new(self, ids.len())?;
        self.write_block(&block, 0, Data::Words(ids.to_vec()))?;
        Ok(Ids { block, len: ids.len() })
    }

    /// Asks for a tensor's elements without waiting for them.
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

    fn read_block(&self, block: &Block, at: usize, len: usize) -> Result<Vec<f32>> {
        if len == 0 {
            return Ok(Vec::new());
        }
        self.shared.counted.read(len);
        let transfer = self.command(len, |driver| driver.read(block.memory(), at, len))?;
        Pending { device: self.clone(), transfer: Some(transfer) }.wait()
    }

    pub(super) fn write_block(&self, block: &Block, at: usize, data: Data) -> Result<()> {
        let len = match &data {
            Data::Floats(v) => v.len(),
            Data::Words(v) => v.len(),
        };
        if len == 0 {
            return Ok(());
        }
        self.shared.counted.write(len);
        let transfer = self.command(len, |driver| driver.write(block.memory(), at, data))?;
        self.keep_upload(transfer);
        Ok(())
    }

    /// Overwrites `to` with as many elements of `from`, which may be on the host.
    ///
    /// # Errors
    /// Tensors of different lengths; the device failed.
    pub fn assign(&self, to: &mut Tensor, from: &Tensor) -> Result<()> {
        if to.len() != from.len() {
            return Err(crate::Error::shapes("assign", to.shape(), from.shape()));
        }
        to.make_unique(self)?;
        self.overwrite(to, from)
    }

    /// [`OpenCl::assign`] to memory that the caller knows nobody else to read.
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

    /// Sets all elements of memory that the caller knows nobody else to read.
    pub(crate) fn fill_shared(&self, to: &mut Tensor, value: f32) -> Result<()> {
        let len = to.len();
        let Some((remote, at)) = to.place_mut().filter(|_| len > 0) else { return Ok(()) };
        self.shared.counted.copy(len);
        self.command(len, |driver| driver.fill(remote.block.memory(), at, len, value))
    }

    /// A copy of a tensor here, with memory of its own.
    pub(crate) fn duplicate(&self, tensor: &Tensor) -> Result<Tensor> {
        let mut copy = self.scratch(tensor.shape())?;
        self.overwrite(&mut copy, tensor)?;
        Ok(copy)
    }
}
