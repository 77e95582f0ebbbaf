//! Inspection of translations, and answers to the commands that a stored run can execute.

use super::{Method, Translator};
use crate::command::Command;
use crate::event::{Event, Sample};
use crate::inspect::Inspector;
use crate::inspection::{InspectRequest, Inspection};
use crate::{Error, Result};

impl Translator {
    /// Returns every step of the greedy translation of a sentence, without the interventions of the
    /// request and, if there are any, with them.
    ///
    /// # Errors
    /// [`Error::BadValue`] for a position, token, layer, gate or unit that does not exist, with
    /// those that do; [`Error::Configuration`] for an ensemble; a failure of the device.
    pub fn inspect(&self, request: &InspectRequest) -> Result<Inspection> {
        if !self.members.is_single() {
            let problems = vec!["one network is inspected, not an ensemble".to_owned()];
            return Err(Error::Configuration { problems });
        }
        let (network, params) = self.members.first();
        let constraints = match self.method {
            Method::Search(options) => options.constraints,
            Method::Sampling(options) => options.constraints,
        };
        let inspector = Inspector {
            network,
            params,
            text: &self.text,
            unknown_words: &self.unknown_words,
            constraints: self.unknown_words.constrain(constraints, self.attends()),
        };
        inspector.inspect(request, self.device.threads())
    }

    /// Executes a command that needs no training, and returns its answer: [`Command::Translate`] and
    /// [`Command::Inspect`]. A command that fails or needs training is refused.
    pub fn answer(&self, command: &Command) -> Event {
        let answered = match command {
            Command::Translate(line) => self.sample(line).map(Event::Translation),
            Command::Inspect(request) => {
                self.inspect(request).map(|found| Event::Inspection(Box::new(found)))
            }
            _ => Err(Error::Other("the run is not in training".into())),
        };
        answered.unwrap_or_else(|error| Event::Refused {
            command: command.clone(),
            reason: error.to_string(),
        })
    }

    fn sample(&self, line: &str) -> Result<Sample> {
        let mut all = self.translate(&[line.to_owned()])?;
        let translation = all.swap_remove(0);
        Ok(Sample {
            unknown: self.text.unknown_positions(line),
            links: Vec::new(),
            source: translation.source_tokens,
            output: translation.tokens,
            source_text: Some(translation.source),
            output_text: Some(translation.target),
            reference: String::new(),
            attention: translation.attention,
            logprob: translation.logprob,
        })
    }
}
