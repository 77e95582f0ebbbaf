//! Memory of tensors: reused, and never returned to the system.
//!
//! A buffer without holders goes to a free list of its size class (eight classes per doubling), so
//! that a training step reuses the memory of the step before.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type FreeLists = Mutex<HashMap<usize, Vec<Arc<Block>>>>;

/// Elements that begin at a cache line, so that no vector lies across two.
#[derive(Debug)]
struct Block {
    data: Vec<f32>,
    start: usize,
}

/// Elements in a cache line.
const LINE: usize = 16;

impl Block {
    fn new(len: usize) -> Self {
        let data = vec![0.0_f32; len + LINE];
        let start = data.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { data, start }
    }

    fn len(&self) -> usize {
        self.data.len() - LINE
    }
}

fn free_lists() -> &'static FreeLists {
    static LISTS: OnceLock<FreeLists> = OnceLock::new();
    LISTS.get_or_init(FreeLists::default)
}

/// Returns the capacity for `len` elements.
pub(crate) fn class(len: usize) -> usize {
    let len = len.max(16);
    let eighth = (len.next_power_of_two() / 16).max(1);
    len.div_ceil(eighth) * eighth
}

/// Shared memory of f32; its last holder returns it to its free list.
#[derive(Debug)]
pub(crate) struct Buffer(ManuallyDrop<Arc<Block>>);

impl Buffer {
    /// Creates a buffer of at least `len` unspecified elements.
    pub(crate) fn uninit(len: usize) -> Self {
        let class = class(len);
        let mut lists = free_lists().lock().unwrap_or_else(PoisonError::into_inner);
        let reused = lists.get_mut(&class).and_then(Vec::pop);
        drop(lists);
        Self(ManuallyDrop::new(reused.unwrap_or_else(|| Arc::new(Block::new(class)))))
    }

    /// Creates a buffer that begins with the elements of a slice.
    pub(crate) fn from_slice(from: &[f32]) -> Self {
        let mut buffer = Self::uninit(from.len());
        if let Some(data) = buffer.unique() {
            data[..from.len()].copy_from_slice(from);
        }
        buffer
    }

    pub(crate) fn data(&self) -> &[f32] {
        &self.0.data[self.0.start..]
    }

    /// Returns the elements if the buffer has no other holder.
    pub(crate) fn unique(&mut self) -> Option<&mut [f32]> {
        Arc::get_mut(&mut self.0).map(|block| &mut block.data[block.start..])
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self(ManuallyDrop::new(Arc::clone(&self.0)))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: `self.0` is not used again.
        let mut arc = unsafe { ManuallyDrop::take(&mut self.0) };
        if Arc::get_mut(&mut arc).is_some() {
            let mut lists = free_lists().lock().unwrap_or_else(PoisonError::into_inner);
            lists.entry(arc.len()).or_default().push(arc);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_begins_with_a_cache_line_and_comes_back() {
        // A class that no other test uses.
        let len = 3_333_333;
        let mut buffer = Buffer::uninit(len);
        let at = buffer.data().as_ptr();
        assert!(at.addr().is_multiple_of(64) && buffer.data().len() >= len);
        let copy = buffer.clone();
        assert!(buffer.unique().is_none());
        drop(copy);
        buffer.unique().unwrap()[len - 1] = 1.0;
        drop(buffer);
        assert_eq!(Buffer::uninit(len).data().as_ptr(), at);
        assert_eq!(Buffer::from_slice(&[1.0, 2.0]).data()[..2], [1.0, 2.0]);
    }
}
