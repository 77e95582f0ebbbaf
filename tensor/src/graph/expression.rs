//! The graph: a tape in a cell, and its first error.

use std::cell::{Cell, RefCell};
use std::panic::Location;

use crate::autograd::{Tape, Var};
use crate::error::{Error, Result};
use crate::layers::Embedding;
use crate::ops;
use crate::params::{ParamId, Params};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A [`Tape`] whose values are combined by methods and operators, as in candle or burn.
///
/// An operation on a [`Value`] never fails by itself: the first error is kept, with the line of the
/// program on which the operation stands, and [`Value::backward`], [`Value::tensor`] and
/// [`Value::item`] return it. Nothing is computed after it.
///
/// Each method is an operation of [`ops`]. For an operation that has no method, and for the layers
/// of other crates, [`Graph::run`] lends the tape.
///
/// ```
/// use tensor::init::{Init, rng};
/// use tensor::optim::{Optimizer, OptimizerConfig, Update};
/// use tensor::{Graph, Linear, Params, Tensor, Threads};
///
/// let (mut params, mut rng) = (Params::new(), rng(1, "init"));
/// let hidden = Linear::new(&mut params, "hidden.", 2, 8, Init::XavierUniform, &mut rng)?;
/// let output = Linear::new(&mut params, "output.", 8, 1, Init::XavierUniform, &mut rng)?;
/// let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
/// let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// let t = Tensor::from([[0.0], [1.0], [1.0], [0.0]]);
/// let mut loss = 1.0;
/// for _ in 0..200 {
///     let g = Graph::new(&params);
///     let y = g.constant(x.clone()).linear(hidden).tanh().linear(output).sigmoid();
///     let error = (y - g.constant(t.clone())).square().mean();
///     loss = error.item()?;
///     let back = error.backward()?;
///     optimizer.step(&mut params, back.gradients, &Update::new(0.1), &Threads::single())?;
/// }
/// assert!(loss < 0.01);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// An error names the operation and its line:
///
/// ```
/// use tensor::{Graph, Params, Tensor};
///
/// let params = Params::new();
/// let g = Graph::new(&params);
/// let a = g.input(Tensor::zeros([2, 3]));
/// let error = a.matmul(a).relu().sum().backward().err().unwrap().to_string();
/// assert!(error.ends_with("matmul: shapes [2, 3] and [2, 3] do not fit"), "{error}");
/// ```
pub struct Graph<'p> {
    pub(super) tape: RefCell<Tape<'p>>,
    error: RefCell<Option<Error>>,
    pub(super) is_spent: Cell<bool>,
}

impl<'p> From<Tape<'p>> for Graph<'p> {
    /// Creates a graph on a tape with settings: threads, random draws, the part of a batch.
    fn from(tape: Tape<'p>) -> Self {
        Self { tape: RefCell::new(tape), error: RefCell::default(), is_spent: Cell::new(false) }
    }
}

impl<'p> Graph<'p> {
    /// Creates a graph on [`Tape::new`]: on one thread, without dropout. For other settings use
    /// `Graph::from(Tape::new(&params).with_threads(&threads).with_draws(seed, step))`.
    pub fn new(params: &'p Params) -> Self {
        Self::from(Tape::new(params))
    }

    /// Creates a graph that records nothing, for inference.
    pub fn inference(params: &'p Params) -> Self {
        Self::from(Tape::inference(params))
    }

    /// Returns a value of the tape as a value of this graph.
    pub fn value(&self, var: Var) -> Value<'_, 'p> {
        Value::new(self, var)
    }

    /// Puts a tensor on the tape that requires a gradient. See [`Tape::input`].
    pub fn input(&self, tensor: Tensor) -> Value<'_, 'p> {
        self.value(self.tape.borrow_mut().input(tensor))
    }

    /// Puts a tensor on the tape that requires no gradient. See [`Tape::constant`].
    pub fn constant(&self, tensor: Tensor) -> Value<'_, 'p> {
        self.value(self.tape.borrow_mut().constant(tensor))
    }

    /// Puts a parameter's value on the tape. See [`Tape::param`].
    pub fn param(&self, id: ParamId) -> Value<'_, 'p> {
        self.value(self.tape.borrow_mut().param(id))
    }

    /// Looks up one row of a table per id. See [`ops::embedding`](fn@ops::embedding).
    #[track_caller]
    pub fn embedding(
        &self,
        table: Embedding,
        ids: &[u32],
        shape: impl Into<Shape>,
    ) -> Value<'_, 'p> {
        self.apply(|tape| table.forward(tape, ids, shape))
    }

    /// Concatenates values along dimension `dim`. See [`ops::concat_dim`].
    #[track_caller]
    pub fn concat(&self, parts: &[Value<'_, 'p>], dim: usize) -> Value<'_, 'p> {
        self.joined(parts, |tape, parts| ops::concat_dim(tape, parts, dim))
    }

    /// Stacks values along a new outermost dimension. See [`ops::stack`].
    #[track_caller]
    pub fn stack(&self, parts: &[Value<'_, 'p>]) -> Value<'_, 'p> {
        self.joined(parts, ops::stack)
    }

    /// Calls a function of the tape, for operations without a method and for layers of other crates:
    /// `g.run(|tape| rnn.forward(tape, x.var(), None, None))`. The function must not use this
    /// graph.
    ///
    /// # Errors
    /// Those of `f`.
    ///
    /// ```
    /// use tensor::{Graph, Params, Tensor, ops};
    ///
    /// let params = Params::new();
    /// let g = Graph::new(&params);
    /// let x = g.input(Tensor::from([[1.0, 3.0, 2.0, 0.0]]));
    /// let y = g.value(g.run(|tape| ops::maxout(tape, x.var(), 2))?);
    /// assert_eq!(y.tensor()?.data(), [3.0, 2.0]);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pub fn run<T, E>(
        &self,
        f: impl FnOnce(&mut Tape<'p>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        f(&mut self.tape.borrow_mut())
    }

    /// Runs an operation, or nothing after an error; keeps the first error.
    #[track_caller]
    pub(super) fn apply(
        &self,
        operation: impl FnOnce(&mut Tape<'p>) -> Result<Var>,
    ) -> Value<'_, 'p> {
        let at = Location::caller();
        if self.error.borrow().is_some() {
            return self.value(Var::NOWHERE);
        }
        let result = operation(&mut self.tape.borrow_mut());
        self.value(result.unwrap_or_else(|error| {
            *self.error.borrow_mut() = Some(Error::At { at, error: Box::new(error) });
            Var::NOWHERE
        }))
    }

    /// Runs an operation on several values of this graph.
    #[track_caller]
    fn joined(
        &self,
        parts: &[Value<'_, 'p>],
        operation: impl FnOnce(&mut Tape<'p>, &[Var]) -> Result<Var>,
    ) -> Value<'_, 'p> {
        self.apply(|tape| {
            if parts.iter().any(|part| !std::ptr::eq(part.graph(), self)) {
                return Err(Error::OtherTape);
            }
            let parts: crate::PooledVec<Var> = parts.iter().map(|part| part.var()).collect();
            operation(tape, &parts)
        })
    }

    /// Returns the first error.
    pub(super) fn check(&self) -> Result<()> {
        self.error.borrow().clone().map_or(Ok(()), Err)
    }
}

/// A value of a [`Graph`]. Copies are the same value.
#[derive(Clone, Copy)]
pub struct Value<'g, 'p> {
    pub(super) graph: &'g Graph<'p>,
    pub(super) var: Var,
}

impl<'g, 'p> Value<'g, 'p> {
    fn new(graph: &'g Graph<'p>, var: Var) -> Self {
        Self { graph, var }
    }

    /// Returns the value of the tape, for operations that take one.
    pub fn var(self) -> Var {
        self.var
    }

    /// Returns the graph.
    pub fn graph(self) -> &'g Graph<'p> {
        self.graph
    }
}
