//! Initialisation and number of parameters.

use tensor::init::{Init, InitFn, rng};
use tensor::{Params, Shape, Tensor};

use crate::Result;
use crate::config::{Config, DecoderInit, InitScheme};
use crate::machine::{self, Need};

/// Counts the scalars in the parameters that `build` adds. Their memory is requested but never
/// touched. Once the count exceeds what this machine can hold, no more memory is requested, and the
/// result is a lower bound.
pub(crate) fn count_parameters<T>(
    build: impl Fn(&mut Params, &mut InitFn<'_>) -> Result<T>,
) -> Result<u64> {
    let (mut count, mut is_too_much) = (0_u64, false);
    let mut make = |_: &str, shape: Shape| {
        let elements = shape.dims().iter().fold(1_u64, |n, &d| n.saturating_mul(d as u64));
        count = count.saturating_add(elements);
        is_too_much |= machine::memory().is_some_and(|bytes| count.saturating_mul(4) > bytes);
        Ok(Tensor::uninit(if is_too_much { Shape::new(&[0]) } else { shape }))
    };
    let built = build(&mut Params::new(), &mut make);
    if is_too_much { Ok(count) } else { built.map(|_| count) }
}

/// Runs `build` with parameters initialised from the seed's `init` stream, if they fit in this
/// machine's memory.
pub(crate) fn with_first_values<T>(
    params: &mut Params,
    config: &Config,
    seed: u64,
    build: impl Fn(&mut Params, &mut InitFn<'_>) -> Result<T>,
) -> Result<T> {
    machine::check_parameters(config, count_parameters(&build)?, Need::Use)?;
    let mut rng = rng(seed, "init");
    build(params, &mut |name, shape| {
        let (init, blocks) = initial(config, name, shape);
        init.blocks(blocks, shape, &mut rng)
    })
}

/// Returns how a parameter is initialised, and the number of blocks of rows that are drawn
/// independently.
fn initial(config: &Config, name: &str, shape: Shape) -> (Init, usize) {
    let is_matrix = shape.rank() == 2;
    let is_vector_of_attention = name.ends_with("attention.v") || name.ends_with("attention.v_p");
    // Tied embeddings are also the output layer's weights, for which N(0, 1) is too large.
    let tied = config.tied.output() && is_matrix && name.contains("embedding");
    let init = match config.init {
        InitScheme::Uniform => Init::Uniform { limit: config.init_scale },
        InitScheme::Xavier if is_matrix => Init::XavierUniform,
        InitScheme::Xavier if is_vector_of_attention => {
            Init::Uniform { limit: (6.0 / (shape.len() + 1) as f32).sqrt() }
        }
        InitScheme::Xavier => Init::Zeros,
        // As in nn.Embedding, nn.GRU, nn.LSTM and nn.Linear.
        InitScheme::Torch if name.contains("embedding") && !tied => Init::Normal { std: 1.0 },
        InitScheme::Torch if name.contains(".rnn.") => Init::torch_default(config.hidden),
        InitScheme::Torch if is_matrix => Init::TorchDefault,
        InitScheme::Torch => Init::torch_default(fan_in(config, name)),
        InitScheme::Bahdanau if !is_matrix => Init::Zeros,
        InitScheme::Bahdanau if name.contains("weight_hh") => Init::Orthogonal,
        InitScheme::Bahdanau if name.contains("attention.") => Init::Normal { std: 0.001 },
        InitScheme::Bahdanau => Init::Normal { std: 0.01 },
    };
    let gates = if init == Init::Orthogonal { shape.rows() / config.hidden } else { 1 };
    (init, gates)
}

/// Returns the fan-in of the layer that a bias or an attention vector belongs to.
fn fan_in(config: &Config, name: &str) -> usize {
    let directions = if config.bidirectional { 2 } else { 1 };
    let width = if config.attention_width == 0 { config.hidden } else { config.attention_width };
    match name.rsplit('.').next() {
        Some("v" | "b_v" | "v_p") => width,
        Some("b_memory") => config.memory_width(),
        _ if name.contains("bridge") && config.decoder_init != DecoderInit::BackwardTanh => {
            config.hidden * directions
        }
        _ if name.contains("readout.") => config.embedding + config.hidden + config.context_width(),
        _ if name.contains("output.") => config.readout_width(),
        _ => config.hidden,
    }
}
