//! The operations that every network needs.
//!
//! Each is a folder: `mod.rs` has its equation, shapes, forward and backward pass, `reference.rs`
//! the same in plain loops for any float; its tests compare the two, and both with finite
//! differences. [`stack`] computes nothing and is a single file.

pub mod concat;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
pub mod index_select;
pub mod layer_norm;
pub mod linear;
pub mod maxout;
pub mod squared_error;
mod stack;

pub use concat::concat;
pub use cross_entropy::{
    CrossEntropy, CrossEntropyResult, argmax, argmax_except, cross_entropy, log_probabilities,
    top_k,
};
pub use dropout::{dropout, dropout_sequence, masked, sequence_mask};
pub use elementwise::{sum, tanh};
pub use embedding::embedding;
pub use index_select::index_select;
pub use layer_norm::layer_norm;
pub use linear::{linear, linear_columns, linear_rows};
pub use maxout::maxout;
pub use squared_error::{SquaredErrorResult, squared_error};
pub use stack::stack;
