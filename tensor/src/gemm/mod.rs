//! Matrix products: a weight packed once and multiplied often, and the weight's gradient.
//!
//! Three products carry a recurrent network's training step, W being a weight of O rows and I
//! columns and every other matrix a block of rows of a batch:
//!
//! | product | function |
//! |---|---|
//! | forward: Y = X W^T | [`matmul`] with a [`Packed`] of [`Side::Transposed`] |
//! | backward: dX = dY W | [`matmul`] with a [`Packed`] of [`Side::Plain`] |
//! | weight gradient: dW = sum of dY^T X | [`outer_sum`] over the rows of a whole step |
//!
//! The weight's panels are packed once per optimizer step; X is read as it lies. The register
//! tile is [`Simd::TILE_ROWS`](crate::simd::Simd::TILE_ROWS) rows by two vectors. Plain-loop twins stand in [`mod@reference`].

mod kernel;
mod matmul;
mod outer;
mod pack;
mod peak;
pub mod reference;
mod rows;
#[cfg(test)]
mod tests;
mod work;

pub use matmul::{matmul, matmul_columns};
pub use outer::{Product, outer_sum};
pub use pack::{Packed, Side};
pub use peak::peak;
pub use rows::{Init, Rows};
pub use work::{Work, work};
