//! Memory of tensors: reused, and never returned to the system.
//!
//! A training step holds its activations until the end of its backward pass, and the next step has
//! other lengths. Large buffers are therefore ranges of a few chunks, whose free neighbours merge:
//! the memory held is about the most that one step used, whatever the shapes were. Small buffers
//! come from free lists by size.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::slice::{from_raw_parts, from_raw_parts_mut};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use offset_allocator::{Allocation, Allocator};

/// Elements in a cache line: buffers begin at one, so that no vector lies across two.
const LINE: usize = 16;
/// Buffers of at most so many elements come from free lists by size.
const SMALL: usize = 1024;
/// Cache lines of the smallest chunk, and from which on chunks no longer grow: 4 and 64 MiB. What
/// was never used of a chunk takes no memory on systems that map it when it is touched.
const CHUNK: [usize; 2] = [1 << 16, 1 << 20];
/// Maximum number of ranges of the smallest chunk; a larger one has as many for each such size.
const RANGES: u32 = 1 << 11;

/// Elements that one buffer and its clones hold.
#[derive(Debug)]
struct Block {
    start: NonNull<f32>,
    len: usize,
    from: Source,
}

// SAFETY: a block is the only one of its elements, which are read through `&` and written through
// `&mut`, as those of a slice.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

/// Where the elements of a block come from.
enum Source {
    /// The free list of its length.
    List,
    /// A range of a chunk.
    Chunk(usize, Allocation),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::List => f.write_str("List"),
            Self::Chunk(chunk, range) => write!(f, "Chunk({chunk}, {})", range.offset),
        }
    }
}

/// Returns `len` zeros that begin at a cache line and are never deallocated.
fn allocate(len: usize) -> NonNull<f32> {
    let memory = Vec::leak(vec![0.0_f32; len + LINE]);
    use_huge_pages(memory);
    let start = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    NonNull::from(&mut memory[start..]).cast()
}

/// Advises the kernel to use huge pages, where memory holds whole ones: a weight that a decoder streams
/// from memory at every step lies in thousands of the usual ones, and each has to be looked up.
#[cfg(target_os = "linux")]
fn use_huge_pages(memory: &mut [f32]) {
    use rustix::mm::{Advice, madvise};

    const PAGE: usize = 2 << 20;
    let bytes = size_of_val(memory);
    let before = memory.as_ptr().cast::<u8>().align_offset(PAGE);
    if before >= bytes {
        return;
    }
    let whole = (bytes - before) / PAGE * PAGE;
    // SAFETY: the range lies within the memory, and the advice changes no content.
    let advised = unsafe {
        madvise(memory.as_mut_ptr().byte_add(before).cast(), whole, Advice::LinuxHugepage)
    };
    // A system without huge pages refuses, and uses those that it has.
    let _ = advised;
}

#[cfg(not(target_os = "linux"))]
fn use_huge_pages(_: &mut [f32]) {}

/// One piece of the system's memory, and which ranges of it are in use.
struct Chunk {
    start: NonNull<f32>,
    ranges: Allocator,
}

/// All memory of tensors.
#[derive(Default)]
struct Heap {
    lists: HashMap<usize, Vec<Arc<Block>>>,
    chunks: Vec<Chunk>,
    /// Cache lines of all chunks.
    lines: usize,
    /// Blocks of ranges that are free again: their own memory is reused, too.
    blocks: Vec<Arc<Block>>,
}

// SAFETY: a chunk's memory is reached only through the blocks of its ranges.
unsafe impl Send for Heap {}

fn heap() -> MutexGuard<'static, Heap> {
    static HEAP: OnceLock<Mutex<Heap>> = OnceLock::new();
    HEAP.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the capacity for `len` elements: one of eight sizes for each doubling.
pub(crate) fn class(len: usize) -> usize {
    let len = len.max(LINE);
    let eighth = (len.next_power_of_two() / LINE).max(1);
    len.div_ceil(eighth) * eighth
}

impl Heap {
    /// Returns a block of at least `len` elements.
    fn take(&mut self, len: usize) -> Arc<Block> {
        if let Some(range) = (len > SMALL).then(|| self.range(len.div_ceil(LINE))).flatten() {
            return range;
        }
        let len = class(len);
        let reused = self.lists.get_mut(&len).and_then(Vec::pop);
        let new = || Arc::new(Block { start: allocate(len), len, from: Source::List });
        reused.unwrap_or_else(new)
    }

    /// Returns a block of `lines` cache lines, or `None` if no chunk can be that large.
    fn range(&mut self, lines: usize) -> Option<Arc<Block>> {
        let wanted = u32::try_from(lines).ok()?;
        let free = |(i, chunk): (usize, &mut Chunk)| Some((i, chunk.ranges.allocate(wanted)?));
        let found = self.chunks.iter_mut().enumerate().find_map(free);
        let (chunk, range) = match found {
            Some(found) => found,
            None => (self.chunks.len(), self.grow(wanted)?),
        };
        let offset = range.offset as usize * LINE;
        // SAFETY: the range lies within its chunk.
        let start = unsafe { self.chunks[chunk].start.add(offset) };
        let made = Block { start, len: lines * LINE, from: Source::Chunk(chunk, range) };
        let mut block = self.blocks.pop();
        match block.as_mut().and_then(Arc::get_mut) {
            Some(reused) => *reused = made,
            None => return Some(Arc::new(made)),
        }
        block
    }

    /// Adds a chunk as large as all before it, within limits, and returns its first range.
    fn grow(&mut self, wanted: u32) -> Option<Allocation> {
        let [least, most] = CHUNK;
        // A free range serves a request of its own size if that size is a class.
        let lines = class(self.lines.clamp(least, most).max(wanted as usize));
        let count = (lines / least).max(1).min(most / least) as u32 * RANGES;
        let mut ranges = Allocator::with_max_allocs(u32::try_from(lines).ok()?, count);
        let range = ranges.allocate(wanted)?;
        self.chunks.push(Chunk { start: allocate(lines * LINE), ranges });
        self.lines += lines;
        Some(range)
    }

    /// Takes back a block without other holders.
    fn give_back(&mut self, block: Arc<Block>) {
        match block.from {
            Source::List => self.lists.entry(block.len).or_default().push(block),
            Source::Chunk(chunk, range) => {
                self.chunks[chunk].ranges.free(range);
                self.blocks.push(block);
            }
        }
    }
}

/// Shared memory of f32; its last holder returns it.
#[derive(Debug)]
pub(crate) struct Buffer(ManuallyDrop<Arc<Block>>);

impl Buffer {
    /// Creates a buffer of at least `len` unspecified elements.
    pub(crate) fn uninit(len: usize) -> Self {
        Self(ManuallyDrop::new(heap().take(len)))
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
        // SAFETY: the block's elements are initialised, belong to it alone, and are written only
        // through its only holder.
        unsafe { from_raw_parts(self.0.start.as_ptr(), self.0.len) }
    }

    /// Returns the elements if the buffer has no other holder.
    pub(crate) fn unique(&mut self) -> Option<&mut [f32]> {
        let block = Arc::get_mut(&mut self.0)?;
        // SAFETY: as in `data`; there is no other holder.
        Some(unsafe { from_raw_parts_mut(block.start.as_ptr(), block.len) })
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
            heap().give_back(arc);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_begins_with_a_cache_line_and_is_its_holders() {
        for len in [1, 100, SMALL, SMALL + 1, 3_333_333] {
            let mut buffer = Buffer::uninit(len);
            let at = buffer.data().as_ptr();
            assert!(at.addr().is_multiple_of(64) && buffer.data().len() >= len);
            let copy = buffer.clone();
            assert!(buffer.unique().is_none());
            drop(copy);
            buffer.unique().unwrap()[len - 1] = 1.0;
            drop(buffer);
        }
        assert_eq!(Buffer::from_slice(&[1.0, 2.0]).data()[..2], [1.0, 2.0]);
    }

    #[test]
    fn blocks_in_use_at_once_do_not_overlap() {
        let mut heap = Heap::default();
        let mut held: Vec<Arc<Block>> = Vec::new();
        let mut random = 1_u64;
        for turn in 0..4_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (len, which) = ((random >> 33) as usize % 40_000 + 1, (random >> 20) as usize);
            if turn % 7 < 4 || held.is_empty() {
                held.push(heap.take(len));
                assert!(held.last().is_some_and(|block| block.len >= len));
            } else {
                let block = held.swap_remove(which % held.len());
                heap.give_back(block);
            }
        }
        let mut ranges: Vec<(usize, usize)> =
            held.iter().map(|b| (b.start.as_ptr().addr(), b.len * size_of::<f32>())).collect();
        ranges.sort_unstable();
        assert!(ranges.len() > 500);
        assert!(ranges.windows(2).all(|w| w[0].0 + w[0].1 <= w[1].0));
    }

    #[test]
    fn steps_of_other_lengths_use_the_same_memory() {
        let mut heap = Heap::default();
        // What a step of a length takes: some large and many small activations.
        let step = |heap: &mut Heap, length: usize| {
            let sizes = (0..length).flat_map(|t| [64 * 512, 64 * 1_536 + t]);
            let blocks: Vec<_> =
                sizes.chain([length * 64 * 9_000]).map(|len| heap.take(len)).collect();
            blocks.into_iter().for_each(|block| heap.give_back(block));
        };
        step(&mut heap, 40);
        let most = heap.lines;
        for length in (5..40).chain((5..40).rev()) {
            step(&mut heap, length);
        }
        assert_eq!(heap.lines, most);
        assert!(heap.take(usize::from(u16::MAX)).len >= usize::from(u16::MAX));
    }
}
