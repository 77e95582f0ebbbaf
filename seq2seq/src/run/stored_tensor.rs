//! Storage of tensors in files: a shape and little-endian numbers.

use std::fmt;

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde::ser::{self, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tensor::{Tensor, le_bytes};

/// A tensor in the form in which files store it.
///
/// With serde it is serialized as the lengths of its dimensions and its elements, row-major and
/// little-endian, in byte strings of 32,768 elements (the last one may be shorter). The format does
/// not depend on an array library, and elements are copied by block, not one by one.
/// In memory it shares the tensor's elements, so that creating and dropping one costs nothing (but
/// a tensor that is written to while this value is alive is copied first).
///
/// ```
/// use seq2seq::StoredTensor;
/// use tensor::Tensor;
///
/// let weights = Tensor::from_vec([2, 1], vec![0.5, f32::MIN_POSITIVE])?;
/// let stored = StoredTensor::from(&weights);
/// assert_eq!(stored.shape(), [2, 1]);
/// assert_eq!(Tensor::from(stored).data(), weights.data());
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct StoredTensor(Tensor);

impl StoredTensor {
    /// Returns the lengths of the dimensions, outermost first.
    pub fn shape(&self) -> &[usize] {
        self.0.dims()
    }

    /// Returns the elements, row-major.
    pub fn data(&self) -> &[f32] {
        self.0.data()
    }
}

impl From<&Tensor> for StoredTensor {
    fn from(tensor: &Tensor) -> Self {
        Self(tensor.clone())
    }
}

impl From<Tensor> for StoredTensor {
    fn from(tensor: Tensor) -> Self {
        Self(tensor)
    }
}

impl From<StoredTensor> for Tensor {
    fn from(stored: StoredTensor) -> Self {
        stored.0
    }
}

impl fmt::Debug for StoredTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredTensor{:?}", self.shape())
    }
}

/// Compares shapes and bits, so that NaN equals itself.
impl PartialEq for StoredTensor {
    fn eq(&self, other: &Self) -> bool {
        let bits = |t: &Self| t.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        self.shape() == other.shape() && bits(self) == bits(other)
    }
}

/// Elements per block: small enough to be written while they are in the cache.
const BLOCK: usize = 1 << 15;

/// The serialized form.
#[derive(Serialize, Deserialize)]
struct StoredForm<T> {
    shape: Vec<u64>,
    blocks: T,
}

impl Serialize for StoredTensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = self.shape().iter().map(|&n| n as u64).collect();
        let data = self.data();
        // After a device error the elements are not a valid state of the run, so nothing is
        // written.
        self.0.check().map_err(ser::Error::custom)?;
        StoredForm { shape, blocks: Outgoing(data) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredTensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredForm { shape, blocks: Incoming(data) } = StoredForm::deserialize(deserializer)?;
        let elements = shape.iter().try_fold(1_u64, |n, &d| n.checked_mul(d));
        let lengths: Option<Vec<usize>> = shape.iter().map(|&d| d.try_into().ok()).collect();
        let wrong = |what: String| de::Error::custom(format!("a tensor of shape {shape:?} {what}"));
        match lengths {
            Some(lengths) if elements == Some(data.len() as u64) && shape.len() <= 4 => {
                let tensor = Tensor::from_vec(lengths.as_slice(), data);
                tensor.map(Self).map_err(|error| wrong(error.to_string()))
            }
            _ => Err(wrong(format!("with {} elements", data.len()))),
        }
    }
}

/// Elements to serialize, as a sequence of blocks.
struct Outgoing<'a>(&'a [f32]);

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let blocks = self.0.chunks(BLOCK);
        let mut sequence = serializer.serialize_seq(Some(blocks.len()))?;
        let mut bytes = vec![0; 4 * BLOCK.min(self.0.len())];
        for block in blocks {
            sequence.serialize_element(&Block(le_bytes::write(block, &mut bytes)))?;
        }
        sequence.end()
    }
}

/// The bytes of one block of elements.
struct Block<'a>(&'a [u8]);

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Deserialized elements.
struct Incoming(Vec<f32>);

impl<'de> Deserialize<'de> for Incoming {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Blocks;
        impl<'de> Visitor<'de> for Blocks {
            type Value = Incoming;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("blocks of f32 numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut blocks: A) -> Result<Incoming, A::Error> {
                // No memory is reserved from the declared length, which may be wrong; the vector
                // grows with the data.
                let mut data = Vec::new();
                while blocks.next_element_seed(Append(&mut data))?.is_some() {}
                data.shrink_to_fit();
                Ok(Incoming(data))
            }
        }
        deserializer.deserialize_seq(Blocks)
    }
}

/// Deserializes a block and appends its elements.
struct Append<'a>(&'a mut Vec<f32>);

impl<'de> DeserializeSeed<'de> for Append<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Append<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of f32 numbers")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<(), E> {
        match le_bytes::append(bytes, self.0) {
            [] => Ok(()),
            _ => Err(E::invalid_length(bytes.len(), &"a multiple of four bytes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use bincode::config::standard;
    use proptest::prelude::*;

    use super::*;

    fn encode(value: &impl Serialize) -> Vec<u8> {
        bincode::serde::encode_to_vec(value, standard()).unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<StoredTensor, bincode::error::DecodeError> {
        bincode::serde::decode_from_slice(bytes, standard()).map(|(value, _)| value)
    }

    proptest! {
        #[test]
        fn every_bit_survives(bits in prop::collection::vec(any::<u32>(), 0..60)) {
            let data: Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
            for shape in [vec![data.len()], vec![1, data.len(), 1]] {
                let tensor = Tensor::from_slice(shape.as_slice(), &data).unwrap();
                let back = decode(&encode(&StoredTensor::from(&tensor))).unwrap();
                let got: Vec<u32> = back.data().iter().map(|x| x.to_bits()).collect();
                prop_assert_eq!(&got, &bits);
                prop_assert_eq!(back.shape(), shape);
            }
        }
    }

    #[test]
    fn the_bytes_are_little_endian_and_raw() {
        let tensor = Tensor::from_vec([1, 2], vec![1.0, -2.0]).unwrap();
        let expected = [2, 1, 2, 1, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];
        assert_eq!(encode(&StoredTensor::from(tensor)), expected);
    }

    #[test]
    fn blocks_are_joined() {
        for len in [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let data: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let tensor = Tensor::from_vec([len], data).unwrap();
            let back = decode(&encode(&StoredTensor::from(&tensor))).unwrap();
            assert_eq!(back.data(), tensor.data());
        }
    }

    #[test]
    fn shapes_that_lie_are_refused() {
        let bytes = |shape: &[u64], data: &[u8]| {
            // bincode encodes a byte string and a sequence of bytes identically.
            encode(&StoredForm { shape: shape.to_vec(), blocks: vec![data.to_vec()] })
        };
        for (shape, data) in [
            (&[2_u64, 2][..], &[0_u8; 12][..]),
            (&[3], &[0; 11]),
            (&[u64::MAX, u64::MAX], &[0; 4]),
            (&[1 << 32, 1 << 32], &[]),
            (&[1, 1, 1, 1, 1], &[0; 4]),
        ] {
            let error = decode(&bytes(shape, data)).unwrap_err().to_string();
            assert!(
                error.contains("tensor of shape") || error.contains("multiple of four"),
                "{error}"
            );
        }
        assert!(decode(&bytes(&[1, 0, 5], &[])).is_ok());
    }
}
