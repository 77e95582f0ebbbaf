//! The decoder's first state.

use rnn::{Rnn, State};
use tensor::{ParamId, Params, PooledVec, Tape, Var, ops};

use super::parts::{Add, side_by_side};
use crate::Result;
use crate::config::{Config, DecoderInit};

/// Source of the first state of each layer: see the table of [`Decoder`](super::Decoder).
#[derive(Debug, Clone)]
pub(super) enum Bridge {
    Zeros,
    Copy,
    Map {
        /// For each layer, the map of the hidden state and, for an LSTM, of the cell state.
        layers: Vec<Maps>,
        /// Whether the map reads only the backward direction.
        backward: bool,
        tanh: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Maps {
    h: (ParamId, ParamId),
    c: Option<(ParamId, ParamId)>,
}

impl Bridge {
    pub(super) fn new(
        params: &mut Params,
        config: &Config,
        directions: usize,
        add: &mut Add<'_>,
    ) -> Result<Self> {
        let (backward, tanh) = match config.decoder_init {
            DecoderInit::Zeros => return Ok(Self::Zeros),
            DecoderInit::Copy => return Ok(Self::Copy),
            DecoderInit::Linear => (false, false),
            DecoderInit::LinearTanh => (false, true),
            DecoderInit::BackwardTanh => (true, true),
        };
        let h = config.hidden;
        let seen = if backward { h } else { h * directions };
        let has_c = config.cell.has_cell_state();
        let mut layers = Vec::new();
        for l in 0..config.layers {
            let mut map = |which: &str| -> Result<(ParamId, ParamId)> {
                let name = format!("bridge.{which}_l{l}");
                let w = add(params, &format!("{name}.weight"), &[h, seen])?;
                Ok((w, add(params, &format!("{name}.bias"), &[h])?))
            };
            layers.push(Maps { h: map("h")?, c: if has_c { Some(map("c")?) } else { None } });
        }
        Ok(Self::Map { layers, backward, tanh })
    }

    /// Returns the first states, computed from the encoder's last states, `directions` per layer.
    pub(super) fn states(
        &self,
        tape: &mut Tape<'_>,
        rnn: &Rnn,
        batch: usize,
        last: &[State],
        directions: usize,
    ) -> Result<PooledVec<State>> {
        let (layers, backward, tanh) = match self {
            Self::Zeros => return Ok(rnn.zero_state(tape, batch)?),
            Self::Copy => return Ok(last.iter().step_by(directions).copied().collect()),
            Self::Map { layers, backward, tanh } => (layers, *backward, *tanh),
        };
        let mut states = PooledVec::with_capacity(layers.len());
        for (maps, last) in layers.iter().zip(last.chunks(directions)) {
            let seen = if backward { &last[directions - 1..] } else { last };
            let mut map = |ends: &[Var], (w, b): (ParamId, ParamId)| -> Result<Var> {
                let joined = side_by_side(tape, ends)?;
                let mapped = ops::linear(tape, joined, w, Some(b))?;
                Ok(if tanh { ops::tanh(tape, mapped)? } else { mapped })
            };
            let hs: PooledVec<Var> = seen.iter().map(|s| s.h).collect();
            let h = map(&hs, maps.h)?;
            let c = match maps.c {
                Some(weights) => {
                    let cs: PooledVec<Var> = seen.iter().filter_map(|s| s.c).collect();
                    Some(map(&cs, weights)?)
                }
                None => None,
            };
            states.push(State { h, c });
        }
        Ok(states)
    }
}
