//! The operations that every network here shares.
//!
//! Each is a folder: `mod.rs` with its equation, shapes and both directions, `reference.rs` in
//! plain loops for any float, tests that hold one against the other and both against finite
//! differences. [`stack`] alone computes nothing, and is a file.

pub mod concat;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
pub mod layer_norm;
pub mod linear;
pub mod maxout;
pub mod squared_error;
mod stack;

pub use concat::concat;
pub use cross_entropy::{
    CrossEntropy, CrossEntropyResult, argmax, argmax_except, cross_entropy, log_probabilities,
};
pub use dropout::{dropout, dropout_sequence, masked, sequence_mask};
pub use elementwise::{sum, tanh};
pub use embedding::embedding;
pub use layer_norm::layer_norm;
pub use linear::{linear, linear_columns, linear_rows};
pub use maxout::maxout;
pub use squared_error::{SquaredErrorResult, squared_error};
pub use stack::stack;
