//! f32 tensors with reverse-mode differentiation, built for recurrent networks.
//!
//! What is here, from the outside in:
//!
//! - [`Params`] holds a model's named parameters; [`init`] draws their first values.
//! - [`Tape`] remembers what was computed on one thread in one step, and goes back through it.
//!   Operations are as coarse as speed wants; other crates add theirs through [`Op`].
//! - [`ops`] are the operations that every network needs: linear, embedding, dropout, layer norm,
//!   maxout, cross-entropy.
//! - [`Gradients`] gathers what the backward pass found, multiplies each weight's deferred rows once, and
//!   [clips](ReducedGradients::norms); [`optim`] equals `torch.optim`.
//! - [`Tensor`] is the value itself, in and out of `ndarray`; [`PooledVec`] is for what goes with it. The
//!   memory of both is reused: a training step whose shapes were seen before allocates nothing.
//! - [`gemm`], [`simd`], [`kernels`], [`Threads`] make it fast: weights packed once a step, vector
//!   instructions chosen at run time, one level of threads that is started once.
//! - [`opencl`] has devices besides the processor, their kernels' launches and products.
//! - [`check`] compares gradients with finite differences.
//!
//! # A linear map, learnt
//!
//! ```
//! use tensor::init::{Init, rng};
//! use tensor::optim::{Optimizer, OptimizerConfig};
//! use tensor::{Params, Tape, Tensor, Threads, ops};
//!
//! let (threads, mut random) = (Threads::single(), rng(1, "init"));
//! let x = Init::Normal { std: 1.0 }.tensor([64, 2], &mut random)?;
//! let mut params = Params::new();
//! let w = params.add("w", Init::TorchDefault.tensor([1, 2], &mut random)?)?;
//! let b = params.add("b", Tensor::zeros([1]))?;
//! let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
//! for _ in 0..500 {
//!     let mut tape = Tape::new(&params);
//!     let input = tape.constant(x.clone());
//!     let y = ops::linear(&mut tape, input, w, Some(b))?;
//!     // The loss is sum (y - t)^2 / 128, t = 2 x_0 - x_1 + 1: its gradient starts the backward pass.
//!     let mut dy = tape.value(y).copy();
//!     for (d, x) in dy.data_mut().iter_mut().zip(x.data().chunks_exact(2)) {
//!         *d = (*d - (2.0 * x[0] - x[1] + 1.0)) / 64.0;
//!     }
//!     let gradients = tape.backward(&[(y, dy)])?.gradients.reduce(&params, &threads)?;
//!     let norms = gradients.norms(Some(1.0))?;
//!     optimizer.step(&mut params, &gradients, &norms, 0.05, &threads, false)?;
//! }
//! let learnt = params.get(w).data();
//! assert!((learnt[0] - 2.0).abs() < 1e-3 && (learnt[1] + 1.0).abs() < 1e-3);
//! # Ok::<(), tensor::Error>(())
//! ```
//!
//! # Letters of shapes
//!
//! The same letters everywhere in the workspace; a sequence is time-major, \[T, B, ...\].
//!
//! | letter | what it counts |
//! |---|---|
//! | B | sequences in a batch |
//! | S | source positions |
//! | T | target positions, or time steps |
//! | E | an embedding's width |
//! | H | a hidden state's width |
//! | K | a memory entry's width |
//! | Q | a query's width |
//! | A | the inner width of an additive attention |
//! | V | entries of a vocabulary |
//! | L | layers |
//! | D | directions |
//! | G | gates of a recurrent cell |
//! | I, O | a layer's inputs and outputs |
//!
//! # The same bits
//!
//! A given thread count, kernel path ([`simd::level`]) and seed give the same bits every time. What
//! is drawn inside a step ([`random`]) depends on seed, step, place and element alone, so it is the
//! same for every thread count, too. Sums are not: with another thread count they are put together
//! in another order, and differ by rounding.
//!
//! # Feature `opencl`
//!
//! With it, [`Device::open`] opens a device behind OpenCL 1.2, and what [`Params::to_device`] moved
//! there is computed there: every operation of this crate, its backward pass, gradients, clipping,
//! optimizers ([`optim::Optimizer::update`]). [`opencl`] says how, and how an operation of another
//! crate takes part. A build without the feature needs no system library and answers
//! [`Error::NotBuiltWith`].

mod autograd;
mod cancellation;
pub mod check;
mod cpu;
pub mod device;
mod driver;
mod error;
pub mod gemm;
mod gradients;
pub mod init;
mod lengths;
mod memory;
pub mod opencl;
pub mod ops;
pub mod optim;
mod params;
pub mod random;
mod shape;
mod tensor;
mod threads;

pub use autograd::{Backpropagated, Backward, BatchPart, Flow, Op, OpTiming, Profile, Tape, Var};
pub use cancellation::CancellationToken;
pub use cpu::pooled_vec::{Items, PooledVec};
pub use cpu::{elementwise as kernels, simd};
pub use device::{Device, DeviceProperties};
pub use error::{Error, Result};
pub use gradients::{Gradient, Gradients, Norms, ReducedGradients, RowGradient};
pub use lengths::Lengths;
pub use memory::{Reporting, on_refused_memory};
pub use params::{ParamId, Params};
pub use shape::Shape;
pub use tensor::{DeferredScalar, Tensor};
pub use threads::Threads;

/// The example of the README is tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
