//! A matrix of 8-bit integers with a scale per row.

use crate::shape::Shape;

/// The largest integer that a number is rounded to.
pub(super) const LARGEST: f32 = 127.0;
/// Added to the integers of the left operand, which makes bytes without a sign of them.
pub(super) const OFFSET: u8 = 128;

/// Elements of a row whose products of 255 and 127 add up to less than 2^31.
const WIDEST: usize = 66_000;

/// A matrix \[R, C\] of integers between -127 and 127, each row with a scale: element (r, c) is
/// `scales[r] * integers[r * C + c]`.
///
/// ```
/// use tensor::gemm::Int8Matrix;
///
/// let matrix = Int8Matrix::quantize(&[0.5, -1.27, 0.0, 0.0], 2)?;
/// assert_eq!(matrix.integers(), [50, -127, 0, 0]);
/// let mut row = [0.0; 2];
/// matrix.read_row(0, &mut row);
/// assert_eq!(row, [0.01 * 50.0, 0.01 * -127.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Int8Matrix {
    integers: Vec<i8>,
    scales: Vec<f32>,
    width: usize,
}

impl Int8Matrix {
    /// Rounds rows of `width` elements.
    ///
    /// The scale of a row is 1 / 127 of its largest absolute value and of the largest absolute sum of
    /// two neighbours with the same sign ([why](crate::gemm::int8)); ties round to even integers.
    ///
    /// # Errors
    /// A value is not finite; more than 66,000 columns, whose products 32 bits do not hold.
    pub fn quantize(values: &[f32], width: usize) -> crate::Result<Self> {
        if width > WIDEST {
            let what = format!("rows of {width} elements; at most {WIDEST} are possible");
            return Err(crate::Error::argument("quantize", what));
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            let what = format!("element {at} is {}, and has no 8-bit integer", values[at]);
            return Err(crate::Error::argument("quantize", what));
        }
        let mut integers = Vec::with_capacity(values.len());
        let mut scales = Vec::with_capacity(values.len() / width.max(1));
        for row in values.chunks_exact(width.max(1)) {
            // Halves, whose sum does not overflow.
            let largest = row.iter().fold(0.0_f32, |most, v| most.max(v.abs() / 2.0));
            // Neighbours with unlike signs have a smaller sum than one of them.
            let pairs = row.windows(2).map(|pair| (pair[0] / 2.0 + pair[1] / 2.0).abs());
            let scale = 2.0 * (pairs.fold(largest, f32::max) / LARGEST);
            // A subnormal scale would be too rough for the bounds of the integers.
            let scale = if scale < f32::MIN_POSITIVE { 0.0 } else { scale };
            let round = |v: &f32| match scale > 0.0 {
                true => (v / scale).round_ties_even().clamp(-LARGEST, LARGEST) as i8,
                false => 0,
            };
            integers.extend(row.iter().map(round));
            scales.push(scale);
        }
        Ok(Self { integers, scales, width })
    }

    /// Returns the number of rows and of columns.
    pub fn shape(&self) -> Shape {
        Shape::new(&[self.scales.len(), self.width])
    }

    /// Returns the integers of all rows.
    pub fn integers(&self) -> &[i8] {
        &self.integers
    }

    /// Returns the scale of each row.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Writes the values of a row to `to`. It panics if there is no such row or its width differs.
    pub fn read_row(&self, row: usize, to: &mut [f32]) {
        assert_eq!(to.len(), self.width, "width of a row");
        let (scale, from) = (self.scales[row], &self.integers[row * self.width..]);
        for (to, &q) in to.iter_mut().zip(from) {
            *to = scale * f32::from(q);
        }
    }

    /// Returns the values of all rows.
    pub fn dequantize(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.integers.len()];
        for (row, to) in values.chunks_exact_mut(self.width.max(1)).enumerate() {
            self.read_row(row, to);
        }
        values
    }

    /// Returns the bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.integers.len() + size_of_val(self.scales.as_slice())
    }
}
