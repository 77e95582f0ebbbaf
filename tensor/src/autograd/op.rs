//! A recorded operation: its backward pass.

use super::backward::Backward;
use crate::error::Result;

/// The backward pass through one recorded operation.
pub trait Op: Send {
    /// Returns its name, as shown in profiles and errors.
    fn name(&self) -> &'static str;

    /// Takes the gradients of its outputs and adds those of its inputs and parameters. Data that
    /// the operation saved for this may be overwritten: the backward pass runs once.
    ///
    /// # Errors
    /// The gradients' shapes do not fit.
    fn backward(self, back: &mut Backward<'_>) -> Result<()>;
}

/// An [`Op`] of any type, run once.
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
