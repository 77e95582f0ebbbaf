//! Memory of tensors: reused, never returned to the system while the program needs it again.
//!
//! A buffer that nobody holds any more goes to a free list of its size class (eight classes for
//! each doubling), so that a training step takes what the step before gave back.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type FreeLists = Mutex<HashMap<usize, Vec<Arc<Vec<f32>>>>>;

fn free_lists() -> &'static FreeLists {
    static LISTS: OnceLock<FreeLists> = OnceLock::new();
    LISTS.get_or_init(FreeLists::default)
}

/// The capacity that serves `len` elements.
pub(crate) fn class(len: usize) -> usize {
    let len = len.max(16);
    let eighth = (len.next_power_of_two() / 16).max(1);
    len.div_ceil(eighth) * eighth
}

/// Shared memory of f32; it goes back to its free list with its last holder.
#[derive(Debug)]
pub(crate) struct Buffer(ManuallyDrop<Arc<Vec<f32>>>);

impl Buffer {
    /// At least `len` elements of any values.
    pub(crate) fn scratch(len: usize) -> Self {
        let class = class(len);
        let mut lists = free_lists().lock().unwrap_or_else(PoisonError::into_inner);
        let reused = lists.get_mut(&class).and_then(Vec::pop);
        drop(lists);
        Self(ManuallyDrop::new(reused.unwrap_or_else(|| Arc::new(vec![0.0; class]))))
    }

    /// A buffer around a vector.
    pub(crate) fn from_vec(data: Vec<f32>) -> Self {
        Self(ManuallyDrop::new(Arc::new(data)))
    }

    pub(crate) fn data(&self) -> &[f32] {
        &self.0
    }

    /// The elements, where nobody else holds the buffer.
    pub(crate) fn unique(&mut self) -> Option<&mut [f32]> {
        Arc::get_mut(&mut self.0).map(Vec::as_mut_slice)
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
        if Arc::get_mut(&mut arc).is_some() && arc.len() == class(arc.len()) {
            let mut lists = free_lists().lock().unwrap_or_else(PoisonError::into_inner);
            lists.entry(arc.len()).or_default().push(arc);
        }
    }
}
