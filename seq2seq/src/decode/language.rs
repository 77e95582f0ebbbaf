//! Continuations of a text by a language model.

use tensor::{Params, Threads};

use super::decoded::Hypothesis;
use super::search::{Policy, Search, Slot};
use super::stepper::LanguageStepper;
use crate::model::LanguageNetwork;
use crate::{Error, Result};

/// Reads the ids of `text` and returns continuations of at most `limit` tokens.
pub(super) fn continuations<P: Policy>(
    policy: &P,
    network: &LanguageNetwork,
    params: &Params,
    text: &[u32],
    limit: usize,
    threads: &Threads,
) -> Result<Vec<Hypothesis>> {
    let Some((&first, read)) = text.split_last() else {
        return Err(Error::BadValue {
            key: "text".into(),
            value: String::new(),
            allowed: "at least one id, which the model continues; a line begins with <s>".into(),
        });
    };
    let mut stepper = LanguageStepper::new(network, params, read, threads)?;
    let slot = Slot { first, ..Slot::new(&[], limit, 0, 0) };
    let mut all = Search::new(policy, vec![slot]).run(&mut stepper, threads)?;
    Ok(params.checked(all.pop().unwrap_or_default())?)
}
