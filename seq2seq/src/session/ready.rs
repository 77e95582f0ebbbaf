//! A run that is ready for the training loop.

use tensor::init::Rng;
use tensor::optim::Optimizer;
use tensor::{Device, Params};

use super::outcome::Outcome;
use crate::config::{Config, Preset};
use crate::data::{PairsInMemory, Spec};
use crate::event::{Estimate, Event, Start};
use crate::link::Link;
use crate::model::Model;
use crate::ranks::{gather, host};
use crate::run::{Progress, StoredRun, Vocabularies};
use crate::task::{Built, Preparation, Task};
use crate::train::{
    Average, LiveRun, Recorder, RunLength, Settings, Trainer, TrainingState, seconds_per_step,
};
use crate::{Error, Result, devices};

/// A run whose corpus is read and whose model is built.
pub(super) struct Prepared<M: Task> {
    pub(super) stored: StoredRun,
    pub(super) built: Built<M>,
    pub(super) params: Params,
    pub(super) optimizer: Optimizer,
    pub(super) average: Option<Average>,
    pub(super) device: Device,
    pub(super) start: Start,
}

impl<M: Task> Prepared<M> {
    pub(super) fn ready(&mut self) -> Ready<'_, M> {
        Ready {
            stored: self.stored.clone(),
            model: &mut self.built.model,
            examples: &self.built.examples,
            params: &mut self.params,
            optimizer: &mut self.optimizer,
            average: self.average.take(),
            device: &self.device,
            start: self.start.clone(),
            warnings: std::mem::take(&mut self.built.warnings),
            memory: self.built.memory,
            held_out: self.built.held_out,
        }
    }
}

/// What the training loop takes.
pub(super) struct Ready<'a, M: Model> {
    pub(super) stored: StoredRun,
    pub(super) model: &'a mut M,
    pub(super) examples: &'a [M::Example],
    pub(super) params: &'a mut Params,
    pub(super) optimizer: &'a mut Optimizer,
    pub(super) average: Option<Average>,
    pub(super) device: &'a Device,
    pub(super) start: Start,
    pub(super) warnings: Vec<String>,
    /// A lower bound of the bytes that training takes.
    pub(super) memory: f64,
    /// Number of held-out examples.
    pub(super) held_out: usize,
}

/// Reads the corpus and builds the model.
pub(super) fn prepare<M: Task>(
    stored: StoredRun,
    vocabularies: Option<Vocabularies>,
    memory: Option<&PairsInMemory>,
    link: &mut Link,
) -> Result<Prepared<M>> {
    let config = &stored.config;
    let device = devices::open_at(&stored.device, stored.threads, link.ranks().place())?;
    let mut params = Params::new();
    let mut preparation = Preparation::new(link, memory);
    let mut built = M::build(&stored, vocabularies, &mut params, &mut preparation)?;
    if let Some(waits) = config.waits_for_validations().filter(|_| built.held_out == 0) {
        let problem =
            format!("{waits}: nothing is held out, so it would wait for ever; give valid = FILE");
        return Err(Error::Configuration { problems: vec![problem] });
    }
    if let Some(first) = built.model.epoch_examples(0, device.threads()) {
        // Typical lengths, from which the steps of an epoch are counted.
        built.examples = first;
    }
    params.to_device(&device)?;
    let (optimizer, average) = equip(config, &params, &device)?;
    let length = RunLength::new(&built.model, &built.examples, &stored);
    let start = Start {
        train_pairs: built.examples.len() as u64,
        valid_pairs: built.held_out as u64,
        source_vocabulary: built.vocabularies.source.len() as u64,
        target_vocabulary: built.vocabularies.target.len() as u64,
        unknown_rate: built.unknown.held_out.0,
        unknown_target_rate: built.unknown.held_out.1,
        unknown_training_rates: built.unknown.training,
        steps_per_epoch: length.steps_per_epoch,
        last_step: Some(length.last_step),
        ..started(&stored, &params, &device)
    };
    Ok(Prepared { stored, built, params, optimizer, average, device, start })
}

/// Creates the optimizer of a run and the average of its parameters.
pub(super) fn equip(
    config: &Config,
    params: &Params,
    device: &Device,
) -> Result<(Optimizer, Option<Average>)> {
    let optimizer = Optimizer::new(config.optimizer_config(), params)?;
    let average = match config.average_decay {
        decay if decay > 0.0 => Some(Average::new(decay, params, device)?),
        _ => None,
    };
    Ok((optimizer, average))
}

/// Returns the event of a run's start, without the numbers of its data.
pub(super) fn started(stored: &StoredRun, params: &Params, device: &Device) -> Start {
    Start {
        preset: stored.preset.clone(),
        model: stored.config.summary(),
        differences: Vec::new(),
        task: stored.config.task,
        data: stored.data.clone(),
        device: device.describe(),
        threads: device.threads().count(),
        ranks: Vec::new(),
        seed: stored.seed,
        parameters: params.scalars() as u64,
        train_pairs: 0,
        valid_pairs: 0,
        source_vocabulary: 0,
        target_vocabulary: 0,
        unknown_rate: Default::default(),
        unknown_target_rate: Default::default(),
        unknown_training_rates: Default::default(),
        steps_per_epoch: 0,
        last_step: None,
        max_minutes: stored.max_minutes,
        changes: Vec::new(),
        settings: stored.config.live_settings(),
        step: 0,
        seconds: 0.0,
        best: None,
    }
}

/// Number of steps from which on the time of a run is estimated.
const ESTIMATED: u64 = 50;
/// Seconds from which on a run is reported as long.
const LONG: f64 = 2.0 * 3600.0;

/// Returns the estimate for `steps` steps of `step` seconds each.
fn estimate(
    steps: u64,
    step: Option<f64>,
    bytes: f64,
    stored: &StoredRun,
    progress: &Progress,
) -> Estimate {
    let left = stored.max_minutes.map_or(f64::INFINITY, |m| m * 60.0 - progress.seconds);
    let seconds = step.map(|step| (steps as f64 * step).min(left.max(0.0)));
    Estimate { steps, seconds, bytes }
}

/// Returns a warning about a run that takes hours, with a preset that takes less.
fn too_long(estimate: &Estimate, stored: &StoredRun) -> Option<String> {
    let hours = estimate.seconds.filter(|&seconds| seconds >= LONG)? / 3600.0;
    let preset = Preset::find(&stored.preset).ok();
    let smaller = preset
        .and_then(|preset| preset.smaller)
        .map_or_else(String::new, |name| format!("the preset {name} has a smaller model; "));
    Some(format!(
        "training takes about {hours:.0} hours on this machine: {smaller}fewer epochs or a time limit \
         end it sooner"
    ))
}

/// Starts the loop.
pub(super) fn go<M: Model>(
    mut run: Ready<'_, M>,
    mut recorder: Recorder<'_>,
    (shuffle, progress): (Rng, Progress),
) -> Result<Outcome> {
    let path = recorder.path();
    let parts = run.params.device_properties().data_parallel(run.device.threads()).count();
    let ranks = recorder.link.ranks().with_parts(parts)?;
    if !ranks.is_alone() {
        run.start.ranks = gather(&ranks, &format!("{}: {}", host(), run.device.describe()))?;
    }
    recorder.link.set_run_dir(path);
    let config = &run.stored.config;
    run.start.step = progress.step;
    run.start.seconds = progress.seconds;
    run.start.best = progress.best.filter(|best| best.loss.is_finite());
    let last_step = run.start.last_step.unwrap_or(u64::MAX);
    recorder.tell(Event::Start(Box::new(run.start)))?;
    recorder.warn(progress.step, run.warnings)?;
    let threads = run.device.threads().with_cancellation(recorder.link.cancellation());
    let settings = Settings::new(config, run.stored.seed, last_step, run.stored.max_minutes);
    let is_own = run.stored.data.parse::<Spec>().is_ok_and(|data| !data.files().is_empty());
    if ranks.is_first() && is_own && last_step.saturating_sub(progress.step) >= ESTIMATED {
        let phase = Event::Phase { text: "measuring a step".to_owned() };
        recorder.link.send(phase);
        let with = (&threads.with_ranks(&ranks), shuffle.clone());
        let (model, examples) = (&*run.model, run.examples);
        let step = seconds_per_step(model, run.params, run.optimizer, examples, &settings, with)?;
        let steps = last_step - progress.step;
        let estimate = estimate(steps, step, run.memory, &run.stored, &progress);
        let warning = too_long(&estimate, &run.stored);
        recorder.tell(Event::Estimate(estimate))?;
        recorder.warn(progress.step, warning)?;
    }
    let state = TrainingState {
        model: run.model,
        params: run.params,
        optimizer: run.optimizer,
        average: run.average,
        shuffle,
        progress,
    };
    let live = LiveRun { stored: run.stored.clone(), held_out: run.held_out };
    let trainer = Trainer::new(state, run.examples, &threads, (live, settings), recorder);
    let end = trainer.with_ranks(ranks).run()?;
    Ok(Outcome { run_dir: path.to_path_buf(), end, already_finished: false })
}
