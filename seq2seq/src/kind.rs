//! What a run trains: each task's way from a stored run to a model with its examples.

use tensor::Params;

use crate::Result;
use crate::model::Model;
use crate::run::{StoredRun, Vocabularies};

/// A model that a run can be made of.
pub(crate) trait Kind: Model + Sized {
    /// Reads the corpus and adds the model's parameters to a store; `vocabularies` are those of a
    /// run that goes on, and `say` tells what is being done.
    ///
    /// # Errors
    /// Unreadable data, a corpus that the task cannot be learnt from, a width of zero.
    fn build(
        stored: &StoredRun,
        vocabularies: Option<Vocabularies>,
        params: &mut Params,
        say: &mut dyn FnMut(&str),
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
    /// Share of the held-out tokens that are unknown.
    pub(crate) unknown_rate: f64,
    /// What a person should know of the examples.
    pub(crate) warnings: Vec<String>,
}
