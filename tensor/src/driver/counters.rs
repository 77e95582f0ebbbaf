//! Counters of a device's work.

use std::sync::atomic::{AtomicU64, Ordering};

/// The work of a device since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Kernels started.
    pub launches: u64,
    /// Copies and fills on the device.
    pub copies: u64,
    /// Number of reads by the host.
    pub reads: u64,
    /// Bytes that the host read.
    pub read_bytes: u64,
    /// Number of writes by the host.
    pub writes: u64,
    /// Bytes that the host wrote.
    pub written_bytes: u64,
    /// Bytes of all tensors that kernels, copies and fills were given: a lower bound on the
    /// device's memory traffic.
    pub moved_bytes: u64,
    /// Floating-point operations of products; a multiplication and an addition are two.
    pub flops: u64,
    /// Those of them that are for tensor cores ([`Precision::Tf32`](super::Precision)).
    pub core_flops: u64,
}

/// The work of a kernel since the device was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelWork {
    /// Its name.
    pub name: &'static str,
    /// How many times it was started.
    pub launches: u64,
    /// Bytes of all tensors that it was given.
    pub moved_bytes: u64,
}

impl Counters {
    /// Returns the work since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            launches: self.launches - earlier.launches,
            copies: self.copies - earlier.copies,
            reads: self.reads - earlier.reads,
            read_bytes: self.read_bytes - earlier.read_bytes,
            writes: self.writes - earlier.writes,
            written_bytes: self.written_bytes - earlier.written_bytes,
            moved_bytes: self.moved_bytes - earlier.moved_bytes,
            flops: self.flops - earlier.flops,
            core_flops: self.core_flops - earlier.core_flops,
        }
    }
}

/// The running counters.
#[derive(Default)]
pub(crate) struct Counted {
    launches: AtomicU64,
    copies: AtomicU64,
    reads: AtomicU64,
    read_bytes: AtomicU64,
    writes: AtomicU64,
    written_bytes: AtomicU64,
    moved_bytes: AtomicU64,
    flops: AtomicU64,
    core_flops: AtomicU64,
}

fn add(counter: &AtomicU64, n: u64) -> u64 {
    counter.fetch_add(n, Ordering::Relaxed)
}

impl Counted {
    /// Counts a launch and returns its number.
    pub(crate) fn launch(&self, elements: usize) -> u64 {
        add(&self.moved_bytes, 4 * elements as u64);
        add(&self.launches, 1)
    }

    pub(crate) fn copy(&self, elements: usize) {
        add(&self.moved_bytes, 4 * elements as u64);
        add(&self.copies, 1);
    }

    pub(crate) fn read(&self, elements: usize) {
        add(&self.read_bytes, 4 * elements as u64);
        add(&self.reads, 1);
    }

    pub(crate) fn write(&self, elements: usize) {
        add(&self.written_bytes, 4 * elements as u64);
        add(&self.writes, 1);
    }

    pub(crate) fn product(&self, operations: u64, on_cores: bool) {
        add(&self.flops, operations);
        if on_cores {
            add(&self.core_flops, operations);
        }
    }

    pub(crate) fn get(&self) -> Counters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            launches: get(&self.launches),
            copies: get(&self.copies),
            reads: get(&self.reads),
            read_bytes: get(&self.read_bytes),
            writes: get(&self.writes),
            written_bytes: get(&self.written_bytes),
            moved_bytes: get(&self.moved_bytes),
            flops: get(&self.flops),
            core_flops: get(&self.core_flops),
        }
    }
}
