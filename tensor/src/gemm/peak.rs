//! The peak speed of this machine: the register tile on operands that stay in the first caches.

use std::time::{Duration, Instant};

use super::{Packed, Rows, Side, SumStart, matmul, work};
use crate::threads::Threads;

/// Rows, depth and width of the product: all operands stay in the first two caches.
const SIZES: (usize, usize, usize) = (96, 256, 128);
/// Number of products between two clock readings.
const BLOCK: usize = 128;

/// Returns the most operations per second that these threads reach together: products whose
/// operands stay in the caches, for `time` on every thread at once; the best interval counts.
///
/// This is a fraction of the processor's nominal peak, and the reference for a whole training step.
pub fn peak(threads: &Threads, time: Duration) -> f64 {
    let (rows, depth, width) = SIZES;
    let weight = vec![0.01; depth * width];
    let packed = Packed::new(&Threads::single(), &weight, depth, 0..depth, Side::Transposed);
    let x = vec![0.01; rows * depth];
    let mut outputs = vec![vec![0.0; rows * width]; threads.count()];
    let end = Instant::now() + time;
    let mut best = 0.0_f64;
    while Instant::now() < end {
        let (start, before) = (Instant::now(), work().flops);
        threads.for_each(&mut outputs, |_, out| {
            for _ in 0..BLOCK {
                matmul(&Threads::single(), Rows::new(&x, depth), &packed, out, SumStart::Zero);
            }
        });
        best = best.max((work().flops - before) as f64 / start.elapsed().as_secs_f64());
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_a_plausible_number() {
        let peak = peak(&Threads::new(2), Duration::from_millis(20));
        assert!((1e8..1e14).contains(&peak), "{peak}");
    }
}
