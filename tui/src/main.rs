//! In preparation.
#![forbid(unsafe_code)]
fn main() {}
