//! Initialisation of parameters, and the generators behind it.
//!
//! Random numbers drawn between steps (initial values, shuffles) come from ChaCha generators: one
//! stream per purpose, so that a purpose that draws more or fewer numbers does not change the
//! others' draws. Random numbers drawn inside a step come from [`crate::random`].

use ndarray::{Array2, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::random::fnv1a;
use crate::shape::Shape;
use crate::tensor::Tensor;

const OP: &str = "initialise";

/// The generator for random numbers drawn between steps.
pub type Rng = ChaCha8Rng;

/// A function that returns a parameter's initial value, from its whole name (the module's prefix
/// included) and its shape. An error ends the construction of the module.
pub type InitFn<'a> = dyn FnMut(&str, Shape) -> Result<Tensor> + 'a;

/// Returns the generator of a purpose: the run's seed, with a separate stream per name.
///
/// ```
/// use tensor::rand::Rng as _;
///
/// let mut init = tensor::init::rng(7, "init");
/// let mut shuffle = tensor::init::rng(7, "shuffle");
/// assert_ne!(init.random::<u64>(), shuffle.random::<u64>());
/// ```
pub fn rng(seed: u64, purpose: &str) -> Rng {
    rng_stream(seed, fnv1a(purpose))
}

/// Returns the generator of a seed and a numbered stream.
pub fn rng_stream(seed: u64, stream: u64) -> Rng {
    let mut rng = Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// The position of a generator in its stream, as saved in a checkpoint.
///
/// ```
/// use tensor::rand::Rng as _;
/// use tensor::init::{Position, rng};
///
/// let mut first = rng(7, "shuffle");
/// first.random::<u64>();
/// let mut second = Position::of(&first).rng();
/// assert_eq!(first.random::<u64>(), second.random::<u64>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The generator's key.
    pub seed: [u8; 32],
    /// Its stream.
    pub stream: u64,
    /// The number of 32-bit words it has generated.
    pub word: u128,
}

impl Position {
    /// Returns the position of `rng`.
    pub fn of(rng: &Rng) -> Self {
        Self { seed: rng.get_seed(), stream: rng.get_stream(), word: rng.get_word_pos() }
    }

    /// Returns a generator at this position.
    pub fn rng(&self) -> Rng {
        let mut rng = Rng::from_seed(self.seed);
        rng.set_stream(self.stream);
        rng.set_word_pos(self.word);
        rng
    }
}

/// The distribution of a parameter's initial values.
///
/// With fan-in I and fan-out O of a weight \[O, I\] (further dimensions multiply both, as in
/// PyTorch):
///
/// | name | values | PyTorch (`torch.nn.init`) |
/// |---|---|---|
/// | `zeros` | 0 | `zeros_` |
/// | `ones` | 1 | `ones_` |
/// | `uniform` | U\[-limit, limit\] | `uniform_(w, -limit, limit)` |
/// | `normal` | N(0, std^2) | `normal_(w, 0, std)` |
/// | `xavier_uniform` | U\[-a, a\], a = sqrt(6 / (I + O)); Glorot and Bengio 2010, eq. 16 | `xavier_uniform_` |
/// | `xavier_normal` | N(0, 2 / (I + O)); eq. 12 | `xavier_normal_` |
/// | `orthogonal` | orthonormal rows or columns, whichever are fewer; Saxe et al. 2014 | `orthogonal_` |
/// | `torch_default` | U\[-1/sqrt(I), 1/sqrt(I)\] | the default of `nn.Linear` |
///
/// As data, in JSON: `"orthogonal"`, `{"uniform": {"limit": 0.1}}`.
///
/// ```
/// use tensor::init::{Init, rng};
///
/// let mut rng = rng(1, "init");
/// let w = Init::Uniform { limit: 0.1 }.tensor([4, 3], &mut rng)?;
/// assert!(w.data().iter().all(|v| v.abs() <= 0.1));
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// Uniform between -limit and limit.
    Uniform {
        /// The largest magnitude.
        limit: f32,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f32,
    },
    /// Glorot and Bengio's uniform distribution.
    XavierUniform,
    /// Glorot and Bengio's variance, normally distributed.
    XavierNormal,
    /// A random matrix with orthonormal rows or columns.
    Orthogonal,
    /// Uniform within 1 / sqrt(fan-in): the default of PyTorch's layers.
    #[default]
    TorchDefault,
}

impl Init {
    /// Returns the default of PyTorch's layers for a fan-in: `nn.Linear` uses the weight's fan-in
    /// for its bias too; `nn.RNN`, `nn.LSTM` and `nn.GRU` use the hidden size for all their
    /// parameters.
    pub fn torch_default(fan: usize) -> Self {
        Self::Uniform { limit: (1.0 / (fan.max(1) as f64).sqrt()) as f32 }
    }

    /// Returns the same scheme, except that [`Init::TorchDefault`] uses this fan-in instead of the
    /// shape's.
    pub fn with_fan(self, fan: usize) -> Self {
        if self == Self::TorchDefault { Self::torch_default(fan) } else { self }
    }

    /// Draws a tensor, in row-major order.
    ///
    /// # Errors
    /// A limit or a standard deviation is negative or not finite; the shape has one dimension, but
    /// the scheme needs fans.
    pub fn tensor(self, shape: impl Into<Shape>, rng: &mut Rng) -> Result<Tensor> {
        let shape = shape.into();
        match self {
            Self::Zeros => Ok(Tensor::zeros(shape)),
            Self::Ones => Ok(Tensor::full(shape, 1.0)),
            Self::Uniform { limit } => uniform(shape, limit, rng),
            Self::Normal { std } => normal(shape, std, rng),
            Self::XavierUniform => {
                let (fan_in, fan_out) = fans(shape)?;
                uniform(shape, (6.0 / (fan_in + fan_out)).sqrt() as f32, rng)
            }
            Self::XavierNormal => {
                let (fan_in, fan_out) = fans(shape)?;
                normal(shape, (2.0 / (fan_in + fan_out)).sqrt() as f32, rng)
            }
            Self::Orthogonal => {
                let rows = shape.dims().first().copied().unwrap_or(0);
                fans(shape)?;
                let columns = shape.len() / rows.max(1);
                let q = orthogonal(rows, columns, rng)?;
                Tensor::from_vec(shape, q.iter().map(|&v| v as f32).collect())
            }
            Self::TorchDefault => {
                let (fan_in, _) = fans(shape)?;
                uniform(shape, (1.0 / fan_in).sqrt() as f32, rng)
            }
        }
    }

    /// Draws the initial value of a module's parameter: a matrix by [`Init::blocks`], a vector (a
    /// bias) as it goes with the scheme.
    ///
    /// | scheme | matrix | vector |
    /// |---|---|---|
    /// | `XavierUniform`, `XavierNormal`, `Orthogonal` | the scheme | 0 |
    /// | `TorchDefault` | within 1 / sqrt(`fan`) | within 1 / sqrt(`fan`) |
    /// | all others | the scheme | the scheme |
    ///
    /// `fan` is PyTorch's fan-in: the inputs of `nn.Linear`, the hidden size of `nn.LSTM`.
    ///
    /// # Errors
    /// Those of [`Init::blocks`].
    pub fn parameter(
        self,
        shape: Shape,
        fan: usize,
        blocks: usize,
        rng: &mut Rng,
    ) -> Result<Tensor> {
        match self.with_fan(fan) {
            Self::XavierUniform | Self::XavierNormal | Self::Orthogonal if shape.rank() < 2 => {
                Ok(Tensor::zeros(shape))
            }
            init => init.blocks(blocks, shape, rng),
        }
    }

    /// Draws a tensor as `blocks` tensors along its outermost dimension, one after the other: a
    /// gate matrix \[G H, I\] whose G gates are initialised separately (each orthogonal).
    ///
    /// # Errors
    /// Those of [`Init::tensor`]; `blocks` does not divide the outermost dimension.
    pub fn blocks(self, blocks: usize, shape: impl Into<Shape>, rng: &mut Rng) -> Result<Tensor> {
        let shape = shape.into();
        let mut dims = [1; 4];
        dims[..shape.rank()].copy_from_slice(shape.dims());
        if blocks == 0 || shape.rank() == 0 || dims[0] % blocks != 0 {
            let what = format!("{blocks} blocks do not divide the rows of {shape}");
            return Err(Error::argument(OP, what));
        }
        dims[0] /= blocks;
        let block = Shape::new(&dims[..shape.rank()]);
        let mut whole = Tensor::uninit(shape);
        for part in whole.data_mut().chunks_exact_mut(block.len().max(1)) {
            part.copy_from_slice(self.tensor(block, rng)?.data());
        }
        Ok(whole)
    }
}

/// Returns fan-in and fan-out, as PyTorch counts them.
fn fans(shape: Shape) -> Result<(f64, f64)> {
    match *shape.dims() {
        [o, i, ref field @ ..] => {
            let field: usize = field.iter().product();
            Ok(((i * field) as f64, (o * field) as f64))
        }
        _ => Err(Error::argument(OP, format!("fans of {shape}: two dimensions are needed"))),
    }
}

fn draw(shape: Shape, distribution: impl Distribution<f32>, rng: &mut Rng) -> Tensor {
    let mut tensor = Tensor::uninit(shape);
    tensor.data_mut().iter_mut().for_each(|v| *v = distribution.sample(rng));
    tensor
}

fn uniform(shape: Shape, limit: f32, rng: &mut Rng) -> Result<Tensor> {
    let wrong = || Error::argument(OP, format!("limit {limit}, expected 0 or more"));
    if limit < 0.0 {
        return Err(wrong());
    }
    let distribution = Uniform::new_inclusive(-limit, limit).map_err(|_| wrong())?;
    Ok(draw(shape, distribution, rng))
}

fn normal(shape: Shape, std: f32, rng: &mut Rng) -> Result<Tensor> {
    let wrong = || Error::argument(OP, format!("standard deviation {std}, expected 0 or more"));
    if std < 0.0 {
        return Err(wrong());
    }
    let distribution = Normal::new(0.0, std).map_err(|_| wrong())?;
    Ok(draw(shape, distribution, rng))
}

/// Rows that are orthogonalised together.
const BLOCK: usize = 32;

/// Returns the orthogonal factor of a normal matrix whose triangular factor has a positive
/// diagonal, which makes it uniformly distributed (Mezzadri 2007).
///
/// Modified Gram-Schmidt in f64 over blocks of rows (of columns, if they are fewer): the rows of a
/// block one after the other, then the block's part of all later rows as two products.
fn orthogonal(rows: usize, columns: usize, rng: &mut Rng) -> Result<Array2<f64>> {
    let (short, long) = (rows.min(columns), rows.max(columns));
    let distribution = Normal::new(0.0, 1.0)
        .map_err(|_| Error::argument(OP, "the standard normal distribution"))?;
    let mut q = Array2::<f64>::from_shape_simple_fn((short, long), || distribution.sample(rng));
    for start in (0..short).step_by(BLOCK) {
        let end = (start + BLOCK).min(short);
        for k in start..end {
            let (done, mut rest) = q.view_mut().split_at(ndarray::Axis(0), k);
            let mut row = rest.row_mut(0);
            // Done twice: the first pass leaves rounding errors.
            for _ in 0..2 {
                for other in done.slice(s![start.., ..]).rows() {
                    let share = other.dot(&row);
                    row.scaled_add(-share, &other);
                }
            }
            let norm = row.dot(&row).sqrt();
            row /= norm.max(f64::MIN_POSITIVE);
        }
        let (done, mut rest) = q.view_mut().split_at(ndarray::Axis(0), end);
        let block = done.slice(s![start.., ..]);
        let shares = rest.dot(&block.t());
        ndarray::linalg::general_mat_mul(-1.0, &shares, &block, 1.0, &mut rest);
    }
    Ok(if rows == short { q } else { q.reversed_axes() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;

    fn moments(t: &Tensor) -> (f64, f64, f64) {
        let n = t.len() as f64;
        let mean = t.data().iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let variance = t.data().iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
        let most = t.data().iter().fold(0.0_f64, |m, v| m.max(f64::from(v.abs())));
        (mean, variance, most)
    }

    #[test]
    fn draws_have_the_moments_and_bounds_they_promise() {
        let (o, i) = (300, 200);
        let bound = (6.0_f64 / 500.0).sqrt();
        let cases = [
            (Init::Uniform { limit: 0.1 }, 0.01 / 3.0, 0.1),
            (Init::Normal { std: 0.5 }, 0.25, f64::INFINITY),
            (Init::XavierUniform, bound * bound / 3.0, bound),
            (Init::XavierNormal, 2.0 / 500.0, f64::INFINITY),
            (Init::TorchDefault, 1.0 / 600.0, 1.0 / 200.0_f64.sqrt()),
            (Init::torch_default(50), 1.0 / 150.0, 1.0 / 50.0_f64.sqrt()),
        ];
        for (init, variance, most) in cases {
            let t = init.tensor([o, i], &mut rng(3, "test")).unwrap();
            let (mean, got, largest) = moments(&t);
            // 60,000 draws: four standard errors, 5% on the variance.
            assert!(mean.abs() < 4.0 * (variance / 60_000.0).sqrt(), "{init:?}: mean {mean}");
            assert!((got / variance - 1.0).abs() < 0.05, "{init:?}: variance {got}");
            assert!(largest <= most * (1.0 + 1e-6), "{init:?}: {largest}");
            if most.is_finite() {
                assert!(largest > 0.99 * most, "{init:?}: {largest}");
            }
        }
        let mut rng = rng(3, "test");
        assert!(Init::Zeros.tensor([7], &mut rng).unwrap().data().iter().all(|&v| v == 0.0));
        assert!(Init::Ones.tensor([7], &mut rng).unwrap().data().iter().all(|&v| v == 1.0));
        assert_eq!(Init::Uniform { limit: 0.0 }.tensor([2], &mut rng).unwrap().data(), [0.0; 2]);
    }

    /// Checks that the rows or the columns, whichever are fewer, are orthonormal.
    fn assert_orthonormal(t: &Tensor, what: &str) {
        let m = t.view2().mapv(f64::from);
        let m = if m.nrows() <= m.ncols() { m } else { m.reversed_axes() };
        let gram = m.dot(&m.t());
        for ((i, j), v) in gram.indexed_iter() {
            let want = if i == j { 1.0 } else { 0.0 };
            assert!((v - want).abs() < 1e-6, "{what}: product of {i} and {j} is {v}");
        }
    }

    #[test]
    fn orthogonal_matrices_are() {
        let mut rng = rng(5, "test");
        for (rows, columns) in [(1, 1), (1, 9), (9, 1), (31, 33), (64, 64), (200, 70), (70, 200)] {
            let t = Init::Orthogonal.tensor([rows, columns], &mut rng).unwrap();
            assert_eq!(t.dims(), [rows, columns]);
            assert_orthonormal(&t, &format!("{rows} x {columns}"));
        }
    }

    #[test]
    fn orthogonal_signs_are_even() {
        // Uniform over all orthogonal matrices: the diagonal has no preferred sign.
        let mut rng = rng(6, "test");
        let mut sum = 0.0;
        for _ in 0..400 {
            sum += Init::Orthogonal.tensor([5, 5], &mut rng).unwrap().data()[0];
        }
        assert!(sum.abs() / 400.0 < 4.0 * (1.0_f32 / 5.0 / 400.0).sqrt(), "{sum}");
    }

    #[test]
    fn every_gate_is_orthogonal_by_itself() {
        let t = Init::Orthogonal.blocks(4, [80, 20], &mut rng(5, "test")).unwrap();
        for gate in 0..4 {
            assert_orthonormal(&t.range(20 * gate, 20), "gate");
        }
        assert_ne!(t.range(0, 20), t.range(20, 20));
        assert!(Init::Orthogonal.blocks(3, [80, 20], &mut rng(5, "test")).is_err());
        assert!(Init::Orthogonal.blocks(0, [80, 20], &mut rng(5, "test")).is_err());
    }

    #[test]
    fn a_vector_of_a_module_goes_with_the_scheme() {
        let mut rng = rng(5, "test");
        for init in [Init::XavierUniform, Init::XavierNormal, Init::Orthogonal, Init::Zeros] {
            let bias = init.parameter([6].into(), 4, 1, &mut rng).unwrap();
            assert!(bias.data().iter().all(|&v| v == 0.0), "{init:?}");
        }
        let bias = Init::TorchDefault.parameter([600].into(), 4, 1, &mut rng).unwrap();
        let (_, _, most) = moments(&bias);
        assert!(most > 0.45 && most <= 0.5, "{most}");
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let mut rng = rng(5, "test");
        for init in [
            Init::Uniform { limit: -1.0 },
            Init::Uniform { limit: f32::NAN },
            Init::Uniform { limit: f32::INFINITY },
            Init::Normal { std: -1.0 },
            Init::Normal { std: f32::NAN },
        ] {
            assert!(init.tensor([2, 2], &mut rng).is_err(), "{init:?}");
        }
        for init in [Init::XavierUniform, Init::XavierNormal, Init::Orthogonal, Init::TorchDefault]
        {
            assert!(init.tensor([2], &mut rng).is_err(), "{init:?}");
        }
        assert!(Init::TorchDefault.with_fan(4).tensor([2], &mut rng).is_ok());
        assert_eq!(Init::Ones.with_fan(4), Init::Ones);
    }

    #[test]
    fn the_first_draws_are_pinned() {
        // A change here means that a dependency draws other numbers: every seed gives another run.
        assert_eq!(rng(1, "init").random::<u64>(), 10_918_279_902_693_391_332);
        assert_eq!(rng(1, "shuffle").random::<u64>(), 11_107_748_152_075_565_464);
        assert_eq!(rng_stream(1, 0).random::<u64>(), 7_424_550_030_962_593_201);
        let u = Init::Uniform { limit: 1.0 }.tensor([2], &mut rng(1, "init")).unwrap();
        assert_eq!(u.data(), [-0.325_577_44, 0.183_762_2]);
        let n = Init::Normal { std: 1.0 }.tensor([2], &mut rng(1, "init")).unwrap();
        assert_eq!(n.data(), [0.143_815_12, -0.781_171_8]);
    }

    #[test]
    fn a_position_goes_on_where_the_generator_stood() {
        for words in [0, 1, 15, 16, 17, 1000] {
            let mut first = rng(9, "shuffle");
            for _ in 0..words {
                first.random::<u32>();
            }
            let mut second = Position::of(&first).rng();
            assert_eq!(first, second);
            for _ in 0..100 {
                assert_eq!(first.random::<u64>(), second.random::<u64>());
            }
        }
    }
}
