//! The named parameters of a model, and their packed forms.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::{Error, Result};
use crate::gemm::{Packed, Side};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// A parameter of a [`Params`] store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(usize);

impl ParamId {
    /// Its position in the store.
    pub fn index(self) -> usize {
        self.0
    }
}

/// The named parameters of a model, in the order in which they were added.
///
/// A weight's packed form (see [`crate::gemm`]) is made at its first use and kept; whoever changes
/// values through [`Params::update`] or [`Params::set`] has it packed again.
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
#[derive(Debug, Default)]
pub struct Params {
    entries: Vec<Entry>,
    by_name: HashMap<String, ParamId>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    value: Tensor,
    packed: RwLock<Vec<Arc<Packed>>>,
}

impl Params {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    ///
    /// # Errors
    /// The name is taken.
    pub fn add(&mut self, name: impl Into<String>, value: Tensor) -> Result<ParamId> {
        let name = name.into();
        let id = ParamId(self.entries.len());
        if self.by_name.contains_key(&name) {
            return Err(Error::Parameter { name, what: "is there already" });
        }
        self.by_name.insert(name.clone(), id);
        self.entries.push(Entry { name, value, packed: RwLock::default() });
        Ok(id)
    }

    /// The value of a parameter.
    pub fn get(&self, id: ParamId) -> &Tensor {
        &self.entries[id.0].value
    }

    /// The shape of a parameter.
    pub fn shape(&self, id: ParamId) -> Shape {
        self.get(id).shape()
    }

    /// The name of a parameter.
    pub fn name(&self, id: ParamId) -> &str {
        &self.entries[id.0].name
    }

    /// The parameter of a name.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.by_name.get(name).copied()
    }

    /// All parameters, in order.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> + use<> {
        (0..self.entries.len()).map(ParamId)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|e| (e.name.as_str(), &e.value))
    }

    /// Number of parameters (tensors).
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of scalars in all parameters.
    pub fn scalars(&self) -> usize {
        self.entries.iter().map(|e| e.value.len()).sum()
    }

    /// Replaces the value of a parameter.
    ///
    /// # Errors
    /// The shape is another.
    pub fn set(&mut self, id: ParamId, value: Tensor) -> Result<()> {
        let entry = &mut self.entries[id.0];
        if entry.value.shape() != value.shape() {
            return Err(Error::shapes("set parameter", entry.value.shape(), value.shape()));
        }
        entry.value = value;
        entry.packed.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Lets `change` write every value, then packs again what had been packed.
    pub fn update(&mut self, threads: &Threads, mut change: impl FnMut(ParamId, &mut [f32])) {
        for (i, entry) in self.entries.iter_mut().enumerate() {
            change(ParamId(i), entry.value.data_mut());
            let inputs = entry.value.shape().width();
            let forms = entry.packed.get_mut().unwrap_or_else(PoisonError::into_inner);
            // A form that somebody still holds is left to them and made anew when it is needed.
            forms.retain_mut(|form| match Arc::get_mut(form) {
                Some(form) => {
                    form.fill(threads, entry.value.data(), inputs);
                    true
                }
                None => false,
            });
        }
    }

    /// A parameter of two dimensions, or a range of its columns, packed for products.
    pub fn packed(
        &self,
        id: ParamId,
        columns: Range<usize>,
        side: Side,
        threads: &Threads,
    ) -> Arc<Packed> {
        self.packed_block(id, 0..self.shape(id).rows(), columns, side, threads)
    }

    /// A block of a parameter of two dimensions, packed for products.
    pub fn packed_block(
        &self,
        id: ParamId,
        rows: Range<usize>,
        columns: Range<usize>,
        side: Side,
        threads: &Threads,
    ) -> Arc<Packed> {
        let entry = &self.entries[id.0];
        let is_it =
            |p: &&Arc<Packed>| p.side() == side && p.columns() == columns && p.rows() == rows;
        {
            let forms = entry.packed.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(form) = forms.iter().find(is_it) {
                return Arc::clone(form);
            }
        }
        let mut forms = entry.packed.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = forms.iter().find(is_it) {
            return Arc::clone(form);
        }
        let inputs = entry.value.shape().width();
        let form =
            Arc::new(Packed::block(threads, entry.value.data(), inputs, rows, columns, side));
        forms.push(Arc::clone(&form));
        form
    }
}
