//! The tensors of one case.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tensor::Tensor;

use crate::error::{Error, Result};

/// The tensors of one case, given and expected.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// What goes into the computation.
    pub given: Given,
    /// What must come out, by name.
    pub expected: BTreeMap<String, Expected>,
}

impl CaseFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, expects nothing, or holds a tensor whose name, type or values are not
    /// those of a case.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&fs::read(path)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let (mut floats, mut ids) = (BTreeMap::new(), BTreeMap::new());
        let mut expected = BTreeMap::new();
        for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
            let (kind, _) = name.split_once('.').unwrap_or((&name, ""));
            match (kind, view.dtype()) {
                ("in" | "param" | "cot", Dtype::F32) => {
                    let data = numbers(&view, f32::from_le_bytes);
                    if !data.iter().all(|v| v.is_finite()) {
                        return Err(Error::new(format!("{name} has a value that is not finite")));
                    }
                    floats.insert(name, Tensor::from_vec(view.shape(), data)?);
                }
                ("in", Dtype::I64) => {
                    let data = numbers(&view, i64::from_le_bytes);
                    let data: std::result::Result<Vec<u32>, _> =
                        data.into_iter().map(u32::try_from).collect();
                    let what = || Error::new(format!("{name} has an id outside 0 to 2^32"));
                    let data = data.map_err(|_| what())?;
                    ids.insert(name, data);
                }
                ("out" | "grad", Dtype::F64) => {
                    let values = numbers(&view, f64::from_le_bytes);
                    if !values.iter().all(|v| v.is_finite()) {
                        return Err(Error::new(format!("{name} has a value that is not finite")));
                    }
                    expected.insert(name, Expected { shape: view.shape().to_vec(), values });
                }
                (_, dtype) => {
                    let what = format!("a tensor {name} of {dtype:?} has no place in a case");
                    return Err(Error::new(what));
                }
            }
        }
        if expected.is_empty() {
            return Err(Error::new("no tensor is expected"));
        }
        Ok(Self { given: Given { floats, ids }, expected })
    }
}

/// The numbers of a tensor, from little-endian bytes.
fn numbers<const N: usize, T>(view: &TensorView<'_>, from: fn([u8; N]) -> T) -> Vec<T> {
    view.data().as_chunks().0.iter().map(|&b| from(b)).collect()
}

/// A tensor that must come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values in row-major order.
    pub values: Vec<f64>,
}

/// The tensors that go into a case; what is read is taken out, so that what is left was not read.
#[derive(Debug, Clone)]
pub struct Given {
    floats: BTreeMap<String, Tensor>,
    ids: BTreeMap<String, Vec<u32>>,
}

impl Given {
    /// Takes a floating tensor.
    ///
    /// # Errors
    /// There is none, or it was taken already.
    pub fn tensor(&mut self, name: &str) -> Result<Tensor> {
        self.optional(name).ok_or_else(|| Error::new(format!("there is no {name}")))
    }

    /// Takes a floating tensor, where there is one.
    pub fn optional(&mut self, name: &str) -> Option<Tensor> {
        self.floats.remove(name)
    }

    /// Takes ids or lengths.
    ///
    /// # Errors
    /// There are none, or they were taken already.
    pub fn ids(&mut self, name: &str) -> Result<Vec<u32>> {
        self.ids.remove(name).ok_or_else(|| Error::new(format!("there is no {name}")))
    }

    /// Takes lengths, where there are any.
    pub fn lengths(&mut self, name: &str) -> Option<Vec<usize>> {
        let ids = self.ids.remove(name)?;
        Some(ids.into_iter().map(|n| n as usize).collect())
    }

    /// Names of the tensors that nobody took.
    pub fn left(&self) -> Vec<&str> {
        self.floats.keys().chain(self.ids.keys()).map(String::as_str).collect()
    }
}
