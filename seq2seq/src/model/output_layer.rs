//! The output layer of a network that says tokens.

use tensor::{ParamId, Tape, Var, ops};
use tokenizer::PAD;

use crate::Result;

/// A linear map from the inputs, \[..., I\], to logits of the vocabulary, \[..., V\].
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutputLayer {
    /// \[V, I\]
    pub(super) weight: ParamId,
    /// \[V\]
    pub(super) bias: ParamId,
}

impl OutputLayer {
    /// Returns the logits.
    pub(crate) fn logits(self, tape: &mut Tape<'_>, inputs: Var) -> Result<Var> {
        Ok(ops::linear(tape, inputs, self.weight, Some(self.bias))?)
    }

    /// Returns the loss of targets, one for each row of the inputs.
    pub(crate) fn loss(
        self,
        tape: &mut Tape<'_>,
        inputs: Var,
        how: ops::CrossEntropy<'_>,
    ) -> Result<ops::CrossEntropyResult> {
        Ok(ops::linear_cross_entropy(tape, inputs, self.weight, Some(self.bias), how)?)
    }

    /// Returns the natural-log probability of a token for each row of the inputs, and whether none is
    /// more probable; padding is left out.
    pub(crate) fn log_probabilities(
        self,
        tape: &mut Tape<'_>,
        inputs: Var,
        tokens: &[u32],
    ) -> Result<Vec<(f64, bool)>> {
        let Self { weight, bias } = self;
        Ok(ops::linear_log_probabilities(tape, inputs, weight, Some(bias), tokens, Some(PAD))?)
    }

    /// Returns the most probable token of each row of the inputs, none of `excluded`, with its
    /// natural-log probability.
    pub(crate) fn argmax(
        self,
        tape: &mut Tape<'_>,
        inputs: Var,
        excluded: &[u32],
    ) -> Result<Vec<(u32, f32)>> {
        Ok(ops::linear_argmax(tape, inputs, self.weight, Some(self.bias), excluded)?)
    }
}
