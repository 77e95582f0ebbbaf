//! The decoding of a workload.

use super::Bench;
use crate::Result;
use crate::decode::{BeamOptions, Constraints, DecodeInput, Ensemble, Hypothesis, decode};
use crate::inference::Precision;

impl Bench<'_> {
    /// Decodes the first `count` sentences of a new batch with a beam; no hypothesis ends early.
    pub(super) fn decode(&mut self, count: usize, beam: usize) -> Result<Vec<Vec<Hypothesis>>> {
        let batch = self.workload.batch(&mut self.rng);
        let inputs: Vec<DecodeInput> =
            batch.into_iter().take(count).map(|e| e.source.into()).collect();
        let limit = self.workload.target_time;
        let is_greedy = beam == 1;
        let constraints = Constraints {
            max_length: Some(limit),
            min_length: if is_greedy { 0 } else { limit },
            // The loop of greedy decoding has no minimum.
            forbid_end: is_greedy,
            ..Constraints::default()
        };
        let options = BeamOptions { beam, constraints, ..BeamOptions::default() };
        let ensemble = Ensemble::single(&self.model, &self.params);
        decode(&ensemble, &inputs, &options, self.device.threads())
    }

    /// Converts the weights; returns the share of a batch's greedy tokens that remain as in f32.
    pub(super) fn convert(&mut self, precision: Precision) -> Result<Option<f64>> {
        if precision == Precision::F32 {
            return Ok(None);
        }
        let (batch, before) = (self.workload.config.batch, self.rng.clone());
        let whole = self.decode(batch, 1)?;
        precision.convert(&mut self.params)?;
        self.rng = before;
        let rounded = self.decode(batch, 1)?;
        let tokens = |all: &[Vec<Hypothesis>]| -> Vec<u32> {
            all.iter().flatten().flat_map(|found| found.decoded.ids.clone()).collect()
        };
        let (whole, rounded) = (tokens(&whole), tokens(&rounded));
        let same = whole.iter().zip(&rounded).filter(|(a, b)| a == b).count();
        Ok(Some(same as f64 / whole.len() as f64))
    }
}
