//! The trait over which kernels are written, and the trait of a kernel.

/// One set of vector instructions. A value of the type proves that the processor has them.
///
/// Loads and stores take slices of any length. A slice shorter than [`Simd::LANES`] is read as if
/// zeros followed it and is written up to its end, so that a loop needs no separate tail.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector of `LANES` f32.
    type V: Copy;
    /// Elements in a vector.
    const LANES: usize;
    /// Rows of the matrix product's register tile.
    const TILE_ROWS: usize;

    /// Returns a vector with all lanes `x`.
    fn splat(self, x: f32) -> Self::V;
    /// Reads the first `LANES` elements, with zeros past the slice's end.
    fn load(self, from: &[f32]) -> Self::V;
    /// Writes as many lanes as the slice holds.
    fn store(self, to: &mut [f32], v: Self::V);
    /// a + b
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a - b
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a * b
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// a / b
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// a * b + c, with a single rounding if the processor has the instruction.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Square root.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// a < b ? a : b, so `b` where either is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// a > b ? a : b, so `b` where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// a < b ? x : y, lane by lane.
    fn select_lt(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// Rounds to the nearest integer, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// a 2^n, for integers n between -252 and 254; it overflows to infinity and underflows
    /// gradually to zero.
    fn scale(self, a: Self::V, n: Self::V) -> Self::V;
    /// Returns the sum of all lanes, in a fixed order.
    fn sum(self, a: Self::V) -> f32;
    /// Returns the largest lane.
    fn largest(self, a: Self::V) -> f32;

    /// Reads `LANES` elements.
    ///
    /// # Safety
    /// `from` must be valid for reading `LANES` elements; it need not be aligned.
    unsafe fn load_at(self, from: *const f32) -> Self::V;
    /// Writes `LANES` elements.
    ///
    /// # Safety
    /// `to` must be valid for writing `LANES` elements; it need not be aligned.
    unsafe fn store_at(self, to: *mut f32, v: Self::V);
    /// Writes `LANES` elements past the caches: they are not read soon. Other threads see them after
    /// [`Simd::fence`].
    ///
    /// # Safety
    /// As [`Simd::store_at`], and `to` must be aligned to a whole vector.
    unsafe fn stream_at(self, to: *mut f32, v: Self::V) {
        // SAFETY: the caller's contract is stricter.
        unsafe { self.store_at(to, v) }
    }
    /// Ends a series of [`Simd::stream_at`].
    fn fence(self) {}
    /// Transposes a block of `LANES` rows of `LANES` elements that begin `stride` apart: calls `store`
    /// with each column and its number.
    ///
    /// # Safety
    /// `from` must be valid for reading all rows.
    unsafe fn transpose(self, from: *const f32, stride: usize, store: impl Fn(usize, Self::V));
    /// Prefetches the cache line at an address; any address is valid, and nothing is read.
    fn prefetch(self, at: *const f32);
    /// Prefetches as [`Simd::prefetch`] does, into the second-level cache, for reads some
    /// microseconds later.
    fn prefetch_later(self, at: *const f32);
}

/// A computation written over [`Simd`], to be started with [`dispatch`](super::dispatch).
pub trait Kernel {
    /// The type of its result.
    type Output;
    /// Runs the computation. Mark it and the functions that it calls `#[inline(always)]`, or it
    /// will not be compiled for the selected instructions.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}
