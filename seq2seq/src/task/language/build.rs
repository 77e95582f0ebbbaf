//! A language model from its stored run.

use tensor::Params;

use super::LanguageModel;
use super::text::{Texts, texts, vocabulary};
use crate::config::TaskKind;
use crate::data::{BpeDropout, UnknownRates, corpus_hash, fingerprint, remark_on_vocabulary};
use crate::machine::{self, LargestBatch, Need};
use crate::model::LanguageNetwork;
use crate::run::{StoredRun, Vocabularies};
use crate::task::build::{Built, Preparation, Task};
use crate::task::subwords::subword_models;
use crate::{Error, Result, health};

impl Task for LanguageModel {
    fn build(
        stored: &StoredRun,
        vocabularies: Option<Vocabularies>,
        params: &mut Params,
        preparation: &mut Preparation<'_>,
    ) -> Result<Built<Self>> {
        let config = &stored.config;
        preparation.begin(&format!("reading text {}", stored.data))?;
        let Texts { train, held_out, mut warnings } = texts(&stored.sources()?)?;
        preparation.begin("building the vocabulary")?;
        let (models, vocabulary) = match vocabularies {
            Some(stored) => (stored.subwords, stored.target),
            None => {
                let lines = |_: &str| train.iter().map(String::as_str).collect();
                let (models, found) = subword_models(config, lines, preparation)?;
                warnings.extend(found);
                let vocabulary = vocabulary(config, models.target.as_ref(), &train)?;
                (models, vocabulary)
            }
        };
        preparation.begin("building the model")?;
        let parameters = LanguageNetwork::count(config, vocabulary.len())?;
        machine::check_parameters(config, parameters, Need::Training)?;
        let mut model = Self::new(params, stored, vocabulary, models.target.as_ref())?;
        let examples = model.chunks(&train, Some(config.batch));
        if examples.is_empty() {
            let what = match config.task {
                TaskKind::LanguageStream => format!(
                    "text {}: it is too short to be read in batch = {} parts; set batch to less",
                    stored.data, config.batch
                ),
                _ => format!(
                    "text {}: none of its lines is left to train on: they are empty, or longer \
                     than max_target_words = {}",
                    stored.data, config.max_target_words
                ),
            };
            return Err(Error::NothingTrained { what });
        }
        let batch = LargestBatch {
            size: config.batch.min(examples.len()),
            source: 0,
            target: examples.iter().map(|chunk| chunk.ids.len()).max().unwrap_or(0),
            classes: model.vocabulary.len(),
        };
        let memory = machine::check_batch(config, parameters, batch)?;
        warnings.extend(remark_on_vocabulary(&model.tokenizer, &model.vocabulary));
        model.held_out = model.chunks(&held_out, None);
        let tokens = held_out.iter().map(|line| model.tokenizer.tokenize(line));
        let held_out_rate = model.vocabulary.unknown_rate(tokens.collect::<Vec<_>>()).rate();
        let training_rate = health::unknown_of_text(examples.iter().map(|p| p.ids.as_slice()));
        let unknown = UnknownRates {
            training: (training_rate, training_rate),
            held_out: (held_out_rate, held_out_rate),
        };
        let corpus = corpus_hash(fingerprint(&train), fingerprint(&held_out));
        model.dropout = BpeDropout::new(config, stored.seed).map(|dropout| (dropout, train));
        let both = &model.vocabulary;
        let vocabularies =
            Vocabularies { source: both.clone(), target: both.clone(), subwords: models };
        let held_out = model.held_out.len();
        warnings.extend(health::unknown_in_text(&unknown));
        if config.task == TaskKind::LanguageLines {
            // The begin token is never generated.
            model.longest_line = examples.iter().map(|p| p.ids.len().saturating_sub(1)).max();
        }
        let longest_target = model.longest_line;
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
