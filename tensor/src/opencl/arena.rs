//! Many tensors in one piece of memory, so that one launch passes over all of them.

use std::sync::Arc;

use crate::driver::{Ids, OpenCl};
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The start of every tensor is a multiple of this number of elements.
const ALIGNED: usize = 64;
/// Elements that one work-group processes.
const CHUNK: usize = 4_096;

/// The position of each tensor of a store in an arena, and the division of the tensors into chunks
/// of work.
pub(crate) struct Layout {
    pub(crate) device: OpenCl,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) starts: Vec<usize>,
    /// Elements of the whole arena.
    pub(crate) total: usize,
    /// Four numbers per chunk: its tensor, its first element in the arena, its length, 0.
    pub(crate) chunks: Ids,
    /// For each tensor its first chunk, followed by the number of all chunks.
    pub(crate) first_chunks: Ids,
    pub(crate) chunk_count: usize,
}

impl Layout {
    pub(crate) fn new(device: &OpenCl, shapes: Vec<Shape>) -> Result<Arc<Self>> {
        let (mut starts, mut total) = (Vec::with_capacity(shapes.len()), 0);
        let (mut chunks, mut first_chunks) = (Vec::new(), Vec::new());
        for (i, shape) in shapes.iter().enumerate() {
            starts.push(total);
            first_chunks.push((chunks.len() / 4) as u32);
            for at in (0..shape.len()).step_by(CHUNK) {
                let len = CHUNK.min(shape.len() - at);
                chunks.extend([i as u32, (total + at) as u32, len as u32, 0]);
            }
            total += shape.len().next_multiple_of(ALIGNED);
        }
        let chunk_count = chunks.len() / 4;
        first_chunks.push(chunk_count as u32);
        // Kernels use 32-bit positions.
        if u32::try_from(total).is_err() {
            let what = format!("{total} elements, at most 4294967295 on a device");
            return Err(crate::Error::argument("parameters", what));
        }
        let (chunks, first_chunks) = (device.ids(&chunks)?, device.ids(&first_chunks)?);
        let device = device.clone();
        Ok(Arc::new(Self { device, shapes, starts, total, chunks, first_chunks, chunk_count }))
    }

    /// Returns tensor `i` of an arena, sharing its memory.
    pub(crate) fn view(&self, arena: &Tensor, i: usize) -> Tensor {
        arena.flat(self.starts[i], self.shapes[i].len()).shaped(self.shapes[i])
    }

    /// Returns all tensors of an arena.
    pub(crate) fn views(&self, arena: &Tensor) -> Vec<Tensor> {
        (0..self.shapes.len()).map(|i| self.view(arena, i)).collect()
    }

    /// Creates an arena that holds copies of these tensors.
    pub(crate) fn filled<'a>(&self, tensors: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
        let arena = self.device.zeros([self.total])?;
        for (i, tensor) in tensors.enumerate() {
            self.device.overwrite(&mut self.view(&arena, i), tensor)?;
        }
        Ok(arena)
    }
}

/// An arena and its tensors, which share its memory.
#[derive(Clone)]
pub(crate) struct Arena {
    pub(crate) layout: Arc<Layout>,
    pub(crate) memory: Tensor,
}

impl Arena {
    /// Must be called before the arena is written: if its memory is held by anything else than
    /// these tensors, the other holders keep it and the arena gets a copy. The host's copies of the
    /// tensors' elements are dropped.
    pub(crate) fn make_unique<'a>(
        &mut self,
        views: impl Iterator<Item = (usize, &'a mut Tensor)>,
    ) -> Result<()> {
        let mut views: Vec<(usize, &mut Tensor)> = views.collect();
        let of_arena = |view: &Tensor| self.memory.shares(view);
        let own = 1 + views.iter().filter(|(_, view)| of_arena(view)).count();
        let is_held = self.memory.place().is_some_and(|(remote, _)| remote.is_held_by(own));
        if !is_held {
            self.memory = self.layout.device.duplicate(&self.memory)?;
        }
        for (i, view) in &mut views {
            **view = self.layout.view(&self.memory, *i);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arena({:?}, {} tensors)", self.layout.device, self.layout.shapes.len())
    }
}
