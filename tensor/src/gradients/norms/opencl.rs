//! Norms of gradients on a device: sums of squares per chunk, then per parameter.

use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::opencl::{Arena, Layout, OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("norms.cl")]);

const ITEMS: [usize; 3] = [256, 1, 1];
/// Numbers per parameter that a step passes to kernels; the first is 0 if it has no gradient.
pub(crate) const COEFFICIENTS: usize = 8;

/// Reads the L2 norms of the gradients in an arena; 0 for a parameter without a gradient.
pub(crate) fn norms(arena: &Arena, live: impl Iterator<Item = bool>) -> Result<PooledVec<f64>> {
    let layout = &arena.layout;
    let device = &layout.device;
    let mut numbers = vec![0.0; COEFFICIENTS * layout.shapes.len()];
    for (c, is_live) in numbers.chunks_exact_mut(COEFFICIENTS).zip(live) {
        c[0] = f32::from(u8::from(is_live));
    }
    let coefficients = device.upload(&Tensor::from(numbers))?;
    let mut each = device.uninit([layout.shapes.len()])?;
    squares(device, layout, &coefficients, &arena.memory, &mut each)?;
    let squares = device.read_later(&each)?.wait()?;
    Ok(squares.into_iter().map(|v| f64::from(v).sqrt()).collect())
}

/// Computes the sum of squares of each tensor of an arena.
pub(crate) fn squares(
    device: &OpenCl,
    layout: &Layout,
    coefficients: &Tensor,
    arena: &Tensor,
    each: &mut Tensor,
) -> Result<()> {
    let mut sums = device.uninit([layout.chunk_count])?;
    let launch = device.kernel(&PROGRAM, "chunk_squares").ids(&layout.chunks).reads(coefficients);
    launch.reads(arena).writes(&mut sums).groups([layout.chunk_count, 1, 1], ITEMS)?;
    owner_sums(device, layout, &sums, each)
}

/// Adds up the sums of chunks to sums of tensors.
pub(crate) fn owner_sums(
    device: &OpenCl,
    layout: &Layout,
    sums: &Tensor,
    each: &mut Tensor,
) -> Result<()> {
    let launch = device.kernel(&PROGRAM, "owner_sums").ids(&layout.first_chunks).reads(sums);
    launch.writes_shared(each).groups([layout.shapes.len(), 1, 1], ITEMS)
}
