//! Parameters of 8 bits, for inference.

use super::entry::Entry;
use super::{ParamId, Params};
use crate::error::{Error, Result};
use crate::gemm::Int8Matrix;

impl Params {
    /// Rounds every matrix to 8-bit integers, each row with a scale of its own
    /// ([`gemm::int8`](crate::gemm::int8)); vectors stay f32. Products then compute with integers, and
    /// an embedding reads its rows from them. The matrices take a quarter of the memory.
    ///
    /// This is for inference: parameters of 8 bits cannot be changed, trained or moved to a device.
    /// [`get`](Self::get) and [`iter`](Self::iter) return the rounded values in f32, and keep this copy of
    /// a matrix.
    ///
    /// # Errors
    /// The parameters are on a device; a value of a matrix is not finite. Those before it are rounded.
    ///
    /// PyTorch: `torch.ao.quantization.quantize_dynamic(model, dtype=torch.qint8)`.
    ///
    /// ```
    /// use tensor::{Params, Tape, Tensor, ops};
    ///
    /// let mut params = Params::new();
    /// let w = params.add("w", Tensor::from([[1.27, -0.004], [0.0, -0.5]]))?;
    /// params.quantize()?;
    /// assert_eq!(params.get(w).data(), [1.27, 0.0, 0.0, -0.5]);
    /// let mut tape = Tape::inference(&params);
    /// let x = tape.constant(Tensor::from([[1.0, 1.0]]));
    /// let y = ops::linear(&mut tape, x, w, None)?;
    /// assert!((tape.value(y).data()[0] - 1.27).abs() < 1e-6);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pub fn quantize(&mut self) -> Result<()> {
        if self.arena.is_some() {
            let what =
                "8-bit integers are computed on the processor, and the parameters are on a device";
            return Err(Error::argument("quantize", what));
        }
        for entry in &mut self.entries {
            entry.quantize().map_err(|error| {
                Error::argument("quantize", format!("parameter {:?}: {error}", entry.name))
            })?;
        }
        Ok(())
    }

    /// Returns the integers of a parameter, or `None` if it consists of f32.
    pub fn int8(&self, id: ParamId) -> Option<&Int8Matrix> {
        self.entries[id.0].int8()
    }

    /// Returns the bytes of all values in the host's memory and of their packed forms.
    pub fn bytes(&self) -> usize {
        if self.arena.is_some() { 0 } else { self.entries.iter().map(Entry::bytes).sum() }
    }

    /// Returns an error if a parameter consists of 8 bits.
    pub(super) fn check_f32(&self, op: &'static str) -> Result<()> {
        let Some(entry) = self.entries.iter().find(|e| e.int8().is_some()) else { return Ok(()) };
        let what =
            format!("parameter {:?} consists of 8-bit integers, for inference only", entry.name);
        Err(Error::argument(op, what))
    }
}
