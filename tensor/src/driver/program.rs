//! Programs, and a device's cache of compiled ones.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::calls::{Built, Kernel};
use super::counters::KernelWork;
use super::lock::lock;

/// The text of a program in OpenCL C 1.2: pieces that are concatenated after a text common to all
/// programs (`prelude.cl`: `sigmoid`, `group_sum`, `group_max`, `philox`).
///
/// A kernel takes a tensor as two arguments, `__global float *x, ulong x_at`, and its first line is
/// `x += x_at;`. Ids are passed as `__global const uint *ids` alone. A kernel must read and write
/// only within the tensors it is given, for all arguments that its caller can pass: the checks of
/// [`Launch`](crate::opencl::Launch) do not cover accesses inside the kernel.
#[derive(Debug)]
pub struct Program {
    pieces: &'static [&'static str],
    pub(crate) options: &'static str,
}

impl Program {
    /// Creates a program from these pieces.
    pub const fn new(pieces: &'static [&'static str]) -> Self {
        Self { pieces, options: "" }
    }

    /// Returns the same program with options for the compiler, such as `-DTILE=16`.
    #[must_use]
    pub const fn with_options(self, options: &'static str) -> Self {
        Self { pieces: self.pieces, options }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from(include_str!("prelude.cl"));
        for piece in self.pieces {
            text.push_str(piece);
        }
        text
    }
}

/// A compiled kernel, and counters of its work.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) kernel: Kernel,
    pub(crate) launches: AtomicU64,
    /// Elements of all tensors that it was given.
    pub(crate) elements: AtomicU64,
}

/// Compiled programs by text and options, and their kernels by address, which is a faster key.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) programs: Mutex<HashMap<(String, &'static str), Arc<Built>>>,
    pub(crate) kernels: Mutex<HashMap<(usize, usize, usize), Arc<Entry>>>,
}

impl Cache {
    pub(crate) fn work(&self) -> Vec<KernelWork> {
        let mut all: HashMap<&'static str, KernelWork> = HashMap::new();
        for entry in lock(&self.kernels).values() {
            let none = KernelWork { name: entry.name, launches: 0, moved_bytes: 0 };
            let work = all.entry(entry.name).or_insert(none);
            work.launches += entry.launches.load(Ordering::Relaxed);
            work.moved_bytes += 4 * entry.elements.load(Ordering::Relaxed);
        }
        let mut all: Vec<_> = all.into_values().filter(|work| work.launches > 0).collect();
        all.sort_unstable_by_key(|work| (std::cmp::Reverse(work.launches), work.name));
        all
    }
}
