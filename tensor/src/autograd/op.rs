//! A recorded operation: its backward pass.

use super::backward::Backward;
use crate::error::Result;

/// The backward pass through one recorded operation.
pub trait Op: Send {
    /// Its name, as profiles and errors show it.
    fn name(&self) -> &'static str;

    /// Takes the gradients of its outputs and adds those of its inputs and parameters. What the
    /// operation kept for this may be overwritten: the backward pass runs once.
    ///
    /// # Errors
    /// Gradients whose shapes do not fit.
    fn backward(self, back: &mut Backward<'_>) -> Result<()>;
}

/// An [`Op`] of any type, once.
pub(super) trait Recorded: Send {
    fn name(&self) -> &'static str;
    fn backward(&mut self, back: &mut Backward<'_>) -> Result<()>;
}

impl<T: Op> Recorded for Option<T> {
    fn name(&self) -> &'static str {
        self.as_ref().map_or("", Op::name)
    }

    fn backward(&mut self, back: &mut Backward<'_>) -> Result<()> {
        self.take().map_or(Ok(()), |op| op.backward(back))
    }
}
