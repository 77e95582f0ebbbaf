//! A cell's programs on an OpenCL device.
//!
//! The gating is in the cells' folders (for example `lstm/lstm.cl`) and shared by all programs.

use tensor::opencl::Program;

/// Work-items per group in kernels over rows.
pub(crate) const ROW_ITEMS: [usize; 3] = [128, 1, 1];

/// The programs of a step, or of one of its two products if it has two.
pub(crate) struct Programs {
    /// Tiles of 16 rows of the batch.
    pub(crate) narrow: Program,
    /// Tiles of 64 rows.
    pub(crate) wide: Program,
    /// Gating without products.
    pub(crate) rows: Program,
}

/// A cell's programs: the source, and the compile options that select the cell.
macro_rules! programs {
    ($text:literal, $($options:literal),+) => {
        Programs {
            narrow: tensor::opencl::Program::new(&[
                include_str!("../programs/cell.cl"),
                include_str!($text),
                include_str!("../programs/tile.cl"),
                include_str!("../programs/fused.cl"),
            ])
            .with_options(concat!($($options),+)),
            wide: tensor::opencl::Program::new(&[
                include_str!("../programs/cell.cl"),
                include_str!($text),
                include_str!("../programs/tile.cl"),
                include_str!("../programs/fused.cl"),
            ])
            .with_options(concat!($($options),+, " -DWIDE")),
            rows: tensor::opencl::Program::new(&[
                include_str!("../programs/cell.cl"),
                include_str!($text),
                include_str!("../programs/rows.cl"),
            ])
            .with_options(concat!($($options),+)),
        }
    };
}
pub(crate) use programs;
