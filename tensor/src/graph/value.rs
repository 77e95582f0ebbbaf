//! The methods of a value.

use std::ops::Range;

use super::expression::Value;
use crate::autograd::{BackwardOutput, Tape, Var};
use crate::error::{Error, Result};
use crate::layers::Linear;
use crate::ops::{self, CrossEntropy};
use crate::shape::Shape;
use crate::tensor::Tensor;

macro_rules! unary {
    ($($name:ident, $doc:literal;)*) => {$(
        #[doc = concat!("Computes ", $doc, " element by element. See [`ops::", stringify!($name), "`].")]
        #[must_use]
        #[track_caller]
        pub fn $name(self) -> Self {
            self.graph.apply(|tape| ops::$name(tape, self.var))
        }
    )*};
}

impl<'p> Value<'_, 'p> {
    unary! {
        relu, "max(x, 0)";
        sigmoid, "1 / (1 + e^-x)";
        tanh, "tanh x";
        exp, "e^x";
        log, "the natural logarithm";
        sqrt, "the square root";
        square, "x^2";
        abs, "|x|";
    }

    /// Computes the softmax of the innermost dimension. See [`ops::softmax`](fn@ops::softmax).
    #[must_use]
    #[track_caller]
    pub fn softmax(self) -> Self {
        self.graph.apply(|tape| ops::softmax(tape, self.var))
    }

    /// Computes the logarithm of the softmax of the innermost dimension. See [`ops::log_softmax`].
    #[must_use]
    #[track_caller]
    pub fn log_softmax(self) -> Self {
        self.graph.apply(|tape| ops::log_softmax(tape, self.var))
    }

    /// Computes the sum of all elements, \[1\]. See [`ops::sum_all`].
    #[must_use]
    #[track_caller]
    pub fn sum(self) -> Self {
        self.graph.apply(|tape| ops::sum_all(tape, self.var))
    }

    /// Computes the mean of all elements, \[1\]. See [`ops::mean_all`].
    #[must_use]
    #[track_caller]
    pub fn mean(self) -> Self {
        self.graph.apply(|tape| ops::mean_all(tape, self.var))
    }

    /// Computes the sum over dimension `dim`, which is removed. See [`ops::sum_dim`].
    #[must_use]
    #[track_caller]
    pub fn sum_dim(self, dim: usize) -> Self {
        self.graph.apply(|tape| ops::sum_dim(tape, self.var, dim, false))
    }

    /// Computes the sum over dimension `dim`, which stays with the size 1. See [`ops::sum_dim`].
    #[must_use]
    #[track_caller]
    pub fn sum_keepdim(self, dim: usize) -> Self {
        self.graph.apply(|tape| ops::sum_dim(tape, self.var, dim, true))
    }

    /// Computes the mean over dimension `dim`, which is removed. See [`ops::mean_dim`].
    #[must_use]
    #[track_caller]
    pub fn mean_dim(self, dim: usize) -> Self {
        self.graph.apply(|tape| ops::mean_dim(tape, self.var, dim, false))
    }

    /// Computes the mean over dimension `dim`, which stays with the size 1. See [`ops::mean_dim`].
    #[must_use]
    #[track_caller]
    pub fn mean_keepdim(self, dim: usize) -> Self {
        self.graph.apply(|tape| ops::mean_dim(tape, self.var, dim, true))
    }

    /// Multiplies matrices. See [`ops::matmul`](fn@ops::matmul).
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        self.with(other, ops::matmul)
    }

    /// Applies a linear map. See [`ops::linear`](fn@ops::linear).
    #[must_use]
    #[track_caller]
    pub fn linear(self, layer: Linear) -> Self {
        self.graph.apply(|tape| layer.forward(tape, self.var))
    }

    /// Computes `factor` x + `summand`. See [`ops::affine`].
    #[must_use]
    #[track_caller]
    pub fn affine(self, factor: f32, summand: f32) -> Self {
        self.graph.apply(|tape| ops::affine(tape, self.var, factor, summand))
    }

    /// Swaps two dimensions. See [`ops::transpose`](fn@ops::transpose).
    #[must_use]
    #[track_caller]
    pub fn transpose(self, first: usize, second: usize) -> Self {
        self.graph.apply(|tape| ops::transpose(tape, self.var, first, second))
    }

    /// Swaps the two innermost dimensions. See [`ops::transpose`](fn@ops::transpose).
    #[must_use]
    #[track_caller]
    pub fn t(self) -> Self {
        self.graph.apply(|tape| {
            let rank = tape.shape(self.var).rank();
            if rank < 2 {
                let what =
                    format!("a value of shape {} has no two dimensions", tape.shape(self.var));
                return Err(Error::argument("transpose", what));
            }
            ops::transpose(tape, self.var, rank - 2, rank - 1)
        })
    }

    /// Returns the value in another shape. See [`Tape::reshape`].
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        self.graph.apply(|tape| tape.reshape(self.var, shape))
    }

    /// Returns entries `range` of dimension `dim`. See [`ops::slice`](fn@ops::slice).
    #[must_use]
    #[track_caller]
    pub fn slice(self, dim: usize, range: Range<usize>) -> Self {
        self.graph.apply(|tape| ops::slice(tape, self.var, dim, range))
    }

    /// Returns entry `i` of the outermost dimension. See [`Tape::index`].
    #[must_use]
    #[track_caller]
    pub fn index(self, i: usize) -> Self {
        self.graph.apply(|tape| {
            let shape = tape.shape(self.var);
            if shape.dims().first().is_none_or(|&n| i >= n) {
                return Err(Error::argument("index", format!("entry {i} of {shape}")));
            }
            Ok(tape.index(self.var, i))
        })
    }

    /// Sets elements to zero with probability `p` if the tape draws random numbers
    /// ([`Tape::with_draws`]). See [`ops::dropout`](fn@ops::dropout).
    #[must_use]
    #[track_caller]
    pub fn dropout(self, p: f32) -> Self {
        self.graph.apply(|tape| ops::dropout(tape, self.var, p))
    }

    /// Computes the mean cross-entropy of logits \[..., V\] and one class per row. The logits keep
    /// their value, for which they are copied; [`ops::cross_entropy`](fn@ops::cross_entropy) writes the gradient into their
    /// memory instead, and has more options and counts.
    ///
    /// PyTorch: `F.cross_entropy(logits, targets)`.
    #[must_use]
    #[track_caller]
    pub fn cross_entropy(self, targets: &[u32]) -> Self {
        self.graph.apply(|tape| {
            let shape = tape.shape(self.var);
            tape.value(self.var).present("cross_entropy")?;
            let logits = tape.reshape(self.var, shape)?;
            let weight = 1.0 / targets.len().max(1) as f32;
            let how = CrossEntropy { targets, ignore: None, smoothing: 0.0, weight };
            Ok(ops::cross_entropy(tape, logits, how)?.loss)
        })
    }

    /// Runs an operation on two values of one graph.
    #[track_caller]
    pub(super) fn with(
        self,
        other: Self,
        operation: impl FnOnce(&mut Tape<'p>, Var, Var) -> Result<Var>,
    ) -> Self {
        self.graph.apply(|tape| {
            if !std::ptr::eq(self.graph, other.graph) {
                return Err(Error::OtherTape);
            }
            operation(tape, self.var, other.var)
        })
    }

    /// Returns the shape.
    ///
    /// # Errors
    /// The first error of the graph.
    pub fn shape(self) -> Result<Shape> {
        self.graph.check()?;
        Ok(self.graph.tape.borrow().shape(self.var))
    }

    /// Returns the tensor; it shares the value's memory, and may be on a device
    /// ([`Tensor::to_host`]).
    ///
    /// # Errors
    /// The first error of the graph; an operation took the value off the tape.
    pub fn tensor(self) -> Result<Tensor> {
        self.graph.check()?;
        let tape = self.graph.tape.borrow();
        tape.check()?;
        tape.value(self.var).present("value")?;
        Ok(tape.value(self.var).clone())
    }

    /// Returns the only element.
    ///
    /// PyTorch: `x.item()`.
    ///
    /// # Errors
    /// As [`Value::tensor`]; there is not exactly one element; the device failed.
    pub fn item(self) -> Result<f32> {
        let tensor = self.tensor()?;
        match *tensor.to_host()?.data() {
            [element] => Ok(element),
            _ => Err(Error::argument("item", format!("a value of shape {}", tensor.shape()))),
        }
    }

    /// Returns the class with the largest element of each row. See [`ops::argmax`].
    ///
    /// # Errors
    /// As [`Value::tensor`]; the device failed.
    pub fn argmax(self) -> Result<Vec<u32>> {
        Ok(ops::argmax(&self.tensor()?)?.into_iter().map(|(class, _)| class).collect())
    }

    /// Runs the backward pass from a loss of one element. It runs once per graph.
    ///
    /// PyTorch: `loss.backward()`.
    ///
    /// # Errors
    /// The first error of the graph; the value has more than one element; the backward pass has run
    /// already, or the graph records nothing; an operation failed.
    pub fn backward(self) -> Result<BackwardOutput> {
        self.graph.check()?;
        let mut tape = self.graph.tape.borrow_mut();
        let shape = tape.shape(self.var);
        if shape.len() != 1 {
            let what =
                format!("from a value of shape {shape}, expected one element: sum() or mean()");
            return Err(Error::argument("backward", what));
        }
        if !tape.is_recording() {
            return Err(Error::argument("backward", "a graph for inference records nothing"));
        }
        if self.graph.is_spent.replace(true) {
            return Err(Error::argument("backward", "it has run already: make a new graph"));
        }
        tape.backward(&[(self.var, Tensor::full(shape, 1.0))])
    }
}

impl std::fmt::Debug for Value<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.tensor() {
            Ok(tensor) => tensor.fmt(f),
            Err(error) => write!(f, "no value: {error}"),
        }
    }
}
