//! A recurrence over a whole sequence on an OpenCL device.

use tensor::opencl::{Ids, Matrix, OpenCl, Program};
use tensor::{Params, Result, Tensor};

use crate::norm::EPS;
use crate::programs::ROW_ITEMS;
use crate::step_kernel::opencl::{
    DY, FLOW, Gradients, LENGTHS, Layer, MASK, RowsBack, THROUGH, has,
};
use crate::step_kernel::products::products_back;
use crate::step_kernel::{Recurrent, SavedActivations};

static SEQUENCE: Program = Program::new(&[include_str!("sequence.cl")]);
/// Number of partial sums of squares, as in `sequence.cl`.
const PARTS: usize = 8;

/// A scan: its layer, dropout mask, lengths and direction.
pub(crate) struct Scan<'a> {
    pub(crate) layer: Recurrent,
    pub(crate) mask: Option<&'a Tensor>,
    pub(crate) lengths: Option<&'a Ids>,
    pub(crate) reverse: bool,
}

/// The saved activations, the states and the cell states \[T + 1, B, H\], and the outputs
/// \[T, B, H\].
pub(crate) type Scanned = (SavedActivations, Tensor, Tensor, Tensor);

impl Scan<'_> {
    /// Returns the slots of the states before and after step t.
    fn slots(&self, t: usize) -> (usize, usize) {
        if self.reverse { (t + 1, t) } else { (t, t + 1) }
    }
}

/// Runs all steps from the input's products \[T, B, G H\].
pub(crate) fn forward(
    device: &OpenCl,
    params: &Params,
    scan: &Scan<'_>,
    projected: Tensor,
    (h0, c0): (Option<&Tensor>, Option<&Tensor>),
) -> Result<Scanned> {
    let (time, batch) = (projected.dims()[0], projected.dims()[1]);
    let layer = Layer::new(device, params, scan.layer, batch)?;
    let n = layer.n;
    let mut kept = layer.kept(projected, scan.mask.is_some())?;
    let mut states = device.uninit([time + 1, batch, n])?;
    let has_c = layer.cell.has_cell_state();
    let mut cells = device.uninit([if has_c { time + 1 } else { 0 }, batch, n])?;

    let first = if scan.reverse { time } else { 0 };
    let given = usize::from(h0.is_some()) | (2 * usize::from(c0.is_some()));
    let launch = device.kernel(&SEQUENCE, "first_state").uint(batch * n).uint(first);
    let launch = launch.uint(given | has(MASK, scan.mask.is_some()));
    let launch = launch.reads(layer.or_none(h0)).reads(layer.or_none(c0));
    let launch = launch.reads(layer.or_none(scan.mask)).uint(usize::from(has_c));
    let launch = launch.writes(&mut states).writes(&mut cells).writes(&mut kept.masked);
    launch.touches(4 * batch * n).over(batch * n)?;

    let mut step = |t: usize| {
        for k in 0..layer.programs.len() {
            match layer.is_fused() {
                true => fused(&layer, scan, k, t, &mut kept, &mut states, &mut cells)?,
                false => rows(&layer, scan, k, t, &mut kept, &mut states, &mut cells)?,
            }
        }
        Ok(())
    };
    match scan.reverse {
        true => (0..time).rev().try_for_each(&mut step)?,
        false => (0..time).try_for_each(&mut step)?,
    }
    // Slot t is the masked state that step t multiplies by W_hh.
    kept.masked = kept.masked.range(usize::from(scan.reverse), time);
    let y = outputs(&layer, scan, &states)?;
    Ok((kept, states, cells, y))
}

/// Runs a step with one launch per program.
fn fused(
    layer: &Layer<'_>,
    scan: &Scan<'_>,
    k: usize,
    t: usize,
    kept: &mut SavedActivations,
    states: &mut Tensor,
    cells: &mut Tensor,
) -> Result<()> {
    let (before, after) = scan.slots(t);
    let tiles = layer.tiles();
    let flags = layer.weights() | has(LENGTHS, scan.lengths.is_some());
    let launch = layer.device.kernel(tiles.of(&layer.programs[k]), "scan_forward");
    let launch = launch.uint(layer.batch).uint(layer.n).uint(t).uint(before).uint(after);
    let launch = launch.uint(flags | has(MASK, scan.mask.is_some()));
    let launch = launch.ids(layer.ids_or_none(scan.lengths)).reads(layer.w);
    let launch = launch.reads(layer.or_none(layer.bias)).reads(layer.or_none(layer.peephole));
    let launch = launch.reads(layer.or_none(scan.mask));
    let launch = launch.writes(&mut kept.gates).writes(&mut kept.hidden).writes(&mut kept.masked);
    let launch = launch.writes(states).writes(cells).touches(layer.touched());
    layer.count_product(&layer.cell.products()[k]);
    launch.groups(tiles.groups, tiles.local)
}

/// Runs a step with a product and a launch over rows for each program.
fn rows(
    layer: &Layer<'_>,
    scan: &Scan<'_>,
    k: usize,
    t: usize,
    kept: &mut SavedActivations,
    states: &mut Tensor,
    cells: &mut Tensor,
) -> Result<()> {
    let (before, after) = scan.slots(t);
    let (batch, n) = (layer.batch, layer.n);
    let block = |x, slot: usize| Matrix::block(x, slot * batch..(slot + 1) * batch, 0..n);
    let state = match scan.mask {
        _ if k > 0 => block(&kept.hidden, t),
        Some(_) => block(&kept.masked, before),
        None => block(states, before),
    };
    layer.product(k, state, &mut kept.normal, t * batch)?;
    let flags = layer.weights() | has(LENGTHS, scan.lengths.is_some());
    let launch = layer.device.kernel(&layer.programs[k].rows, "scan_forward_rows");
    let launch = launch.uint(batch).uint(n).uint(t).uint(before).uint(after);
    let launch = launch.uint(flags | has(MASK, scan.mask.is_some()));
    let launch = launch.ids(layer.ids_or_none(scan.lengths)).reads(layer.or_none(layer.bias));
    let launch = launch.reads(layer.or_none(layer.peephole)).reads(layer.or_none(scan.mask));
    let launch = launch.reads(layer.or_none(layer.gain)).float(EPS);
    let launch = launch.writes(&mut kept.normal).writes(&mut kept.scales);
    let launch = launch.writes(&mut kept.gates).writes(&mut kept.hidden).writes(&mut kept.masked);
    let launch = launch.writes(states).writes(cells).touches(layer.touched_by_rows());
    launch.groups([batch, 1, 1], ROW_ITEMS)
}

/// Returns the states of all steps, zero past each sequence's end.
fn outputs(layer: &Layer<'_>, scan: &Scan<'_>, states: &Tensor) -> Result<Tensor> {
    let (time, first) = (states.dims()[0] - 1, usize::from(!scan.reverse));
    let Some(lengths) = scan.lengths else { return Ok(states.range(first, time)) };
    let mut y = layer.device.uninit([time, layer.batch, layer.n])?;
    let all = y.len();
    let launch = layer.device.kernel(&SEQUENCE, "outputs").uint(layer.batch).uint(layer.n);
    let launch = launch.uint(first).long(all).ids(lengths).reads(states);
    launch.writes(&mut y).over(all)?;
    Ok(y)
}

/// The gradients of a scan's outputs, and the options of its backward pass.
pub(crate) struct OutputGradients<'a> {
    pub(crate) dy: Option<&'a Tensor>,
    pub(crate) dh: Option<Tensor>,
    pub(crate) dc: Option<Tensor>,
    /// Whether the gradient of the initial state is required.
    pub(crate) wants_state: bool,
    /// The name under which the norms of the states' gradients are recorded.
    pub(crate) flow: Option<&'a str>,
}

/// Runs the backward pass through all steps. Returns the gradients of the initial states; on
/// return, `kept` holds the products' gradients.
pub(crate) fn steps_back(
    back: &mut tensor::Backward<'_>,
    device: &OpenCl,
    scan: &Scan<'_>,
    (states, cells): (&Tensor, &Tensor),
    kept: &mut SavedActivations,
    given: OutputGradients<'_>,
) -> Result<(Tensor, Tensor)> {
    let OutputGradients { dy, dh, dc, wants_state, flow } = given;
    let (time, batch) = (states.dims()[0] - 1, states.dims()[1]);
    let w = back.params();
    let layer = Layer::new(device, w, scan.layer, batch)?;
    let n = layer.n;
    let mut g = Gradients::new(&layer, time, dh, dc, flow.is_some())?;
    let mut through = match layer.is_fused() {
        true => device.uninit([0])?,
        false => device.uninit([batch, n])?,
    };
    let order: Box<dyn Iterator<Item = usize>> =
        if scan.reverse { Box::new(0..time) } else { Box::new((0..time).rev()) };
    let mut from = None;
    for t in order {
        for k in (0..layer.programs.len()).rev() {
            // This program's gating depends on the product of the next program of this step, or of
            // the first program of the step processed before.
            let met =
                if k + 1 < layer.programs.len() { Some((k + 1, t)) } else { from.map(|t| (0, t)) };
            if layer.is_fused() {
                fused_back(&layer, scan, (k, t, met), (states, cells), dy, kept, &mut g)?;
                continue;
            }
            if let Some((k, from)) = met {
                layer.product_back(k, layer.d_products(kept), from, &mut through)?;
            }
            let (before, after) = scan.slots(t);
            let masked = kept.masked.clone();
            let (state, seen) = if scan.mask.is_some() { (&masked, t) } else { (states, before) };
            let s = RowsBack {
                time: t,
                before,
                after,
                seen,
                lengths: scan.lengths,
                mask: scan.mask,
                state,
                h: states,
                c_before: cells,
                c: cells,
                dy,
                through: met.map(|_| &through),
            };
            layer.rows_back(k, &s, kept, &mut g)?;
        }
        from = Some(t);
    }
    if let Some(last) = from.filter(|_| wants_state) {
        let d = layer.d_products(kept).index(last);
        products_back(&layer, scan.mask, &d, &mut g.dh)?;
    }
    if let Some(name) = flow {
        let mut squares = device.uninit([time, PARTS])?;
        let launch = device.kernel(&SEQUENCE, "step_squares").uint(batch * n).reads(&g.flow);
        launch.writes(&mut squares).groups([PARTS, time, 1], ROW_ITEMS)?;
        if let Some(flow) = back.flow() {
            (0..time).for_each(|t| flow.add_squares(name, t, squares.index(t)));
        }
    }
    g.defer(back, scan.layer);
    Ok((g.dh, g.dc))
}

/// Runs a backward step with one launch per program. `met` is the program and the step whose
/// product the launch computes.
fn fused_back(
    layer: &Layer<'_>,
    scan: &Scan<'_>,
    (k, t, met): (usize, usize, Option<(usize, usize)>),
    (states, cells): (&Tensor, &Tensor),
    dy: Option<&Tensor>,
    kept: &mut SavedActivations,
    g: &mut Gradients,
) -> Result<()> {
    let (before, after) = scan.slots(t);
    let tiles = layer.tiles();
    let flags = layer.weights()
        | has(LENGTHS, scan.lengths.is_some())
        | has(MASK, scan.mask.is_some())
        | has(THROUGH, met.is_some())
        | has(DY, dy.is_some())
        | has(FLOW, !g.flow.is_empty());
    let launch = layer.device.kernel(tiles.of(&layer.programs[k]), "scan_backward");
    let launch = launch.uint(layer.batch).uint(layer.n).uint(t).uint(met.map_or(t, |(_, t)| t));
    let launch = launch.uint(before).uint(after).uint(flags);
    let launch = launch.ids(layer.ids_or_none(scan.lengths)).reads(layer.w);
    let launch = launch.reads(layer.or_none(layer.peephole)).reads(layer.or_none(scan.mask));
    let launch = launch.reads(&kept.masked).reads(states).reads(cells).reads(layer.or_none(dy));
    let launch = launch.writes(&mut kept.gates).writes(&mut kept.hidden);
    let launch = launch.writes(&mut g.dh).writes(&mut g.dc);
    let launch = launch.writes(&mut g.peephole).writes(&mut g.flow).touches(layer.touched());
    if let Some((k, _)) = met {
        layer.count_product(&layer.cell.products()[k]);
    }
    launch.groups(tiles.groups, tiles.local)
}
