//! The register tiles of the kernel paths, and the loops around them.
//!
//! A tile is some rows of the left operand times one panel. Its sums are exact integers, and every
//! path turns them into f32 by the same operations in the same order.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
mod tile;
#[cfg(target_arch = "x86_64")]
mod vnni;

use std::ops::Range;
use std::sync::OnceLock;

use super::activations::QuantizedRows;
use super::panels::Panels;
use crate::gemm::output::Output;
use crate::gemm::rows::SumStart;
use crate::simd::{Level, level};
use tile::all_tiles;

/// The instructions that multiply integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) enum Path {
    /// Plain Rust.
    Portable,
    /// `vpmaddubsw` on vectors of 32 bytes.
    Avx2,
    /// `vpdpbusd` on vectors of 64 bytes.
    Vnni,
}

impl Path {
    /// Returns every path that this processor can run, from the slowest.
    pub(super) fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut paths = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                paths.push(Self::Avx2);
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
                paths.push(Self::Vnni);
            }
        }
        paths
    }
}

/// Returns the fastest path that the processor has and that `TENSOR_SIMD` admits.
pub(super) fn path() -> Path {
    static PATH: OnceLock<Path> = OnceLock::new();
    *PATH.get_or_init(|| {
        let admitted = |path: &Path| match path {
            Path::Portable => true,
            Path::Avx2 => level() >= Level::Avx2,
            Path::Vnni => level() >= Level::Avx512,
        };
        Path::available().into_iter().rfind(admitted).unwrap_or(Path::Portable)
    })
}

/// out\[rows, panels\] = init + X W\[panels\] for the rows that `x` holds, which the output has.
pub(super) fn run(
    path: Path,
    x: &QuantizedRows,
    w: &Panels,
    panels: Range<usize>,
    out: Output,
    init: SumStart<'_>,
) {
    match path {
        Path::Portable => all_tiles(portable::Portable, x, w, panels, out, init),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `available` found the instructions.
        Path::Avx2 => unsafe { avx2::run(x, w, panels, out, init) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Path::Vnni => unsafe { vnni::run(x, w, panels, out, init) },
        #[cfg(not(target_arch = "x86_64"))]
        _ => all_tiles(portable::Portable, x, w, panels, out, init),
    }
}
