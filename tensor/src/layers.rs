//! Layers of one or two parameters, with names and initial values.

use crate::autograd::{Tape, Var};
use crate::error::Result;
use crate::init::{Init, Rng};
use crate::ops;
use crate::params::{ParamId, Params};
use crate::shape::Shape;

/// A linear map with a bias: y = x W^T + b, W \[O, I\], b \[O\]. See [`ops::linear`](fn@ops::linear).
///
/// PyTorch: `torch.nn.Linear(inputs, outputs)`.
///
/// ```
/// use tensor::init::{Init, rng};
/// use tensor::{Graph, Linear, Params, Tensor};
///
/// let (mut params, mut rng) = (Params::new(), rng(1, "init"));
/// let layer = Linear::new(&mut params, "output.", 3, 2, Init::TorchDefault, &mut rng)?;
/// assert!(params.find("output.weight").is_some() && params.find("output.bias").is_some());
/// let g = Graph::new(&params);
/// let y = g.constant(Tensor::zeros([5, 3])).linear(layer);
/// assert_eq!(y.shape()?.dims(), [5, 2]);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    /// W \[O, I\].
    pub weight: ParamId,
    /// b \[O\], if there is one.
    pub bias: Option<ParamId>,
}

impl Linear {
    /// Adds `PREFIXweight` and `PREFIXbias` to `params`: with the prefix `output.`, `output.weight`.
    /// `init` draws both by [`Init::parameter`] with a fan-in of `inputs`.
    ///
    /// # Errors
    /// A name is taken; `init` is out of its range.
    pub fn new(
        params: &mut Params,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Self> {
        let mut layer = Self::without_bias(params, prefix, inputs, outputs, init, rng)?;
        let bias = init.parameter([outputs].into(), inputs, 1, rng)?;
        layer.bias = Some(params.add(format!("{prefix}bias"), bias)?);
        Ok(layer)
    }

    /// Adds `PREFIXweight` to `params`.
    ///
    /// # Errors
    /// As [`Linear::new`].
    pub fn without_bias(
        params: &mut Params,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Self> {
        let weight = init.parameter([outputs, inputs].into(), inputs, 1, rng)?;
        Ok(Self { weight: params.add(format!("{prefix}weight"), weight)?, bias: None })
    }

    /// Applies the map to \[..., I\].
    ///
    /// # Errors
    /// Those of [`ops::linear`](fn@ops::linear).
    pub fn forward(&self, tape: &mut Tape<'_>, x: Var) -> Result<Var> {
        ops::linear(tape, x, self.weight, self.bias)
    }
}

/// A table of vectors, one per id: \[V, E\]. See [`ops::embedding`](fn@ops::embedding).
///
/// PyTorch: `torch.nn.Embedding(ids, width)`, whose default is `Init::Normal { std: 1.0 }`.
///
/// ```
/// use tensor::init::{Init, rng};
/// use tensor::{Embedding, Graph, Params};
///
/// let (mut params, mut rng) = (Params::new(), rng(1, "init"));
/// let table =
///     Embedding::new(&mut params, "letters.", 26, 8, Init::Normal { std: 1.0 }, &mut rng)?;
/// let g = Graph::new(&params);
/// assert_eq!(g.embedding(table, &[3, 0, 1, 1], [2, 2]).shape()?.dims(), [2, 2, 8]);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedding {
    /// The table \[V, E\].
    pub weight: ParamId,
}

impl Embedding {
    /// Adds `PREFIXweight` to `params`: with the prefix `letters.`, `letters.weight`.
    ///
    /// # Errors
    /// The name is taken; `init` is out of its range.
    pub fn new(
        params: &mut Params,
        prefix: &str,
        ids: usize,
        width: usize,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Self> {
        let table = init.parameter([ids, width].into(), width, 1, rng)?;
        Ok(Self { weight: params.add(format!("{prefix}weight"), table)? })
    }

    /// Looks up one vector per id, in a shape with as many elements as there are ids.
    ///
    /// # Errors
    /// Those of [`ops::embedding`](fn@ops::embedding).
    pub fn forward(
        &self,
        tape: &mut Tape<'_>,
        ids: &[u32],
        shape: impl Into<Shape>,
    ) -> Result<Var> {
        ops::embedding(tape, ids, shape, self.weight, None)
    }
}
