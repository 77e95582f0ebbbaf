//! Which tile a product gets, and its launch.

use super::{Form, Matrix, Place, Start};
use crate::error::Result;
use crate::opencl::{OpenCl, Program};

#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) depth: usize,
}

/// A tile: its edge, the edge of a work-item's part, and one program a form.
struct Tile {
    edge: usize,
    item: usize,
    nn: Program,
    nt: Program,
    tn: Program,
}

const TEXT: &[&str] = &[include_str!("product.cl")];

macro_rules! tile {
    ($edge:literal, $item:literal, $depth:literal) => {
        Tile {
            edge: $edge,
            item: $item,
            nn: tile!(@ $edge, $item, $depth, ""),
            nt: tile!(@ $edge, $item, $depth, " -DB_ALONG"),
            tn: tile!(@ $edge, $item, $depth, " -DA_ALONG"),
        }
    };
    (@ $edge:literal, $item:literal, $depth:literal, $form:literal) => {
        Program::new(TEXT).with_options(concat!(
            "-DTILE_M=", $edge, " -DTILE_N=", $edge, " -DITEM_M=", $item, " -DITEM_N=", $item,
            " -DDEPTH=", $depth, $form
        ))
    };
}

/// From the largest, which reads the least, to the smallest, which keeps the most units at work.
static TILES: [Tile; 3] = [tile!(128, 8, 16), tile!(64, 4, 16), tile!(32, 2, 32)];

impl Tile {
    fn groups(&self, s: Sizes) -> usize {
        s.m.div_ceil(self.edge) * s.n.div_ceil(self.edge) * s.batch
    }

    /// The largest tile that gives every compute unit a group, else the smallest.
    fn choose(device: &OpenCl, s: Sizes) -> &'static Self {
        let [large, middle, small] = &TILES;
        let description = device.describe();
        let items = |tile: &Self| (tile.edge / tile.item).pow(2);
        let least = 2 * description.compute_units;
        for tile in [large, middle] {
            let wide = s.m > tile.edge / 2 && s.n > tile.edge / 2;
            if wide && tile.groups(s) >= least && items(tile) <= description.work_group {
                return tile;
            }
        }
        small
    }
}

pub(super) fn launch(
    device: &OpenCl,
    s: Sizes,
    form: Form,
    a: Matrix<'_>,
    b: Matrix<'_>,
    to: Place<'_>,
    start: Start<'_>,
) -> Result<()> {
    let tile = Tile::choose(device, s);
    let program = match form {
        Form::Nn => &tile.nn,
        Form::Nt => &tile.nt,
        Form::Tn => &tile.tn,
    };
    let (a_part, b_part) = (a.part(s.batch), b.part(s.batch));
    let nothing = a_part.flat(0, 0);
    let (bias, kind) = match start {
        Start::Zero => (&nothing, 0),
        Start::Bias(bias) => (bias, 1),
        Start::Output => (&nothing, 2),
    };
    let launch = device.kernel(program, "product");
    let launch = launch.uint(s.m).uint(s.n).uint(s.depth);
    let launch = launch.reads(&a_part).uint(a.stride).uint(a.batch);
    let launch = launch.reads(&b_part).uint(b.stride).uint(b.batch);
    let launch = launch.reads(bias).uint(kind);
    let Place { tensor, at, stride, batch, shared } = to;
    let launch = if shared { launch.writes_shared(tensor) } else { launch.writes(tensor) };
    let launch = launch.uint(at).uint(stride).uint(batch);
    let edge = tile.edge / tile.item;
    let groups = [s.n.div_ceil(tile.edge), s.m.div_ceil(tile.edge), s.batch];
    launch.groups(groups, [edge, edge, 1])?;
    device.count_product(2 * (s.batch * s.m * s.n * s.depth) as u64);
    Ok(())
}
