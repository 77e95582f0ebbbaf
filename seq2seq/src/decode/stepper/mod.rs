//! Networks that predict the next token of many hypotheses, one step at a time.

mod encoder_decoder;
mod ensemble;
mod language;

use tensor::Tensor;

pub(super) use encoder_decoder::EncoderDecoderStepper;
pub(super) use ensemble::EnsembleStepper;
pub(super) use language::LanguageStepper;

use crate::Result;

/// What a network predicts for the hypotheses of a step, one row for each.
pub(super) struct Prediction {
    /// Logits of the next token, \[N, V\].
    pub(super) logits: Tensor,
    /// Attention weights over the source positions, \[N, S\]; `None` without attention.
    pub(super) weights: Option<Tensor>,
    /// Attention weights of each head, \[N, h, S\]; `None` for attentions without heads.
    pub(super) heads: Option<Tensor>,
}

/// A network, or several, with the states of the hypotheses that are extended.
///
/// The hypotheses are the rows of one batch: hypothesis j of source b is row j B + b, so that
/// attention reads the memory of each source once for all of its hypotheses.
pub(super) trait Stepper {
    /// Feeds each hypothesis its last token, as step `t`.
    fn step(&mut self, fed: &[u32], t: usize) -> Result<Prediction>;

    /// Prepares the next step: keeps only some of the `sources`, if given, and sets the hypotheses
    /// to those that extend the given rows of the last step.
    fn select(&mut self, sources: Option<&[usize]>, rows: &[usize]) -> Result<()>;
}
