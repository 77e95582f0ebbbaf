//! Lists whose memory is reused, and that memory: the data that a training step needs besides
//! tensors.
//!
//! A deallocated block goes to a free list of its size (powers of two), whose links lie in the
//! blocks themselves, so that a step reuses the memory of the step before. Nothing is returned to
//! the system.

use std::alloc::{Layout, alloc};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use allocator_api2::alloc::{AllocError, Allocator};
use allocator_api2::vec::{IntoIter, Vec};

/// The size of the smallest block, and the alignment of all blocks.
const LEAST: usize = 64;
/// Number of block sizes: [`LEAST`], and each twice the one before.
const SIZES: usize = 48;

/// A pointer to the next free block, stored in the block's own memory.
#[derive(Clone, Copy)]
struct Link(Option<NonNull<Link>>);
// SAFETY: a free block belongs only to its free list.
unsafe impl Send for Link {}

static FREE: [Mutex<Link>; SIZES] = [const { Mutex::new(Link(None)) }; SIZES];

fn free(size: usize) -> MutexGuard<'static, Link> {
    FREE[size].lock().unwrap_or_else(PoisonError::into_inner)
}

/// An allocator of reused memory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pool;

/// Returns the index of the block size for a layout, or `None` if no size is large enough.
fn size_of(layout: Layout) -> Option<usize> {
    let bytes = layout.size().max(LEAST).checked_next_power_of_two()?;
    let size = (bytes / LEAST).trailing_zeros() as usize;
    (size < SIZES && layout.align() <= LEAST).then_some(size)
}

// SAFETY: a block is as large and as aligned as requested, belongs to its holder until it is
// deallocated, and does not move; all values of the type share the same free lists.
unsafe impl Allocator for Pool {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let size = size_of(layout).ok_or(AllocError)?;
        let bytes = LEAST << size;
        let mut list = free(size);
        if let Some(block) = list.0 {
            // SAFETY: `deallocate` wrote a link into every block of the list.
            *list = unsafe { block.read() };
            return Ok(NonNull::slice_from_raw_parts(block.cast(), bytes));
        }
        drop(list);
        let layout = Layout::from_size_align(bytes, LEAST).map_err(|_| AllocError)?;
        // SAFETY: the layout is not empty.
        let block = NonNull::new(unsafe { alloc(layout) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, bytes))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        let Some(size) = size_of(layout) else { return };
        let mut list = free(size);
        let block = block.cast::<Link>();
        // SAFETY: the caller owns the block, which is no smaller and no less aligned than a link.
        unsafe { block.write(*list) };
        list.0 = Some(block);
    }
}

/// A growable list like `Vec`, whose memory is reused: in a training step whose shapes were seen
/// before it allocates nothing.
///
/// ```
/// use tensor::PooledVec;
///
/// let mut list: PooledVec<u32> = (0..3).collect();
/// list.push(7);
/// assert_eq!(list, [0, 1, 2, 7]);
/// ```
pub struct PooledVec<T>(Vec<T, Pool>);

impl<T> PooledVec<T> {
    /// Creates an empty list, without memory yet.
    pub const fn new() -> Self {
        Self(Vec::new_in(Pool))
    }

    /// Creates an empty list with capacity for `count` items.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity_in(count, Pool))
    }

    /// Creates a list of `count` clones of `value`.
    pub fn filled(value: T, count: usize) -> Self
    where
        T: Clone,
    {
        let mut list = Self::new();
        list.0.resize(count, value);
        list
    }

    /// Appends an item.
    pub fn push(&mut self, value: T) {
        self.0.push(value);
    }

    /// Removes and returns the last item.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    /// Removes all items.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps at most the first `count` items.
    pub fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// Changes the length to `count`; `make` creates missing items.
    pub fn resize_with(&mut self, count: usize, make: impl FnMut() -> T) {
        self.0.resize_with(count, make);
    }

    /// Removes items that equal the item before them.
    pub fn dedup(&mut self)
    where
        T: PartialEq,
    {
        self.0.dedup();
    }
}

impl<T> Default for PooledVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for PooledVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for PooledVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> Extend<T> for PooledVec<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.0.extend(items);
    }
}

impl<T> FromIterator<T> for PooledVec<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::new();
        list.extend(items);
        list
    }
}

impl<T: Clone> From<&[T]> for PooledVec<T> {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

impl<T, const N: usize> From<[T; N]> for PooledVec<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Clone> Clone for PooledVec<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for PooledVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for PooledVec<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Eq> Eq for PooledVec<T> {}

impl<T: PartialEq, const N: usize> PartialEq<[T; N]> for PooledVec<T> {
    fn eq(&self, other: &[T; N]) -> bool {
        **self == other[..]
    }
}

impl<'a, T> IntoIterator for &'a PooledVec<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut PooledVec<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T> IntoIterator for PooledVec<T> {
    type Item = T;
    type IntoIter = Items<T>;

    fn into_iter(self) -> Items<T> {
        Items(self.0.into_iter())
    }
}

/// An iterator over the items of a [`PooledVec`].
pub struct Items<T>(IntoIter<T, Pool>);

impl<T> Iterator for Items<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_what_a_vector_is() {
        let mut list: PooledVec<String> = ["a", "b", "b", "c"].map(String::from).into();
        list.dedup();
        list.push("d".into());
        let copy = list.clone();
        assert_eq!(list.pop().as_deref(), Some("d"));
        list.resize_with(5, || "e".into());
        list.truncate(4);
        assert_eq!(list, ["a", "b", "c", "e"].map(String::from));
        assert_ne!(list, copy);
        assert_eq!(format!("{copy:?}"), r#"["a", "b", "c", "d"]"#);
        list.iter_mut().for_each(|s| s.push('!'));
        let all: Vec<String, Pool> = {
            let mut all = Vec::new_in(Pool);
            all.extend(list);
            all
        };
        assert_eq!(all.concat(), "a!b!c!e!");
        assert!(PooledVec::<u8>::default().is_empty() && PooledVec::filled(3, 2) == [3, 3]);
    }

    #[test]
    fn memory_that_was_given_back_is_taken_again() {
        // A size that no other test uses.
        let layout = Layout::from_size_align((1 << 22) + 1, 8).unwrap();
        let first = Pool.allocate(layout).unwrap();
        assert_eq!(first.len(), 1 << 23);
        assert!(first.cast::<u8>().as_ptr().addr().is_multiple_of(LEAST));
        // SAFETY: the block came from this allocator, with this layout.
        unsafe { Pool.deallocate(first.cast(), layout) };
        let again = Pool.allocate(layout).unwrap();
        assert_eq!(first.cast::<u8>(), again.cast::<u8>());
        let other = Pool.allocate(layout).unwrap();
        assert_ne!(again.cast::<u8>(), other.cast::<u8>());
        for block in [again, other] {
            // SAFETY: as above.
            unsafe { Pool.deallocate(block.cast(), layout) };
        }
        assert!(Pool.allocate(Layout::from_size_align(8, 4_096).unwrap()).is_err());
    }

    #[test]
    fn threads_share_the_memory() {
        let threads = crate::Threads::new(3);
        let mut sums = [0_usize; 3];
        threads.for_each(&mut sums, |i, sum| {
            for n in 0..500 {
                let list: PooledVec<usize> = (0..n).map(|x| x + i).collect();
                *sum += list.iter().filter(|&&x| x >= i && x < n + i).count();
            }
        });
        assert_eq!(sums, [500 * 499 / 2; 3]);
    }
}
