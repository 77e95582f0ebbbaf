//! Answers to the commands that a stored run can execute.

use std::path::{Path, PathBuf};

use super::held_out::{HeldOut, HeldOutExamples};
use super::translator::Translator;
use crate::command::Command;
use crate::data::Pair;
use crate::event::Event;
use crate::inspection::{Distribution, GradientKind, ParameterHistogram, unknown_parameter};
use crate::run::RunDir;
use crate::{Error, Result};

/// A stored run that answers commands: its checkpoint (`best` if the run has validated, else
/// `last`) is opened with the first command that needs the network, its corpus with the first one
/// about held-out sentences.
///
/// ```no_run
/// use seq2seq::{Command, StoredRunAnswers};
///
/// let mut run = StoredRunAnswers::new("runs/mine".as_ref());
/// let event = run.answer(&Command::HeldOut("1".into()));
/// ```
#[derive(Debug)]
pub struct StoredRunAnswers {
    run: PathBuf,
    translator: Option<Translator>,
    held_out: Option<HeldOut>,
}

impl StoredRunAnswers {
    /// Creates the answers of a run, which is not opened yet.
    pub fn new(run: &Path) -> Self {
        Self { run: run.to_owned(), translator: None, held_out: None }
    }

    /// Returns true for commands that need no training.
    pub fn takes(command: &Command) -> bool {
        matches!(
            command,
            Command::Translate(_)
                | Command::Inspect(_)
                | Command::HeldOut(_)
                | Command::Units(_)
                | Command::Histogram(_)
        )
    }

    /// Opens the checkpoint again with the next command, since it was written again.
    pub fn forget_checkpoint(&mut self) {
        self.translator = None;
    }

    /// Executes a command that needs no training, and returns its answer. A command that fails or
    /// needs training is refused.
    pub fn answer(&mut self, command: &Command) -> Event {
        self.answered(command).unwrap_or_else(|error| Event::Refused {
            command: command.clone(),
            reason: error.to_string(),
        })
    }

    fn answered(&mut self, command: &Command) -> Result<Event> {
        Ok(match command {
            Command::Translate(line) => Event::Translation(self.translator()?.sample(line)?),
            Command::Inspect(request) => {
                Event::Inspection(Box::new(self.translator()?.inspect(request)?))
            }
            Command::HeldOut(which) => {
                let (translator, pairs) = self.with_held_out()?;
                let (inspector, threads) = (translator.inspector()?, translator.threads());
                Event::HeldOut(Box::new(inspector.held_out_maps(pairs, which, threads)?))
            }
            Command::Units(request) => {
                let (translator, pairs) = self.with_held_out()?;
                let (inspector, threads) = (translator.inspector()?, translator.threads());
                Event::Units(Box::new(inspector.unit_correlations(request, pairs, threads)?))
            }
            Command::Histogram(name) => Event::Histogram(Box::new(histogram(&self.run, name)?)),
            _ => return Err(Error::Other("the run is not in training".into())),
        })
    }

    fn translator(&mut self) -> Result<&Translator> {
        if self.translator.is_none() {
            self.translator = Some(Translator::open(&self.run, "cpu", None)?);
        }
        self.translator.as_ref().ok_or_else(not_opened)
    }

    fn with_held_out(&mut self) -> Result<(&Translator, &[Pair])> {
        self.translator()?;
        if self.held_out.is_none() {
            self.held_out = Some(HeldOut::of(&self.run)?);
        }
        let pairs: &[Pair] = match self.held_out.as_ref().map(|held_out| &held_out.examples) {
            Some(HeldOutExamples::Pairs(corpus)) => &corpus.pairs,
            _ => &[],
        };
        Ok((self.translator.as_ref().ok_or_else(not_opened)?, pairs))
    }
}

fn not_opened() -> Error {
    Error::Other("the run was not opened".into())
}

/// Returns the distribution of a parameter in the checkpoint, with that of the optimizer's running
/// mean of its gradients if it has one.
fn histogram(run: &Path, name: &str) -> Result<ParameterHistogram> {
    let checkpoint = RunDir::open(run)?.best_or_last()?;
    let at = checkpoint.params.iter().position(|(known, _)| known == name);
    let names = checkpoint.params.iter().map(|(name, _)| name.as_str());
    let at = at.ok_or_else(|| unknown_parameter(name, names))?;
    let (_, stored) = &checkpoint.params[at];
    let means = checkpoint.optimizer.slots.iter().find(|(slot, _)| slot == "exp_avg");
    let mean = means.and_then(|(_, tensors)| tensors.get(at));
    Ok(ParameterHistogram {
        name: name.to_owned(),
        shape: stored.shape().to_vec(),
        step: checkpoint.progress.step,
        values: Distribution::new(stored.data()),
        gradients: mean.map(|mean| (GradientKind::Mean, Distribution::new(mean.data()))),
    })
}
