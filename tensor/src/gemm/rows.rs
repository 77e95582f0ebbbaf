//! What a product reads, and what it is added to.

/// What the product is added to.
#[derive(Debug, Clone, Copy)]
pub enum SumStart<'a> {
    /// Nothing.
    Zero,
    /// One row, added to every row.
    Bias(&'a [f32]),
    /// What the output holds.
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
    /// Contiguous rows of `width` elements; a last incomplete row is left out.
    pub fn new(data: &'a [f32], width: usize) -> Self {
        Self { data, rows: data.len().checked_div(width).unwrap_or(0), width, stride: width }
    }

    /// Columns `start..start + width` of rows of `stride` elements; cut to what is there.
    pub fn columns(data: &'a [f32], stride: usize, start: usize, width: usize) -> Self {
        let start = start.min(stride);
        let rows = data.len().checked_div(stride).unwrap_or(0);
        let data = data.get(start..).unwrap_or(&[]);
        Self { data, rows, width: width.min(stride - start), stride }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pointer to the first element, all rows being readable from there.
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
