//! Expressions: operations as methods and operators that can be nested.

mod expression;
mod operators;
#[cfg(test)]
mod tests;
mod value;

pub use expression::{Graph, Value};
