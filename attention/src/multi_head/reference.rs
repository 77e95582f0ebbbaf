//! The input projections of the heads in plain loops, for any float type.

use std::ops::Range;

use num_traits::Float;

use super::{OWN, is_joined, parts};
use crate::AttentionConfig;
use crate::plain::{Weights, affine, affine_back, get};

/// Returns the weight name of projection `i`, its rows in that weight, and its part of the bias.
fn place(config: &AttentionConfig, i: usize) -> (&'static str, Range<usize>, Range<usize>) {
    let part = parts(config)[i].clone();
    if is_joined(config) {
        ("in_proj_weight", part.clone(), part)
    } else {
        (OWN[i], 0..part.len(), part)
    }
}

/// Applies projection `i` (0 query, 1 keys, 2 values) to one vector, for all heads concatenated.
pub fn map<F: Float>(config: &AttentionConfig, w: &Weights<F>, i: usize, x: &[F]) -> Vec<F> {
    let (name, rows, bias) = place(config, i);
    let weight = &get(w, name)[rows.start * x.len()..rows.end * x.len()];
    affine(weight, x, &get(w, "in_proj_bias")[bias])
}

/// Backward pass of [`map`]: returns the gradient of x and adds those of the weights to `dw`.
pub fn map_back<F: Float>(
    config: &AttentionConfig,
    w: &Weights<F>,
    i: usize,
    x: &[F],
    d: &[F],
    dw: &mut Weights<F>,
) -> Vec<F> {
    let (name, rows, bias) = place(config, i);
    let block = rows.start * x.len()..rows.end * x.len();
    let (mut dm, mut db) = (vec![F::zero(); block.len()], vec![F::zero(); bias.len()]);
    let dx = affine_back(&get(w, name)[block.clone()], x, d, &mut dm, &mut db);
    for (name, part, sum) in [(name, block, dm), ("in_proj_bias", bias, db)] {
        let to = dw.entry(name.into()).or_insert_with(|| vec![F::zero(); get(w, name).len()]);
        to[part].iter_mut().zip(sum).for_each(|(a, b)| *a = *a + b);
    }
    dx
}
