//! The optimizer: a configuration, its state, and the step.

use super::OptimizerConfig;
use super::opencl::{DeviceStep, Slots};
use super::pass::{Sums, UpdateRule, run};
use super::report::{Measured, Report, Update};
use super::sgd::{Momentum, Plain};
use super::state::{Slot, State};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::gradients::{Gradient, Gradients, Norms, ReducedGradients};
use crate::params::Params;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

const OP: &str = "optimizer step";

/// An optimizer of the parameters of one store.
///
/// ```
/// use tensor::optim::{Optimizer, OptimizerConfig, Update};
/// use tensor::{Gradients, Params, Tensor, Threads};
///
/// let threads = Threads::single();
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::full([2, 2], 1.0))?;
/// let mut optimizer = Optimizer::new(OptimizerConfig::by_name("sgd")?, &params)?;
///
/// let mut gradients = Gradients::default();
/// gradients.add(w, Tensor::full([2, 2], 2.0));
/// // Clipped from a norm of 4 to 1.
/// let update = Update { limit: Some(1.0), ratios: true, ..Update::new(0.5) };
/// let measured = optimizer.step(&mut params, gradients, &update, &threads)?;
/// assert!((measured.norms.total - 4.0).abs() < 1e-6);
/// assert!((params.get(w).data()[3] - 0.75).abs() < 1e-6);
/// assert!((measured.ratios.unwrap_or_default()[0] - 0.25).abs() < 1e-6);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Optimizer {
    config: OptimizerConfig,
    shapes: Vec<Shape>,
    state: State,
    /// The state's memory, if the parameters are on a device.
    device_slots: Option<Slots>,
}

impl Optimizer {
    /// Creates an optimizer at its first step. All its memory is allocated here, on the parameters'
    /// device.
    ///
    /// # Errors
    /// A value of the configuration is out of its range; the device's memory is exhausted.
    pub fn new(config: OptimizerConfig, params: &Params) -> Result<Self> {
        config.check()?;
        let shapes = params.iter().map(|(_, t)| t.shape()).collect();
        let state = State::new(&config.slots(), params);
        let mut optimizer = Self { config, shapes, state, device_slots: None };
        optimizer.follow(params)?;
        Ok(optimizer)
    }

    /// Returns the configuration.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// Replaces the configuration, with effect from the next step on; the state stays.
    ///
    /// PyTorch: `optimizer.param_groups[0][name] = value`.
    ///
    /// ```
    /// use tensor::optim::{Adam, Optimizer, OptimizerConfig, RmsProp};
    /// use tensor::{Params, Tensor};
    ///
    /// let mut params = Params::new();
    /// params.add("w", Tensor::full([2, 2], 1.0))?;
    /// let mut optimizer = Optimizer::new(OptimizerConfig::RmsProp(RmsProp::default()), &params)?;
    /// let slower = OptimizerConfig::RmsProp(RmsProp { alpha: 0.999, ..RmsProp::default() });
    /// optimizer.set_config(slower)?;
    /// assert!(optimizer.set_config(OptimizerConfig::Adam(Adam::default())).is_err());
    /// assert_eq!(*optimizer.config(), slower);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another optimizer, one with other state, or a value out of its range; nothing is changed
    /// then.
    pub fn set_config(&mut self, config: OptimizerConfig) -> Result<()> {
        config.check()?;
        if config.name() != self.config.name() || config.slots() != self.config.slots() {
            let what = format!("{} in place of {}", config.name(), self.config.name());
            return Err(Error::argument("optimizer", what));
        }
        self.config = config;
        Ok(())
    }

    /// Returns the state, for a checkpoint.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Restores a state that [`Optimizer::state`] returned.
    ///
    /// # Errors
    /// The state belongs to another optimizer or to other parameters; nothing is changed then.
    pub fn restore(&mut self, state: State) -> Result<()> {
        self.state.check(&state)?;
        self.state = state;
        if let Some(device_slots) = &mut self.device_slots {
            device_slots.refill(&mut self.state)?;
        }
        Ok(())
    }

    /// Moves the state to the parameters' device.
    fn follow(&mut self, params: &Params) -> Result<()> {
        match params.layout() {
            Some(layout)
                if self
                    .device_slots
                    .as_ref()
                    .is_none_or(|device_slots| !device_slots.is_of(layout)) =>
            {
                self.device_slots = Some(Slots::new(layout, &mut self.state)?);
            }
            None if self.device_slots.is_some() => {
                for tensor in self.state.slots.iter_mut().flat_map(|s| &mut s.tensors) {
                    *tensor = tensor.to_host()?;
                }
                self.device_slots = None;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes one step with the gradients of a backward pass: reduces them, clips them, updates every
    /// parameter by the optimizer's equation, and waits for the measurements.
    ///
    /// [`Optimizer::update`] is the same in two parts, between which other work can be done while a
    /// device computes.
    ///
    /// PyTorch: `clip_grad_norm_(parameters, limit); optimizer.step(); optimizer.zero_grad()`.
    ///
    /// # Errors
    /// A norm or a metric is not a finite number: no parameter was changed. Those of
    /// [`Gradients::reduce`] and [`Optimizer::update`].
    pub fn step(
        &mut self,
        params: &mut Params,
        gradients: Gradients,
        how: &Update<'_>,
        threads: &Threads,
    ) -> Result<Measured> {
        let reduced = gradients.reduce(params, threads)?;
        let measured = self.update(params, &reduced, how, threads)?.read(self)?;
        if !measured.updated {
            let (norm, metrics) = (measured.norms.total, &measured.metrics);
            let what = format!(
                "the gradient's norm is {norm} and the metrics are {metrics:?}; no parameter was changed"
            );
            return Err(Error::argument(OP, what));
        }
        Ok(measured)
    }

    /// Clips, steps and measures, without waiting for a device.
    ///
    /// The gradients are clipped to a global norm of [`Update::limit`]. The step is taken if their
    /// norm and all of [`Update::metrics`] are finite numbers. The report contains norms, ratios
    /// and metrics: immediately on the host, through one read of all of them on a device, for which
    /// [`Report::read`] waits.
    ///
    /// # Errors
    /// The learning rate is not finite or is negative, a gradient does not fit its parameter, or the
    /// parameters are not those of [`Optimizer::new`]: nothing is changed then. The device failed. A
    /// norm that is not finite is reported ([`Measured::updated`]) and is not an error.
    pub fn update(
        &mut self,
        params: &mut Params,
        gradients: &ReducedGradients,
        how: &Update<'_>,
        threads: &Threads,
    ) -> Result<Report> {
        self.check(params, gradients, how.learning_rate)?;
        if params.opencl().is_some() {
            self.follow(params)?;
            return self.update_on_device(params, gradients, how, None);
        }
        let norms = gradients.norms_on(how.limit, threads)?;
        let metrics = how.metrics.iter().map(crate::DeferredScalar::get);
        let metrics = metrics.collect::<Result<PooledVec<f64>>>()?;
        let updated = norms.total.is_finite() && metrics.iter().all(|f| f.is_finite());
        let mut ratios = None;
        if updated {
            let rate = how.learning_rate;
            ratios = self.step_with(params, gradients, &norms, rate, threads, how.ratios)?;
        }
        Ok(Report::on_host(Measured { metrics, norms, ratios, updated }))
    }

    fn update_on_device(
        &mut self,
        params: &mut Params,
        gradients: &ReducedGradients,
        how: &Update<'_>,
        factor: Option<f32>,
    ) -> Result<Report> {
        let live: Vec<bool> =
            params.ids().map(|id| !matches!(gradients.get(id), Gradient::None)).collect();
        for (steps, _) in self.state.steps.iter_mut().zip(&live).filter(|(_, live)| **live) {
            *steps += 1;
        }
        match &mut self.device_slots {
            Some(device_slots) => {
                let step = DeviceStep { gradients, live, how, factor };
                device_slots.update(&self.config, &mut self.state, params, step)
            }
            None => Err(Error::argument(OP, "the optimizer is on another device")),
        }
    }

    /// Uncounts a step that a device refused to take.
    pub(super) fn take_back(&mut self, live: &[bool]) {
        for (steps, _) in self.state.steps.iter_mut().zip(live).filter(|(_, live)| **live) {
            *steps = steps.saturating_sub(1);
        }
    }

    /// Updates every parameter that has a gradient with the gradient times [`Norms::factor`], and
    /// returns ||update|| / ||value before|| of each if `ratios`.
    pub(super) fn step_with(
        &mut self,
        params: &mut Params,
        gradients: &ReducedGradients,
        norms: &Norms,
        learning_rate: f32,
        threads: &Threads,
        ratios: bool,
    ) -> Result<Option<Vec<f64>>> {
        self.check(params, gradients, learning_rate)?;
        if !(norms.total.is_finite() && norms.factor.is_finite()) {
            let what = format!("the gradient's norm is {}; no parameter was changed", norms.total);
            return Err(Error::argument(OP, what));
        }
        self.follow(params)?;
        if params.opencl().is_some() {
            let how = Update { limit: None, learning_rate, ratios, metrics: &[] };
            let report = self.update_on_device(params, gradients, &how, Some(norms.factor))?;
            return Ok(report.read(self)?.ratios);
        }
        let rate = f64::from(learning_rate);
        let factor = norms.factor;
        let mut all = Vec::with_capacity(if ratios { params.len() } else { 0 });
        let Self { config, state: State { steps, slots }, .. } = self;
        params.update(threads, |id, value| {
            let i = id.index();
            let gradient = gradients.get(id);
            if !matches!(gradient, Gradient::None) {
                steps[i] += 1;
            }
            let pass = Parameter { threads, factor, value, slots, i, gradient, ratios };
            let sums = pass.step(config, rate, steps[i]);
            if ratios {
                all.push(sums.ratio());
            }
        })?;
        Ok(ratios.then_some(all))
    }

    fn check(
        &self,
        params: &Params,
        gradients: &ReducedGradients,
        learning_rate: f32,
    ) -> Result<()> {
        if !(learning_rate >= 0.0 && learning_rate.is_finite()) {
            let what = format!("the learning rate is {learning_rate}, expected 0 or more");
            return Err(Error::argument(OP, what));
        }
        if params.len() != self.shapes.len() {
            let what =
                format!("{} parameters, expected the {} at first", params.len(), self.shapes.len());
            return Err(Error::argument(OP, what));
        }
        for (id, &shape) in params.ids().zip(&self.shapes) {
            if params.shape(id) != shape {
                return Err(Error::shapes(OP, params.shape(id), shape));
            }
            match gradients.get(id) {
                Gradient::None => {}
                Gradient::Dense(g) if g.shape() == shape => {}
                Gradient::Dense(g) => return Err(Error::shapes(OP, g.shape(), shape)),
                Gradient::Rows(r) => {
                    let fits = r.rows.shape() == Shape::from([r.ids.len(), shape.width()]);
                    if !fits {
                        return Err(Error::shapes(OP, r.rows.shape(), shape));
                    }
                    if let Some(&last) = r.ids.last().filter(|&&i| i as usize >= shape.rows()) {
                        return Err(Error::Id { op: OP, id: last, rows: shape.rows() });
                    }
                    if !r.ids.is_sorted_by(|a, b| a < b) {
                        let what = format!("rows of {:?} are not rising", params.name(id));
                        return Err(Error::argument(OP, what));
                    }
                }
            }
        }
        Ok(())
    }
}

/// One parameter's part of a step.
struct Parameter<'a> {
    threads: &'a Threads,
    factor: f32,
    value: &'a mut [f32],
    slots: &'a mut [Slot],
    i: usize,
    gradient: &'a Gradient,
    ratios: bool,
}

impl Parameter<'_> {
    fn step(self, config: &OptimizerConfig, rate: f64, step: u64) -> Sums {
        match config {
            OptimizerConfig::Sgd(c) => {
                let (momentum, decay) = (c.momentum as f32, c.weight_decay as f32);
                let rate = rate as f32;
                if c.momentum == 0.0 {
                    self.run(Plain { rate, decay })
                } else {
                    self.run(Momentum { rate, momentum, decay })
                }
            }
            OptimizerConfig::Adam(c) => self.run(c.rule(rate, step)),
            OptimizerConfig::AdamW(c) => self.run(c.rule(rate, step)),
            OptimizerConfig::Adadelta(c) => self.run(c.rule(rate)),
            OptimizerConfig::Adagrad(c) => self.run(c.rule(rate, step)),
            OptimizerConfig::RmsProp(c) => match (c.momentum > 0.0, c.centered) {
                (false, false) => self.run(c.rule::<false, false>(rate)),
                (true, false) => self.run(c.rule::<true, false>(rate)),
                (false, true) => self.run(c.rule::<false, true>(rate)),
                (true, true) => self.run(c.rule::<true, true>(rate)),
            },
        }
    }

    fn run<const N: usize, R: UpdateRule<N>>(self, rule: R) -> Sums {
        let Self { threads, factor, value, slots, i, gradient, ratios } = self;
        if matches!(gradient, Gradient::None) {
            return Sums::default();
        }
        let mut state = slots.iter_mut().filter_map(|s| s.tensors.get_mut(i)).map(Tensor::data_mut);
        let slots = std::array::from_fn(|_| state.next().unwrap_or_default());
        run(threads, rule, factor, value, slots, gradient, ratios)
    }
}

impl Report {
    /// Returns the measurements; waits for a device. `optimizer` must be the one that took the
    /// step: if a device refused the step, its step counts are corrected.
    ///
    /// # Errors
    /// The device failed.
    pub fn read(self, optimizer: &mut Optimizer) -> Result<Measured> {
        let (measured, refused) = self.wait()?;
        if let Some(live) = refused {
            optimizer.take_back(&live);
        }
        Ok(measured)
    }
}
