//! The networks of a translator, and how they are combined.

use std::path::PathBuf;

use tensor::{Device, Params};

use crate::config::TaskKind;
use crate::data::Text;
use crate::decode::{Combination, Ensemble, Member};
use crate::inference::{OpenedRun, Precision, open_run};
use crate::model::EncoderDecoder;
use crate::run::Vocabularies;
use crate::{Error, Result};

/// How several runs, or several checkpoints of a run, become one model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnsembleOptions {
    /// The weight of each run; equal weights if empty.
    pub weights: Vec<f64>,
    /// How the runs' predictions are combined.
    pub combination: Combination,
    /// Number of the last kept checkpoints of each run whose parameters are averaged (the run's key
    /// `keep_checkpoints`); 0 for the run's `best`, or its `last` if it has not validated.
    pub average_last: usize,
}

/// The networks of a translator.
#[derive(Debug)]
pub(super) struct Members {
    members: Vec<(EncoderDecoder, Params, f64)>,
    combination: Combination,
}

impl Members {
    /// Opens runs on a device. Returns the networks, their common text, and the first run.
    pub(super) fn open(
        runs: &[PathBuf],
        options: &EnsembleOptions,
        device: &str,
        threads: Option<usize>,
    ) -> Result<(Self, Text, OpenedRun)> {
        let [first, others @ ..] = runs else {
            let problems = vec!["no run is given".to_owned()];
            return Err(Error::Configuration { problems });
        };
        if !options.weights.is_empty() && options.weights.len() != runs.len() {
            let problems = vec![format!(
                "{} weights for {} runs; one weight per run is needed",
                options.weights.len(),
                runs.len()
            )];
            return Err(Error::Configuration { problems });
        }
        let weight = |i: usize| options.weights.get(i).copied().unwrap_or(1.0);
        let opened = open_run(first, device, threads, &[TaskKind::Translation])?;
        let text = text_of(&opened)?;
        let (network, params) = load(&opened, &text, options.average_last, &opened.device)?;
        let mut members = vec![(network, params, weight(0))];
        for (i, run) in others.iter().enumerate() {
            let other = open_run(run, device, threads, &[TaskKind::Translation])?;
            let found = text_of(&other)?;
            if let Some(what) = text.difference(&found) {
                let what = format!(
                    "{what} in {}; the runs of an ensemble need the same vocabularies, recipes and \
                     units: train them on the same data with the same keys, with different seeds",
                    first.display()
                );
                return Err(Error::OtherModel { path: run.clone(), what });
            }
            let (network, params) = load(&other, &found, options.average_last, &opened.device)?;
            members.push((network, params, weight(i + 1)));
        }
        let all = Self { members, combination: options.combination };
        // Checks the weights.
        all.ensemble()?;
        Ok((all, text, opened))
    }

    /// Converts the parameters of all networks.
    pub(super) fn convert(&mut self, precision: Precision) -> Result<()> {
        self.members.iter_mut().try_for_each(|(_, params, _)| precision.convert(params))
    }

    /// Returns the networks for decoding.
    pub(super) fn ensemble(&self) -> Result<Ensemble<'_>> {
        let members = self
            .members
            .iter()
            .map(|(model, params, weight)| Member { model, params, weight: *weight })
            .collect();
        Ensemble::new(members, self.combination)
    }

    /// Returns the first network and its parameters.
    pub(super) fn first(&self) -> (&EncoderDecoder, &Params) {
        let (network, params, _) = &self.members[0];
        (network, params)
    }

    /// Returns true if there is one network.
    pub(super) fn is_single(&self) -> bool {
        self.members.len() == 1
    }

    /// Returns true if the model is one network whose attention has heads.
    pub(super) fn have_heads(&self) -> bool {
        matches!(&self.members[..], [(network, ..)] if network.decoder.has_heads())
    }

    /// Returns true if a network has attention.
    pub(super) fn attend(&self) -> bool {
        self.members.iter().any(|(network, ..)| network.decoder.attends())
    }
}

fn text_of(opened: &OpenedRun) -> Result<Text> {
    let vocabularies = opened.dir.vocabularies()?;
    let Vocabularies { source, target, subwords } = vocabularies;
    Text::restore(&opened.stored.config, &subwords, source, target)
}

/// Loads the network of a run.
fn load(
    opened: &OpenedRun,
    text: &Text,
    average_last: usize,
    device: &Device,
) -> Result<(EncoderDecoder, Params)> {
    let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
    opened.load_averaged(average_last, device, |params, stored| {
        let network = EncoderDecoder::new(params, &stored.config, source, target, stored.seed)?;
        Ok(network.with_longest_target(stored.longest_target))
    })
}
