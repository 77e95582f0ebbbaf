//! The tape: computed values, and the operations that computed them.
//!
//! An operation can be coarse: a whole recurrent layer over all time steps is one. Its forward part
//! is a function that computes outputs, puts them on the tape as [`Var`]s and records an [`Op`];
//! its backward part is the [`Op`]. Other crates add operations in the same way:
//!
//! ```
//! use tensor::{Backward, Op, Params, Result, Tape, Tensor, Var};
//!
//! /// y = x^2, element by element.
//! fn square(tape: &mut Tape, x: Var) -> Result<Var> {
//!     let mut y = tape.value(x).copy()?;
//!     y.data_mut().iter_mut().for_each(|v| *v *= *v);
//!     let y = tape.output(y);
//!     tape.record(Square { x, y });
//!     Ok(y)
//! }
//! struct Square { x: Var, y: Var }
//! impl Op for Square {
//!     fn name(&self) -> &'static str { "square" }
//!     fn backward(self, back: &mut Backward) -> Result<()> {
//!         let Some(mut d) = back.take(self.y) else { return Ok(()) };
//!         for (d, x) in d.data_mut().iter_mut().zip(back.value(self.x).data()) {
//!             *d *= 2.0 * x;
//!         }
//!         back.add(self.x, d)
//!     }
//! }
//!
//! let params = Params::new();
//! let mut tape = Tape::new(&params);
//! let x = tape.input(Tensor::from(vec![3.0, -1.0]));
//! let y = square(&mut tape, x)?;
//! let back = tape.backward(&[(y, Tensor::full([2], 1.0))])?;
//! assert_eq!(back.grad(x).unwrap().data(), [6.0, -2.0]);
//! # Ok::<(), tensor::Error>(())
//! ```

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use allocator_api2::boxed::Box;
use allocator_api2::unsize_box;

use super::backward::{Backward, BackwardOutput, OTHER_TAPE};
use super::flow::Flow;
use super::op::{Op, Recorded};
use super::parameter::Parameter;
use super::profile::Profiler;
use super::var::{Node, Var, next_id};
use crate::cpu::pooled_vec::{Pool, PooledVec};
use crate::device::DeviceProperties;
use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::opencl::OpenCl;
use crate::params::{ParamId, Params};
use crate::random::PhiloxStream;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// The rows of a batch that a tape works on, so that random draws do not depend on how a batch is
/// divided: row i here is row `first + i * step` of the batch's `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPart {
    /// The batch's row that is row 0 here.
    pub first: usize,
    /// Distance between neighbouring rows in the batch.
    pub step: usize,
    /// Rows of the whole batch.
    pub total: usize,
}

impl BatchPart {
    /// Returns the row of the whole batch for row `i` of this part.
    pub fn row(&self, i: usize) -> usize {
        self.first + i * self.step
    }
}

/// The values computed on one thread, and the backward pass over them.
pub struct Tape<'p> {
    id: u32,
    params: &'p Params,
    threads: Threads,
    nodes: PooledVec<Node>,
    ops: PooledVec<Box<dyn Recorded, Pool>>,
    recording: bool,
    draws: Option<(u64, u64)>,
    counter: u32,
    part: Option<BatchPart>,
    watched: Option<HashMap<usize, (String, usize)>>,
    profiler: Option<Profiler>,
    /// True if an output since the last record lies on the host, but the parameters do not.
    strayed: bool,
    /// True if a value of another tape was used.
    misused: AtomicBool,
}

impl<'p> Tape<'p> {
    /// Creates a tape that records, without random draws: dropout is the identity until
    /// [`Tape::with_draws`] turns it on.
    pub fn new(params: &'p Params) -> Self {
        Self {
            id: next_id(),
            params,
            threads: Threads::single(),
            nodes: PooledVec::new(),
            ops: PooledVec::new(),
            recording: true,
            draws: None,
            counter: 0,
            part: None,
            watched: None,
            profiler: None,
            strayed: false,
            misused: AtomicBool::new(false),
        }
    }

    /// Creates a tape that records nothing, for inference.
    pub fn inference(params: &'p Params) -> Self {
        Self { recording: false, ..Self::new(params) }
    }

    /// Turns random draws on, with those of step `step` of a run.
    #[must_use]
    pub fn with_draws(mut self, seed: u64, step: u64) -> Self {
        self.draws = Some((seed, step));
        self
    }

    /// Sets the first counter of random draws, so that several tapes of one step (its batches under
    /// gradient accumulation) draw different numbers.
    #[must_use]
    pub fn with_first_counter(mut self, counter: u32) -> Self {
        self.counter = counter;
        self
    }

    /// Sets the part of a batch that this tape works on.
    #[must_use]
    pub fn with_part(mut self, part: BatchPart) -> Self {
        self.part = Some(part);
        self
    }

    /// Lets products use these threads. A tape inside a job of [`Threads`] runs on the job's thread
    /// only.
    #[must_use]
    pub fn with_threads(mut self, threads: &Threads) -> Self {
        self.threads = threads.clone();
        self
    }

    /// Records the gradient norms of watched states in the backward pass.
    #[must_use]
    pub fn with_flow(mut self) -> Self {
        self.watched = Some(HashMap::new());
        self
    }

    /// Records the time of each operation from now on.
    #[must_use]
    pub fn with_profile(mut self) -> Self {
        self.profiler = Some(Profiler::start());
        self
    }

    /// Returns the parameters.
    pub fn params(&self) -> &'p Params {
        self.params
    }

    /// Returns the device that this tape computes on, that of the parameters, or `None` for the
    /// processor.
    pub fn opencl(&self) -> Option<&'p OpenCl> {
        self.params.opencl()
    }

    /// Returns the properties of the device that this tape computes on.
    pub fn device_properties(&self) -> DeviceProperties {
        self.params.device_properties()
    }

    /// Returns the threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Returns true if operations are recorded.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// Returns the random stream of the next counter, or `None` if random draws are off.
    pub fn next_stream(&mut self) -> Option<PhiloxStream> {
        let (seed, step) = self.draws?;
        self.counter += 1;
        Some(PhiloxStream::new(seed, step, self.counter))
    }

    /// Returns the step whose random draws are on, or `None` if they are off.
    pub fn step(&self) -> Option<u64> {
        self.draws.map(|(_, step)| step)
    }

    /// Returns the random stream of a named counter, the same at every call within a step, or
    /// `None` if random draws are off.
    pub fn named_stream(&self, name: &str) -> Option<PhiloxStream> {
        let (seed, step) = self.draws?;
        // FNV-1a, in the upper half of the numbers: `next_stream` counts up from zero.
        let hash = |h: u32, b: u8| (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
        let counter = name.bytes().fold(0x811c_9dc5, hash) | 1 << 31;
        Some(PhiloxStream::new(seed, step, counter))
    }

    /// Returns the part of the batch that a value of `rows` batch rows covers.
    pub fn part(&self, rows: usize) -> BatchPart {
        self.part.unwrap_or(BatchPart { first: 0, step: 1, total: rows })
    }

    /// Puts a value that requires a gradient on the tape; it is moved to the tape's device.
    pub fn input(&mut self, value: Tensor) -> Var {
        let value = self.moved(value);
        self.push(value, true, None)
    }

    /// Puts a value that requires no gradient on the tape; it is moved to the tape's device.
    pub fn constant(&mut self, value: Tensor) -> Var {
        let value = self.moved(value);
        self.push(value, false, None)
    }

    /// Moves a value to the tape's device. A failure is stored in the device; the backward pass
    /// returns it.
    fn moved(&self, value: Tensor) -> Tensor {
        match self.opencl() {
            Some(device) => device.upload(&value).unwrap_or(value),
            None => value,
        }
    }

    /// Puts an operation's output on the tape. It must lie on the tape's device: an output computed
    /// elsewhere is an error with that operation's name ([`Error::NoKernel`]), which the backward
    /// pass and [`OpenCl::check`] return.
    pub fn output(&mut self, value: Tensor) -> Var {
        if self.opencl().is_some() && value.opencl().is_none() {
            self.strayed = true;
        }
        let requires_grad = self.recording;
        self.push(value, requires_grad, None)
    }

    fn push(&mut self, value: Tensor, requires_grad: bool, part_of: Option<(Var, usize)>) -> Var {
        self.nodes.push(Node { value, requires_grad, part_of });
        Var::new(self.nodes.len() - 1, self.id)
    }

    /// Records the backward pass of an operation whose outputs were just put on the tape.
    pub fn record(&mut self, op: impl Op + 'static) {
        if let Some(device) = self.opencl().filter(|_| self.strayed) {
            self.strayed = false;
            device.fail(Error::NoKernel { op: op.name() });
        }
        if let Some(profiler) = &mut self.profiler {
            let time = profiler.lap();
            profiler.profile.add_forward(op.name(), time);
        }
        if self.recording {
            self.ops.push(unsize_box!(Box::new_in(Some(op), Pool)));
        }
    }

    /// Returns a value. That of another tape is empty, and makes the backward pass an error, which
    /// [`Tape::check`] returns earlier; so is a value that an operation [took](Self::take_value).
    pub fn value(&self, v: Var) -> &Tensor {
        if !v.is_of(self.id) {
            self.misused.store(true, Ordering::Relaxed);
            return &OTHER_TAPE;
        }
        &self.nodes[v.index()].value
    }

    /// Checks that no value of another tape was used on this one.
    ///
    /// # Errors
    /// One was.
    pub fn check(&self) -> Result<()> {
        if self.misused.load(Ordering::Relaxed) {
            return Err(Error::OtherTape);
        }
        Ok(())
    }

    /// Returns true if the backward pass will compute the gradient of a value.
    pub(crate) fn requires_grad(&self, v: Var) -> bool {
        self.recording && v.is_of(self.id) && self.nodes[v.index()].requires_grad
    }

    /// Returns the shape of a value.
    pub fn shape(&self, v: Var) -> Shape {
        self.value(v).shape()
    }

    /// Takes a value off the tape and leaves an empty one: for an operation that writes its
    /// gradient into the value's memory and is the last to need the value.
    pub fn take_value(&mut self, v: Var) -> Tensor {
        if !v.is_of(self.id) {
            return self.value(v).clone();
        }
        std::mem::replace(&mut self.nodes[v.index()].value, Tensor::uninit(Shape::TAKEN))
    }

    /// Returns entry `i` of the outermost dimension of a value; it shares the value's memory and
    /// gradient.
    pub fn index(&mut self, v: Var, i: usize) -> Var {
        let value = self.value(v).index(i);
        let inner = value.len();
        self.push_part(value, v, i * inner)
    }

    /// Returns entries `range` of the outermost dimension of a value; they share the value's memory
    /// and gradient.
    pub fn range(&mut self, v: Var, range: Range<usize>) -> Var {
        let value = self.value(v).range(range.start, range.len());
        let inner = value.shape().inner().len();
        self.push_part(value, v, range.start * inner)
    }

    /// Returns a value in another shape; both share their memory and gradient.
    ///
    /// PyTorch: `v.view(shape)`.
    ///
    /// # Errors
    /// The shapes differ in their number of elements; the new one has more than four dimensions.
    ///
    /// ```
    /// use tensor::{Params, Tape, Tensor};
    ///
    /// let params = Params::new();
    /// let mut tape = Tape::new(&params);
    /// let x = tape.input(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert!(tape.reshape(x, [4]).is_ok());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pub fn reshape(&mut self, v: Var, shape: impl Into<Shape>) -> Result<Var> {
        let value = self.value(v).clone().reshape(shape)?;
        Ok(self.push_part(value, v, 0))
    }

    /// Puts a part of a value on the tape, from element `at` on.
    fn push_part(&mut self, value: Tensor, whole: Var, at: usize) -> Var {
        if !whole.is_of(self.id) {
            return whole;
        }
        let requires_grad = self.nodes[whole.index()].requires_grad;
        self.push(value, requires_grad, Some((whole, at)))
    }

    /// Puts a parameter's value on the tape, for operations that take a [`Var`]; its gradient is the
    /// parameter's. [`ops::linear`](fn@crate::ops::linear) and [`ops::embedding`](fn@crate::ops::embedding)
    /// take a [`ParamId`] and are faster.
    ///
    /// ```
    /// use tensor::{Params, Tape, Tensor, Threads, ops};
    ///
    /// let mut params = Params::new();
    /// let scale = params.add("scale", Tensor::scalar(2.0))?;
    /// let mut tape = Tape::new(&params);
    /// let x = tape.constant(Tensor::from([3.0, 4.0]));
    /// let s = tape.param(scale);
    /// let y = ops::mul(&mut tape, x, s)?;
    /// let back = tape.backward(&[(y, Tensor::full([2], 1.0))])?;
    /// let gradients = back.gradients.reduce(&params, &Threads::single())?;
    /// assert_eq!(gradients.get(scale).to_dense([1].into()).data(), [7.0]);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pub fn param(&mut self, id: ParamId) -> Var {
        let v = self.output(self.params.get(id).clone());
        self.record(Parameter { id, v });
        v
    }

    /// Records the norm of the gradient of `v`, an operation's output, as entry `time` of the
    /// series `name`, if this tape was made [with flow](Self::with_flow).
    pub fn watch(&mut self, v: Var, name: &str, time: usize) {
        if let Some(watched) = &mut self.watched {
            watched.insert(v.index(), (name.to_string(), time));
        }
    }

    /// Removes everything computed; the settings and the memory are kept.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.ops.clear();
        self.id = next_id();
        self.misused = AtomicBool::new(false);
    }

    /// Runs the backward pass from gradients of some values.
    ///
    /// # Errors
    /// A seed has another shape than its value; a value of another tape was used; an operation failed.
    pub fn backward(&mut self, seeds: &[(Var, Tensor)]) -> Result<BackwardOutput> {
        let device = self.opencl();
        device.map_or(Ok(()), OpenCl::check)?;
        if seeds.iter().any(|(v, _)| !v.is_of(self.id)) {
            return Err(Error::OtherTape);
        }
        self.check()?;
        let mut back = Backward {
            tape: self.id,
            nodes: &self.nodes,
            params: self.params,
            threads: &self.threads,
            grads: PooledVec::new(),
            gradients: Gradients::default(),
            watched: self.watched.as_ref(),
            flow: Flow::default(),
        };
        back.grads.resize_with(self.nodes.len(), || None);
        for (v, seed) in seeds {
            let len = self.nodes[v.index()].value.len();
            if seed.len() != len && len != 0 {
                return Err(Error::shapes("backward", self.shape(*v), seed.shape()));
            }
            let seed = match device {
                Some(device) => device.upload(seed)?,
                None => seed.clone(),
            };
            back.add(*v, seed)?;
        }
        let mut profiler = self.profiler.take();
        if let Some(profiler) = &mut profiler {
            profiler.lap();
        }
        while let Some(mut op) = self.ops.pop() {
            let name = op.name();
            op.backward(&mut back)?;
            if let Some(profiler) = &mut profiler {
                let time = profiler.lap();
                profiler.profile.add_backward(name, time);
            }
        }
        if let Some(device) = device {
            back.flow.ask(device)?;
            device.check()?;
        }
        let profile = profiler.map(|p| p.profile);
        let Backward { grads, gradients, flow, .. } = back;
        Ok(BackwardOutput { tape: self.id, grads, gradients, flow, profile })
    }
}
