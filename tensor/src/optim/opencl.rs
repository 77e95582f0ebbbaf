//! The optimizers on a device: norms, clipping and the step take a few launches for a whole model.

use std::sync::Arc;

use super::OptimizerConfig;
use super::report::{Report, Update};
use super::state::State;
use crate::error::{Error, Result};
use crate::gradients::ReducedGradients;
use crate::gradients::device_norms::{COEFFICIENTS, owner_sums, squares};
use crate::opencl::{Arena, Launch, Layout, Program};
use crate::params::Params;
use crate::tensor::Tensor;

const TEXT: &[&str] = &[include_str!("optim.cl")];
static CONTROL: Program = Program::new(TEXT);
static SGD: Program = Program::new(TEXT).with_options("-DSGD");
static MOMENTUM: Program = Program::new(TEXT).with_options("-DMOMENTUM");
static ADAM: Program = Program::new(TEXT).with_options("-DADAM");
static ADADELTA: Program = Program::new(TEXT).with_options("-DADADELTA");
static ADAGRAD: Program = Program::new(TEXT).with_options("-DADAGRAD");
static RMSPROP: [Program; 4] = [
    Program::new(TEXT).with_options("-DRMSPROP=0"),
    Program::new(TEXT).with_options("-DRMSPROP=1"),
    Program::new(TEXT).with_options("-DRMSPROP=2"),
    Program::new(TEXT).with_options("-DRMSPROP=3"),
];

const ITEMS: [usize; 3] = [256, 1, 1];

/// Returns a rule's program, its constants at a parameter's step, and the weight of the new term in
/// its average.
fn rule(config: &OptimizerConfig, rate: f64, step: u64) -> (&'static Program, [f64; 7], f64) {
    match *config {
        OptimizerConfig::Sgd(c) if c.momentum == 0.0 => {
            (&SGD, [rate, c.weight_decay, 0.0, 0.0, 0.0, 0.0, 0.0], 0.0)
        }
        OptimizerConfig::Sgd(c) => {
            (&MOMENTUM, [rate, c.weight_decay, c.momentum, 0.0, 0.0, 0.0, 0.0], 0.0)
        }
        OptimizerConfig::Adam(c) => {
            let numbers = moments(rate, step, (c.beta1, c.beta2));
            (
                &ADAM,
                [numbers[0], c.weight_decay, 1.0, numbers[1], c.beta2, numbers[2], c.eps],
                1.0 - c.beta2,
            )
        }
        OptimizerConfig::AdamW(c) => {
            let numbers = moments(rate, step, (c.beta1, c.beta2));
            let keep = 1.0 - rate * c.weight_decay;
            (&ADAM, [numbers[0], 0.0, keep, numbers[1], c.beta2, numbers[2], c.eps], 1.0 - c.beta2)
        }
        OptimizerConfig::Adadelta(c) => {
            (&ADADELTA, [rate, c.weight_decay, c.rho, c.eps, 0.0, 0.0, 0.0], 1.0 - c.rho)
        }
        OptimizerConfig::Adagrad(c) => {
            let rate = rate / (1.0 + (step as f64 - 1.0) * c.lr_decay);
            (&ADAGRAD, [rate, c.weight_decay, c.eps, 0.0, 0.0, 0.0, 0.0], 0.0)
        }
        OptimizerConfig::RmsProp(c) => {
            let kind = usize::from(c.momentum > 0.0) + 2 * usize::from(c.centered);
            let numbers = [rate, c.weight_decay, c.alpha, c.eps, c.momentum, 0.0, 0.0];
            (&RMSPROP[kind], numbers, 1.0 - c.alpha)
        }
    }
}

/// η / (1 - β1^t), 1 - β1, 1 / sqrt(1 - β2^t)
fn moments(rate: f64, step: u64, (beta1, beta2): (f64, f64)) -> [f64; 3] {
    let correction = |beta: f64| 1.0 - beta.powf(step as f64);
    [rate / correction(beta1), 1.0 - beta1, 1.0 / correction(beta2).sqrt()]
}

/// An optimizer's state on a device: one arena per slot.
#[derive(Clone)]
pub(super) struct Slots {
    arenas: Vec<Arena>,
    layout: Arc<Layout>,
}

/// One step of all parameters.
pub(super) struct DeviceStep<'a> {
    pub(super) gradients: &'a ReducedGradients,
    /// True for the parameters that have a gradient.
    pub(super) live: Vec<bool>,
    pub(super) how: &'a Update<'a>,
    /// The clipping factor of the gradients, if it is already known.
    pub(super) factor: Option<f32>,
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.arenas).finish()
    }
}

impl Slots {
    /// Moves the state to the parameters' device.
    pub(super) fn new(layout: &Arc<Layout>, state: &mut State) -> Result<Self> {
        let mut slots = Self { arenas: Vec::new(), layout: Arc::clone(layout) };
        slots.refill(state)?;
        Ok(slots)
    }

    pub(super) fn is_of(&self, layout: &Arc<Layout>) -> bool {
        Arc::ptr_eq(&self.layout, layout)
    }

    /// Copies a state from any device into new arenas.
    pub(super) fn refill(&mut self, state: &mut State) -> Result<()> {
        let mut arenas = Vec::with_capacity(state.slots.len());
        for slot in &mut state.slots {
            let memory = self.layout.filled(slot.tensors.iter())?;
            slot.tensors = self.layout.views(&memory);
            arenas.push(Arena { layout: Arc::clone(&self.layout), memory });
        }
        self.arenas = arenas;
        Ok(())
    }

    /// Performs one step of all parameters, whose step counts are already incremented.
    pub(super) fn update(
        &mut self,
        config: &OptimizerConfig,
        state: &mut State,
        params: &mut Params,
        step: DeviceStep<'_>,
    ) -> Result<Report> {
        let DeviceStep { gradients, live, how, factor } = step;
        let layout = Arc::clone(&self.layout);
        let (device, n) = (&layout.device, live.len());
        let of_layout = |a: &&Arena| Arc::ptr_eq(&a.layout, &layout);
        let Some(gradient) = gradients.arena().filter(of_layout) else {
            return Err(Error::argument("optimizer step", "the gradients are on another device"));
        };
        let rate = f64::from(how.learning_rate);
        let mut numbers = Vec::with_capacity(COEFFICIENTS * n);
        for (&live, &step) in live.iter().zip(&state.steps) {
            let (_, of_rule, _) = rule(config, rate, step.max(1));
            numbers.push(f32::from(u8::from(live)));
            numbers.extend(of_rule.map(|v| v as f32));
        }
        let coefficients = device.upload(&Tensor::from(numbers))?;

        // Everything that the host reads, in one piece: see `Report::wait`.
        let metrics = how.metrics.len();
        let norms = if how.ratios { 2 * n } else { 0 };
        let report = device.uninit([n + 2 + metrics + norms])?;
        let mut each = report.flat(0, n);
        squares(device, &layout, &coefficients, &gradient.memory, &mut each)?;
        let found = self.metrics(how)?;
        if let Some(found) = &found {
            device.overwrite(&mut report.flat(n + 2, metrics), found)?;
        }
        let mut control = report.flat(n, 2);
        match factor {
            Some(factor) => device.overwrite(&mut control, &Tensor::from(vec![factor, 1.0]))?,
            None => {
                let launch = device.kernel(&CONTROL, "decide").uint(n);
                let launch = launch.float(how.limit.unwrap_or(-1.0)).reads(&each).uint(metrics);
                let launch = launch.reads(found.as_ref().unwrap_or(&coefficients));
                launch.writes_shared(&mut control).groups([1, 1, 1], ITEMS)?;
            }
        }

        let chunks = layout.chunk_count;
        let (mut changes, mut values) = (device.uninit([chunks])?, device.uninit([chunks])?);
        for (arena, slot) in self.arenas.iter_mut().zip(&mut state.slots) {
            arena.make_unique(slot.tensors.iter_mut().enumerate())?;
        }
        let (program, _, fresh) = rule(config, rate, 1);
        if let Some(value) = params.arena_mut()? {
            let launch =
                device.kernel(program, "optimizer_step").ids(&layout.chunks).float(fresh as f32);
            let launch = launch.uint(usize::from(how.ratios)).reads(&coefficients);
            let launch = launch.reads(&control).reads(&gradient.memory).writes_shared(value);
            let slots = self.arenas.iter_mut().map(|a| &mut a.memory);
            let launch = slots.fold(launch, Launch::writes_shared);
            let launch = launch.writes(&mut changes).writes(&mut values);
            launch.groups([chunks, 1, 1], ITEMS)?;
        }
        if how.ratios {
            let first = n + 2 + metrics;
            owner_sums(device, &layout, &changes, &mut report.flat(first, n))?;
            owner_sums(device, &layout, &values, &mut report.flat(first + n, n))?;
        }
        Ok(Report::on_device(device.read_later(&report)?, live, how))
    }

    /// Returns the metrics in one tensor, or `None` if there are none.
    fn metrics(&self, how: &Update<'_>) -> Result<Option<Tensor>> {
        let device = &self.layout.device;
        let mut rows = Vec::with_capacity(how.metrics.len());
        for number in how.metrics {
            rows.push(match number.tensor() {
                Some(tensor) => tensor.flat(0, 1).shaped([1, 1].into()),
                None => device.upload(&Tensor::full([1, 1], number.get()? as f32))?,
            });
        }
        if rows.is_empty() { Ok(None) } else { device.gather(&rows).map(Some) }
    }
}
