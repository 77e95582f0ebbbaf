//! Counters of the work done by products, and estimates of their duration.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::simd::{Level, level};

static FLOPS: AtomicU64 = AtomicU64::new(0);
pub(super) static WEIGHT_GRADIENTS: AtomicU64 = AtomicU64::new(0);
pub(super) static PACKINGS: AtomicU64 = AtomicU64::new(0);

/// The work done by the products of this process; the difference between two times is the work
/// between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Floating-point operations; a multiplication and an addition are two.
    pub flops: u64,
    /// Sums of products for a weight's gradient ([`weight_gradient`](super::weight_gradient)).
    pub weight_gradients: u64,
    /// Weights, or blocks of them, that were packed for one side.
    pub packings: u64,
}

/// Returns the work done by the products of this process so far.
pub fn work() -> Work {
    Work {
        flops: FLOPS.load(Ordering::Relaxed),
        weight_gradients: WEIGHT_GRADIENTS.load(Ordering::Relaxed),
        packings: PACKINGS.load(Ordering::Relaxed),
    }
}

/// Counts a product \[rows, depth\] times \[depth, width\].
pub(super) fn count(rows: usize, depth: usize, width: usize) {
    FLOPS.fetch_add(2 * (rows * depth * width) as u64, Ordering::Relaxed);
}

/// Estimates how long a product takes one thread, in nanoseconds: its operations, or, for few rows, the
/// reading of the weight from the second-level cache.
pub(super) fn duration(rows: usize, depth: usize, width: usize) -> usize {
    // Multiplications with additions in a nanosecond: about three quarters of the peak as measured with
    // AVX-512 on a Xeon and with AVX2 on Zen 3; the portable figure is a guess.
    let speed = match level() {
        Level::Avx512 => 60,
        Level::Avx2 => 36,
        Level::Portable => 6,
    };
    (rows * depth * width / speed).max(rows.min(1) * depth * width / READ)
}

/// Elements of a weight that one thread reads from the second-level cache in a nanosecond.
const READ: usize = 23;
