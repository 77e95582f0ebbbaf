//! What a run trains: each task's way from a stored run to a model with its examples.

use tensor::Params;

use crate::Result;
use crate::data::UnknownRates;
use crate::event::Event;
use crate::link::Link;
use crate::model::Model;
use crate::run::{StoredRun, Vocabularies};

/// A model that a run can be made of.
pub(crate) trait Task: Model + Sized {
    /// Reads the corpus and adds the model's parameters to a store; `vocabularies` are those of a
    /// run that goes on, and `preparation` tells what is being done.
    ///
    /// # Errors
    /// Unreadable data, a corpus that the task cannot be learnt from, a width of zero, a cancelled
    /// run.
    fn build(
        stored: &StoredRun,
        vocabularies: Option<Vocabularies>,
        params: &mut Params,
        preparation: &mut Preparation<'_>,
    ) -> Result<Built<Self>>;
}

/// A model with what it learns from.
pub(crate) struct Built<M: Model> {
    pub(crate) model: M,
    pub(crate) examples: Vec<M::Example>,
    pub(crate) vocabularies: Vocabularies,
    /// A hash of the corpus, to notice one that changed.
    pub(crate) corpus: u64,
    /// Held-out examples.
    pub(crate) held_out: usize,
    /// Shares of tokens that are unknown.
    pub(crate) unknown: UnknownRates,
    /// What a person should know of the examples.
    pub(crate) warnings: Vec<String>,
    /// Tokens of the longest training target, the end counted; `None` of tasks without an end.
    pub(crate) longest_target: Option<usize>,
}

/// What comes before training, step by step: told to the viewer, and ended where it cancels.
pub(crate) struct Preparation<'a> {
    link: &'a mut Link,
}

impl<'a> Preparation<'a> {
    pub(crate) fn new(link: &'a mut Link) -> Self {
        Self { link }
    }

    /// Begins a step; `text` says in words what is done.
    ///
    /// # Errors
    /// The run was cancelled.
    pub(crate) fn begin(&mut self, text: &str) -> Result<()> {
        self.link.check()?;
        self.link.send(Event::Phase { text: text.into() });
        Ok(())
    }
}
