//! Construction of a task's model and examples from a stored run.

use std::sync::Arc;

use tensor::Params;

use crate::Result;
use crate::config::TaskKind;
use crate::data::{PairsInMemory, Sources, Spec, UnknownRates};
use crate::event::Event;
use crate::link::Link;
use crate::model::{EncoderDecoder, LanguageNetwork, Model, SequenceClassifier};
use crate::run::{StoredRun, Vocabularies};
use crate::tasks::Generated;

/// A model that a run can train.
pub(crate) trait Task: Model + Sized {
    /// Reads the corpus and adds the model's parameters to `params`. `vocabularies` are those of a
    /// resumed run, and `preparation` reports progress.
    ///
    /// # Errors
    /// Unreadable data, a corpus from which the task cannot be learnt, a width of zero, a cancelled
    /// run.
    fn build(
        stored: &StoredRun,
        vocabularies: Option<Vocabularies>,
        params: &mut Params,
        preparation: &mut Preparation<'_>,
    ) -> Result<Built<Self>>;
}

/// Adds the parameters of a run's model to `params`, without its data.
///
/// # Errors
/// A width of zero, parameters that do not fit in this machine's memory.
pub(crate) fn add_parameters(
    params: &mut Params,
    stored: &StoredRun,
    vocabularies: &Vocabularies,
) -> Result<()> {
    let (config, seed) = (&stored.config, stored.seed);
    let (source, target) = (vocabularies.source.len(), vocabularies.target.len());
    match config.task {
        TaskKind::Translation => {
            EncoderDecoder::new(params, config, source, target, seed).map(drop)
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            LanguageNetwork::new(params, config, target, seed).map(drop)
        }
        TaskKind::Sequence => {
            let spec: Generated = stored.data.parse()?;
            SequenceClassifier::new(params, config, spec.name, seed).map(drop)
        }
    }
}

/// A model with its training data.
pub(crate) struct Built<M: Model> {
    pub(crate) model: M,
    pub(crate) examples: Vec<M::Example>,
    pub(crate) vocabularies: Vocabularies,
    /// A hash of the corpus, to detect changes.
    pub(crate) corpus: u64,
    /// Number of held-out examples.
    pub(crate) held_out: usize,
    /// Shares of unknown tokens.
    pub(crate) unknown: UnknownRates,
    /// Warnings about the examples.
    pub(crate) warnings: Vec<String>,
    /// A lower bound of the bytes that training takes.
    pub(crate) memory: f64,
    /// Length of the longest training target, the end token included; `None` for tasks without an
    /// end token.
    pub(crate) longest_target: Option<usize>,
}

/// Preparations before training, which are reported to the viewer and stop if it cancels.
pub(crate) struct Preparation<'a> {
    link: &'a mut Link,
    memory: Option<&'a PairsInMemory>,
}

impl<'a> Preparation<'a> {
    pub(crate) fn new(link: &'a mut Link, memory: Option<&'a PairsInMemory>) -> Self {
        Self { link, memory }
    }

    /// Returns the data sources of a run, with the pairs from memory if they are from there.
    ///
    /// # Errors
    /// Those of [`StoredRun::sources`].
    pub(crate) fn sources<'s>(&self, stored: &'s StoredRun) -> Result<Sources<'s>> {
        let mut sources = stored.sources()?;
        if let Some(memory) = self.memory {
            if let Spec::Memory(pairs) = &mut sources.spec {
                *pairs = Arc::clone(&memory.train);
            }
            if let Some((_, Some(Spec::Memory(pairs)))) = &mut sources.valid {
                *pairs = Arc::clone(&memory.held_out);
            }
        }
        Ok(sources)
    }

    /// Checks whether the run is cancelled.
    ///
    /// # Errors
    /// The run was cancelled.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.link.check()
    }

    /// Begins a step, which `text` describes in words.
    ///
    /// # Errors
    /// The run was cancelled.
    pub(crate) fn begin(&mut self, text: &str) -> Result<()> {
        self.link.check()?;
        self.link.send(Event::Phase { text: text.into() });
        Ok(())
    }
}
