//! The system's allocator, with a hook that runs before a failed allocation ends the program.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;

/// The hook, called with the number of bytes that could not be allocated.
type Refused = fn(usize);

static REFUSED: OnceLock<Refused> = OnceLock::new();

/// Registers a hook, once per process, that is called if an allocation fails. Returns `false` if a
/// hook was already registered; the new one is then ignored.
///
/// The hook is called on the allocating thread, which may hold any lock, and must not allocate. It
/// may end the process; if it returns, the allocation fails as it would without it (most code then
/// aborts). It is only called if [`Reporting`] is the program's allocator.
pub fn on_refused_memory(call: Refused) -> bool {
    REFUSED.set(call).is_ok()
}

/// The system's allocator, for use as the allocator of a program:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: tensor::Reporting = tensor::Reporting;
///
/// fn main() {
///     assert!(tensor::on_refused_memory(|_| std::process::exit(1)));
/// }
/// ```
///
/// If the system refuses memory, the hook registered by [`on_refused_memory`] is called. The cost
/// is one comparison per allocation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reporting;

/// Returns the block, after calling the hook if there is none.
#[inline]
fn told(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        refused(size);
    }
    block
}

#[cold]
fn refused(size: usize) {
    if let Some(call) = REFUSED.get() {
        call(size);
    }
}

// SAFETY: every call and every result is passed on unchanged from and to the system's allocator.
unsafe impl GlobalAlloc for Reporting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        told(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        told(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        told(unsafe { System.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn a_refusal_is_told_and_memory_is_the_systems() {
        assert!(on_refused_memory(|bytes| ASKED.store(bytes, Ordering::Relaxed)));
        assert!(!on_refused_memory(|_| {}));
        let small = Layout::from_size_align(64, 64).unwrap();
        // SAFETY: the layout is not empty, and the block is used within its size and deallocated
        // once.
        unsafe {
            let block = Reporting.alloc_zeroed(small);
            assert!(block.addr().is_multiple_of(64) && (0..64).all(|i| *block.add(i) == 0));
            let block = Reporting.realloc(block, small, 128);
            assert_eq!(*block.add(63), 0);
            Reporting.dealloc(block, Layout::from_size_align(128, 64).unwrap());
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 0);
        let large = Layout::from_size_align(1 << 60, 64).unwrap();
        // SAFETY: the layout is not empty.
        assert!(unsafe { Reporting.alloc(large) }.is_null());
        assert_eq!(ASKED.load(Ordering::Relaxed), 1 << 60);
    }
}
