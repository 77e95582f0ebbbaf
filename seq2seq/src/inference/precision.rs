//! The numbers that a trained model computes with.

use std::fmt;
use std::str::FromStr;

use tensor::Params;

use crate::{Error, Result};

/// The numbers that the matrices of a trained model consist of.
///
/// ```
/// use seq2seq::Precision;
///
/// assert_eq!("int8".parse::<Precision>()?, Precision::Int8);
/// assert!("int4".parse::<Precision>().is_err());
/// # Ok::<(), seq2seq::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32-bit floating point, as in training.
    #[default]
    F32,
    /// 8-bit integers, on the processor only ([`Params::quantize`]): a quarter of the memory, and
    /// about as much faster as products take of the time.
    Int8,
}

impl Precision {
    /// Returns its name, which [`from_str`](FromStr::from_str) reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }

    /// Converts parameters.
    ///
    /// # Errors
    /// 8-bit integers on a device, or of a value that is not finite.
    pub(crate) fn convert(self, params: &mut Params) -> Result<()> {
        match self {
            Self::F32 => Ok(()),
            Self::Int8 => Ok(params.quantize()?),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::F32, Self::Int8];
        let unknown = || Error::BadValue {
            key: "precision".to_owned(),
            value: text.to_owned(),
            allowed: "f32 or int8".to_owned(),
        };
        all.into_iter().find(|precision| precision.name() == text).ok_or_else(unknown)
    }
}
