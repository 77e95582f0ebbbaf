//! What crosses libraries: values computed elsewhere, compared with the workspace's public API.
//!
//! [`mod@golden`] reads sets of golden values that PyTorch computed and runs each case through
//! `rnn`, `attention`, `tensor` and `seq2seq`; the tests in `tests/` decide which sets.
#![forbid(unsafe_code)]

mod error;
pub mod golden;
pub mod modules;

pub use error::{Error, Result};
