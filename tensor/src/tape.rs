//! The tape: what was computed, and the way back.
//!
//! An operation is as coarse as speed wants: a whole recurrent layer over all time steps is one.
//! Its forward part is a function that computes outputs, puts them on the tape as [`Var`]s and
//! records an [`Op`]; its backward part is the [`Op`]. Other crates add operations in the same way:
//!
//! ```
//! use tensor::{Backward, Op, Params, Result, Tape, Tensor, Var};
//!
//! /// y = x^2, element by element.
//! fn square(tape: &mut Tape, x: Var) -> Var {
//!     let mut y = tape.value(x).copy();
//!     y.data_mut().iter_mut().for_each(|v| *v *= *v);
//!     let y = tape.output(y);
//!     tape.record(Square { x, y });
//!     y
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
//! let y = square(&mut tape, x);
//! let back = tape.backward(&[(y, Tensor::full([2], 1.0))])?;
//! assert_eq!(back.of(x).unwrap().data(), [6.0, -2.0]);
//! # Ok::<(), tensor::Error>(())
//! ```

use std::collections::HashMap;
use std::ops::Range;

use allocator_api2::boxed::Box;
use allocator_api2::unsize_box;

use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::kernels;
use crate::list::{List, Pool};
use crate::opencl::OpenCl;
use crate::params::{ParamId, Params};
use crate::profile::{Profile, Profiler};
use crate::random::Draw;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// A value on a [`Tape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var(usize);

/// The way back through one recorded operation.
pub trait Op: Send {
    /// Its name, as profiles and errors show it.
    fn name(&self) -> &'static str;

    /// Takes the gradients of its outputs and adds those of its inputs and parameters. What the
    /// operation kept for this may be overwritten: the way back is gone once.
    ///
    /// # Errors
    /// Gradients whose shapes do not fit.
    fn backward(self, back: &mut Backward<'_>) -> Result<()>;
}

/// An [`Op`] of any type, once.
trait Recorded: Send {
    fn name(&self) -> &'static str;
    fn backward(&mut self, back: &mut Backward<'_>) -> Result<()>;
}

impl<T: Op> Recorded for Option<T> {
    fn name(&self) -> &'static str {
        self.as_ref().map_or("", Op::name)
    }

    fn backward(&mut self, back: &mut Backward<'_>) -> Result<()> {
        self.take().map_or(Ok(()), |op| op.backward(back))
    }
}

/// Which rows of a batch a tape works on, so that random draws do not depend on how a batch is
/// shared out: row i here is row `first + i * step` of the batch's `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPart {
    /// The batch's row that is row 0 here.
    pub first: usize,
    /// Distance of neighbours in the batch.
    pub step: usize,
    /// Rows of the whole batch.
    pub total: usize,
}

impl BatchPart {
    /// The row of the whole batch.
    pub fn row(&self, i: usize) -> usize {
        self.first + i * self.step
    }
}

struct Node {
    value: Tensor,
    needs: bool,
    /// A part of another value: that value, and where the part starts.
    part_of: Option<(Var, usize)>,
}

/// What was computed on one thread, and the way back.
pub struct Tape<'p> {
    params: &'p Params,
    threads: Threads,
    nodes: List<Node>,
    ops: List<Box<dyn Recorded, Pool>>,
    recording: bool,
    draws: Option<(u64, u64)>,
    places: u32,
    part: Option<BatchPart>,
    watched: Option<HashMap<usize, (String, usize)>>,
    profiler: Option<Profiler>,
    /// True where an output since the last record lies on the host, but the parameters do not.
    strayed: bool,
}

impl<'p> Tape<'p> {
    /// A tape that records, without random draws (dropout passes everything).
    pub fn new(params: &'p Params) -> Self {
        Self {
            params,
            threads: Threads::single(),
            nodes: List::new(),
            ops: List::new(),
            recording: true,
            draws: None,
            places: 0,
            part: None,
            watched: None,
            profiler: None,
            strayed: false,
        }
    }

    /// A tape that records nothing, for inference.
    pub fn inference(params: &'p Params) -> Self {
        Self { recording: false, ..Self::new(params) }
    }

    /// Random draws are on, those of a step of a run.
    #[must_use]
    pub fn with_draws(mut self, seed: u64, step: u64) -> Self {
        self.draws = Some((seed, step));
        self
    }

    /// Places of random draws are counted from here on, so that several tapes of one step (its
    /// batches, where gradients are added up) draw different numbers.
    #[must_use]
    pub fn with_first_place(mut self, place: u32) -> Self {
        self.places = place;
        self
    }

    /// This tape works on a part of a batch.
    #[must_use]
    pub fn with_part(mut self, part: BatchPart) -> Self {
        self.part = Some(part);
        self
    }

    /// Products may use these threads. A tape inside a job of [`Threads`] stays on its own.
    #[must_use]
    pub fn with_threads(mut self, threads: &Threads) -> Self {
        self.threads = threads.clone();
        self
    }

    /// Gradient norms of watched states are kept on the way back.
    #[must_use]
    pub fn with_flow(mut self) -> Self {
        self.watched = Some(HashMap::new());
        self
    }

    /// The time of each operation is kept, from now on.
    #[must_use]
    pub fn with_profile(mut self) -> Self {
        self.profiler = Some(Profiler::start());
        self
    }

    /// The parameters.
    pub fn params(&self) -> &'p Params {
        self.params
    }

    /// The device that this tape computes on, that of the parameters; `None` for the processor.
    pub fn opencl(&self) -> Option<&'p OpenCl> {
        self.params.opencl()
    }

    /// The threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// True while operations are recorded.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// The draws of the next place, `None` where random draws are off.
    pub fn next_draw(&mut self) -> Option<Draw> {
        let (seed, step) = self.draws?;
        self.places += 1;
        Some(Draw::new(seed, step, self.places))
    }

    /// The step whose random draws are on, `None` where they are off.
    pub fn step(&self) -> Option<u64> {
        self.draws.map(|(_, step)| step)
    }

    /// The draws of a place with a name: the same every time it is asked for in a step. `None` where
    /// random draws are off.
    pub fn draw_of(&self, name: &str) -> Option<Draw> {
        let (seed, step) = self.draws?;
        // FNV-1a, in the upper half of the numbers: `next_draw` counts from below.
        let hash = |h: u32, b: u8| (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
        let place = name.bytes().fold(0x811c_9dc5, hash) | 1 << 31;
        Some(Draw::new(seed, step, place))
    }

    /// The part of the batch that a value of `rows` batch rows stands for.
    pub fn part(&self, rows: usize) -> BatchPart {
        self.part.unwrap_or(BatchPart { first: 0, step: 1, total: rows })
    }

    /// Puts a value on the tape whose gradient is wanted; it goes to the tape's device.
    pub fn input(&mut self, value: Tensor) -> Var {
        let value = self.moved(value);
        self.push(value, true, None)
    }

    /// Puts a value on the tape that has no gradient; it goes to the tape's device.
    pub fn constant(&mut self, value: Tensor) -> Var {
        let value = self.moved(value);
        self.push(value, false, None)
    }

    /// The value on the tape's device. A device that fails keeps why, and the way back says it.
    fn moved(&self, value: Tensor) -> Tensor {
        match self.opencl() {
            Some(device) => device.upload(&value).unwrap_or(value),
            None => value,
        }
    }

    /// Puts an operation's output on the tape. It must lie on the tape's device: what an operation
    /// computed elsewhere is an error of that operation's name ([`Error::NoKernel`]), which the way
    /// back returns and [`OpenCl::check`] shows.
    pub fn output(&mut self, value: Tensor) -> Var {
        if self.opencl().is_some() && value.opencl().is_none() {
            self.strayed = true;
        }
        let needs = self.recording;
        self.push(value, needs, None)
    }

    fn push(&mut self, value: Tensor, needs: bool, part_of: Option<(Var, usize)>) -> Var {
        self.nodes.push(Node { value, needs, part_of });
        Var(self.nodes.len() - 1)
    }

    /// Records the way back through an operation whose outputs were put on the tape just before.
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

    /// A value.
    pub fn value(&self, v: Var) -> &Tensor {
        &self.nodes[v.0].value
    }

    /// The shape of a value.
    pub fn shape(&self, v: Var) -> Shape {
        self.value(v).shape()
    }

    /// Takes a value off the tape, leaving an empty one: for an operation that makes its own
    /// gradient in the value's place and knows that nobody else needs it.
    pub fn take_value(&mut self, v: Var) -> Tensor {
        std::mem::replace(&mut self.nodes[v.0].value, Tensor::scratch([0]))
    }

    /// Entry `i` of the outermost dimension of a value, sharing its memory and its gradient's.
    pub fn index(&mut self, v: Var, i: usize) -> Var {
        let value = self.value(v).index(i);
        let inner = value.len();
        let needs = self.nodes[v.0].needs;
        self.push(value, needs, Some((v, i * inner)))
    }

    /// Entries `range` of the outermost dimension of a value, sharing its memory and its
    /// gradient's.
    pub fn range(&mut self, v: Var, range: Range<usize>) -> Var {
        let value = self.value(v).range(range.start, range.len());
        let inner = value.shape().inner().len();
        let needs = self.nodes[v.0].needs;
        self.push(value, needs, Some((v, range.start * inner)))
    }

    /// Keeps the norm of the gradient of `v`, an operation's output, as entry `time` of the
    /// series `name`, where this tape was made [with flow](Self::with_flow).
    pub fn watch(&mut self, v: Var, name: &str, time: usize) {
        if let Some(watched) = &mut self.watched {
            watched.insert(v.0, (name.to_string(), time));
        }
    }

    /// Forgets everything computed, keeping what was set up and the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.ops.clear();
    }

    /// The way back from gradients of some values.
    ///
    /// # Errors
    /// A seed's shape is not its value's; errors of operations.
    pub fn backward(&mut self, seeds: &[(Var, Tensor)]) -> Result<Backpropagated> {
        let device = self.opencl();
        device.map_or(Ok(()), OpenCl::check)?;
        let mut back = Backward {
            nodes: &self.nodes,
            params: self.params,
            threads: &self.threads,
            grads: List::new(),
            gradients: Gradients::default(),
            watched: self.watched.as_ref(),
            flow: HashMap::new(),
            unread: Vec::new(),
        };
        back.grads.resize_with(self.nodes.len(), || None);
        for (v, seed) in seeds {
            let len = self.nodes[v.0].value.len();
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
            back.read_flow(device)?;
            device.check()?;
        }
        let profile = profiler.map(|p| p.profile);
        let Backward { grads, gradients, flow, .. } = back;
        let mut flow: Vec<_> = flow.into_iter().collect();
        flow.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Backpropagated { grads, gradients, flow, profile })
    }
}

/// The state of a pass back over a tape: what operations read and write.
pub struct Backward<'a> {
    nodes: &'a [Node],
    params: &'a Params,
    threads: &'a Threads,
    grads: List<Option<Tensor>>,
    /// Gradients of parameters.
    pub gradients: Gradients,
    watched: Option<&'a HashMap<usize, (String, usize)>>,
    flow: HashMap<String, Vec<f64>>,
    /// Sums of squares of states' gradients that are still on the device: series, time, sums.
    unread: Vec<(String, usize, Tensor)>,
}

impl<'a> Backward<'a> {
    /// The device that the way back is on, `None` for the processor.
    pub fn opencl(&self) -> Option<&'a OpenCl> {
        self.params.opencl()
    }

    /// A value of the forward pass.
    pub fn value(&self, v: Var) -> &Tensor {
        &self.nodes[v.0].value
    }

    /// A parameter's value.
    pub fn param(&self, id: ParamId) -> &Tensor {
        self.params.get(id)
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        self.params
    }

    /// The threads.
    pub fn threads(&self) -> &Threads {
        self.threads
    }

    /// True where the gradient of a value is wanted.
    pub fn needs(&self, v: Var) -> bool {
        self.nodes[v.0].needs
    }

    /// The value a part belongs to, and where in it the part starts.
    fn whole(&self, v: Var) -> (Var, usize) {
        let (mut v, mut offset) = (v, 0);
        while let Some((whole, at)) = self.nodes[v.0].part_of {
            v = whole;
            offset += at;
        }
        (v, offset)
    }

    /// The gradient of an operation's output, which nobody needs again; `None` where it is zero.
    pub fn take(&mut self, v: Var) -> Option<Tensor> {
        let grad = self.grads[v.0].take()?;
        if let Some((name, time)) = self.watched.and_then(|w| w.get(&v.0)) {
            let (name, time) = (name.clone(), *time);
            match self.opencl() {
                Some(device) => {
                    if let Ok(squares) = device.squares(&grad) {
                        self.unread.push((name, time, squares));
                    }
                }
                None => {
                    let norm = grad.norm();
                    self.add_flow(&name, time, norm);
                }
            }
        }
        Some(grad)
    }

    /// True where gradient norms of states are wanted.
    pub fn wants_flow(&self) -> bool {
        self.watched.is_some()
    }

    /// Keeps the norm of a state's gradient.
    pub fn add_flow(&mut self, name: &str, time: usize, norm: f64) {
        if !self.flow.contains_key(name) {
            self.flow.insert(name.to_string(), Vec::new());
        }
        if let Some(series) = self.flow.get_mut(name) {
            if series.len() <= time {
                series.resize(time + 1, 0.0);
            }
            series[time] = norm;
        }
    }

    /// Keeps the norm of a state's gradient that is on the device: the root of the sum of these
    /// parts of its square. All are read at once when the way back is gone.
    pub fn add_flow_squares(&mut self, name: &str, time: usize, squares: Tensor) {
        self.unread.push((name.to_string(), time, squares));
    }

    fn read_flow(&mut self, device: &OpenCl) -> Result<()> {
        if self.unread.is_empty() {
            return Ok(());
        }
        let unread = std::mem::take(&mut self.unread);
        let rows: Vec<Tensor> =
            unread.iter().map(|(_, _, t)| t.flat(0, t.len()).shaped([t.len(), 1].into())).collect();
        let read = device.gather(&rows)?;
        let mut rest = read.data();
        for (name, time, squares) in &unread {
            let (mine, others) = rest.split_at(squares.len());
            rest = others;
            self.add_flow(name, *time, mine.iter().map(|&v| f64::from(v)).sum::<f64>().sqrt());
        }
        Ok(())
    }

    /// Adds to the gradient of a value.
    ///
    /// # Errors
    /// The gradient has another number of elements than the value, or is not on the tape's device.
    pub fn add(&mut self, v: Var, gradient: Tensor) -> Result<()> {
        if !self.needs(v) {
            return Ok(());
        }
        if let Some(device) = self.opencl() {
            return self.add_there(device, v, gradient);
        }
        let (whole, offset) = self.whole(v);
        if whole == v {
            let shape = self.value(v).shape();
            if let Some(grad) = &mut self.grads[v.0] {
                if grad.len() != gradient.len() {
                    return Err(Error::shapes("gradient", grad.shape(), gradient.shape()));
                }
                kernels::add(grad.data_mut(), gradient.data());
            } else {
                let keep = shape.is_empty() || gradient.shape() == shape;
                let gradient = if keep { gradient } else { gradient.reshape(shape)? };
                self.grads[v.0] = Some(gradient);
            }
            return Ok(());
        }
        let expected = self.value(v).shape();
        if expected.len() != gradient.len() {
            return Err(Error::shapes("gradient", expected, gradient.shape()));
        }
        if let Some(grad) = self.grad_mut(whole) {
            kernels::add(&mut grad[offset..offset + gradient.len()], gradient.data());
        }
        Ok(())
    }

    fn add_there(&mut self, device: &OpenCl, v: Var, gradient: Tensor) -> Result<()> {
        let shape = self.value(v).shape();
        // A value that an operation took off the tape tells nothing of its gradient's length.
        if gradient.len() != shape.len() && !shape.is_empty() {
            return Err(Error::shapes("gradient", shape, gradient.shape()));
        }
        if gradient.opencl().is_none() {
            return Err(Error::NoKernel { op: "the way back of an operation" });
        }
        if self.nodes[v.0].part_of.is_none() && self.grads[v.0].is_none() {
            let keep = shape.is_empty();
            self.grads[v.0] = Some(if keep { gradient } else { gradient.shaped(shape) });
            return Ok(());
        }
        match self.grad_there(v)? {
            Some((grad, at)) => device.add_scaled(grad, at, 1.0, &gradient),
            None => Ok(()),
        }
    }

    /// On a device, the gradient that a value has a part in, zero at first, to add to in place, and
    /// the part's first element; `None` where it is not wanted.
    ///
    /// # Errors
    /// The device failed, or there is none.
    pub fn grad_there(&mut self, v: Var) -> Result<Option<(&mut Tensor, usize)>> {
        let Some(device) = self.opencl() else {
            return Err(Error::argument("gradient", "no device"));
        };
        if !self.needs(v) {
            return Ok(None);
        }
        let (whole, at) = self.whole(v);
        let shape = self.value(whole).shape();
        if self.grads[whole.0].is_none() {
            self.grads[whole.0] = Some(device.zeros(shape)?);
        }
        Ok(self.grads[whole.0].as_mut().map(|grad| (grad, at)))
    }

    /// The gradient of a value, zero at first, to add to in place; `None` where it is not wanted.
    /// On a device: [`Backward::grad_there`].
    pub fn grad_mut(&mut self, v: Var) -> Option<&mut [f32]> {
        if !self.needs(v) {
            return None;
        }
        let (whole, offset) = self.whole(v);
        let len = self.value(v).len();
        let shape = self.value(whole).shape();
        let grad = self.grads[whole.0].get_or_insert_with(|| Tensor::zeros(shape));
        Some(&mut grad.data_mut()[offset..offset + len])
    }
}

/// What a pass back gave.
pub struct Backpropagated {
    grads: List<Option<Tensor>>,
    /// Gradients of parameters, still to be [finished](Gradients::finish).
    pub gradients: Gradients,
    /// Gradient norms of watched states over time, by name.
    pub flow: Vec<(String, Vec<f64>)>,
    /// The time of each operation, where the tape was made [with it](Tape::with_profile).
    pub profile: Option<Profile>,
}

impl Backpropagated {
    /// The gradient of an [input](Tape::input); `None` where it is zero.
    pub fn of(&self, v: Var) -> Option<&Tensor> {
        self.grads[v.0].as_ref()
    }
}
