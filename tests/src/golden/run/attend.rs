//! Attention over a padded batch.

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
use ndarray::IxDyn;
use serde::Deserialize;
use tensor::{Device, Params, Tape, Tensor, Var};

use super::super::case_file::Given;
use super::super::compare::Computed;
use super::super::set::Case;
use super::{build, gradient, param_gradients};
use crate::error::{Error, Result};

/// The widths of every attention of one query, and the options of some.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    query: usize,
    memory: usize,
    attention: usize,
    /// Rows of `location`'s table.
    s_max: Option<usize>,
    /// Positions on each side of a window's centre.
    #[serde(rename = "D")]
    window: Option<usize>,
    /// The score within a window.
    score: Option<AttentionKind>,
    /// The step that asks.
    t: Option<usize>,
    reversed: Option<bool>,
    renormalize: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Heads {
    embed: usize,
    memory: usize,
    heads: usize,
    causal: bool,
}

/// A tensor with its dimensions in another order.
fn permuted(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
    if t.dims().len() != axes.len() {
        let what = format!("shape {}, expected {} dimensions", t.shape(), axes.len());
        return Err(Error::new(what));
    }
    Ok(Tensor::try_from(t.view().permuted_axes(IxDyn(axes)).to_owned())?)
}

/// \[B, S, K\], as files have sequences, from or to \[S, B, K\].
fn swapped(t: &Tensor) -> Result<Tensor> {
    permuted(t, &[1, 0, 2])
}

/// Positions past a sentence's end must have weights of zero, whatever the rule of comparison.
fn check_padding(weights: &Tensor, lengths: &[usize]) -> Result<()> {
    let (width, rows) = (weights.shape().width(), weights.shape().rows() / lengths.len().max(1));
    let of = lengths.iter().flat_map(|n| std::iter::repeat_n(*n, rows));
    for (row, length) in weights.data().chunks_exact(width).zip(of) {
        if row[length..].iter().any(|&a| a != 0.0) {
            return Err(Error::new("a position past a sentence's end has a weight"));
        }
    }
    Ok(())
}

/// An attention, and the tape on which it asks.
struct Asking<'p> {
    attention: &'p Attention,
    params: &'p Params,
    tape: Tape<'p>,
    lengths: Vec<usize>,
    states: Var,
}

impl<'p> Asking<'p> {
    fn new(
        attention: &'p Attention,
        params: &'p Params,
        given: &mut Given,
        device: &Device,
    ) -> Result<Self> {
        let lengths = given.lengths("in.lengths");
        let lengths = lengths.ok_or_else(|| Error::new("there is no in.lengths"))?;
        let mut tape = Tape::new(params).with_threads(device.threads());
        let states = tape.input(swapped(&given.tensor("in.memory")?)?);
        Ok(Self { attention, params, tape, lengths, states })
    }

    fn ask(&mut self, query: Var, place: QueryPosition) -> Result<attention::AttentionOutput> {
        let memory = self.attention.memory(&mut self.tape, self.states, &self.lengths)?;
        Ok(self.attention.attend(&mut self.tape, query, &memory, place)?)
    }

    /// The gradients of the query, the memory and all parameters.
    fn gradients(
        mut self,
        seeds: &[(Var, Tensor)],
        query: Var,
        batch_first: bool,
        device: &Device,
    ) -> Result<Vec<Computed>> {
        let back = self.tape.backward(seeds)?;
        let mut computed = Vec::new();
        if batch_first {
            let whole = back.grad(query).cloned();
            let whole = whole.unwrap_or_else(|| Tensor::zeros(self.tape.shape(query)));
            computed.push(Computed::new("grad.in.query", &swapped(&whole)?));
        } else {
            computed.push(gradient(&self.tape, &back, "query", query));
        }
        let shape = self.tape.shape(self.states);
        let whole = back.grad(self.states).cloned().unwrap_or_else(|| Tensor::zeros(shape));
        computed.push(Computed::new("grad.in.memory", &swapped(&whole)?));
        computed.extend(param_gradients(self.params, back, device)?);
        Ok(computed)
    }
}

/// One query of every sentence.
pub(in super::super) fn run(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let sizes: Config = case.config()?;
    let kind = AttentionKind::by_name(&case.op)?;
    let kind = kind.ok_or_else(|| Error::new(format!("{} has no golden values", case.op)))?;
    let new = AttentionConfig::new(kind, sizes.query, sizes.memory);
    let config = AttentionConfig {
        width: sizes.attention,
        positions: sizes.s_max.unwrap_or(new.positions),
        window: sizes.window.unwrap_or(new.window),
        score: sizes.score.unwrap_or(new.score),
        renormalize: sizes.renormalize.unwrap_or(new.renormalize),
        ..new
    };
    let mut params = Params::new();
    let attention = build(given, |init| Attention::with_init(&mut params, "", config, init))?;
    params.to_device(device)?;
    let mut asking = Asking::new(&attention, &params, given, device)?;
    let query = asking.tape.input(given.tensor("in.query")?);
    let place =
        QueryPosition { time: sizes.t.unwrap_or(0), reversed: sizes.reversed.unwrap_or(false) };
    let found = asking.ask(query, place)?;
    let weights = asking.tape.value(found.weights);
    check_padding(weights, &asking.lengths)?;
    let mut computed = vec![
        Computed::new("out.context", asking.tape.value(found.context)),
        Computed::new("out.weights", weights),
    ];
    let seeds = [
        (found.context, given.tensor("cot.context")?),
        (found.weights, given.tensor("cot.weights")?),
    ];
    computed.extend(asking.gradients(&seeds, query, false, device)?);
    Ok(computed)
}

/// All queries of every sentence, by several heads.
pub(in super::super) fn multi_head(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let Heads { embed, memory, heads, causal } = case.config()?;
    let new = AttentionConfig::new(AttentionKind::MultiHead, embed, memory);
    let config = AttentionConfig { heads, causal, ..new };
    let mut params = Params::new();
    let attention = build(given, |init| Attention::with_init(&mut params, "", config, init))?;
    params.to_device(device)?;
    let mut asking = Asking::new(&attention, &params, given, device)?;
    let query = asking.tape.input(swapped(&given.tensor("in.query")?)?);
    let found = asking.ask(query, QueryPosition::default())?;
    let each = found.heads.ok_or_else(|| Error::new("multi_head has no heads"))?;
    // [T, B, h, S] here, [B, h, T, S] in the file.
    let weights = permuted(asking.tape.value(each), &[1, 2, 0, 3])?;
    check_padding(&weights, &asking.lengths)?;
    let mut computed = vec![
        Computed::new("out.y", &swapped(asking.tape.value(found.context))?),
        Computed::new("out.weights", &weights),
    ];
    let seeds = [
        (found.context, swapped(&given.tensor("cot.y")?)?),
        (each, permuted(&given.tensor("cot.weights")?, &[2, 0, 1, 3])?),
    ];
    computed.extend(asking.gradients(&seeds, query, true, device)?);
    Ok(computed)
}
