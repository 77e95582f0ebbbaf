//! The named parameters of a model, and their packed forms.

mod entry;
mod quantize;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::cpu::elementwise as kernels;
use crate::device::{Device, DeviceProperties};
use crate::error::{Error, Result, check_rank};
use crate::gemm::{Packed, Side};
use crate::init::InitFn;
use crate::opencl::{Arena, Layout, OpenCl};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;
use entry::{Block, Entry};

/// A parameter of a [`Params`] store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(usize);

impl ParamId {
    /// Returns the parameter's position in the store.
    pub fn index(self) -> usize {
        self.0
    }
}

/// The named parameters of a model, in the order in which they were added.
///
/// A weight is packed (see [`crate::gemm`]) at its first use, and the packed form is kept; after a
/// change through [`Params::update`] or [`Params::set`] it is packed again. [`Params::to_device`]
/// moves all values to a device, where they lie in one piece of memory.
///
/// ```
/// use tensor::{Params, Tensor};
///
/// let mut params = Params::new();
/// let w = params.add("layer.weight", Tensor::zeros([3, 2]))?;
/// assert_eq!(params.find("layer.weight"), Some(w));
/// assert_eq!(params.scalars(), 6);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Params {
    entries: Vec<Entry>,
    by_name: HashMap<String, ParamId>,
    /// The values' memory, if they are on a device.
    arena: Option<Arena>,
}

impl Params {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    ///
    /// # Errors
    /// The name is taken, or the parameters are already on a device.
    pub fn add(&mut self, name: impl Into<String>, value: Tensor) -> Result<ParamId> {
        let name = name.into();
        let id = ParamId(self.entries.len());
        if self.by_name.contains_key(&name) {
            return Err(Error::Parameter { name, what: "is there already" });
        }
        if self.arena.is_some() {
            return Err(Error::Parameter { name, what: "comes after the move to a device" });
        }
        self.by_name.insert(name.clone(), id);
        self.entries.push(Entry::new(name, value));
        Ok(id)
    }

    /// Adds a parameter of the given shape, with the value that `init` returns.
    ///
    /// # Errors
    /// Those of [`add`](Self::add) and of `init`; `init` returned a value of another shape.
    pub fn add_initialized(
        &mut self,
        name: impl Into<String>,
        shape: impl Into<Shape>,
        init: &mut InitFn<'_>,
    ) -> Result<ParamId> {
        let (name, shape) = (name.into(), check_rank("add a parameter", shape.into())?);
        let value = init(&name, shape)?;
        if value.shape() != shape {
            return Err(Error::shapes("init", value.shape(), shape));
        }
        self.add(name, value)
    }

    /// Moves all values to a device, or back to the host. Packed forms are dropped.
    ///
    /// # Errors
    /// The device failed, or its memory is exhausted.
    pub fn to_device(&mut self, device: &Device) -> Result<()> {
        if device.opencl().is_some() {
            self.check_f32("move to a device")?;
        }
        let here = self.opencl().cloned();
        match (device.opencl(), here) {
            (None, None) => {}
            (Some(to), Some(here)) if to.is(&here) => {}
            (None, Some(_)) => {
                let host: Result<Vec<_>> =
                    self.entries.iter().map(|e| e.value().to_host()).collect();
                self.entries.iter_mut().zip(host?).for_each(|(e, value)| *e.value_mut() = value);
                self.arena = None;
            }
            (Some(to), _) => {
                let shapes = self.entries.iter().map(Entry::shape).collect();
                let layout = Layout::new(to, shapes)?;
                let memory = layout.filled(self.entries.iter().map(Entry::value))?;
                for (entry, view) in self.entries.iter_mut().zip(layout.views(&memory)) {
                    *entry.value_mut() = view;
                }
                self.arena = Some(Arena { layout, memory });
            }
        }
        self.entries.iter_mut().for_each(Entry::forget_packed);
        Ok(())
    }

    /// Returns the device that the values are on, or `None` for the host.
    pub fn opencl(&self) -> Option<&OpenCl> {
        self.arena.as_ref().map(|arena| &arena.layout.device)
    }

    /// Returns the properties of the device that the values are on.
    pub fn device_properties(&self) -> DeviceProperties {
        DeviceProperties::of(self.opencl())
    }

    /// Returns `computed`, or the failure of the parameters' device: reads from a device that
    /// failed return zeros, which must not be used as results.
    ///
    /// # Errors
    /// The first failure since the device was opened.
    pub fn checked<T>(&self, computed: T) -> Result<T> {
        self.opencl().map_or(Ok(()), OpenCl::check)?;
        Ok(computed)
    }

    /// Returns where the values lie on their device.
    pub(crate) fn layout(&self) -> Option<&Arc<Layout>> {
        self.arena.as_ref().map(|arena| &arena.layout)
    }

    /// Returns the memory of all values on their device, for writing. Clones of a value keep its
    /// old content.
    pub(crate) fn arena_mut(&mut self) -> Result<Option<&mut Tensor>> {
        let Some(arena) = &mut self.arena else { return Ok(None) };
        arena.make_unique(self.entries.iter_mut().map(Entry::value_mut).enumerate())?;
        Ok(Some(&mut arena.memory))
    }

    /// Computes self = keep self + fresh other, value by value: a moving average of parameters.
    ///
    /// # Errors
    /// The parameters have other shapes or are on another device; the device failed.
    pub fn blend(&mut self, keep: f32, fresh: f32, other: &Self, threads: &Threads) -> Result<()> {
        self.check_f32("blend parameters")?;
        let shapes = |p: &Self| p.entries.iter().map(Entry::shape).collect::<Vec<_>>();
        if shapes(self) != shapes(other) {
            return Err(Error::argument("blend parameters", "they are another model's"));
        }
        match (self.arena_mut()?, &other.arena) {
            (None, None) => {
                let mut pairs: Vec<_> = self.entries.iter_mut().zip(&other.entries).collect();
                let scalars: usize = pairs.iter().map(|(mine, _)| mine.shape().len()).sum();
                threads.for_each_of(scalars / 4, &mut pairs, |_, (mine, theirs)| {
                    let value = mine.value_mut().data_mut();
                    kernels::scale(value, keep);
                    kernels::add_scaled(value, fresh, theirs.value().data());
                    // Packed again at the next product: not every blended value is multiplied with.
                    mine.forget_packed();
                });
                Ok(())
            }
            (Some(mine), Some(theirs))
                if mine.opencl().is_some_and(|d| d.is(&theirs.layout.device)) =>
            {
                theirs.layout.device.blend_shared(mine, keep, fresh, &theirs.memory)
            }
            _ => Err(Error::argument("blend parameters", "they are on another device")),
        }
    }

    /// Returns the value of a parameter.
    pub fn get(&self, id: ParamId) -> &Tensor {
        self.entries[id.0].value()
    }

    /// Returns the shape of a parameter.
    pub fn shape(&self, id: ParamId) -> Shape {
        self.entries[id.0].shape()
    }

    /// Returns the name of a parameter.
    pub fn name(&self, id: ParamId) -> &str {
        &self.entries[id.0].name
    }

    /// Finds a parameter by name.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.by_name.get(name).copied()
    }

    /// Iterates over all parameters, in order.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> + use<> {
        (0..self.entries.len()).map(ParamId)
    }

    /// Iterates over names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|e| (e.name.as_str(), e.value()))
    }

    /// Returns the number of parameters (tensors).
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of scalars in all parameters.
    pub fn scalars(&self) -> usize {
        self.entries.iter().map(|e| e.shape().len()).sum()
    }

    /// Replaces the value of a parameter.
    ///
    /// # Errors
    /// The new value has another shape; the parameters consist of [8 bits](Self::quantize).
    pub fn set(&mut self, id: ParamId, value: Tensor) -> Result<()> {
        self.check_f32("set parameter")?;
        let entry = &mut self.entries[id.0];
        if entry.shape() != value.shape() {
            return Err(Error::shapes("set parameter", entry.shape(), value.shape()));
        }
        if self.arena.is_some() {
            return self.set_on_device(id, &value);
        }
        *entry.value_mut() = value;
        entry.forget_packed();
        Ok(())
    }

    fn set_on_device(&mut self, id: ParamId, value: &Tensor) -> Result<()> {
        self.arena_mut()?;
        match &self.arena {
            Some(arena) => arena.layout.device.overwrite(self.entries[id.0].value_mut(), value),
            None => Ok(()),
        }
    }

    /// Calls `change` on every value, then packs again the weights that had been packed. Values on
    /// a device are read for this and written back.
    ///
    /// # Errors
    /// The device failed; the parameters consist of [8 bits](Self::quantize).
    pub fn update(
        &mut self,
        threads: &Threads,
        mut change: impl FnMut(ParamId, &mut [f32]),
    ) -> Result<()> {
        self.check_f32("update parameters")?;
        if self.arena.is_some() {
            for i in 0..self.entries.len() {
                let mut value = self.entries[i].value().clone();
                change(ParamId(i), value.data_mut());
                self.set_on_device(ParamId(i), &value)?;
            }
            return Ok(());
        }
        for (i, entry) in self.entries.iter_mut().enumerate() {
            change(ParamId(i), entry.value_mut().data_mut());
            entry.pack_again(threads);
        }
        Ok(())
    }

    /// Returns a parameter of two dimensions, or a range of its columns, packed for products.
    pub fn packed(
        &self,
        id: ParamId,
        columns: Range<usize>,
        side: Side,
        threads: &Threads,
    ) -> Arc<Packed> {
        self.packed_block(id, 0..self.shape(id).rows(), columns, side, threads)
    }

    /// Returns a block of a parameter of two dimensions, packed for products.
    pub fn packed_block(
        &self,
        id: ParamId,
        rows: Range<usize>,
        columns: Range<usize>,
        side: Side,
        threads: &Threads,
    ) -> Arc<Packed> {
        self.entries[id.0].packed(Block { rows, columns }, side, threads)
    }
}
