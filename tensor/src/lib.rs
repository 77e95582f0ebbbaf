//! f32 tensors with reverse-mode differentiation, built for recurrent networks.
//!
//! From the outside in:
//!
//! - [`Params`] holds a model's named parameters; [`init`] draws their first values, and a
//!   [`StateDict`] brings them to and from safetensors files.
//! - [`Tape`] records the operations of one thread in one step and runs the backward pass over
//!   them. An operation can be as coarse as a whole layer; other crates add theirs through [`Op`].
//! - [`ops`] contains the operations that every network needs; [`Graph`] and [`Value`] have them as
//!   methods and operators that can be nested, [`Linear`] and [`Embedding`] their parameters.
//! - [`Gradients`] gathers the results of the backward pass, multiplies each weight's deferred rows
//!   once, and [clips](ReducedGradients::norms); [`optim`] equals `torch.optim`.
//! - [`Tensor`] is the value itself and converts to and from `ndarray`; [`PooledVec`] holds the
//!   data that accompanies it. The memory of both is reused: a training step whose shapes were seen
//!   before allocates nothing.
//! - [`gemm`], [`simd`], [`kernels`] and [`Threads`] provide the speed: weights packed once per
//!   step, vector instructions chosen at run time, one level of threads that is started once.
//! - [`Ranks`] are processes that train one model together, through an [`Exchange`] of yours.
//! - [`opencl`] provides devices besides the processor, with kernel launches and matrix products.
//! - [`check`] compares gradients with finite differences.
//!
//! # A linear map, learnt
//!
//! ```
//! use tensor::init::{Init, rng};
//! use tensor::optim::{Optimizer, OptimizerConfig, Update};
//! use tensor::{Graph, Linear, Params, Tensor, Threads};
//!
//! let (threads, mut rng) = (Threads::single(), rng(1, "init"));
//! let x = Init::Normal { std: 1.0 }.tensor([64, 2], &mut rng)?;
//! let target = |x: &[f32]| 2.0 * x[0] - x[1] + 1.0;
//! let t = Tensor::from_vec([64, 1], x.data().chunks(2).map(target).collect())?;
//!
//! let mut params = Params::new();
//! let layer = Linear::new(&mut params, "", 2, 1, Init::TorchDefault, &mut rng)?;
//! let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
//! for _ in 0..500 {
//!     let g = Graph::new(&params);
//!     let y = g.constant(x.clone()).linear(layer);
//!     let loss = (y - g.constant(t.clone())).square().mean();
//!     let back = loss.backward()?;
//!     optimizer.step(&mut params, back.gradients, &Update::new(0.05), &threads)?;
//! }
//! let learnt = params.get(layer.weight).data();
//! assert!((learnt[0] - 2.0).abs() < 1e-3 && (learnt[1] + 1.0).abs() < 1e-3);
//! # Ok::<(), tensor::Error>(())
//! ```
//!
//! # Shape letters
//!
//! The whole workspace uses the same letters; a sequence is time-major, \[T, B, ...\].
//!
//! | letter | meaning |
//! |---|---|
//! | B | sequences in a batch |
//! | S | source positions |
//! | T | target positions, or time steps |
//! | E | width of an embedding |
//! | H | width of a hidden state |
//! | K | width of a memory entry |
//! | Q | width of a query |
//! | A | inner width of an additive attention |
//! | V | entries of a vocabulary |
//! | L | layers |
//! | D | directions |
//! | G | gates of a recurrent cell |
//! | I, O | inputs and outputs of a layer |
//!
//! # Reproducibility
//!
//! A given thread count, kernel path ([`simd::level`]) and seed give the same bits every time.
//! Random numbers drawn inside a step ([`random`]) depend only on seed, step, counter and element,
//! so they are also the same for every thread count. Sums are not: another thread count adds them
//! up in another order, so they differ by rounding.
//!
//! # Feature `opencl`
//!
//! With this feature, [`Device::open`] opens an OpenCL 1.2 device. If [`Params::to_device`] has
//! moved the parameters there, everything is computed there: every operation of this crate, its
//! backward pass, gradients, clipping and optimizers ([`optim::Optimizer::update`]). [`opencl`]
//! describes this, and how an operation of another crate takes part. A build without the feature
//! needs no system library; opening a device returns [`Error::NotBuiltWith`].

mod autograd;
mod cancellation;
pub mod check;
mod cpu;
pub mod device;
mod driver;
mod error;
pub mod gemm;
mod gradients;
mod graph;
pub mod init;
mod layers;
pub mod le_bytes;
mod lengths;
mod load_report;
mod memory;
pub mod opencl;
pub mod ops;
pub mod optim;
mod params;
pub mod random;
mod ranks;
mod shape;
mod state_dict;
mod tensor;
mod threads;

pub use autograd::{Backward, BackwardOutput, BatchPart, Flow, Op, OpTiming, Profile, Tape, Var};
pub use cancellation::CancellationToken;
pub use cpu::pooled_vec::{Items, PooledVec};
pub use cpu::{elementwise as kernels, simd};
pub use device::{Device, DeviceProperties};
pub use error::{Error, Result};
pub use gradients::{Gradient, Gradients, Norms, ReducedGradients, RowGradient};
pub use graph::{Graph, Value};
pub use layers::{Embedding, Linear};
pub use lengths::Lengths;
pub use load_report::{LoadReport, Mismatch};
pub use memory::{Reporting, on_refused_memory};
pub use params::{ParamId, Params};
pub use ranks::{Exchange, Place, Ranks};
pub use shape::Shape;
pub use state_dict::{LoadOptions, StateDict};
pub use tensor::{DeferredScalar, Tensor};
pub use threads::Threads;

/// The array crate whose types this crate converts from and to.
pub use ndarray;
/// The random numbers whose traits the generators of [`init`] implement.
pub use rand;

/// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
