//! The choice of the way in which a product is computed, and its launch.

use super::matrix::{Matrix, ProductForm, ProductOutput, Start};
use crate::driver::{OpenCl, Precision, Program};
use crate::error::Result;
use crate::opencl::launch::Launch;

#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) depth: usize,
}

impl Sizes {
    /// Returns the number of elements that the products read and write, each counted once.
    fn touched(self) -> usize {
        self.batch * (self.m * self.depth + self.depth * self.n + self.m * self.n)
    }
}

/// One way to compute a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In bands of rows by vectors, for processors.
    Bands,
    /// In tiles of [`TILES`], one per work-group; each product is divided into `slices` of its
    /// terms, which a second launch adds up.
    Tiles { tile: usize, slices: usize },
    /// The same with tiles of [`CORES`]: factors rounded to TF32, on tensor cores if the device has
    /// them.
    Cores { tile: usize, slices: usize },
}

/// A kind of tile.
struct Tile {
    kernel: &'static str,
    edge: usize,
    /// Its work-group.
    local: [usize; 2],
    /// Approximate operations per second that a compute unit of a data-centre GPU reaches with it.
    rate: f64,
    /// One program per form.
    forms: [Program; 3],
    /// The same for NVIDIA's tensor cores, if they differ.
    ptx: Option<[Program; 3]>,
}

macro_rules! forms {
    ($text:literal, $($option:expr),+) => {
        [
            forms!(@ $text, $($option),+, ""),
            forms!(@ $text, $($option),+, " -DB_ALONG"),
            forms!(@ $text, $($option),+, " -DA_ALONG"),
        ]
    };
    (@ $text:literal, $($option:expr),+) => {
        Program::new(&[include_str!("tile.cl"), include_str!($text)])
            .with_options(concat!($($option),+))
    };
}

macro_rules! tile {
    // Work-groups of 256 work-items.
    ($edge:literal, $item:literal, $depth:literal, $rate:literal) => {
        Tile {
            kernel: "product",
            edge: $edge,
            local: [$edge / $item, $edge / $item],
            rate: $rate,
            forms: forms!(
                "product.cl",
                "-DTILE=",
                $edge,
                " -DITEM=",
                $item,
                " -DDEPTH=",
                $depth,
                " -DITEMS=256"
            ),
            ptx: None,
        }
    };
}

macro_rules! cores {
    ($edge:literal, $warps:literal, $items:literal, $rate:literal) => {
        Tile {
            kernel: "product_on_cores",
            edge: $edge,
            local: [32, $warps],
            rate: $rate,
            forms: cores!(@ $edge, $items, ""),
            ptx: Some(cores!(@ $edge, $items, " -DPTX")),
        }
    };
    (@ $edge:literal, $items:literal, $ptx:literal) => {
        forms!("cores.cl", "-DTILE=", $edge, " -DITEMS=", $items, " -DDEPTH=32", $ptx)
    };
}

/// From the largest, which reads the fewest elements, to the smallest, which occupies the most
/// compute units.
static TILES: [Tile; 3] =
    [tile!(128, 8, 16, 300e9), tile!(64, 4, 16, 220e9), tile!(32, 2, 32, 100e9)];
/// The same for TF32.
static CORES: [Tile; 2] = [cores!(128, 8, 256, 1500e9), cores!(64, 4, 128, 900e9)];

static SLICES: Program = Program::new(&[include_str!("slices.cl")]);
/// The largest number of slices of a product, and the smallest number of terms of a slice.
const MOST: usize = 16;
const SLICE: usize = 128;
/// Approximate seconds of a second launch, and bytes per second of the device's memory.
const LAUNCH: f64 = 5e-6;
const MEMORY: f64 = 3e12;

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
/// The largest number of rows of a band: their terms stay in the cache.
const BAND: usize = 192;

impl Tile {
    /// Estimates the seconds of a product in `slices` slices by a simple model: rounds of all
    /// compute units, plus the cost of adding up the slices.
    fn seconds(&self, s: Sizes, units: usize, slices: usize) -> f64 {
        let groups = s.m.div_ceil(self.edge) * s.n.div_ceil(self.edge) * s.batch * slices;
        let group = (2 * self.edge.pow(2) * s.depth.div_ceil(slices)) as f64 / self.rate;
        let adding = match slices {
            1 => 0.0,
            _ => LAUNCH + (8 * s.m * s.n * slices) as f64 / MEMORY,
        };
        groups.div_ceil(units.max(1)) as f64 * group + adding
    }
}

impl Way {
    /// Chooses bands on a processor, else the tile and the number of slices with the shortest
    /// estimate.
    pub(super) fn choose(device: &OpenCl, s: Sizes) -> Self {
        let in_cores = device.precision() == Precision::Tf32;
        if device.prefers_bands() && !in_cores {
            return Self::Bands;
        }
        let (tiles, most, units) = (
            if in_cores { &CORES[..] } else { &TILES },
            device.describe().work_group,
            device.units(),
        );
        let slices = |n: &usize| {
            *n == 1 || (s.batch == 1 && s.depth.is_multiple_of(*n) && s.depth / n >= SLICE)
        };
        let last = tiles.len() - 1;
        let fits = |tile: &usize| tiles[*tile].local.iter().product::<usize>() <= most;
        let all = (0..tiles.len()).filter(fits);
        let all = all.flat_map(|tile| (1..=MOST).filter(slices).map(move |slices| (tile, slices)));
        let seconds = |(tile, slices): &(usize, usize)| tiles[*tile].seconds(s, units, *slices);
        let best = all.min_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        let (tile, slices) = best.unwrap_or((last, 1));
        if in_cores { Self::Cores { tile, slices } } else { Self::Tiles { tile, slices } }
    }
}

pub(super) fn launch(
    device: &OpenCl,
    way: Way,
    s: Sizes,
    form: ProductForm,
    factors: (Matrix<'_>, Matrix<'_>),
    to: ProductOutput<'_>,
    start: Start<'_>,
) -> Result<()> {
    let operations = 2 * (s.batch * s.m * s.n * s.depth) as u64;
    device.shared.counted.product(operations, matches!(way, Way::Cores { .. }));
    let (tile, slices) = match way {
        Way::Bands => return bands(device, s, form, factors, to, start),
        Way::Tiles { tile, slices } => (&TILES[tile], slices),
        Way::Cores { tile, slices } => (&CORES[tile], slices),
    };
    if slices < 2 {
        return tiles(device, tile, s, form, factors, to, start);
    }
    // The slices form a batch of products, each with its share of the terms.
    let (mut a, mut b) = factors;
    let share = s.depth / slices;
    let sliced = Sizes { batch: slices, depth: share, ..s };
    (a.batch, b.batch) = match form {
        ProductForm::Nn => (share, share * b.stride),
        ProductForm::Nt => (share, share),
        ProductForm::Tn => (share * a.stride, share * b.stride),
    };
    let size = s.m * s.n;
    let mut parts = device.uninit([slices, s.m, s.n])?;
    let place = ProductOutput::strided(&mut parts, 0, s.n, size);
    tiles(device, tile, sliced, form, (a, b), place, Start::Zero)?;
    let (bias, kind) = start.parts(&parts);
    let launch = device.kernel(&SLICES, "add_slices").uint(s.m).uint(s.n);
    let launch = launch.uint(slices).uint(size).reads(&parts).reads(&bias).uint(kind);
    let launch = to.written(launch, false).touches((slices + 1) * size);
    launch.groups([s.n.div_ceil(64), s.m.div_ceil(4), 1], [64, 4, 1])
}

fn tiles(
    device: &OpenCl,
    tile: &'static Tile,
    s: Sizes,
    form: ProductForm,
    (a, b): (Matrix<'_>, Matrix<'_>),
    to: ProductOutput<'_>,
    start: Start<'_>,
) -> Result<()> {
    let (a_part, b_part) = (a.part(s.batch), b.part(s.batch));
    let (bias, kind) = start.parts(&a_part);
    let forms = match &tile.ptx {
        Some(ptx) if device.describe().has_tensor_cores() => ptx,
        _ => &tile.forms,
    };
    let launch = device.kernel(&forms[form as usize], tile.kernel);
    let launch = launch.uint(s.m).uint(s.n).uint(s.depth);
    let launch = launch.reads(&a_part).uint(a.stride).uint(a.batch);
    let launch = launch.reads(&b_part).uint(b.stride).uint(b.batch);
    let launch = to.written(launch.reads(&bias).uint(kind), true);
    let launch = launch.touches(s.touched());
    let groups = [s.n.div_ceil(tile.edge), s.m.div_ceil(tile.edge), s.batch];
    launch.groups(groups, [tile.local[0], tile.local[1], 1])
}

fn bands(
    device: &OpenCl,
    s: Sizes,
    form: ProductForm,
    (a, b): (Matrix<'_>, Matrix<'_>),
    to: ProductOutput<'_>,
    start: Start<'_>,
) -> Result<()> {
    let is_wide = device.describe().vector >= 16;
    let (program, columns) = if is_wide { (&WIDE, 32) } else { (&NARROW, 16) };
    let (a_part, b_part) = (a.part(s.batch), b.part(s.batch));
    let (bias, kind) = start.parts(&a_part);
    // Bands are shorter only if there would be fewer bands than cores.
    let across = s.n.div_ceil(columns) * s.batch;
    let wanted = (4 * device.describe().compute_units).div_ceil(across);
    let band = s.m.div_ceil(wanted).next_multiple_of(8).min(BAND);
    let launch = device.kernel(&program[form as usize], "product_rows");
    let launch = launch.uint(s.m).uint(s.n).uint(s.depth).uint(band);
    let launch = launch.reads(&a_part).uint(a.stride).uint(a.batch);
    let launch = launch.reads(&b_part).uint(b.stride).uint(b.batch);
    let launch = to.written(launch.reads(&bias).uint(kind), true);
    let launch = launch.touches(s.touched());
    launch.groups([s.n.div_ceil(columns), s.m.div_ceil(band), s.batch], [1, 1, 1])
}

impl<'a> ProductOutput<'a> {
    /// Passes the output's arguments: tensor, first element, stride and, with `batch`, the distance
    /// between products.
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
    /// Returns the bias, or an empty part of `other`, and the kernel's number for this kind of
    /// start.
    fn parts(&self, other: &crate::Tensor) -> (crate::Tensor, usize) {
        match self {
            Self::Zero => (other.flat(0, 0), 0),
            Self::Bias(bias) => ((*bias).clone(), 1),
            Self::Output => (other.flat(0, 0), 2),
        }
    }
}
