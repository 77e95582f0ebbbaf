//! The products of a step's backward pass: the gradients of the state and of parts of the input.

use std::ops::Range;

use tensor::opencl::Program;
use tensor::{Result, Tensor};

use super::opencl::{Layer, MASK, Tiles, UNITS, has};

const TEXT: &[&str] = &[
    include_str!("../programs/cell.cl"),
    include_str!("../programs/tile.cl"),
    include_str!("products.cl"),
];
static NARROW: Program = Program::new(TEXT).with_options("-DGATES=1");
static WIDE: Program = Program::new(TEXT).with_options("-DGATES=1 -DWIDE");

/// The number of input parts whose products share a launch with the state's product.
pub(crate) const PARTS: usize = 2;

/// The operands and outputs for the gradients of up to [`PARTS`] parts of the input.
pub(crate) struct InputBack<'a> {
    pub(crate) d: &'a Tensor,
    pub(crate) w: &'a Tensor,
    pub(crate) parts: Vec<(Range<usize>, &'a mut Tensor)>,
}

/// Computes dh += m (D W) for the rows of one step.
pub(crate) fn products_back(
    layer: &Layer<'_>,
    mask: Option<&Tensor>,
    d: &Tensor,
    dh: &mut Tensor,
) -> Result<()> {
    launch_back(layer, mask, d, Some(dh), None)
}

/// Computes what [`products_back`] computes and the gradients of parts of the input; without `dh`,
/// only the latter.
pub(crate) fn launch_back(
    layer: &Layer<'_>,
    mask: Option<&Tensor>,
    d: &Tensor,
    dh: Option<&mut Tensor>,
    input: Option<InputBack<'_>>,
) -> Result<()> {
    let device = layer.device;
    let mut unused = [device.uninit([0])?, device.uninit([0])?, device.uninit([0])?];
    let [no_dh, no_a, no_b] = &mut unused;
    let n = if dh.is_some() { layer.n } else { 0 };
    let (d_input, w_ih, parts) = match input {
        Some(input) => (input.d, input.w, input.parts),
        None => (&layer.none, &layer.none, Vec::new()),
    };
    let mut parts = parts.into_iter();
    let (a_columns, a) = parts.next().unwrap_or((0..0, no_a));
    let (b_columns, b) = parts.next().unwrap_or((0..0, no_b));
    let tiles = [n, a_columns.len(), b_columns.len()].map(|n| n.div_ceil(UNITS)).iter().sum();
    let tiles = Tiles::new(device, layer.batch, tiles);
    // The state is multiplied by the weights of the first program's gates.
    let terms = layer.cell.products()[0].len() * layer.n;
    let program = if tiles.wide { &WIDE } else { &NARROW };
    let launch = device.kernel(program, "products_back").uint(layer.batch);
    let launch = launch.uint(has(MASK, mask.is_some())).reads(layer.or_none(mask));
    let launch = launch.reads(d).uint(layer.gates_width()).uint(terms).reads(layer.w).uint(n);
    let launch = launch.writes(dh.unwrap_or(no_dh)).reads(d_input).uint(layer.gates_width());
    let launch = launch.reads(w_ih).uint(w_ih.shape().width());
    let launch = launch.uint(a_columns.start).uint(a_columns.len()).writes(a);
    let launch = launch.uint(b_columns.start).uint(b_columns.len()).writes(b);
    let columns = a_columns.len() + b_columns.len();
    device.count_product((2 * layer.batch * (n * terms + columns * layer.gates_width())) as u64);
    let touched = n * terms + columns * layer.gates_width();
    let touched = touched + layer.batch * (2 * layer.gates_width() + 2 * n + columns);
    launch.touches(touched).groups(tiles.groups, tiles.local)
}
