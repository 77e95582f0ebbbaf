//! The readout and the output layer, from a decoder's state to logits.

use tensor::{ParamId, Params, PooledVec, Tape, Tensor, Var, ops};

use super::parts::Add;
use crate::Result;
use crate::config::{self, Config, ReadoutState};
use crate::model::output_layer::OutputLayer;

/// Each output of the maxout is the larger of two values.
const PIECES: usize = 2;

/// Default epsilon of Keras's `LayerNormalization`.
const EPSILON: f32 = 1e-3;

/// The readout and the output layer: see the table of [`Decoder`](super::Decoder).
#[derive(Debug, Clone)]
pub(crate) struct Readout {
    form: ReadoutForm,
    /// Its inputs are the results of [`read`](Self::read).
    pub(crate) output: OutputLayer,
}

#[derive(Debug, Clone)]
enum ReadoutForm {
    State,
    TanhContext {
        w: ParamId,
    },
    /// The columns of the weight belong to the context, the state and the embedding, in this order.
    Maxout {
        w: ParamId,
        b: ParamId,
        context_and_state: usize,
        previous: bool,
    },
    ResidualNorm {
        w: ParamId,
        b: ParamId,
    },
}

/// Values of a step that the readout combines.
pub(crate) struct Seen {
    pub(crate) state: Var,
    /// The state before the step.
    pub(crate) previous: Var,
    pub(crate) context: Var,
    /// The embedding's share, if [`Readout::project`] returns one.
    pub(crate) projected: Option<Var>,
}

impl Readout {
    /// Adds the parameters. `context` is the width of a context, `tied` an embedding that is also
    /// the output layer's weight.
    pub(super) fn new(
        params: &mut Params,
        config: &Config,
        context: usize,
        vocabulary: usize,
        tied: Option<ParamId>,
        add: &mut Add<'_>,
    ) -> Result<Self> {
        let (e, h) = (config.embedding, config.hidden);
        let width = config.readout_width();
        let form = match config.readout {
            config::Readout::Linear => ReadoutForm::State,
            config::Readout::TanhContext => {
                ReadoutForm::TanhContext { w: add(params, "combine.weight", &[h, context + h])? }
            }
            config::Readout::Maxout => ReadoutForm::Maxout {
                w: add(params, "readout.weight", &[PIECES * width, context + h + e])?,
                b: add(params, "readout.bias", &[PIECES * width])?,
                context_and_state: context + h,
                previous: config.readout_state == ReadoutState::Previous,
            },
            config::Readout::ResidualNorm => ReadoutForm::ResidualNorm {
                w: params.add("decoder.norm.weight", Tensor::full([h], 1.0))?,
                b: params.add("decoder.norm.bias", Tensor::zeros([h]))?,
            },
        };
        let weight = match tied {
            Some(embedding) => embedding,
            None => add(params, "output.weight", &[vocabulary, width])?,
        };
        let bias = add(params, "output.bias", &[vocabulary])?;
        Ok(Self { form, output: OutputLayer { weight, bias } })
    }

    /// Computes the share of embeddings \[T, B, E\] in the readout, for all steps as one product;
    /// `None` if the readout does not read them.
    pub(crate) fn project(&self, tape: &mut Tape<'_>, embedded: Var) -> Result<Option<Var>> {
        let ReadoutForm::Maxout { w, b, context_and_state, .. } = self.form else {
            return Ok(None);
        };
        let columns = context_and_state..tape.params().shape(w).width();
        Ok(Some(ops::linear_columns(tape, embedded, w, columns, Some(b))?))
    }

    /// Computes the input of the output layer for a step, \[B, W\].
    pub(super) fn read(&self, tape: &mut Tape<'_>, seen: &Seen) -> Result<Var> {
        match self.form {
            ReadoutForm::State => Ok(seen.state),
            ReadoutForm::TanhContext { w } => {
                let joined = ops::concat(tape, &[seen.context, seen.state])?;
                let combined = ops::linear(tape, joined, w, None)?;
                Ok(ops::tanh(tape, combined)?)
            }
            ReadoutForm::Maxout { w, context_and_state, previous, .. } => {
                let state = if previous { seen.previous } else { seen.state };
                let joined = ops::concat(tape, &[seen.context, state])?;
                let from = ops::linear_columns(tape, joined, w, 0..context_and_state, None)?;
                let all: PooledVec<Var> =
                    [Some(from), seen.projected].into_iter().flatten().collect();
                let t = ops::sum(tape, &all, 1.0)?;
                Ok(ops::maxout(tape, t, PIECES)?)
            }
            ReadoutForm::ResidualNorm { w, b } => {
                let sum = ops::sum(tape, &[seen.state, seen.context], 1.0)?;
                Ok(ops::layer_norm(tape, sum, w, b, EPSILON)?)
            }
        }
    }
}
