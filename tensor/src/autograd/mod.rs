//! Reverse-mode differentiation: the tape, its operations, and the backward pass over them.

mod backward;
mod flow;
mod op;
mod parameter;
mod profile;
mod tape;
#[cfg(test)]
mod tests;
mod var;

pub use backward::{Backward, BackwardOutput};
pub use flow::Flow;
pub use op::Op;
pub use profile::{OpTiming, Profile};
pub use tape::{BatchPart, Tape};
pub use var::Var;
