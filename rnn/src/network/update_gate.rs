//! The two conventions for the update gate of a GRU.

use tensor::Params;

use super::Rnn;
use crate::cell::Cell;
use crate::error::{Error, Result};

impl Rnn {
    /// Converts the weights of a GRU between the two conventions for the update gate.
    ///
    /// In Bahdanau et al. 2014 and Olah 2015 the gate is one minus this crate's: it is the share of
    /// the new state. The converted weights give the same values in this crate; a second call
    /// converts them back. The gate's pre-activation is negated: the z rows of W_ih, W_hh, b_ih and
    /// b_hh, or, if products are normalised, of the gains and the biases.
    ///
    /// # Errors
    /// A cell without an update gate.
    pub fn flip_update_gate(&self, params: &mut Params) -> Result<()> {
        if !matches!(self.config.cell, Cell::Gru | Cell::GruResetBefore) {
            let (key, value) = ("cell", self.config.cell.name().to_string());
            return Err(Error::Config { key, value, expected: "gru or gru_reset_before" });
        }
        for layer in &self.layers {
            let own = layer.recurrent;
            let (a, b) = match (layer.gain_ih, own.gain) {
                (Some(a), Some(b)) => (a, b),
                _ => (layer.w_ih, own.w_hh),
            };
            for id in [Some(a), Some(b), layer.b_ih, own.b_hh].into_iter().flatten() {
                let mut value = params.get(id).copy()?;
                let block = value.len() / 3;
                value.data_mut()[block..2 * block].iter_mut().for_each(|v| *v = -*v);
                params.set(id, value)?;
            }
        }
        Ok(())
    }
}
