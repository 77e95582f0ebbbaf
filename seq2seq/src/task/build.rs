//! Construction of a task's model and examples from a stored run.

use tensor::Params;

use crate::Result;
use crate::data::UnknownRates;
use crate::event::Event;
use crate::link::Link;
use crate::model::Model;
use crate::run::{StoredRun, Vocabularies};

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
}

impl<'a> Preparation<'a> {
    pub(crate) fn new(link: &'a mut Link) -> Self {
        Self { link }
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
