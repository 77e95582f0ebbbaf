//! In which way a product is computed, and its launch.

use super::{Form, Matrix, Place, Start};
use crate::error::Result;
use crate::opencl::{Launch, OpenCl, Program};

#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) depth: usize,
}

/// One way to compute a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In bands of rows by vectors: processors.
    Bands,
    /// In tiles by work-groups, of [`TILES`]; each product in so many slices of its terms, which
    /// are added up by a second launch.
    Tiles { tile: usize, slices: usize },
}

/// A tile: its edge, the edge of a work-item's part, and one program a form.
struct Tile {
    edge: usize,
    item: usize,
    forms: [Program; 3],
}

const TEXT: &[&str] = &[include_str!("product.cl")];
static SUMS: Program =
    Program::new(TEXT).with_options("-DTILE_M=32 -DTILE_N=32 -DITEM_M=2 -DITEM_N=2 -DDEPTH=32");

macro_rules! tile {
    ($edge:literal, $item:literal, $depth:literal) => {
        Tile {
            edge: $edge,
            item: $item,
            forms: [
                tile!(@ $edge, $item, $depth, ""),
                tile!(@ $edge, $item, $depth, " -DB_ALONG"),
                tile!(@ $edge, $item, $depth, " -DA_ALONG"),
            ],
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

macro_rules! bands {
    ($options:literal) => {
        [
            bands!(@ $options, ""),
            bands!(@ $options, " -DB_ALONG"),
            bands!(@ $options, " -DA_ALONG"),
        ]
    };
    (@ $options:literal, $form:literal) => {
        Program::new(&[include_str!("rows.cl")]).with_options(concat!($options, $form))
    };
}

/// For vectors of 16 floats, and for shorter ones.
static WIDE: [Program; 3] = bands!("-DV=16 -DROWS=8 -DDEPTH=256");
static NARROW: [Program; 3] = bands!("-DV=8 -DROWS=6 -DDEPTH=256");
/// Rows of a band at most: their terms stay in the cache.
const BAND: usize = 192;

/// Terms of a slice at least.
const SLICE: usize = 128;

impl Tile {
    fn groups(&self, s: Sizes) -> usize {
        s.m.div_ceil(self.edge) * s.n.div_ceil(self.edge) * s.batch
    }
}

impl Way {
    /// On a processor bands; else the largest tile that gives every compute unit two groups, or the
    /// smallest, with as many slices as give each unit a group.
    pub(super) fn choose(device: &OpenCl, s: Sizes) -> Self {
        let description = device.describe();
        if description.kind == "cpu" {
            return Self::Bands;
        }
        let units = description.compute_units;
        for (tile, t) in TILES[..2].iter().enumerate() {
            let is_filled = s.m > t.edge / 2 && s.n > t.edge / 2;
            let items = (t.edge / t.item).pow(2);
            if is_filled && t.groups(s) >= 2 * units && items <= description.work_group {
                return Self::Tiles { tile, slices: 1 };
            }
        }
        let groups = TILES[2].groups(s);
        let divides = |n: &usize| s.depth.is_multiple_of(*n) && s.depth / n >= SLICE;
        let wanted = (2 * units).checked_div(groups).unwrap_or(1).clamp(1, 16);
        let slices = match s.batch {
            1 => (1..=wanted).rev().find(divides).unwrap_or(1),
            _ => 1,
        };
        Self::Tiles { tile: 2, slices }
    }
}

pub(super) fn launch(
    device: &OpenCl,
    way: Way,
    s: Sizes,
    form: Form,
    factors: (Matrix<'_>, Matrix<'_>),
    to: Place<'_>,
    start: Start<'_>,
) -> Result<()> {
    device.count_product(2 * (s.batch * s.m * s.n * s.depth) as u64);
    match way {
        Way::Bands => bands(device, s, form, factors, to, start),
        Way::Tiles { tile, slices } if slices < 2 => {
            tiles(device, &TILES[tile], s, form, factors, to, start)
        }
        Way::Tiles { tile, slices } => {
            let (mut a, mut b) = factors;
            // A slice is one of a batch of products, each of its share of the terms.
            let share = s.depth / slices;
            let sliced = Sizes { batch: slices, depth: share, ..s };
            (a.batch, b.batch) = match form {
                Form::Nn => (share, share * b.stride),
                Form::Nt => (share, share),
                Form::Tn => (share * a.stride, share * b.stride),
            };
            let size = s.m * s.n;
            let mut parts = device.scratch([slices, s.m, s.n])?;
            let place = Place::strided(&mut parts, 0, s.n, size);
            tiles(device, &TILES[tile], sliced, form, (a, b), place, Start::Zero)?;
            let (bias, kind) = start.parts(&parts);
            let launch = device.kernel(&SUMS, "add_slices").uint(s.m).uint(s.n);
            let launch = launch.uint(slices).uint(size).reads(&parts).reads(&bias).uint(kind);
            let launch = to.written(launch, false);
            launch.groups([s.n.div_ceil(64), s.m.div_ceil(4), 1], [64, 4, 1])
        }
    }
}

fn tiles(
    device: &OpenCl,
    tile: &'static Tile,
    s: Sizes,
    form: Form,
    (a, b): (Matrix<'_>, Matrix<'_>),
    to: Place<'_>,
    start: Start<'_>,
) -> Result<()> {
    let (a_part, b_part) = (a.part(s.batch), b.part(s.batch));
    let (bias, kind) = start.parts(&a_part);
    let launch = device.kernel(&tile.forms[form as usize], "product");
    let launch = launch.uint(s.m).uint(s.n).uint(s.depth);
    let launch = launch.reads(&a_part).uint(a.stride).uint(a.batch);
    let launch = launch.reads(&b_part).uint(b.stride).uint(b.batch);
    let launch = to.written(launch.reads(&bias).uint(kind), true);
    let edge = tile.edge / tile.item;
    let groups = [s.n.div_ceil(tile.edge), s.m.div_ceil(tile.edge), s.batch];
    launch.groups(groups, [edge, edge, 1])
}

fn bands(
    device: &OpenCl,
    s: Sizes,
    form: Form,
    (a, b): (Matrix<'_>, Matrix<'_>),
    to: Place<'_>,
    start: Start<'_>,
) -> Result<()> {
    let is_wide = device.describe().vector >= 16;
    let (program, columns) = if is_wide { (&WIDE, 32) } else { (&NARROW, 16) };
    let (a_part, b_part) = (a.part(s.batch), b.part(s.batch));
    let (bias, kind) = start.parts(&a_part);
    // Bands are cut shorter only where there would not be one for each core.
    let across = s.n.div_ceil(columns) * s.batch;
    let wanted = (4 * device.describe().compute_units).div_ceil(across);
    let band = s.m.div_ceil(wanted).next_multiple_of(8).min(BAND);
    let launch = device.kernel(&program[form as usize], "product_rows");
    let launch = launch.uint(s.m).uint(s.n).uint(s.depth).uint(band);
    let launch = launch.reads(&a_part).uint(a.stride).uint(a.batch);
    let launch = launch.reads(&b_part).uint(b.stride).uint(b.batch);
    let launch = to.written(launch.reads(&bias).uint(kind), true);
    launch.groups([s.n.div_ceil(columns), s.m.div_ceil(band), s.batch], [1, 1, 1])
}

impl<'a> Place<'a> {
    /// The output's arguments: tensor, first element, stride and, with `batch`, the distance of
    /// products.
    fn written(self, launch: Launch<'a>, batch: bool) -> Launch<'a> {
        let launch = match self.shared {
            true => launch.writes_shared(self.tensor),
            false => launch.writes(self.tensor),
        };
        let launch = launch.uint(self.at).uint(self.stride);
        if batch { launch.uint(self.batch) } else { launch }
    }
}

impl Start<'_> {
    /// The bias, or an empty part of `other`, and the kernel's name for the start.
    fn parts(&self, other: &crate::Tensor) -> (crate::Tensor, usize) {
        match self {
            Self::Zero => (other.flat(0, 0), 0),
            Self::Bias(bias) => ((*bias).clone(), 1),
            Self::Output => (other.flat(0, 0), 2),
        }
    }
}
