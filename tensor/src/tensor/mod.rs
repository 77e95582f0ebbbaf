//! The tensor: f32 elements in row-major order, shared and copied on write.

mod convert;
mod deferred_scalar;

use ndarray::{ArrayD, ArrayView1, ArrayView2, ArrayViewD, IxDyn};

use crate::cpu::buffer::Buffer;
use crate::driver::{OpenCl, Remote};
use crate::error::{Error, Result, check_rank};
use crate::shape::Shape;
pub use deferred_scalar::DeferredScalar;

/// f32 elements in row-major order, of one to four dimensions.
///
/// A clone shares the memory; writing to a shared tensor copies it first. The elements lie in the
/// host's memory or on a device ([`Tensor::opencl`]); accessing a device tensor's elements on the
/// host is a read, which waits for the device and is counted there.
///
/// [`Tensor::from`] takes nested arrays, slices, vectors, and arrays of the re-exported `ndarray`
/// of up to four dimensions, owned or as views; [`Tensor::try_from`] takes those whose number of
/// dimensions is known only at run time. [`Tensor::view`] and [`Tensor::to_array`] return the
/// latter.
///
/// ```
/// use tensor::Tensor;
/// use tensor::ndarray::{array, s};
///
/// let t = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(t.dims(), [2, 2]);
/// assert_eq!(t.view().sum(), 10.0);
/// assert_eq!(t.index(1).to_array(), array![3.0, 4.0].into_dyn());
/// let matrix = array![[1.0_f32, 2.0], [3.0, 4.0]];
/// assert_eq!(Tensor::from(matrix.slice(s![.., 1])).data(), [2.0, 4.0]);
/// ```
///
/// In serialised form (serde) it is its sizes and its elements; a tensor of a device is read first.
#[derive(Clone)]
pub struct Tensor {
    storage: Storage,
    offset: usize,
    shape: Shape,
}

/// The elements' memory. In a build without devices only the host variant can exist.
#[derive(Clone)]
enum Storage {
    Host(Buffer),
    Device(Remote),
}

impl Tensor {
    fn host(buffer: Buffer, offset: usize, shape: Shape) -> Self {
        Self { storage: Storage::Host(buffer), offset, shape }
    }

    /// Creates a tensor around a device's memory.
    pub(crate) fn remote(remote: Remote, shape: Shape) -> Self {
        Self { storage: Storage::Device(remote), offset: 0, shape }
    }

    /// Returns the device that the tensor is on, or `None` for the host.
    pub fn opencl(&self) -> Option<&OpenCl> {
        match &self.storage {
            Storage::Host(_) => None,
            Storage::Device(remote) => Some(remote.device()),
        }
    }

    /// Checks that the elements read from this tensor are valid.
    ///
    /// # Errors
    /// The first failure of the tensor's device: reads from a device that failed return zeros.
    pub fn check(&self) -> Result<()> {
        self.opencl().map_or(Ok(()), OpenCl::check)
    }

    /// Checks that this is not the empty tensor in the place of a value that is not on its tape.
    pub(crate) fn present(&self, op: &'static str) -> Result<()> {
        if self.shape.is_absent() {
            return Err(Error::argument(op, format!("a value of shape {}", self.shape)));
        }
        Ok(())
    }

    /// Returns the tensor in the host's memory; the tensor itself if it is already there.
    ///
    /// # Errors
    /// The device failed. ([`Tensor::data`] returns zeros then, and the device stores the error.)
    pub fn to_host(&self) -> Result<Self> {
        match &self.storage {
            Storage::Host(_) => Ok(self.clone()),
            Storage::Device(remote) => {
                Self::from_vec(self.shape, remote.device().read_later(self)?.wait()?)
            }
        }
    }

    /// Returns its memory on a device, and the position of the first element in it.
    pub(crate) fn place(&self) -> Option<(&Remote, usize)> {
        match &self.storage {
            Storage::Host(_) => None,
            Storage::Device(remote) => Some((remote, self.offset)),
        }
    }

    /// Returns the same for writing: the host's copy of the elements is dropped.
    pub(crate) fn place_mut(&mut self) -> Option<(&mut Remote, usize)> {
        match &mut self.storage {
            Storage::Host(_) => None,
            Storage::Device(remote) => {
                remote.forget();
                Some((remote, self.offset))
            }
        }
    }

    /// Gives a tensor of `device` memory of its own if it shares its memory.
    pub(crate) fn make_unique(&mut self, device: &OpenCl) -> Result<()> {
        match &mut self.storage {
            Storage::Device(remote) if remote.device().is(device) => {
                if !remote.is_unique() {
                    *self = device.duplicate(self)?;
                }
                Ok(())
            }
            _ => {
                let what = format!("a tensor {} to write is not on the device", self.shape);
                Err(Error::argument("OpenCL kernel", what))
            }
        }
    }

    /// Returns at most `len` elements from `start` on as a row, sharing the memory.
    pub(crate) fn flat(&self, start: usize, len: usize) -> Self {
        let start = start.min(self.len());
        let len = len.min(self.len() - start);
        Self {
            storage: self.storage.view(),
            offset: self.offset + start,
            shape: Shape::new(&[len]),
        }
    }

    /// Returns the same elements in a shape with as many elements.
    pub(crate) fn shaped(mut self, shape: Shape) -> Self {
        debug_assert_eq!(self.len(), shape.len());
        self.shape = shape;
        self
    }

    /// Returns its first element's position in its memory.
    pub(crate) fn start(&self) -> usize {
        self.offset
    }

    /// Returns a larger shape on the memory from the first element on; the caller guarantees that
    /// the memory is large enough.
    pub(crate) fn extended(&self, shape: Shape) -> Self {
        Self { storage: self.storage.view(), offset: self.offset, shape }
    }

    /// Returns true if both share the same memory of a device.
    pub(crate) fn shares(&self, other: &Self) -> bool {
        match (self.place(), other.place()) {
            (Some((mine, _)), Some((theirs, _))) => mine.is_of(theirs),
            _ => false,
        }
    }

    /// Creates a tensor with unspecified elements, for an operation that writes all of them.
    pub fn uninit(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        Self::host(Buffer::uninit(shape.len()), 0, shape)
    }

    /// Creates a tensor with all elements `value`.
    pub fn full(shape: impl Into<Shape>, value: f32) -> Self {
        let mut t = Self::uninit(shape);
        t.data_mut().fill(value);
        t
    }

    /// Creates a tensor with all elements zero.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::full(shape, 0.0)
    }

    /// Creates a tensor of one element.
    pub fn scalar(value: f32) -> Self {
        Self::full([1], value)
    }

    /// Creates a tensor from a vector of `shape.len()` elements.
    ///
    /// # Errors
    /// The vector has another length; the shape has more than four dimensions.
    #[allow(clippy::needless_pass_by_value)] // the caller need not know that the vector is copied
    pub fn from_vec(shape: impl Into<Shape>, data: Vec<f32>) -> Result<Self> {
        let shape = check_rank("from_vec", shape.into())?;
        if shape.len() != data.len() {
            return Err(Error::shapes("from_vec", shape, [data.len()]));
        }
        Ok(Self::host(Buffer::from_slice(&data), 0, shape))
    }

    /// Creates a tensor from a slice of `shape.len()` elements.
    ///
    /// # Errors
    /// The slice has another length; the shape has more than four dimensions.
    pub fn from_slice(shape: impl Into<Shape>, data: &[f32]) -> Result<Self> {
        let shape = check_rank("from_slice", shape.into())?;
        if shape.len() != data.len() {
            return Err(Error::shapes("from_slice", shape, [data.len()]));
        }
        let mut t = Self::uninit(shape);
        t.data_mut().copy_from_slice(data);
        Ok(t)
    }

    /// Returns the shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns the sizes of the dimensions.
    pub fn dims(&self) -> &[usize] {
        self.shape.dims()
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.shape.len()
    }

    /// Returns true if the tensor has no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.is_empty()
    }

    /// Returns the elements in row-major order.
    pub fn data(&self) -> &[f32] {
        match &self.storage {
            Storage::Host(buffer) => &buffer.data()[self.offset..self.offset + self.shape.len()],
            Storage::Device(remote) => remote.data(self.offset, self.shape.len()),
        }
    }

    /// Returns the elements for writing; shared memory is copied first. A tensor on a device is
    /// moved to the host; a tape on the device then refuses it as an operation's result.
    pub fn data_mut(&mut self) -> &mut [f32] {
        let (offset, len) = (self.offset, self.shape.len());
        let is_unique = match &mut self.storage {
            Storage::Host(buffer) => buffer.unique().is_some(),
            Storage::Device(_) => false,
        };
        if !is_unique {
            *self = self.copy_on_host();
            return self.data_mut();
        }
        match &mut self.storage {
            Storage::Host(buffer) => match buffer.unique() {
                Some(data) => &mut data[offset..offset + len],
                None => &mut [],
            },
            Storage::Device(_) => &mut [],
        }
    }

    fn copy_on_host(&self) -> Self {
        let mut buffer = Buffer::uninit(self.len());
        if let Some(data) = buffer.unique() {
            data[..self.len()].copy_from_slice(self.data());
        }
        Self::host(buffer, 0, self.shape)
    }

    /// Returns a copy with memory of its own, on the same device.
    ///
    /// PyTorch: `tensor.clone()`.
    ///
    /// # Errors
    /// The device failed, or its memory is used up.
    pub fn copy(&self) -> Result<Self> {
        match &self.storage {
            Storage::Host(_) => Ok(self.copy_on_host()),
            Storage::Device(remote) => remote.device().duplicate(self),
        }
    }

    /// Returns the same elements in another shape.
    ///
    /// # Errors
    /// The shapes differ in their number of elements; the new one has more than four dimensions.
    pub fn reshape(mut self, shape: impl Into<Shape>) -> Result<Self> {
        let shape = check_rank("reshape", shape.into())?;
        if shape.len() != self.len() {
            return Err(Error::shapes("reshape", self.shape, shape));
        }
        self.shape = shape;
        Ok(self)
    }

    /// Returns entry `i` of the outermost dimension, sharing this tensor's memory. If `i` is out of
    /// range, the result is empty.
    pub fn index(&self, i: usize) -> Self {
        let mut t = self.range(i, 1);
        t.shape = if t.is_empty() { Shape::new(&[0]) } else { self.shape.inner() };
        t
    }

    /// Returns entries `start..start + count` of the outermost dimension, sharing this tensor's
    /// memory; entries out of range are left out.
    pub fn range(&self, start: usize, count: usize) -> Self {
        let n = self.dims().first().copied().unwrap_or(1);
        let start = start.min(n);
        let count = count.min(n - start);
        let inner = self.shape.inner().len();
        let mut dims = [1; 4];
        dims[..self.dims().len()].copy_from_slice(self.dims());
        dims[0] = count;
        Self {
            storage: self.storage.view(),
            offset: self.offset + start * inner,
            shape: Shape::new(&dims[..self.shape.rank().max(1)]),
        }
    }

    /// Returns an `ndarray` view.
    pub fn view(&self) -> ArrayViewD<'_, f32> {
        ArrayViewD::from_shape(IxDyn(self.dims()), self.data())
            .unwrap_or_else(|_| ArrayView1::from(self.data()).into_dyn())
    }

    /// Returns an `ndarray` view as a matrix: all dimensions but the last joined.
    pub fn view2(&self) -> ArrayView2<'_, f32> {
        let shape = (self.shape.rows(), self.shape.width());
        ArrayView2::from_shape(shape, self.data())
            .unwrap_or_else(|_| ArrayView2::from(&[] as &[[f32; 0]; 0]))
    }

    /// Returns an `ndarray` array with memory of its own.
    pub fn to_array(&self) -> ArrayD<f32> {
        self.view().to_owned()
    }

    /// Returns the L2 norm of all elements, summed in f64.
    pub fn norm(&self) -> f64 {
        crate::cpu::elementwise::sum_of_squares(self.data()).sqrt()
    }
}

impl Storage {
    fn view(&self) -> Self {
        match self {
            Self::Host(buffer) => Self::Host(buffer.clone()),
            Self::Device(remote) => Self::Device(remote.view()),
        }
    }
}

impl PartialEq for Tensor {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data() == other.data()
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor{:?} {}", self.shape, self.view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn writing_to_a_shared_tensor_leaves_the_other_alone() {
        let a = Tensor::from(array![[1.0, 2.0], [3.0, 4.0]]);
        let mut row = a.index(1);
        row.data_mut()[0] = 9.0;
        assert_eq!(row.data(), [9.0, 4.0]);
        assert_eq!(a.data(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn ranges_are_cut_to_the_tensor() {
        let a = Tensor::from(array![[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(a.range(1, 5).dims(), [1, 2]);
        assert!(a.range(7, 1).is_empty());
        assert!(a.index(2).is_empty());
        assert_eq!(a.view2().dim(), (2, 2));
    }
}
