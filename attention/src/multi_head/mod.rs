//! Multi-head attention (Vaswani et al. 2017, section 3.2.2).
//!
//! head_j = sum_s a_js v_js, a_j = softmax(q_j^T k_js / sqrt(d_k)) and y = W_o \[head_1; ...; head_h\]
//! + b_o, where q_j, k_js and v_js are part j of W_q q + b_q, W_k m_s + b_k and W_v m_s + b_v.
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] or \[T, B, Q\] |
//! | m | \[S, B, K\] |
//! | W_q, W_k, W_v | \[h d_k, Q\], \[h d_k, K\], \[h d_v, K\] |
//! | W_o, b_o | \[O, h d_v\], \[O\] |
//! | y, the context | \[B, O\] or \[T, B, O\] |
//! | a | \[B, h, S\] or \[T, B, h, S\] |
//!
//! d_k and d_v are Q / h and O is Q unless they are given. The parameters are those of
//! `nn.MultiheadAttention`: `in_proj_bias` holds b_q, b_k and b_v one after the other; if all
//! widths are equal, `in_proj_weight` holds W_q, W_k and W_v in the same way, and otherwise they
//! are `q_proj_weight`, `k_proj_weight` and `v_proj_weight`. W_o and b_o are `out_proj.weight` and
//! `out_proj.bias`.
//!
//! As for the other kinds, a row whose positions are all masked has zeros as weights, heads and
//! context; b_o is not added.
//!
//! In self-attention, the same sequence is both query and memory. With
//! [`causal`](crate::AttentionConfig::causal), step t attends to positions up to t, and a single
//! step with [time](crate::QueryPosition::time) t returns the same as row t of the whole sequence.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `nn.MultiheadAttention(Q, h, kdim=K, vdim=K)(q, m, m)`.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config =
//!     AttentionConfig { heads: 2, causal: true, ..AttentionConfig::new(AttentionKind::MultiHead, 6, 6) };
//! let attention = Attention::new(&mut params, "", config, Init::XavierUniform, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let x = tape.input(Tensor::full([4, 1, 6], 1.0)); // four steps of one sentence
//! let memory = attention.memory(&mut tape, x, &[4])?;
//! let all = attention.attend(&mut tape, x, &memory, QueryPosition::default())?;
//! assert_eq!(tape.shape(all.context).dims(), [4, 1, 6]);
//! assert_eq!(tape.value(all.weights).data()[4..8], [0.5, 0.5, 0.0, 0.0]); // of the second step
//! # Ok::<(), attention::Error>(())
//! ```

mod mean;
mod opencl;
pub mod reference;

use std::ops::Range;

use tensor::{ParamId, Shape, Tape, Tensor, Var, ops};

use crate::config::AttentionConfig;
use crate::error::Result;
use crate::score::Add;

pub(crate) use mean::mean;

/// The names of the three input projections if each is a separate parameter.
pub(crate) const OWN: [&str; 3] = ["q_proj_weight", "k_proj_weight", "v_proj_weight"];

/// The input and output projections.
#[derive(Debug, Clone)]
pub(crate) struct Heads {
    /// Projections of the query, the keys and the values.
    maps: [Map; 3],
    b: ParamId,
    out: (ParamId, ParamId),
}

#[derive(Debug, Clone)]
struct Map {
    w: ParamId,
    rows: Range<usize>,
    /// Range of its bias in `in_proj_bias`.
    bias: Range<usize>,
}

/// Returns the rows of W_q, W_k and W_v within a joined weight.
pub(crate) fn parts(config: &AttentionConfig) -> [Range<usize>; 3] {
    let (key, value) = config.head_widths();
    let (key, value) = (key * config.heads, value * config.heads);
    [0..key, key..2 * key, 2 * key..2 * key + value]
}

/// Returns true if one parameter holds the three input projections, by the same rule as PyTorch.
pub(crate) fn is_joined(config: &AttentionConfig) -> bool {
    let widths = parts(config).map(|part| part.len());
    config.memory == config.query && widths == [config.query; 3]
}

impl Heads {
    pub(crate) fn new(config: &AttentionConfig, add: &mut Add<'_>) -> Result<Self> {
        let parts = parts(config);
        let (total, value) = (parts[2].end, parts[2].len());
        let maps = if is_joined(config) {
            let w = add("in_proj_weight", [total, config.query].into())?;
            parts.map(|part| Map { w, rows: part.clone(), bias: part })
        } else {
            let mut own = |i: usize, width: usize| -> Result<Map> {
                let (rows, bias) = (0..parts[i].len(), parts[i].clone());
                Ok(Map { w: add(OWN[i], [rows.len(), width].into())?, rows, bias })
            };
            [own(0, config.query)?, own(1, config.memory)?, own(2, config.memory)?]
        };
        let b = add("in_proj_bias", [total].into())?;
        let w_out = add("out_proj.weight", [config.context(), value].into())?;
        let b_out = add("out_proj.bias", [config.context()].into())?;
        Ok(Self { maps, b, out: (w_out, b_out) })
    }

    fn map(&self, tape: &mut Tape<'_>, i: usize, x: Var) -> Result<Var> {
        let Map { w, rows, bias } = &self.maps[i];
        Ok(ops::linear_rows(tape, x, *w, rows.clone(), Some((self.b, bias.clone())))?)
    }

    /// Projects the query to the queries of all heads, concatenated.
    pub(crate) fn query(&self, tape: &mut Tape<'_>, query: Var) -> Result<Var> {
        self.map(tape, 0, query)
    }

    /// Projects the memory to the (values, keys) of all heads, concatenated.
    pub(crate) fn memory(&self, tape: &mut Tape<'_>, memory: Var) -> Result<(Var, Var)> {
        Ok((self.map(tape, 2, memory)?, self.map(tape, 1, memory)?))
    }

    /// Returns the total width of the values of all heads.
    pub(crate) fn values(&self) -> usize {
        self.maps[2].rows.len()
    }

    /// Projects the concatenated contexts of all heads to the context; zeros for an empty sentence.
    pub(crate) fn output(&self, tape: &mut Tape<'_>, heads: Var, lengths: &[usize]) -> Result<Var> {
        let context = ops::linear(tape, heads, self.out.0, Some(self.out.1))?;
        if !lengths.contains(&0) {
            return Ok(context);
        }
        let width = tape.shape(context).width();
        let mut mask = Tensor::full([lengths.len(), width], 1.0);
        for (row, _) in mask.data_mut().chunks_mut(width).zip(lengths).filter(|(_, n)| **n == 0) {
            row.fill(0.0);
        }
        let mask = match tape.opencl() {
            Some(device) => device.upload(&mask)?,
            None => mask,
        };
        Ok(ops::masked(tape, context, mask)?)
    }
}

/// Returns the shape \[..., h, S\] for a shape \[..., S\] and h heads.
pub(crate) fn with_heads(weights: Shape, heads: usize) -> Shape {
    weights.with_width(heads).with(weights.width())
}
