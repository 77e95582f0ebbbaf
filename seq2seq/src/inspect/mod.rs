//! Inspection of one translation: every value of every step, and the same with changes.
//!
//! The decoding is greedy. Values come from the network's own modules, run for one sentence on the
//! processor, with [`rnn::Rnn::observe`] and [`attention::Attention::observe`] in place of the
//! fused recurrences; they equal those of training and decoding but for rounding.

mod answers;
mod changes;
mod decode;
#[cfg(test)]
mod tests;

use tensor::{Params, Threads};
use tokenizer::UNK;

pub(crate) use answers::gold_links;
use changes::Changes;
pub(crate) use changes::{bad, check_clamp};
use decode::{Decoding, Raw};

use crate::Result;
use crate::data::Text;
use crate::decode::{Constraints, Decoded, UnknownWordOptions};
use crate::inspection::{InspectRequest, Inspection, LayerTrace, Trace};
use crate::model::EncoderDecoder;

/// A translator whose translations are inspected.
#[derive(Debug, Clone, Copy)]
pub struct Inspector<'a> {
    /// The network.
    pub network: &'a EncoderDecoder,
    /// Its parameters.
    pub params: &'a Params,
    /// Text to ids and back.
    pub text: &'a Text,
    /// What becomes of unknown words.
    pub unknown_words: &'a UnknownWordOptions,
    /// Constraints on the outputs; those on repeated n-grams have no effect.
    pub constraints: Constraints,
}

impl Inspector<'_> {
    /// Returns every step of the greedy translation of a sentence, without the interventions of the
    /// request and, if there are any, with them.
    ///
    /// # Errors
    /// [`Error::BadValue`](crate::Error::BadValue) for a position, token, layer, gate or unit that
    /// does not exist, with those that do; [`Error::Cancelled`](crate::Error::Cancelled) soon after
    /// the threads were cancelled; a failure of the device.
    pub fn inspect(&self, request: &InspectRequest, threads: &Threads) -> Result<Inspection> {
        let on_host;
        let mut here = *self;
        if self.params.opencl().is_some() {
            on_host = copy_on_host(self.params)?;
            here.params = &on_host;
        }
        let free = Changes::none(self.text, &request.source);
        let without = here.trace(request, &free, threads)?;
        let with = match request.interventions.is_empty() {
            true => None,
            false => {
                let changes = Changes::new(self.network, self.text, request)?;
                Some(here.trace(request, &changes, threads)?)
            }
        };
        Ok(Inspection { request: request.clone(), without, with })
    }

    /// Returns the translation of a sentence with changes.
    fn trace(
        &self,
        request: &InspectRequest,
        changes: &Changes,
        threads: &Threads,
    ) -> Result<Trace> {
        changes::check_layers(self.network, &request.layers)?;
        let line = changes.source.as_str();
        let ids = self.text.encode_source(line);
        let decoding = Decoding {
            network: self.network,
            params: self.params,
            text: self.text,
            constraints: self.constraints,
            threads,
        };
        let Raw { steps, layers, decoded } = decoding.run(&ids, request, changes)?;
        let shown = |layer: &LayerTrace| request.layers.contains(&layer.name);
        let unknown = self.text.in_order(ids.iter().map(|&id| id == UNK).collect());
        Ok(Trace {
            source: self.text.source_words(line),
            unknown: (0..unknown.len()).filter(|&i| unknown[i]).collect(),
            output_text: self.written(line, &decoded),
            logprob: decoded.logprob,
            truncated: decoded.is_truncated(),
            steps,
            layer_names: changes::layer_names(self.network),
            layers: layers.into_iter().filter(shown).collect(),
            source_text: line.to_owned(),
        })
    }

    fn written(&self, line: &str, decoded: &Decoded) -> String {
        let (tokens, _) = self.unknown_words.tokens(self.text, line, &[], decoded);
        self.text.join_target(&tokens)
    }
}

/// Returns a copy of parameters on the processor. Their ids are the same, since they have the same
/// order.
fn copy_on_host(params: &Params) -> Result<Params> {
    let mut copy = Params::new();
    for (name, value) in params.iter() {
        copy.add(name, value.to_host()?)?;
    }
    Ok(copy)
}
