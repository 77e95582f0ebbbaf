//! One gradient per parameter.

use std::sync::{Arc, OnceLock};

use super::gradient::Gradient;
use super::norms::{self, Norms};
use super::ranks;
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::opencl::Arena;
use crate::params::{ParamId, Params};
use crate::ranks::Ranks;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// One gradient per parameter, ready for an optimizer.
#[derive(Debug, Clone)]
pub struct ReducedGradients {
    gradients: PooledVec<Gradient>,
    /// L2 norm of each gradient, if they are on the host and it was asked for.
    norms: OnceLock<PooledVec<f64>>,
    /// The gradients' memory, if they are on a device.
    arena: Option<Arena>,
}

impl ReducedGradients {
    pub(super) fn new(gradients: PooledVec<Gradient>) -> Self {
        Self { gradients, norms: OnceLock::new(), arena: None }
    }

    pub(super) fn on_device(gradients: PooledVec<Gradient>, arena: Arena) -> Self {
        Self { gradients, norms: OnceLock::new(), arena: Some(arena) }
    }

    /// Returns the gradient of a parameter.
    pub fn get(&self, id: ParamId) -> &Gradient {
        self.gradients.get(id.index()).unwrap_or(&Gradient::None)
    }

    /// Returns the norms, and the factor that clips the gradients to a global norm of at most
    /// `limit`.
    ///
    /// g' = g min(1, limit / (|g| + 1e-6)), |g| the L2 norm over all parameters (Pascanu et al.
    /// 2013, algorithm 1). The gradients themselves are unchanged: an optimizer applies
    /// [`Norms::factor`] in its single pass. PyTorch: `torch.nn.utils.clip_grad_norm_`.
    ///
    /// On a device this waits; a training step uses
    /// [`Optimizer::update`](crate::optim::Optimizer::update), which does not.
    ///
    /// # Errors
    /// The device failed.
    pub fn norms(&self, limit: Option<f32>) -> Result<Norms> {
        self.norms_on(limit, &Threads::single())
    }

    /// Returns what [`norms`](Self::norms) does, computed by several threads.
    pub(crate) fn norms_on(&self, limit: Option<f32>, threads: &Threads) -> Result<Norms> {
        let each = match &self.arena {
            None => self.norms.get_or_init(|| norms_of(&self.gradients, threads)).clone(),
            Some(arena) => {
                let is_live = |g: &Gradient| !matches!(g, Gradient::None);
                norms::opencl::norms(arena, self.gradients.iter().map(is_live))?
            }
        };
        Ok(Norms::new(each, limit))
    }

    /// Returns the gradients' memory, if they are on a device.
    pub(crate) fn arena(&self) -> Option<&Arena> {
        self.arena.as_ref()
    }

    /// Returns all gradients on their device, for writing.
    fn arena_mut(&mut self) -> Result<Option<&mut Arena>> {
        let Some(arena) = &mut self.arena else { return Ok(None) };
        let views = self.gradients.iter_mut().enumerate().filter_map(|(i, g)| match g {
            Gradient::Dense(view) => Some((i, view)),
            _ => None,
        });
        arena.make_unique(views)?;
        Ok(Some(arena))
    }

    fn add_on_device(&mut self, other: &Self) -> Result<()> {
        let (Some(arena), Some(theirs)) = (self.arena_mut()?, &other.arena) else {
            return Err(Error::argument("add gradients", "they are on another device"));
        };
        let device = arena.layout.device.clone();
        device.blend_shared(&mut arena.memory, 1.0, 1.0, &theirs.memory)?;
        let arena = arena.clone();
        for (i, (mine, theirs)) in self.gradients.iter_mut().zip(&other.gradients).enumerate() {
            if !matches!((&mine, theirs), (Gradient::None, Gradient::None)) {
                *mine = Gradient::Dense(arena.layout.view(&arena.memory, i));
            }
        }
        Ok(())
    }

    /// Adds the gradients of another batch, parameter by parameter.
    ///
    /// # Errors
    /// The gradients belong to other parameters.
    pub fn add(&mut self, other: Self) -> Result<()> {
        if self.gradients.len() != other.gradients.len() {
            let (found, expected) = (other.gradients.len(), self.gradients.len());
            let what = format!("{found} parameters, expected {expected}");
            return Err(Error::argument("add gradients", what));
        }
        if self.arena.is_some() {
            return self.add_on_device(&other);
        }
        self.gradients.iter_mut().zip(other.gradients).try_for_each(|(a, b)| a.add(b))?;
        self.norms = OnceLock::new();
        Ok(())
    }

    /// Replaces the gradients by their sums over all ranks, added in a fixed order: every rank has the
    /// same bits, and the same number of ranks gives them every time. Every rank calls this. Returns the number of bytes that this rank
    /// sent.
    ///
    /// PyTorch: `torch.distributed.all_reduce`, as `DistributedDataParallel` does, but the sum and not
    /// the mean.
    ///
    /// # Errors
    /// A rank has ended or has other parameters; the device failed.
    pub fn sum_over(&mut self, ranks: &Ranks, params: &Params, threads: &Threads) -> Result<usize> {
        if ranks.is_alone() {
            return Ok(0);
        }
        let Some(arena) = &self.arena else {
            let sent = ranks::sum(&mut self.gradients, params, ranks, threads)?;
            self.norms = OnceLock::new();
            return Ok(sent);
        };
        let layout = Arc::clone(&arena.layout);
        let to_host = |gradient: &Gradient| match gradient {
            Gradient::Dense(view) => view.to_host().map(Gradient::Dense),
            other => Ok(other.clone()),
        };
        let mut sums = self.gradients.iter().map(to_host).collect::<Result<PooledVec<_>>>()?;
        let sent = ranks::sum(&mut sums, params, ranks, threads)?;
        let dense: Vec<Tensor> =
            params.ids().zip(&sums).map(|(id, sum)| sum.to_dense(params.shape(id))).collect();
        let memory = layout.filled(dense.iter())?;
        let on_device = |(i, sum): (usize, &Gradient)| match sum {
            Gradient::None => Gradient::None,
            _ => Gradient::Dense(layout.view(&memory, i)),
        };
        self.gradients = sums.iter().enumerate().map(on_device).collect();
        self.arena = Some(Arena { layout, memory });
        Ok(sent)
    }

    /// Multiplies every gradient by a factor.
    ///
    /// # Errors
    /// The device failed.
    pub fn scale(&mut self, factor: f32) -> Result<()> {
        if let Some(arena) = self.arena_mut()? {
            return arena.layout.device.clone().scale_shared(&mut arena.memory, factor);
        }
        self.gradients.iter_mut().for_each(|g| g.scale(factor));
        self.norms = OnceLock::new();
        Ok(())
    }
}

/// Returns the L2 norm of each gradient.
fn norms_of(gradients: &[Gradient], threads: &Threads) -> PooledVec<f64> {
    let pieces = gradients
        .iter()
        .enumerate()
        .flat_map(|(i, gradient)| gradient.pieces().map(move |piece| (i, piece, 0.0)));
    let mut pieces: PooledVec<(usize, &[f32], f64)> = pieces.collect();
    let values: usize = gradients.iter().map(|gradient| gradient.data().len()).sum();
    threads.for_each_of(values / 16, &mut pieces, |_, (_, piece, sum)| {
        *sum = kernels::sum_of_squares(piece);
    });
    let mut norms = PooledVec::filled(0.0, gradients.len());
    pieces.iter().for_each(|(i, _, sum)| norms[*i] += sum);
    norms.iter_mut().for_each(|norm| *norm = norm.sqrt());
    norms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradients::RowGradient;

    #[test]
    fn norms_have_the_same_bits_however_they_are_shared() {
        let values = (0..100_001).map(|i| ((i * 7919) % 1_009) as f32 / 504.5 - 1.0).collect();
        let large = Gradient::Dense(Tensor::from_vec([100_001], values).unwrap());
        let gradients = [large, Gradient::None, Gradient::Dense(Tensor::full([3], 2.0))];
        let want: Vec<f64> = gradients.iter().map(Gradient::norm).collect();
        for threads in [Threads::single(), Threads::new(3)] {
            assert_eq!(norms_of(&gradients, &threads)[..], want[..]);
        }
        assert!((want[2] - 12.0_f64.sqrt()).abs() < 1e-12 && want[1] == 0.0);
    }

    #[test]
    fn gradients_of_two_batches_add_up_whatever_their_kinds() {
        let mut params = Params::new();
        let w = params.add("w", Tensor::zeros([3, 1])).unwrap();
        let dense = |v: f32| Gradient::Dense(Tensor::full([3, 1], v));
        let rows = |ids: &[u32]| {
            let rows = Tensor::full([ids.len(), 1], 5.0);
            Gradient::Rows(RowGradient { ids: ids.into(), rows })
        };
        for (a, b, want) in [
            (dense(1.0), dense(2.0), [3.0, 3.0, 3.0]),
            (dense(1.0), rows(&[2]), [1.0, 1.0, 6.0]),
            (rows(&[0, 2]), dense(1.0), [6.0, 1.0, 6.0]),
            (rows(&[0, 2]), rows(&[1, 2]), [5.0, 5.0, 10.0]),
            (Gradient::None, rows(&[1]), [0.0, 5.0, 0.0]),
            (dense(4.0), Gradient::None, [4.0, 4.0, 4.0]),
        ] {
            let mut sum = ReducedGradients::new([a].into());
            sum.add(ReducedGradients::new([b].into())).unwrap();
            assert_eq!(sum.get(w).to_dense(params.shape(w)).data(), want);
        }
        let mut sum = ReducedGradients::new([dense(1.0)].into());
        assert!(sum.add(ReducedGradients::new([rows(&[3])].into())).is_err());
        assert!(sum.add(ReducedGradients::new(PooledVec::new())).is_err());
    }
}
