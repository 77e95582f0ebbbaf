//! How the ranks of a run begin together.

use std::path::Path;

use super::Outcome;
use super::ready::{go, prepare};
use crate::config::TaskKind;
use crate::data::PairsInMemory;
use crate::event::{End, EndReason};
use crate::link::Link;
use crate::ranks::{Beginning, Given, gather_results, of_first};
use crate::run::{Checkpoint, StoredRun, Vocabularies};
use crate::task::{LanguageModel, SequenceModel, Task, TranslationModel};
use crate::train::{Recorder, from_checkpoint, tensors};
use crate::{Error, Result};

/// What a rank does in a run.
pub(super) enum Role {
    /// It prepares the run, then [`lead`]s the others.
    First,
    /// It begins with what rank 0 gave it.
    Other(Box<Given>),
    /// There is nothing to do.
    Done(Outcome),
}

/// Returns the role of this rank. A rank after the first waits until rank 0 is prepared.
///
/// # Errors
/// Rank 0 failed.
pub(super) fn role(link: &Link) -> Result<Role> {
    if link.ranks().is_first() {
        return Ok(Role::First);
    }
    match of_first(link.ranks(), None)? {
        Beginning::Run(given) => Ok(Role::Other(given)),
        Beginning::Nothing(run_dir) => {
            let end = End { step: 0, seconds: 0.0, reason: EndReason::Finished, dropped_events: 0 };
            Ok(Role::Done(Outcome { run_dir, end, already_finished: true }))
        }
        Beginning::Cancelled => Err(Error::Cancelled),
        Beginning::Failed(what) => Err(Error::OtherRank { rank: 0, what }),
    }
}

/// Releases the other ranks if they still wait for what they begin with, because rank 0 failed or has
/// nothing to do. Rank 0 calls this with its result.
///
/// # Errors
/// That of the result.
pub(super) fn release(link: &mut Link, result: Result<Outcome>) -> Result<Outcome> {
    if !link.ranks().is_alone() && link.may_lead() {
        let beginning = match &result {
            Ok(outcome) => Beginning::Nothing(outcome.run_dir.clone()),
            Err(Error::Cancelled) => Beginning::Cancelled,
            Err(error) => Beginning::Failed(error.to_string()),
        };
        of_first(link.ranks(), Some(&beginning))?;
    }
    result
}

/// Gives the other ranks what they begin with, and waits until they are ready. Rank 0 calls this
/// before the loop.
///
/// # Errors
/// A rank could not begin.
pub(super) fn lead(
    link: &mut Link,
    path: &Path,
    stored: &StoredRun,
    vocabularies: &Vocabularies,
    checkpoint: &Checkpoint,
    examples: usize,
) -> Result<()> {
    if link.ranks().is_alone() {
        return Ok(());
    }
    let given = Given::new(path, stored, vocabularies, checkpoint, examples)?;
    link.may_lead();
    of_first(link.ranks(), Some(&Beginning::Run(Box::new(given))))?;
    gather_results(link.ranks(), Ok(())).map(|_| ())
}

/// Reports to the other ranks whether this one is ready.
///
/// # Errors
/// This or another rank could not begin.
pub(super) fn ready<T>(link: &Link, prepared: Result<T>) -> Result<T> {
    let (told, prepared) = match prepared {
        Ok(prepared) => (Ok(()), Some(prepared)),
        Err(error) => (Err(error), None),
    };
    gather_results(link.ranks(), told)?;
    prepared.ok_or_else(|| Error::Other("a rank was not ready".into()))
}

/// Trains on a rank after the first.
pub(super) fn follow(
    given: &Given,
    memory: Option<&PairsInMemory>,
    link: &mut Link,
) -> Result<Outcome> {
    // Rank 0 waits until this one is ready.
    let stored = match given.stored() {
        Ok(stored) => stored,
        Err(error) => return ready(link, Err(error)),
    };
    match stored.config.task {
        TaskKind::Translation => follow_at::<TranslationModel>(given, memory, link),
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            follow_at::<LanguageModel>(given, None, link)
        }
        TaskKind::Sequence => follow_at::<SequenceModel>(given, None, link),
    }
}

fn follow_at<M: Task>(
    given: &Given,
    memory: Option<&PairsInMemory>,
    link: &mut Link,
) -> Result<Outcome> {
    let Given { path, checkpoint, .. } = given;
    let prepared = (|link: &mut Link| {
        let vocabularies = given.vocabularies()?;
        let mut run = prepare::<M>(given.stored()?, Some(vocabularies), memory, link)?;
        let is_other = run.stored.corpus_hash.is_some_and(|hash| hash != run.built.corpus);
        if is_other || run.built.examples.len() != given.examples {
            return Err(Error::OtherCorpus { data: run.stored.data });
        }
        run.built.model.load_state(tensors(&checkpoint.carried))?;
        let average = run.average.as_mut();
        let state =
            from_checkpoint(&mut run.params, &mut run.optimizer, average, checkpoint, path)?;
        Ok((run, state))
    })(link);
    let (mut run, shuffle) = ready(link, prepared)?;
    go(run.ready(), Recorder::silent(path, link), (shuffle, checkpoint.progress))
}
