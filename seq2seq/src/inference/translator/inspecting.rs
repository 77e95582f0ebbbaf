//! Inspection of translations.

use tensor::Threads;

use super::{Method, Translator};
use crate::event::Sample;
use crate::inspect::Inspector;
use crate::inspection::{InspectRequest, Inspection};
use crate::{Error, Result};

impl Translator {
    /// Returns every step of the greedy translation of a sentence, without the interventions of the
    /// request and, if there are any, with them.
    ///
    /// # Errors
    /// [`Error::BadValue`] for a position, token, layer, gate or unit that does not exist, with
    /// those that do; [`Error::Configuration`] for an ensemble; a failure of the device.
    pub fn inspect(&self, request: &InspectRequest) -> Result<Inspection> {
        self.inspector()?.inspect(request, self.device.threads())
    }

    /// Returns what inspects the translations of the only network.
    ///
    /// # Errors
    /// [`Error::Configuration`] for an ensemble.
    pub(in crate::inference) fn inspector(&self) -> Result<Inspector<'_>> {
        if !self.members.is_single() {
            let problems = vec!["one network is inspected, not an ensemble".to_owned()];
            return Err(Error::Configuration { problems });
        }
        let (network, params) = self.members.first();
        let constraints = match self.method {
            Method::Search(options) => options.constraints,
            Method::Sampling(options) => options.constraints,
        };
        Ok(Inspector {
            network,
            params,
            text: &self.text,
            unknown_words: &self.unknown_words,
            constraints: self.unknown_words.constrain(constraints, self.attends()),
        })
    }

    /// Returns the threads of the device.
    pub(in crate::inference) fn threads(&self) -> &Threads {
        self.device.threads()
    }

    /// Returns the translation of a line as a sample, with the outputs of a beam search.
    ///
    /// # Errors
    /// [`Error::Configuration`] for an ensemble; errors of the device.
    pub(in crate::inference) fn sample(&self, line: &str) -> Result<Sample> {
        let mut all = self.translate(&[line.to_owned()])?;
        let translation = all.swap_remove(0);
        let inspector = self.inspector()?;
        Ok(Sample {
            unknown: self.text.unknown_positions(line),
            source: translation.source_tokens,
            output: translation.tokens,
            source_text: Some(translation.source),
            output_text: Some(translation.target),
            attention: translation.attention,
            heads: inspector.heads(line, self.threads())?,
            logprob: translation.logprob,
            candidates: inspector.candidates(line, self.threads())?,
            ..Sample::default()
        })
    }
}
