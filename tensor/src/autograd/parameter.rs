//! A parameter as a value of the tape.

use super::backward::Backward;
use super::op::Op;
use super::var::Var;
use crate::error::Result;
use crate::params::ParamId;

/// A parameter's value on the tape.
pub(super) struct Parameter {
    pub(super) id: ParamId,
    pub(super) v: Var,
}

impl Op for Parameter {
    fn name(&self) -> &'static str {
        "param"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        if let Some(d) = back.take(self.v) {
            back.gradients.add(self.id, d);
        }
        Ok(())
    }
}
