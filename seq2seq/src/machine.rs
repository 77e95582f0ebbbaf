//! Memory limits of this machine.

use std::sync::OnceLock;

use sysinfo::System;

use crate::bytes::bytes;
use crate::config::{Config, TaskKind};
use crate::{Error, Result};

/// Returns the bytes of memory that this process may use: the machine's memory, or the limit of a
/// control group or of the address space (`ulimit -v`) if that is lower. `None` if it is not known.
pub(crate) fn memory() -> Option<u64> {
    static MEMORY: OnceLock<Option<u64>> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let mut system = System::new();
        system.refresh_memory();
        let group = system.cgroup_limits().map(|limits| limits.total_memory);
        let all = [Some(system.total_memory()), group, address_space()];
        all.into_iter().flatten().filter(|&bytes| bytes > 0).min()
    })
}

#[cfg(unix)]
fn address_space() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// Purpose of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Inference: only their values.
    Use,
    /// Training: also their gradients, the optimizer's state and the average.
    Training,
}

/// Returns the bytes of a model's parameters and of all that goes with them.
fn bytes_of_parameters(config: &Config, count: u64, need: Need) -> f64 {
    let average = usize::from(config.average_decay > 0.0);
    let copies = match need {
        Need::Use => 1,
        Need::Training => 2 + config.optimizer_config().slot_count() + average,
    };
    4.0 * count as f64 * copies as f64
}

/// Checks that a model fits in this machine's memory, before any of it is allocated.
///
/// # Errors
/// [`Error::Configuration`] with the required memory, the available memory, and the keys that
/// determine the size.
pub(crate) fn check_parameters(config: &Config, count: u64, need: Need) -> Result<()> {
    let needed = bytes_of_parameters(config, count, need);
    let Some(available) =
        memory().map(|bytes| bytes as f64).filter(|&available| needed > available)
    else {
        return Ok(());
    };
    let what = match need {
        Need::Use => String::new(),
        Need::Training => format!(", their gradients and the state of {}", config.optimizer),
    };
    let problem = format!(
        "hidden = {}, embedding = {}, layers = {} and the vocabularies make at least {:.1e} parameters, which \
         with all that goes with them{what} take {}; this machine has {}: set a smaller hidden, \
         embedding or layers, or limit max_source_vocabulary and max_target_vocabulary",
        config.hidden,
        config.embedding,
        config.layers,
        count as f64,
        bytes(needed),
        bytes(available)
    );
    Err(Error::Configuration { problems: vec![problem] })
}

/// The largest batch of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LargestBatch {
    /// Number of sequences.
    pub(crate) size: usize,
    /// Positions of the longest source; 0 if there is no source.
    pub(crate) source: usize,
    /// Positions of the longest target.
    pub(crate) target: usize,
    /// Entries of the target vocabulary.
    pub(crate) classes: usize,
}

/// Checks that a batch fits in this machine's memory along with the model. Returns a lower bound of
/// the bytes that training takes.
///
/// # Errors
/// Those of [`check_parameters`].
pub(crate) fn check_batch(config: &Config, count: u64, batch: LargestBatch) -> Result<f64> {
    let LargestBatch { size, source, target, classes } = batch;
    let directions = if config.bidirectional { 2.0 } else { 1.0 };
    let (h, e, layers) = (config.hidden as f64, config.embedding as f64, config.layers as f64);
    let (size, source, target) = (size as f64, source as f64, target as f64);
    // A step keeps at least the gates and states of each layer, the logits and the attention
    // weights.
    let encoder = source * (e + layers * directions * 3.0 * h);
    let decoder = target * (e + layers * 3.0 * h + classes as f64 + source);
    let activations = 4.0 * size * (encoder + decoder);
    let needed = activations + 8.0 * count as f64;
    let Some(available) =
        memory().map(|bytes| bytes as f64).filter(|&available| needed > available)
    else {
        return Ok(activations + bytes_of_parameters(config, count, Need::Training));
    };
    let (sides, keys) = match config.task {
        TaskKind::Translation => (
            format!("sources of up to {source} and targets of up to {target} tokens"),
            "batch, or drop long pairs with max_source_words and max_target_words",
        ),
        TaskKind::LanguageLines => (
            format!("lines of up to {target} tokens"),
            "batch, or drop long lines with max_target_words",
        ),
        TaskKind::LanguageStream => (format!("windows of {target} tokens"), "batch or window"),
        TaskKind::Sequence => {
            (format!("sequences of up to {target} steps"), "batch, or give shorter ones")
        }
    };
    let problem = format!(
        "batch = {size}: a batch of {sides}, with a vocabulary of {classes}, takes {} to train on; \
         this machine has {}: set a smaller {keys}",
        bytes(needed),
        bytes(available)
    );
    Err(Error::Configuration { problems: vec![problem] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_for_people() {
        for (count, text) in [
            (1.0, "1 MB"),
            (25e6, "25 MB"),
            (2.34e9, "2.3 GB"),
            (1.4e11, "140 GB"),
            (1e15, "1000000 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        let config = Config::default();
        let refused = check_parameters(&config, 1 << 45, Need::Training).unwrap_err().to_string();
        assert!(refused.contains("hidden = 256") && refused.contains("GB"), "{refused}");
        assert!(refused.contains("the state of adam take 562950 GB"), "{refused}");
        check_parameters(&config, 1_000_000, Need::Training).unwrap();
        let batch = LargestBatch { size: 1 << 20, source: 100_000, target: 100_000, classes: 9 };
        let refused = check_batch(&config, 1, batch).unwrap_err().to_string();
        assert!(
            refused.starts_with("batch = 1048576: a batch of sources of up to 100000"),
            "{refused}"
        );
        let batch = LargestBatch { size: 64, source: 50, target: 50, classes: 30_000 };
        let bytes = check_batch(&config, 1_000_000, batch).unwrap();
        // The logits alone, and Adam's four numbers per parameter.
        let least = 4.0 * (64.0 * 50.0 * 30_000.0 + 4.0 * 1e6);
        assert!(bytes > least && bytes < 1.2 * least, "{bytes}");
        assert!(memory().is_none_or(|bytes| bytes > 1 << 20));
    }
}
