//! The memory that a product writes to.

use std::ops::Range;

/// The output of a product: `width` columns, row-major, with rows `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Output {
    start: *mut f32,
    pub(super) width: usize,
    pub(super) stride: usize,
}

// SAFETY: threads that share an output write disjoint parts of it (see the callers).
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    /// Selects the columns from `start` on of rows of `stride` elements.
    pub(super) fn columns(out: &mut [f32], stride: usize, start: usize, width: usize) -> Self {
        assert!(start + width <= stride, "columns of the output");
        // SAFETY: within the slice, by the line above.
        Self { start: unsafe { out.as_mut_ptr().add(start.min(out.len())) }, width, stride }
    }

    /// Selects a block of columns of a wider output: `block` holds these columns of all rows, and
    /// nothing else may be written.
    pub(super) fn block(block: &mut [f32], columns: Range<usize>) -> Self {
        let start = block.as_mut_ptr().wrapping_sub(columns.start);
        Self { start, width: columns.end, stride: columns.len() }
    }

    /// Returns a pointer to an element, which the caller knows to be in the output.
    #[inline(always)]
    pub(super) fn at(&self, row: usize, column: usize) -> *mut f32 {
        self.start.wrapping_add(row * self.stride + column)
    }
}
