//! Searches over many inputs, in groups of similar lengths that run on different threads.

use tensor::Threads;

use super::decoded::Hypothesis;
use super::ensemble::Ensemble;
use super::input::DecodeInput;
use super::search::{Policy, Search, Slot};
use super::stepper::{EncoderDecoderStepper, EnsembleStepper, Stepper};
use crate::Result;
use crate::model::Groups;

/// Number of hypotheses per source up to which a whole batch of sources is searched together.
const USUAL_WIDTH: usize = 8;

/// Searches for the outputs of all inputs, with up to `width` hypotheses for each at a time.
pub(super) fn in_groups<P: Policy + Sync>(
    ensemble: &Ensemble<'_>,
    inputs: &[DecodeInput],
    policy: &P,
    width: usize,
    threads: &Threads,
) -> Result<Vec<Vec<Hypothesis>>> {
    let params = ensemble.first().params;
    let lengths: Vec<usize> = inputs.iter().map(|i| i.source.len().saturating_sub(1)).collect();
    let device = params.device_properties();
    let parts = threads.ranks().parts(device.data_parallel(threads).count());
    // More hypotheses than usual have as many rows from fewer sources.
    let most = device.decode_batch * USUAL_WIDTH / width.max(USUAL_WIDTH);
    let size = most.min(inputs.len().div_ceil(parts));
    let groups = Groups::of_size(&lengths, size, ensemble.reads_padding());
    let blank = vec![vec![Hypothesis::default()]; inputs.len()];
    groups.run_each(params, threads, blank, |group| {
        let slot = |&i: &usize| {
            let DecodeInput { source, prefix, number } = &inputs[i];
            let default = || output_limit(ensemble, source.len());
            let limit = policy.constraints().limit(source.len(), default);
            Slot::new(prefix, limit, source.len(), *number)
        };
        let slots = group.iter().map(slot).collect();
        let sources: Vec<&[u32]> = group.iter().map(|&i| inputs[i].source.as_slice()).collect();
        let mut stepper = stepper(ensemble, &sources, threads)?;
        Search::new(policy, slots).run(stepper.as_mut(), threads)
    })
}

/// Encodes sources.
pub(super) fn stepper<'a>(
    ensemble: &Ensemble<'a>,
    sources: &[&[u32]],
    threads: &'a Threads,
) -> Result<Box<dyn Stepper + 'a>> {
    Ok(match ensemble.only() {
        Some(only) => {
            Box::new(EncoderDecoderStepper::new(only.model, only.params, sources, threads)?)
        }
        None => Box::new(EnsembleStepper::new(ensemble, sources, threads)?),
    })
}

/// Returns the maximum length of an output for a source of `source` tokens: the largest of the
/// members' limits.
pub(super) fn output_limit(ensemble: &Ensemble<'_>, source: usize) -> usize {
    let limits = ensemble.members().iter().map(|m| m.model.output_limit(source));
    limits.max().unwrap_or_default()
}
