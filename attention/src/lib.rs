//! In preparation.
#![forbid(unsafe_code)]
