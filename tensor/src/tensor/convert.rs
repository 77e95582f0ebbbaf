//! Conversion from arrays, vectors and slices, and serialisation.

use ndarray::{ArrayBase, ArrayD, Data, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Tensor;
use crate::cpu::buffer::Buffer;
use crate::error::{Error, Result, check_rank};
use crate::shape::Shape;

/// Copies an array in row-major order.
fn copied<S: Data<Elem = f32>, D: Dimension>(array: &ArrayBase<S, D>) -> Tensor {
    let shape = Shape::new(array.shape());
    if let Some(data) = array.as_slice() {
        return Tensor::host(Buffer::from_slice(data), 0, shape);
    }
    let data: Vec<f32> = array.iter().copied().collect();
    Tensor::host(Buffer::from_slice(&data), 0, shape)
}

macro_rules! from_arrays {
    ($($dimension:ty),*) => {$(
        impl<S: Data<Elem = f32>> From<ArrayBase<S, $dimension>> for Tensor {
            fn from(array: ArrayBase<S, $dimension>) -> Self {
                copied(&array)
            }
        }

        impl<S: Data<Elem = f32>> From<&ArrayBase<S, $dimension>> for Tensor {
            fn from(array: &ArrayBase<S, $dimension>) -> Self {
                copied(array)
            }
        }
    )*};
}
from_arrays!(Ix0, Ix1, Ix2, Ix3, Ix4);

impl TryFrom<ArrayD<f32>> for Tensor {
    type Error = Error;

    fn try_from(array: ArrayD<f32>) -> Result<Self> {
        check_rank("from an array", Shape::new(array.shape()))?;
        Ok(copied(&array))
    }
}

impl From<Vec<f32>> for Tensor {
    fn from(data: Vec<f32>) -> Self {
        Self::from(&data[..])
    }
}

impl From<&[f32]> for Tensor {
    fn from(data: &[f32]) -> Self {
        Self::host(Buffer::from_slice(data), 0, Shape::new(&[data.len()]))
    }
}

impl<const N: usize> From<[f32; N]> for Tensor {
    fn from(data: [f32; N]) -> Self {
        Self::from(&data[..])
    }
}

impl<const M: usize, const N: usize> From<[[f32; N]; M]> for Tensor {
    fn from(data: [[f32; N]; M]) -> Self {
        Self::host(Buffer::from_slice(data.as_flattened()), 0, Shape::from([M, N]))
    }
}

impl<const L: usize, const M: usize, const N: usize> From<[[[f32; N]; M]; L]> for Tensor {
    fn from(data: [[[f32; N]; M]; L]) -> Self {
        let rows = data.as_flattened().as_flattened();
        Self::host(Buffer::from_slice(rows), 0, Shape::from([L, M, N]))
    }
}

/// The serialised form of a tensor.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Tensor")]
struct Serialized<D> {
    dims: Vec<usize>,
    data: D,
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let host = self.to_host().map_err(serde::ser::Error::custom)?;
        Serialized { dims: self.dims().to_vec(), data: host.data() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let stored = Serialized::<Vec<f32>>::deserialize(deserializer)?;
        let elements = stored.dims.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        if elements != Some(stored.data.len()) {
            let what = format!("sizes {:?} and {} elements", stored.dims, stored.data.len());
            return Err(serde::de::Error::custom(what));
        }
        Self::from_vec(&stored.dims[..], stored.data).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayD, array, s};

    use super::*;

    #[test]
    fn a_transposed_array_comes_in_row_major() {
        let a: Array2<f32> = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let t = Tensor::from(a.t());
        assert_eq!(t.dims(), [3, 2]);
        assert_eq!(t.data(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(Tensor::from(a.slice(s![.., 1..])).data(), [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(Tensor::from(&a), Tensor::from(a.clone()));
        let sliced = a.slice_move(s![1.., ..]);
        assert_eq!(Tensor::from(sliced).data(), [4.0, 5.0, 6.0]);
    }

    #[test]
    fn nested_arrays_have_their_shape() {
        assert_eq!(Tensor::from([1.0, 2.0]).dims(), [2]);
        assert_eq!(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).dims(), [2, 3]);
        let t = Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]]]);
        assert_eq!((t.dims(), t.data()), (&[2, 1, 2][..], &[1.0, 2.0, 3.0, 4.0][..]));
    }

    #[test]
    fn an_array_of_five_dimensions_is_refused() {
        let four = ArrayD::zeros(vec![1, 2, 1, 3]);
        assert_eq!(Tensor::try_from(four).unwrap().dims(), [1, 2, 1, 3]);
        let error = Tensor::try_from(ArrayD::zeros(vec![1, 2, 1, 3, 1])).unwrap_err().to_string();
        assert!(error.starts_with("from an array: a shape of more than four"), "{error}");
    }

    #[test]
    fn serialisation_keeps_every_element_and_checks_sizes() {
        let t = Tensor::from([[1.0, -0.5, 3.25e-7], [f32::MAX, 0.1, 7.0]]).range(1, 1);
        let json = serde_json::to_string(&t).unwrap();
        let back: Tensor = serde_json::from_str(&json).unwrap();
        assert_eq!((back.dims(), back.data()), (t.dims(), t.data()));
        for wrong in [
            r#"{"dims": [2, 2], "data": [1.0, 2.0, 3.0]}"#,
            r#"{"dims": [4294967296, 4294967296], "data": []}"#,
            r#"{"dims": [1, 1, 1, 1, 1], "data": [1.0]}"#,
        ] {
            assert!(serde_json::from_str::<Tensor>(wrong).is_err(), "{wrong}");
        }
    }
}
