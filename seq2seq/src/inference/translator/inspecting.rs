//! Inspection of translations.

use tensor::Threads;

use super::{Method, Translator};
use crate::decode::{BeamOptions, SearchNode, SearchTree, beam_search_tree};
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

    /// Returns every hypothesis that a beam search for the translation of a sentence keeps, and the
    /// token of each node as shown.
    ///
    /// # Errors
    /// Those of [`beam_search`](crate::decode::beam_search); a translator that samples.
    pub fn search_tree(&self, line: &str) -> Result<(SearchTree, Vec<String>)> {
        let Method::Search(options) = self.method else {
            let problems = vec!["a search has a tree, sampling has none".to_owned()];
            return Err(Error::Configuration { problems });
        };
        let constraints = self.unknown_words.constrain(options.constraints, self.attends());
        let options = BeamOptions { constraints, ..options };
        let input = self.text.encode_source(line).into();
        let ensemble = self.members.ensemble()?;
        let tree = beam_search_tree(&ensemble, &input, &options, self.device.threads())?;
        let word = |node: &SearchNode| self.text.target_words(&[node.id]).swap_remove(0);
        let words = tree.nodes.iter().map(word).collect();
        Ok((tree, words))
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
