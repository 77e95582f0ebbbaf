//! A model of generated sequences from its stored run.

use tensor::Params;
use tokenizer::{Vocabulary, VocabularyOptions};

use super::SequenceModel;
use crate::data::{SubwordModels, UnknownRates, fingerprint};
use crate::machine::{self, LargestBatch, Need};
use crate::model::SequenceClassifier;
use crate::phrasebook::Part;
use crate::run::{StoredRun, Vocabularies};
use crate::task::build::{Built, Preparation, Task};
use crate::tasks::{Generated, SYMBOLS, Sequence};
use crate::{Error, Result};

/// Number of held-out sequences shown as samples.
const SAMPLES: usize = 8;

impl Task for SequenceModel {
    fn build(
        stored: &StoredRun,
        _: Option<Vocabularies>,
        params: &mut Params,
        preparation: &mut Preparation<'_>,
    ) -> Result<Built<Self>> {
        let spec: Generated = stored.data.parse()?;
        preparation.begin(&format!("drawing sequences of {spec}"))?;
        let examples = spec.clone().or_part(Part::Train).sequences(stored.seed)?;
        let held_out = match stored.valid.as_deref() {
            Some("none") => Vec::new(),
            Some(valid) => {
                let valid: Generated = valid.parse()?;
                if valid.name != spec.name {
                    let what = format!("valid = {valid}: it is another task than {spec}");
                    return Err(Error::NothingTrained { what });
                }
                valid.sequences(stored.seed)?
            }
            None => Generated { part: Some(Part::Valid), ..spec.clone() }.sequences(stored.seed)?,
        };
        preparation.begin("building the model")?;
        let config = &stored.config;
        let parameters = SequenceClassifier::count(config, spec.name)?;
        machine::check_parameters(config, parameters, Need::Training)?;
        let target = examples.iter().map(Sequence::len).max().unwrap_or(0);
        let size = config.batch.min(examples.len());
        let batch = LargestBatch { size, source: 0, target, classes: SYMBOLS.len() + 1 };
        let memory = machine::check_batch(config, parameters, batch)?;
        let mut model = Self::new(params, config, spec.name, stored.seed)?;
        let from = if held_out.is_empty() { &examples } else { &held_out };
        model.shown = from.iter().take(SAMPLES).cloned().collect();
        model.held_out = held_out;
        // There is no file to hash. The hash of the sequences detects a build that draws others.
        let corpus = fingerprint(examples.iter().chain(&model.held_out).map(Sequence::shown));
        let none: [Vec<String>; 0] = [];
        let none = Vocabulary::build(none, &VocabularyOptions::default());
        let vocabularies =
            Vocabularies { source: none.clone(), target: none, subwords: SubwordModels::default() };
        let held_out = model.held_out.len();
        // Symbols are drawn and not read, so none is unknown.
        let (unknown, warnings) = (UnknownRates::default(), Vec::new());
        let longest_target = None;
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
