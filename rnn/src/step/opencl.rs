//! A single step on an OpenCL device.

use std::ops::Range;

use tensor::opencl::{Matrix, OpenCl, ProductForm, ProductOutput, Start};
use tensor::{Params, PooledVec, Result, Tensor};

use crate::norm::EPS;
use crate::programs::ROW_ITEMS;
use crate::step_kernel::opencl::{Gradients, Layer, RowsBack, START, START_ROW, has, multiplied};
use crate::step_kernel::products::{InputBack, PARTS, launch_back};
use crate::step_kernel::{Recurrent, SavedActivations};

/// A part of the input, and the columns of W_ih that multiply it.
pub(crate) type Part<'a> = (&'a Tensor, Range<usize>);

/// The input weights of a step.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) w: &'a Tensor,
    pub(crate) bias: Option<&'a Tensor>,
}

/// Runs one step. Returns the saved activations and the new states.
pub(crate) fn forward(
    device: &OpenCl,
    params: &Params,
    layer: Recurrent,
    input: Input<'_>,
    (projected, parts): (Option<&Tensor>, &[Part<'_>]),
    mask: Option<&Tensor>,
    (h_before, c_before): (&Tensor, Option<&Tensor>),
) -> Result<(SavedActivations, Tensor, Tensor)> {
    let batch = h_before.shape().rows();
    let layer = Layer::new(device, params, layer, batch)?;
    let (n, gates_width) = (layer.n, layer.gates_width());
    let mut kept = layer.kept(device.uninit([1, batch, gates_width])?, false)?;
    if let Some(mask) = mask {
        kept.masked = multiplied(device, h_before, mask)?;
    }
    let beside = if layer.is_fused() { parts.len().min(PARTS) } else { 0 };
    let (beside, ahead) = parts.split_at(beside);
    let ahead = products_ahead(&layer, input, projected, ahead)?;
    let start = ahead.as_ref().or(projected).or(input.bias);
    let is_row = ahead.is_none() && projected.is_none();
    let flags = layer.weights() | has(START, start.is_some()) | has(START_ROW, is_row);
    let mut h = device.uninit([batch, n])?;
    let has_c = layer.cell.has_cell_state();
    let mut c = device.uninit([if has_c { batch } else { 0 }, n])?;
    let masked = kept.masked.clone();
    let state = if mask.is_some() { &masked } else { h_before };
    let c_before = layer.or_none(c_before);
    for (k, programs) in layer.programs.iter().enumerate() {
        if layer.is_fused() {
            let tiles = layer.tiles();
            let launch = device.kernel(tiles.of(programs), "step_forward");
            let launch = launch.uint(batch).uint(n).uint(flags);
            let launch = launch.reads(layer.or_none(start)).reads(layer.w);
            let launch = launch.reads(layer.or_none(layer.bias));
            let launch = launch.reads(layer.or_none(layer.peephole)).reads(state);
            let launch = launch.reads(h_before).reads(c_before).uint(beside.len());
            let mut launch = launch.uint(input.w.shape().width()).reads(input.w);
            for i in 0..PARTS {
                let (x, columns) =
                    beside.get(i).map_or((&layer.none, 0..0), |(x, c)| (*x, c.clone()));
                launch = launch.reads(x).uint(columns.len()).uint(columns.start);
            }
            let launch = launch.writes(&mut kept.gates).writes(&mut kept.hidden);
            layer.count_product(&layer.cell.products()[k]);
            let terms: usize = beside.iter().map(|(_, columns)| columns.len()).sum();
            device.count_product((2 * batch * layer.cell.products()[k].len() * n * terms) as u64);
            let touched = layer.touched() + terms * (gates_width + batch);
            let launch = launch.writes(&mut h).writes(&mut c).touches(touched);
            launch.groups(tiles.groups, tiles.local)?;
            continue;
        }
        let seen = if k > 0 { &kept.hidden } else { state };
        let seen = Matrix::strided(seen, 0, (batch, n), n, 0);
        layer.product(k, seen, &mut kept.normal, 0)?;
        let launch = device.kernel(&programs.rows, "step_forward_rows");
        let launch = launch.uint(batch).uint(n).uint(flags).reads(layer.or_none(start));
        let launch = launch.reads(layer.or_none(layer.bias)).reads(layer.or_none(layer.peephole));
        let launch = launch.reads(state).reads(h_before).reads(c_before);
        let launch = launch.reads(layer.or_none(layer.gain)).float(EPS);
        let launch = launch.writes(&mut kept.normal).writes(&mut kept.scales);
        let launch = launch.writes(&mut kept.gates).writes(&mut kept.hidden);
        launch.writes(&mut h).writes(&mut c).groups([batch, 1, 1], ROW_ITEMS)?;
    }
    Ok((kept, h, c))
}

/// Returns the sum of `projected`, or of the bias, and of the products of `parts`; `None` without
/// parts.
fn products_ahead(
    layer: &Layer<'_>,
    input: Input<'_>,
    projected: Option<&Tensor>,
    parts: &[Part<'_>],
) -> Result<Option<Tensor>> {
    let mut sum: Option<Tensor> =
        projected.filter(|_| !parts.is_empty()).map(Tensor::copy).transpose()?;
    for (x, columns) in parts {
        let is_first = sum.is_none();
        let mut to = match sum.take() {
            Some(to) => to,
            None => layer.device.uninit([layer.batch, layer.gates_width()])?,
        };
        let start = match input.bias {
            _ if !is_first => Start::Output,
            Some(bias) => Start::Bias(bias),
            None => Start::Zero,
        };
        let x = Matrix::strided(x, 0, (layer.batch, columns.len()), columns.len(), 0);
        let w = Matrix::block(input.w, 0..layer.gates_width(), columns.clone());
        let place = ProductOutput::strided(&mut to, 0, layer.gates_width(), 0);
        layer.device.product(ProductForm::Nt, x, w, place, start)?;
        sum = Some(to);
    }
    Ok(sum)
}

/// The arguments of the backward pass through a step.
pub(crate) struct StepBack<'a> {
    pub(crate) layer: Recurrent,
    pub(crate) mask: Option<&'a Tensor>,
    pub(crate) h_before: &'a Tensor,
    pub(crate) c_before: Option<&'a Tensor>,
    pub(crate) c: Option<&'a Tensor>,
    pub(crate) w_ih: &'a Tensor,
    /// Columns of W_ih of the parts that require a gradient.
    pub(crate) parts: &'a [Range<usize>],
    pub(crate) wants_state: bool,
}

/// Returns the gradients of the previous states and of parts of the input. On return, `kept` holds
/// the products' gradients.
pub(crate) fn step_back(
    back: &mut tensor::Backward<'_>,
    device: &OpenCl,
    step: &StepBack<'_>,
    kept: &mut SavedActivations,
    (dh, dc): (Option<Tensor>, Option<Tensor>),
) -> Result<(Tensor, Tensor, PooledVec<Tensor>)> {
    let batch = step.h_before.shape().rows();
    let layer = Layer::new(device, back.params(), step.layer, batch)?;
    let n = layer.n;
    let mut g = Gradients::new(&layer, 1, dh, dc, false)?;
    let mut through = device.uninit([if layer.programs.len() > 1 { batch } else { 0 }, n])?;
    let masked = kept.masked.clone();
    for k in (0..layer.programs.len()).rev() {
        let is_last = k + 1 == layer.programs.len();
        if !is_last {
            layer.product_back(k + 1, layer.d_products(kept), 0, &mut through)?;
        }
        let s = RowsBack {
            time: 0,
            before: 0,
            after: 0,
            seen: 0,
            lengths: None,
            mask: step.mask,
            state: if step.mask.is_some() { &masked } else { step.h_before },
            h: step.h_before,
            c_before: layer.or_none(step.c_before),
            c: layer.or_none(step.c),
            dy: None,
            through: Some(&through).filter(|_| !is_last),
        };
        layer.rows_back(k, &s, kept, &mut g)?;
    }
    let d = layer.d_products(kept).index(0);
    let mut parts = PooledVec::with_capacity(step.parts.len());
    for columns in step.parts {
        parts.push(device.uninit([batch, columns.len()])?);
    }
    let d_input = kept.gates.index(0);
    let mut todo = step.parts.iter().cloned().zip(&mut parts);
    let mut wants_state = step.wants_state;
    loop {
        let some: Vec<_> = todo.by_ref().take(PARTS).collect();
        if some.is_empty() && !wants_state {
            break;
        }
        let state = Some(&mut g.dh).filter(|_| wants_state);
        let input = InputBack { d: &d_input, w: step.w_ih, parts: some };
        launch_back(&layer, step.mask, &d, state, Some(input))?;
        wants_state = false;
    }
    g.defer(back, step.layer);
    Ok((g.dh, g.dc, parts))
}
