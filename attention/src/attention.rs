//! The family: one table of kinds, one configuration, one value for the memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tensor::{ParamId, Params, Shape, Tape, Tensor, Var, ops};

use crate::error::{Error, Result};
use crate::step::{Score, Sizes, attend};

/// Which score an attention has, by its equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// v^T tanh(W_q q + W_m m): [`mod@crate::additive`].
    Additive,
    /// The same with biases, as the tutorials have it: [`mod@crate::additive`].
    AdditiveBias,
    /// q^T W m: [`mod@crate::general`].
    General,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Additive, Self::AdditiveBias, Self::General];

    /// Its name, as configurations have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::AdditiveBias => "additive_bias",
            Self::General => "general",
        }
    }
}

/// The kind and widths of an [`Attention`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionConfig {
    /// Which score.
    pub kind: Kind,
    /// Width of the query, Q.
    pub query: usize,
    /// Width of the memory, K.
    pub memory: usize,
    /// Width of the hidden layer of an additive score, A; others do not use it.
    pub width: usize,
}

/// What is attended to: encoder states, their keys and the sentences' lengths.
///
/// Keys are the memory's side of the score, projected once a sentence.
#[derive(Debug, Clone)]
pub struct Memory {
    /// \[S, B, K\]
    pub values: Var,
    /// \[S, B, A\] or \[S, B, Q\]
    pub keys: Var,
    /// Length of each sentence; positions from there on get weight zero.
    pub lengths: Arc<[usize]>,
}

/// What a query found.
#[derive(Debug, Clone, Copy)]
pub struct Attended {
    /// \[B, K\]
    pub context: Var,
    /// \[B, S\]: positive, summing to one; exactly zero past a sentence's end. A sentence of
    /// length zero has weights and context of zeros.
    pub weights: Var,
}

/// A global attention of some [`Kind`].
///
/// ```
/// use attention::{Attention, AttentionConfig, Kind};
/// use tensor::{Params, Tape, Tensor};
///
/// let mut params = Params::new();
/// let config = AttentionConfig { kind: Kind::Additive, query: 4, memory: 6, width: 5 };
/// let attention =
///     Attention::new(&mut params, "attention.", config, &mut |_, s| Tensor::full(s, 0.1))?;
/// let mut tape = Tape::new(&params);
/// let states = tape.input(Tensor::full([7, 2, 6], 1.0)); // S = 7, B = 2, K = 6
/// let memory = attention.memory(&mut tape, states, &[7, 3])?;
/// let query = tape.input(Tensor::zeros([2, 4]));
/// let found = attention.attend(&mut tape, query, &memory)?;
/// assert!((tape.value(found.weights).data()[7] - 1.0 / 3.0).abs() < 1e-6);
/// # Ok::<(), attention::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Attention {
    config: AttentionConfig,
    weights: Weights,
}

#[derive(Debug, Clone, Copy)]
enum Weights {
    Additive {
        w_query: ParamId,
        w_memory: ParamId,
        v: ParamId,
        /// b_query, b_memory, b_v
        biases: Option<[ParamId; 3]>,
    },
    General {
        w: ParamId,
    },
}

impl Attention {
    /// Adds the parameters of an attention to a store, named `prefix` + `w_query` \[A, Q\],
    /// `w_memory` \[A, K\], `v` \[A\], `b_query` \[A\], `b_memory` \[A\], `b_v` \[1\], or `w` \[Q, K\],
    /// with the values that `init` gives for a name and a shape.
    ///
    /// # Errors
    /// A width of zero, a name that is taken.
    pub fn new(
        params: &mut Params,
        prefix: &str,
        config: AttentionConfig,
        init: &mut dyn FnMut(&str, Shape) -> Tensor,
    ) -> Result<Self> {
        let AttentionConfig { kind, query, memory, width } = config;
        let wide = if kind == Kind::General { query } else { width };
        for (key, value) in [("query", query), ("memory", memory), ("width", wide)] {
            if value == 0 {
                return Err(Error::Zero { key });
            }
        }
        let mut add = |name: &str, shape: Shape| -> Result<ParamId> {
            let name = format!("{prefix}{name}");
            let value = init(&name, shape);
            if value.shape() != shape {
                return Err(tensor::Error::shapes("init", value.shape(), shape).into());
            }
            Ok(params.add(name, value)?)
        };
        let weights = match kind {
            Kind::General => Weights::General { w: add("w", [query, memory].into())? },
            Kind::Additive | Kind::AdditiveBias => {
                let w_query = add("w_query", [width, query].into())?;
                let w_memory = add("w_memory", [width, memory].into())?;
                let v = add("v", [width].into())?;
                let biases = if kind == Kind::AdditiveBias {
                    Some([
                        add("b_query", [width].into())?,
                        add("b_memory", [width].into())?,
                        add("b_v", [1].into())?,
                    ])
                } else {
                    None
                };
                Weights::Additive { w_query, w_memory, v, biases }
            }
        };
        Ok(Self { config, weights })
    }

    /// The kind and widths.
    pub fn config(&self) -> &AttentionConfig {
        &self.config
    }

    /// Encoder states \[S, B, K\] with their keys.
    ///
    /// # Errors
    /// Shapes or lengths that do not fit.
    pub fn memory(&self, tape: &mut Tape<'_>, values: Var, lengths: &[usize]) -> Result<Memory> {
        let shape = tape.shape(values);
        let &[time, batch, width] = shape.dims() else {
            return Err(tensor::Error::shapes("memory", shape, [0, 0, self.config.memory]).into());
        };
        if width != self.config.memory || lengths.len() != batch {
            let want = [time, lengths.len(), self.config.memory];
            return Err(tensor::Error::shapes("memory", shape, want).into());
        }
        if let Some(n) = lengths.iter().find(|&&n| n > time) {
            let what = format!("length {n}, expected at most {time}");
            return Err(tensor::Error::argument("memory", what).into());
        }
        let keys = match self.weights {
            Weights::Additive { w_memory, biases, .. } => {
                ops::linear(tape, values, w_memory, biases.map(|b| b[1]))?
            }
            Weights::General { w } => ops::linear(tape, values, w, None)?,
        };
        Ok(Memory { values, keys, lengths: lengths.into() })
    }

    /// Asks the memory with a query \[B, Q\].
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn attend(&self, tape: &mut Tape<'_>, query: Var, memory: &Memory) -> Result<Attended> {
        let batch = memory.lengths.len();
        let shape = tape.shape(query);
        if shape != Shape::from([batch, self.config.query]) {
            let want = [batch, self.config.query];
            return Err(tensor::Error::shapes("attend", shape, want).into());
        }
        let time = tape.shape(memory.values).dims()[0];
        let score = match self.weights {
            Weights::Additive { w_query, v, biases, .. } => {
                let query = ops::linear(tape, query, w_query, biases.map(|b| b[0]))?;
                Score::Additive { query, v, b_v: biases.map(|b| b[2]) }
            }
            Weights::General { .. } => Score::Dot { query },
        };
        let width = tape.shape(memory.keys).width();
        let sizes = Sizes { time, batch, keys: width, values: self.config.memory };
        Ok(attend(tape, score, memory, sizes))
    }
}
