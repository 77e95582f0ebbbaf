//! A cell's programs on an OpenCL device.
//!
//! The gating stands in the cells' folders (`lstm/lstm.cl`), once for all of these.

use tensor::opencl::Program;

/// Work-items of a group that has rows.
pub(crate) const ROW_ITEMS: [usize; 3] = [128, 1, 1];

/// The programs of a step, or of one of its two products.
pub(crate) struct Programs {
    /// Tiles of 16 rows of the batch.
    pub(crate) narrow: Program,
    /// Tiles of 64.
    pub(crate) wide: Program,
    /// Gating without products.
    pub(crate) rows: Program,
}

/// A cell's programs: its text, and the options that say which cell it is.
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
