//! Every hypothesis that a beam search kept, as a tree.

use tensor::Threads;

use super::beam::BeamOptions;
use super::decoded::SearchTree;
use super::ensemble::Ensemble;
use super::groups::{output_limit, stepper};
use super::input::DecodeInput;
use super::search::{Policy, Search, Slot};
use crate::Result;

/// Searches like [`beam_search`](super::beam_search) for one input, and returns every hypothesis
/// that was kept at some step.
///
/// # Errors
/// Those of [`beam_search`](super::beam_search).
pub fn beam_search_tree(
    ensemble: &Ensemble<'_>,
    input: &DecodeInput,
    options: &BeamOptions,
    threads: &Threads,
) -> Result<SearchTree> {
    let DecodeInput { source, prefix, number } = input;
    if source.len() < 2 {
        return Ok(SearchTree::default());
    }
    let default = || output_limit(ensemble, source.len());
    let limit = options.constraints().limit(source.len(), default);
    let slot = Slot::new(prefix, limit, source.len(), *number);
    let mut stepper = stepper(ensemble, &[source], threads)?;
    Search::new(options, vec![slot]).run_for_tree(stepper.as_mut(), threads)
}
