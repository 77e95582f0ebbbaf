//! Memory on a device, ids in it, and reads from it.

use std::mem::ManuallyDrop;
use std::sync::{Arc, OnceLock};

use super::arguments::Data;
use super::calls::{Memory, Proof, Transfer};
use super::device::OpenCl;
use crate::error::Result;

/// Memory of a device; its last holder returns it to the device's pool.
pub(crate) struct Block {
    device: OpenCl,
    memory: ManuallyDrop<Memory>,
    class: usize,
}

impl Block {
    pub(crate) fn new(device: &OpenCl, len: usize) -> Result<Arc<Self>> {
        let (memory, class) = device.take(len)?;
        let memory = ManuallyDrop::new(memory);
        Ok(Arc::new(Self { device: device.clone(), memory, class }))
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn device(&self) -> &OpenCl {
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

/// A tensor's memory on a device, and the host's copy of its elements.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(crate) block: Arc<Block>,
    /// The tensor's elements, once they were read; dropped when they are written.
    host: OnceLock<Arc<[f32]>>,
    /// Without the feature this type has no value.
    proof: Proof,
}

impl Remote {
    /// Creates the memory of a tensor; `host` holds its elements if they are already known.
    pub(crate) fn new(block: Arc<Block>, host: OnceLock<Arc<[f32]>>) -> Self {
        let proof = block.device.proof();
        Self { block, host, proof }
    }

    pub(crate) fn device(&self) -> &OpenCl {
        &self.block.device
    }

    /// Returns a view of the same memory without a copy on the host.
    pub(crate) fn view(&self) -> Self {
        Self { block: Arc::clone(&self.block), host: OnceLock::new(), proof: self.proof }
    }

    /// Returns elements `at..at + len`, read at the first call. If the device fails, they are zeros
    /// and the device stores the error.
    pub(crate) fn data(&self, at: usize, len: usize) -> &[f32] {
        self.host.get_or_init(|| {
            let read = self.block.device.read_block(&self.block, at, len);
            read.unwrap_or_else(|_| vec![0.0; len]).into()
        })
    }

    /// Returns true if the memory has no other holder.
    pub(crate) fn is_unique(&mut self) -> bool {
        Arc::get_mut(&mut self.block).is_some()
    }

    /// Returns true if both share the same memory.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block)
    }

    /// Returns a number that identifies the memory while it is held.
    pub(crate) fn key(&self) -> usize {
        Arc::as_ptr(&self.block).addr()
    }

    /// Drops the copy on the host, which is outdated.
    pub(crate) fn forget(&mut self) {
        self.host.take();
    }

    /// Returns true if the memory has at most `holders` holders.
    pub(crate) fn is_held_by(&self, holders: usize) -> bool {
        Arc::strong_count(&self.block) <= holders
    }
}

/// Unsigned integers on a device: ids, lengths, classes.
#[derive(Clone)]
pub struct Ids {
    pub(crate) block: Arc<Block>,
    pub(crate) len: usize,
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} numbers on a device", self.len)
    }
}

impl Ids {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The result of an asynchronous read, which may still be in progress.
pub struct Pending {
    pub(crate) device: OpenCl,
    pub(crate) transfer: Option<Transfer>,
}

impl Pending {
    /// Returns true if [`Pending::wait`] will not wait.
    pub fn is_ready(&self) -> bool {
        self.transfer.as_ref().is_none_or(Transfer::is_done)
    }

    /// Returns the elements; waits until the read is finished.
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

impl OpenCl {
    /// Copies unsigned integers to this device.
    ///
    /// # Errors
    /// As [`OpenCl::uninit`].
    pub fn ids(&self, ids: &[u32]) -> Result<Ids> {
        let block = Block::new(self, ids.len())?;
        self.write_block(&block, 0, Data::Words(ids.to_vec()))?;
        Ok(Ids { block, len: ids.len() })
    }

    pub(crate) fn read_block(&self, block: &Block, at: usize, len: usize) -> Result<Vec<f32>> {
        if len == 0 {
            return Ok(Vec::new());
        }
        self.shared.counted.read(len);
        let transfer = self.command(len, |driver| driver.read(block.memory(), at, len))?;
        Pending { device: self.clone(), transfer: Some(transfer) }.wait()
    }

    pub(crate) fn write_block(&self, block: &Block, at: usize, data: Data) -> Result<()> {
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
}
