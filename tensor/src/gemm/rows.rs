//! The left operand of a product, and the initial value of its sums.

/// The initial value of a product's sums.
#[derive(Debug, Clone, Copy)]
pub enum SumStart<'a> {
    /// Zero.
    Zero,
    /// One row, which is added to every row.
    Bias(&'a [f32]),
    /// The content of the output.
    Output,
}

/// Rows of a larger row-major matrix: `data[r * stride..][..width]` is row r.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
}

impl<'a> Rows<'a> {
    /// Creates contiguous rows of `width` elements; an incomplete last row is left out.
    pub fn new(data: &'a [f32], width: usize) -> Self {
        Self { data, rows: data.len().checked_div(width).unwrap_or(0), width, stride: width }
    }

    /// Selects columns `start..start + width` of rows of `stride` elements, cut to the existing
    /// columns.
    pub fn columns(data: &'a [f32], stride: usize, start: usize, width: usize) -> Self {
        let start = start.min(stride);
        let rows = data.len().checked_div(stride).unwrap_or(0);
        let data = data.get(start..).unwrap_or(&[]);
        Self { data, rows, width: width.min(stride - start), stride }
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of elements per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the pointer to the first element; all rows can be read from it.
    pub(super) fn start(&self) -> *const f32 {
        let needed = if self.rows == 0 { 0 } else { (self.rows - 1) * self.stride + self.width };
        assert!(self.data.len() >= needed, "rows lie within their slice");
        self.data.as_ptr()
    }

    #[inline]
    pub(super) fn row(&self, r: usize) -> &'a [f32] {
        &self.data[r * self.stride..r * self.stride + self.width]
    }
}
