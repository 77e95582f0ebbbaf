//! The translation task: the network with its text and its held-out pairs.

use tensor::{Params, Tape, Threads};

use super::build::{Built, Preparation, Task};
use super::evaluate::evaluate;
use super::subwords::subword_models;
use crate::config::{BatchBy, Config, UnknownWords};
use crate::data::{BpeDropout, Corpora, Corpus, Example, Text, UnknownRates, corpora, corpus_hash};
use crate::decode::{
    BeamOptions, Constraints, DecodeInput, Decoded, Ensemble, UnknownWordOptions, decode,
};
use crate::event::Sample;
use crate::inspect::{Inspector, gold_links};
use crate::inspection::{HeldOutMaps, InspectRequest, Inspection, UnitCorrelations, UnitsRequest};
use crate::machine::{self, LargestBatch, Need};
use crate::model::{BatchLoss, BatchShape, EncoderDecoder, Model};
use crate::run::{StoredRun, Vocabularies};
use crate::score::Metrics;
use crate::{Result, health};

/// Number of held-out sentences shown as samples.
const SAMPLES: usize = 8;

/// An [`EncoderDecoder`] with its vocabularies and its held-out pairs.
#[derive(Debug, Clone)]
pub struct TranslationModel {
    /// The network.
    pub network: EncoderDecoder,
    /// Text to ids and back.
    pub text: Text,
    held_out: Corpus,
    shown: Corpus,
    unknown_words: UnknownWordOptions,
    /// BPE-dropout, and the training pairs that it is applied to.
    dropout: Option<(BpeDropout, Corpus)>,
}

impl TranslationModel {
    /// Creates a task. If nothing is held out, samples are taken from `otherwise`.
    pub fn new(network: EncoderDecoder, text: Text, held_out: Corpus, otherwise: &Corpus) -> Self {
        let from = if held_out.pairs.is_empty() { otherwise } else { &held_out };
        // Spread over the corpus, the same ones each time. Longer sentences are preferred, since
        // they show more.
        let count = from.pairs.len();
        let mut shown: Vec<_> = (0..SAMPLES.min(count) * 4)
            .filter_map(|i| from.pairs.get(i * count / (SAMPLES.min(count) * 4)).cloned())
            .collect();
        shown.sort_by_key(|p| std::cmp::Reverse(p.source.split_whitespace().count().min(12)));
        shown.dedup_by(|a, b| a.source == b.source);
        shown.truncate(SAMPLES);
        let (shown, unknown_words) = (Corpus { pairs: shown }, UnknownWords::Forbid.into());
        Self { network, text, held_out, shown, unknown_words, dropout: None }
    }

    /// Sets what becomes of unknown words, by default [`UnknownWords::Forbid`].
    #[must_use]
    pub fn with_unknown_words(self, words: UnknownWords) -> Self {
        Self { unknown_words: words.into(), ..self }
    }

    fn translate(&self, params: &Params, lines: &[&str], threads: &Threads) -> Result<Vec<Sample>> {
        let inputs: Vec<DecodeInput> =
            lines.iter().map(|l| self.text.encode_source(l).into()).collect();
        let attends = self.network.decoder.attends();
        let constraints = self.unknown_words.constrain(Constraints::default(), attends);
        let options = BeamOptions { constraints, ..BeamOptions::greedy() };
        let ensemble = Ensemble::single(&self.network, params);
        let decoded = decode(&ensemble, &inputs, &options, threads)?;
        let best = decoded.into_iter().map(|mut all| all.swap_remove(0).decoded);
        let sample = |(line, d): (&&str, Decoded)| Sample {
            source: self.text.source_words(line),
            source_text: Some((*line).to_owned()),
            output_text: Some(self.written(line, &d)),
            output: self.text.target_words(&d.ids),
            unknown: self.text.unknown_positions(line),
            attention: d
                .attention
                .into_iter()
                .map(|row| self.text.attention_in_order(row))
                .collect(),
            logprob: d.logprob,
            ..Sample::default()
        };
        Ok(lines.iter().zip(best).map(sample).collect())
    }

    fn inspector<'a>(&'a self, params: &'a Params) -> Inspector<'a> {
        let attends = self.network.decoder.attends();
        Inspector {
            network: &self.network,
            params,
            text: &self.text,
            unknown_words: &self.unknown_words,
            constraints: self.unknown_words.constrain(Constraints::default(), attends),
        }
    }

    fn written(&self, line: &str, decoded: &Decoded) -> String {
        let (tokens, _) = self.unknown_words.tokens(&self.text, line, &[], decoded);
        self.text.join_target(&tokens)
    }
}

impl Model for TranslationModel {
    type Example = Example;

    fn configure(&mut self, config: &Config) -> Result<()> {
        self.unknown_words = config.unknown_words.into();
        self.network.configure(config)
    }

    fn sort_key(&self, example: &Example) -> usize {
        self.network.sort_key(example)
    }

    fn num_positions(&self, example: &Example) -> usize {
        self.network.num_positions(example)
    }

    /// Encodes the training pairs with the merges that BPE-dropout leaves in an epoch.
    fn epoch_examples(&self, epoch: u64, threads: &Threads) -> Option<Vec<Example>> {
        let (dropout, train) = self.dropout.as_ref()?;
        let mut examples =
            vec![Example { source: Vec::new(), target: Vec::new() }; train.pairs.len()];
        threads.for_each(&mut examples, |number, example| {
            let pair = &train.pairs[number];
            *example = self.text.encode_with_dropout(pair, *dropout, (epoch, number));
        });
        Some(examples)
    }

    fn loss_normalization(&self, batch: &[&Example]) -> BatchShape {
        self.network.loss_normalization(batch)
    }

    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Example],
        shape: &BatchShape,
    ) -> Result<BatchLoss> {
        self.network.loss(tape, part, shape)
    }

    fn validate(&self, params: &Params, threads: &Threads) -> Result<Option<Metrics>> {
        if self.held_out.pairs.is_empty() {
            return Ok(None);
        }
        let found = evaluate(
            &Ensemble::single(&self.network, params),
            &self.text,
            &self.held_out,
            &BeamOptions::greedy(),
            &self.unknown_words,
            threads,
        )?;
        Ok(Some(found.metrics))
    }

    fn remark(&self, metrics: &Metrics) -> Option<String> {
        let count = metrics.truncated.filter(|&count| count > 0)?;
        let (all, limit) = (self.held_out.pairs.len(), self.network.limit_in_words());
        Some(format!(
            "{count} of {all} outputs were cut at {limit}: where their references are as long, raise \
             it; otherwise the model has not learnt yet to end its outputs"
        ))
    }

    fn samples(&self, params: &Params, threads: &Threads) -> Result<Vec<Sample>> {
        let lines: Vec<&str> = self.shown.pairs.iter().map(|p| p.source.as_str()).collect();
        let mut samples = self.translate(params, &lines, threads)?;
        for (sample, pair) in samples.iter_mut().zip(&self.shown.pairs) {
            sample.reference.clone_from(&pair.target);
            sample.links = gold_links(&self.text, sample, pair);
        }
        Ok(samples)
    }

    fn answer(&self, params: &Params, text: &str, threads: &Threads) -> Result<Option<Sample>> {
        let mut answer = self.translate(params, &[text], threads)?.pop();
        if let Some(answer) = &mut answer {
            let inspector = self.inspector(params);
            answer.heads = inspector.heads(text, threads)?;
            answer.candidates = inspector.candidates(text, threads)?;
        }
        Ok(answer)
    }

    fn inspect(
        &self,
        params: &Params,
        request: &InspectRequest,
        threads: &Threads,
    ) -> Result<Option<Inspection>> {
        self.inspector(params).inspect(request, threads).map(Some)
    }

    fn held_out_maps(
        &self,
        params: &Params,
        which: &str,
        threads: &Threads,
    ) -> Result<Option<HeldOutMaps>> {
        self.inspector(params).held_out_maps(&self.held_out.pairs, which, threads).map(Some)
    }

    fn unit_correlations(
        &self,
        params: &Params,
        request: &UnitsRequest,
        threads: &Threads,
    ) -> Result<Option<UnitCorrelations>> {
        let pairs = &self.held_out.pairs;
        self.inspector(params).unit_correlations(request, pairs, threads).map(Some)
    }
}

/// Returns an upper bound of the batches of `examples` examples, the longest of which has the given
/// source and target lengths.
fn largest_batch(
    config: &Config,
    examples: usize,
    (source, target): (usize, usize),
    classes: usize,
) -> LargestBatch {
    let size = match config.batch_by {
        BatchBy::Sentences => config.batch,
        BatchBy::Tokens => (config.batch / source.max(target).max(1)).max(1),
    };
    LargestBatch { size: size.min(examples), source, target, classes }
}

impl Task for TranslationModel {
    fn build(
        stored: &StoredRun,
        vocabularies: Option<Vocabularies>,
        params: &mut Params,
        preparation: &mut Preparation<'_>,
    ) -> Result<Built<Self>> {
        let config = &stored.config;
        preparation.begin(&format!("reading corpus {}", stored.data))?;
        let Corpora { train, held_out, mut warnings } = corpora(&preparation.sources(stored)?)?;
        let corpus = corpus_hash(train.fingerprint(), held_out.fingerprint());
        let (models, text) = match vocabularies {
            Some(Vocabularies { source, target, subwords }) => {
                preparation.begin("restoring vocabularies")?;
                let text = Text::restore(config, &subwords, source, target)?;
                (subwords, text)
            }
            None => {
                let lines = |side: &str| match side {
                    "source" => train.pairs.iter().map(|pair| pair.source.as_str()).collect(),
                    _ => train.pairs.iter().map(|pair| pair.target.as_str()).collect(),
                };
                let (models, found) = subword_models(config, lines, preparation)?;
                warnings.extend(found);
                preparation.begin("building vocabularies")?;
                let text = Text::build(config, &models, &train)?;
                (models, text)
            }
        };
        warnings.extend(text.remark_on_replacement(config.unknown_words));
        warnings.extend(text.remark_on_vocabularies());
        let examples: Vec<Example> = train.pairs.iter().map(|p| text.encode(p)).collect();
        preparation.begin("building the model")?;
        let (source, target) = (&text.source_vocabulary, &text.target_vocabulary);
        let vocabularies =
            Vocabularies { source: source.clone(), target: target.clone(), subwords: models };
        let longest_target = examples.iter().map(|e| e.target.len()).max();
        let parameters = EncoderDecoder::count(config, source.len(), target.len())?;
        machine::check_parameters(config, parameters, Need::Training)?;
        let longest_source = examples.iter().map(|e| e.source.len()).max().unwrap_or(0);
        let longest = (longest_source, longest_target.unwrap_or(0));
        let batch = largest_batch(config, examples.len(), longest, target.len());
        let memory = machine::check_batch(config, parameters, batch)?;
        let network = EncoderDecoder::new(params, config, source.len(), target.len(), stored.seed)?
            .with_longest_target(longest_target);
        let count = held_out.pairs.len();
        let unknown = UnknownRates {
            training: health::unknown(&examples),
            held_out: text.unknown_rates(&held_out),
        };
        warnings.extend(health::unknown_words(&unknown));
        warnings.extend(text.remarks_on_references(&held_out));
        let mut model =
            Self::new(network, text, held_out, &train).with_unknown_words(config.unknown_words);
        model.dropout = BpeDropout::new(config, stored.seed).map(|dropout| (dropout, train));
        let held_out = count;
        Ok(Built {
            model,
            examples,
            vocabularies,
            corpus,
            held_out,
            unknown,
            warnings,
            memory,
            longest_target,
        })
    }
}
