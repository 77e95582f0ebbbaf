//! One parameter: its values, in f32 or in 8 bits, and their packed forms.

use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::error::Result;
use crate::gemm::{Int8Matrix, Packed, Side};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// A range of rows and of columns of a parameter.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    values: Values,
    packed: RwLock<Vec<Arc<Packed>>>,
}

#[derive(Debug, Clone)]
enum Values {
    F32(Tensor),
    /// The second is the same in f32, made when it is needed: products and embeddings do not.
    Int8(Arc<Int8Matrix>, OnceLock<Tensor>),
}

/// The values are shared until one of the two is changed; packed forms are made again when needed.
impl Clone for Entry {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), values: self.values.clone(), packed: RwLock::default() }
    }
}

impl Entry {
    pub(super) fn new(name: String, value: Tensor) -> Self {
        Self { name, values: Values::F32(value), packed: RwLock::default() }
    }

    pub(super) fn shape(&self) -> Shape {
        match &self.values {
            Values::F32(value) => value.shape(),
            Values::Int8(matrix, _) => matrix.shape(),
        }
    }

    pub(super) fn value(&self) -> &Tensor {
        match &self.values {
            Values::F32(value) => value,
            Values::Int8(matrix, value) => value.get_or_init(|| {
                let mut value = Tensor::uninit(matrix.shape());
                value.data_mut().copy_from_slice(&matrix.dequantize());
                value
            }),
        }
    }

    /// Returns the value for writing. One of 8 bits becomes f32: callers have refused it.
    pub(super) fn value_mut(&mut self) -> &mut Tensor {
        loop {
            match self.values {
                Values::F32(ref mut value) => return value,
                Values::Int8(..) => self.values = Values::F32(self.value().clone()),
            }
        }
    }

    pub(super) fn int8(&self) -> Option<&Int8Matrix> {
        match &self.values {
            Values::F32(_) => None,
            Values::Int8(matrix, _) => Some(matrix),
        }
    }

    /// Rounds a matrix to 8 bits; other values are left as they are.
    pub(super) fn quantize(&mut self) -> Result<()> {
        if let Values::F32(value) = &self.values
            && value.shape().rank() == 2
        {
            let matrix = Int8Matrix::quantize(value.data(), value.shape().width())?;
            self.values = Values::Int8(Arc::new(matrix), OnceLock::new());
            self.forget_packed();
        }
        Ok(())
    }

    /// Drops the packed forms, which are of older values.
    pub(super) fn forget_packed(&mut self) {
        self.packed.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Packs the new values again in each form that is not in use elsewhere; a new one of these is
    /// made when it is needed.
    pub(super) fn pack_again(&mut self, threads: &Threads) {
        let inputs = self.shape().width();
        let Values::F32(value) = &self.values else { return };
        let forms = self.packed.get_mut().unwrap_or_else(PoisonError::into_inner);
        forms.retain_mut(|form| Arc::get_mut(form).is_some());
        let forms = forms.iter_mut().filter_map(Arc::get_mut);
        Packed::fill_all(forms, threads, value.data(), inputs);
    }

    /// Returns a block, packed for products.
    pub(super) fn packed(&self, block: Block, side: Side, threads: &Threads) -> Arc<Packed> {
        let Block { rows, columns } = block;
        let is_it =
            |p: &&Arc<Packed>| p.side() == side && p.columns() == columns && p.rows() == rows;
        {
            let forms = self.packed.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(form) = forms.iter().find(is_it) {
                return Arc::clone(form);
            }
        }
        let mut forms = self.packed.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = forms.iter().find(is_it) {
            return Arc::clone(form);
        }
        let form = match (self.int8(), side) {
            (Some(matrix), Side::Transposed) => Packed::int8(matrix, rows, columns),
            _ => {
                let (values, inputs) = (self.value().data(), self.shape().width());
                Packed::block(threads, values, inputs, rows, columns, side)
            }
        };
        let form = Arc::new(form);
        forms.push(Arc::clone(&form));
        form
    }

    /// Returns the bytes of the values and of all packed forms.
    pub(super) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::F32(value) => value.len() * size_of::<f32>(),
            Values::Int8(matrix, value) => {
                matrix.bytes() + value.get().map_or(0, |value| value.len() * size_of::<f32>())
            }
        };
        let forms = self.packed.read().unwrap_or_else(PoisonError::into_inner);
        values + forms.iter().map(|form| form.bytes()).sum::<usize>()
    }
}
