//! Loops over elements and rows that several operations share.

use std::ops::Range;

use crate::driver::{OpenCl, Program};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("basic.cl")]);

/// The number of tensors that one launch of `gather` takes.
const SOURCES: usize = 8;

impl OpenCl {
    /// Computes y += factor x for the elements of y from `at` on.
    ///
    /// # Errors
    /// x has more elements than y has from `at` on; the device failed.
    pub fn add_scaled(&self, y: &mut Tensor, at: usize, factor: f32, x: &Tensor) -> Result<()> {
        y.make_unique(self)?;
        self.add_scaled_shared(y, at, factor, x)
    }

    /// [`OpenCl::add_scaled`] in memory that the caller guarantees nothing else reads.
    pub(crate) fn add_scaled_shared(
        &self,
        y: &mut Tensor,
        at: usize,
        factor: f32,
        x: &Tensor,
    ) -> Result<()> {
        if at + x.len() > y.len() {
            return Err(Error::shapes("add", y.shape(), x.shape()));
        }
        let n = x.len();
        let launch = self.kernel(&PROGRAM, "add_scaled").uint(n).float(factor);
        launch.reads(x).writes_shared(y).long(at).over(n)
    }

    /// Computes y += x.
    ///
    /// # Errors
    /// The tensors' lengths differ; the device failed.
    pub fn add(&self, y: &mut Tensor, x: &Tensor) -> Result<()> {
        if y.len() != x.len() {
            return Err(Error::shapes("add", y.shape(), x.shape()));
        }
        self.add_scaled(y, 0, 1.0, x)
    }

    /// Computes y = keep y + fresh x.
    ///
    /// # Errors
    /// The tensors' lengths differ; the device failed.
    pub fn blend(&self, y: &mut Tensor, keep: f32, fresh: f32, x: &Tensor) -> Result<()> {
        if y.len() != x.len() {
            return Err(Error::shapes("blend", y.shape(), x.shape()));
        }
        y.make_unique(self)?;
        self.blend_shared(y, keep, fresh, x)
    }

    /// [`OpenCl::blend`] in memory that the caller guarantees nothing else reads.
    pub(crate) fn blend_shared(
        &self,
        y: &mut Tensor,
        keep: f32,
        fresh: f32,
        x: &Tensor,
    ) -> Result<()> {
        let n = x.len();
        let launch = self.kernel(&PROGRAM, "blend").uint(n).float(keep).float(fresh);
        launch.reads(x).writes_shared(y).over(n)
    }

    /// Computes y *= factor.
    ///
    /// # Errors
    /// The device failed.
    pub fn scale(&self, y: &mut Tensor, factor: f32) -> Result<()> {
        y.make_unique(self)?;
        self.scale_shared(y, factor)
    }

    /// [`OpenCl::scale`] in memory that the caller guarantees nothing else reads.
    pub(crate) fn scale_shared(&self, y: &mut Tensor, factor: f32) -> Result<()> {
        let n = y.len();
        self.kernel(&PROGRAM, "scale").uint(n).float(factor).writes_shared(y).over(n)
    }

    /// Concatenates the rows of tensors of one width.
    ///
    /// # Errors
    /// There are no tensors, or their widths differ; the device failed.
    pub fn gather(&self, parts: &[Tensor]) -> Result<Tensor> {
        let Some(first) = parts.first() else {
            return Err(Error::argument("gather", "nothing to gather"));
        };
        let width = first.shape().width();
        if let Some(other) = parts.iter().find(|p| p.shape().width() != width) {
            return Err(Error::shapes("gather", first.shape(), other.shape()));
        }
        let rows = parts.iter().map(|p| p.shape().rows()).sum();
        let mut y = self.uninit([rows, width])?;
        let mut done = 0;
        for some in parts.chunks(SOURCES) {
            let count = some.iter().map(|p| p.shape().rows()).sum();
            let mut launch = self.kernel(&PROGRAM, "gather").uint(count).uint(width);
            let mut end = 0;
            for k in 0..SOURCES {
                // An absent part ends where the last one ends, so it gets no row.
                let part = some.get(k).unwrap_or(&some[0]);
                end += some.get(k).map_or(0, |p| p.shape().rows());
                launch = launch.reads(part).uint(end);
            }
            let groups = [width.div_ceil(32), count.div_ceil(8), 1];
            launch.writes(&mut y).uint(done).groups(groups, [32, 8, 1])?;
            done += count;
        }
        Ok(y)
    }

    /// Writes to y, or adds to it, the sums of columns over all rows of x.
    ///
    /// # Errors
    /// The columns are not within x, or their number differs from y's; the device failed.
    pub fn column_sums(
        &self,
        x: &Tensor,
        columns: Range<usize>,
        y: &mut Tensor,
        add: bool,
    ) -> Result<()> {
        y.make_unique(self)?;
        self.column_sums_shared(x, columns, y, add)
    }

    /// [`OpenCl::column_sums`] into memory that the caller guarantees nothing else reads.
    pub(crate) fn column_sums_shared(
        &self,
        x: &Tensor,
        columns: Range<usize>,
        y: &mut Tensor,
        add: bool,
    ) -> Result<()> {
        let (rows, stride) = (x.shape().rows(), x.shape().width());
        if columns.end > stride || columns.len() != y.len() {
            return Err(Error::shapes("column sums", x.shape(), y.shape()));
        }
        let n = columns.len();
        let launch = self.kernel(&PROGRAM, "column_sums").uint(rows).uint(n).uint(stride);
        let launch = launch.uint(columns.start).reads(x).writes_shared(y).uint(usize::from(add));
        launch.groups([n.div_ceil(16), 1, 1], [16, 16, 1])
    }

    /// Returns the sum of squares of all elements as partial sums, to be added up on the host.
    ///
    /// # Errors
    /// The device failed.
    pub fn squares(&self, x: &Tensor) -> Result<Tensor> {
        let groups = x.len().div_ceil(4 * 256).clamp(1, 64);
        let mut y = self.uninit([groups])?;
        let launch = self.kernel(&PROGRAM, "squares").uint(x.len()).reads(x).writes(&mut y);
        launch.groups([groups, 1, 1], [256, 1, 1])?;
        Ok(y)
    }
}
