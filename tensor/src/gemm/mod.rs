//! Matrix products: with a weight that is packed once and used often, and the gradient of a weight.
//!
//! Three products account for a recurrent network's training step. W is a weight of O rows and I
//! columns; every other matrix is a block of rows of a batch:
//!
//! | product | function |
//! |---|---|
//! | forward: Y = X W^T | [`matmul`] with a [`Packed`] of [`Side::Transposed`] |
//! | backward: dX = dY W | [`matmul`] with a [`Packed`] of [`Side::Plain`] |
//! | weight gradient: dW = sum of dY^T X | [`weight_gradient`] over the rows of a whole step |
//!
//! The weight's panels are packed once per optimizer step; X is read in place. The register tile is
//! [`Simd::TILE_ROWS`](crate::simd::Simd::TILE_ROWS) rows by two vectors. For inference a weight may
//! consist of 8-bit integers ([`int8`]). Implementations in plain loops are in [`mod@reference`].

mod blocks;
pub mod int8;
mod kernel;
mod matmul;
mod output;
mod pack;
mod peak;
pub mod reference;
mod rows;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod work;

pub(crate) use blocks::matmul_blocks;
pub use int8::Int8Matrix;
pub use matmul::{matmul, matmul_columns};
pub use pack::{Packed, Side};
pub use peak::peak;
pub use rows::{Rows, SumStart};
pub use weight_gradient::{Product, weight_gradient};
pub use work::{Work, work};
