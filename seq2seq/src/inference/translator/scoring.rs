//! Scores and alignments of given translations.

use super::{PairScore, Translator, no_pair};
use crate::Result;
use crate::data::{Example, Pair, Text};
use crate::decode::free_running_loss;
use crate::score::SoftAlignment;
use crate::task::{ForcedPair, forced_pairs};

impl Translator {
    /// Reads the sentence pairs of a corpus SPEC and returns them with warnings; `columns` are by
    /// default those that the run was trained on.
    ///
    /// # Errors
    /// Unreadable data, data without a pair.
    pub fn read_pairs(
        &self,
        data: &str,
        columns: Option<(usize, usize)>,
    ) -> Result<(Vec<Pair>, Vec<String>)> {
        let (corpus, remarks) = self.read(data, columns)?;
        if corpus.pairs.is_empty() {
            return Err(no_pair(data));
        }
        Ok((corpus.pairs, remarks))
    }

    /// Computes the natural-log probability of each target given its source, one per pair, and
    /// returns it with warnings; `columns` are by default those that the run was trained on.
    ///
    /// # Errors
    /// Unreadable data, data without a pair, errors of the device.
    pub fn score(
        &self,
        data: &str,
        columns: Option<(usize, usize)>,
    ) -> Result<(Vec<PairScore>, Vec<String>)> {
        let (pairs, remarks) = self.read_pairs(data, columns)?;
        Ok((self.score_pairs(&pairs)?, remarks))
    }

    /// Computes the natural-log probability of each pair's target given its source.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn score_pairs(&self, pairs: &[Pair]) -> Result<Vec<PairScore>> {
        let score = |(example, pair): (Example, ForcedPair)| {
            let (unknown_source, unknown_target) = Text::unknown(&example);
            let tokens = self.text.target_words(&example.target);
            PairScore {
                logprob: pair.logprob,
                tokens: tokens.into_iter().zip(pair.token_logprobs).collect(),
                attention: pair.attention,
                is_source_blank: example.source.len() < 2,
                is_target_blank: example.target.len() < 2,
                unknown_source,
                unknown_target,
            }
        };
        Ok(self.forced(pairs)?.into_iter().map(score).collect())
    }

    /// Computes the attention weights between the words of each pair, while the model is fed the
    /// target (forced decoding).
    ///
    /// # Errors
    /// Errors of the device.
    pub fn align_pairs(&self, pairs: &[Pair]) -> Result<Vec<SoftAlignment>> {
        let align = |(pair, (example, found)): (&Pair, (Example, ForcedPair))| {
            let (unknown_source, unknown_target) = Text::unknown(&example);
            let source = self.text.token_words_of_source(&pair.source);
            let target = self.text.token_words_of_target(&pair.target);
            let weights = source.weights(&target, &found.attention);
            let (source, target) = (source.words, target.words);
            SoftAlignment { source, target, weights, unknown_source, unknown_target }
        };
        Ok(pairs.iter().zip(self.forced(pairs)?).map(align).collect())
    }

    /// Computes the mean loss in nats per target token of pairs, EOS included, when the decoder is fed
    /// its own most probable tokens in place of the reference (free running). The loss with teacher
    /// forcing is that of [`evaluate_pairs`](Self::evaluate_pairs). Pairs with a blank source are left
    /// out.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) for an ensemble; errors of the device.
    pub fn free_running_loss(&self, pairs: &[Pair]) -> Result<f64> {
        // Its error is that of an ensemble.
        self.inspector()?;
        let (network, params) = self.members.first();
        let examples = pairs.iter().map(|pair| self.text.encode(pair));
        let examples: Vec<Example> = examples.filter(|example| example.source.len() > 1).collect();
        free_running_loss(network, params, &examples, self.device.threads())
    }

    /// Encodes pairs and runs them with teacher forcing.
    fn forced(&self, pairs: &[Pair]) -> Result<Vec<(Example, ForcedPair)>> {
        let examples: Vec<Example> = pairs.iter().map(|pair| self.text.encode(pair)).collect();
        let threads = self.device.threads();
        let found = forced_pairs(&self.members.ensemble()?, &self.text, &examples, threads)?;
        Ok(examples.into_iter().zip(found).collect())
    }
}
