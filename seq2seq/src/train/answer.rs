//! Answers to commands that look into the model.

use tensor::{Gradient, Params, Threads};

use super::step::{StepOptions, backpropagate};
use super::trainer::Trainer;
use crate::Result;
use crate::command::Command;
use crate::event::Event;
use crate::inspection::{Distribution, GradientKind, ParameterHistogram, unknown_parameter};
use crate::model::Model;

/// Maximum number of examples whose gradient is computed.
const EXAMPLES: usize = 64;

impl<M: Model> Trainer<'_, M> {
    /// Answers a command about translations. Returns the reason if it is refused; no such command
    /// ends a run.
    pub(super) fn answer(&mut self, command: &Command) -> Result<Option<String>> {
        let how = |model: &M, params: &Params, threads: &Threads| -> Result<Option<Event>> {
            Ok(match command {
                Command::Inspect(request) => model
                    .inspect(params, request, threads)?
                    .map(|found| Event::Inspection(Box::new(found))),
                Command::HeldOut(which) => model
                    .held_out_maps(params, which, threads)?
                    .map(|found| Event::HeldOut(Box::new(found))),
                Command::Units(request) => model
                    .unit_correlations(params, request, threads)?
                    .map(|found| Event::Units(Box::new(found))),
                _ => None,
            })
        };
        match self.state.look(self.threads, how) {
            Ok(Some(Some(event))) => self.recorder.tell(event)?,
            Ok(Some(None)) => return Ok(Some("only a translator can be inspected".to_owned())),
            Ok(None) => {}
            Err(error) => return Ok(Some(error.to_string())),
        }
        Ok(None)
    }

    /// Reports the distribution of a parameter and of its gradients. Returns the reason if the
    /// command is refused. Nothing is updated, and a carried state stays as it is.
    pub(super) fn histogram(&mut self, name: &str) -> Result<Option<String>> {
        self.finish_pending()?;
        let (model, params) = (&*self.state.model, &*self.state.params);
        let Some(id) = params.find(name) else {
            let known = params.iter().map(|(name, _)| name);
            return Ok(Some(unknown_parameter(name, known).to_string()));
        };
        let value = params.get(id).to_host()?;
        let step = self.state.progress.step;
        let options = StepOptions {
            seed: self.settings.seed,
            step,
            learning_rate: 0.0,
            clip: None,
            ratios: false,
            flow: false,
            profile: false,
        };
        let count = self.run.stored.config.batch.min(EXAMPLES);
        let batch: Vec<&M::Example> = self.examples.iter().take(count).collect();
        let carried = model.carried();
        let found = backpropagate(model, params, &batch, self.threads, &options)?;
        let gradients = match found.as_ref().map(|reduced| reduced.get(id)) {
            Some(Gradient::Dense(gradient)) => Some(gradient.to_host()?),
            Some(other) => Some(other.to_dense(value.shape())),
            None => None,
        };
        model.load_state(carried)?;
        let gradients =
            gradients.map(|found| (GradientKind::Batch, Distribution::new(found.data())));
        let found = ParameterHistogram {
            name: name.to_owned(),
            shape: value.dims().to_vec(),
            step,
            values: Distribution::new(value.data()),
            gradients,
        };
        self.recorder.tell(Event::Histogram(Box::new(found)))?;
        Ok(None)
    }
}
