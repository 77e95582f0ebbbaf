//! The trait over which kernels are written, and the trait of a kernel.

/// One set of vector instructions. A value of the type proves that the processor has them.
///
/// Loads and stores take slices of any length: a slice shorter than [`Simd::LANES`] is read with
/// zeros behind it and written as far as it goes, so that a loop needs no tail of its own.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector of `LANES` f32.
    type V: Copy;
    /// Elements in a vector.
    const LANES: usize;
    /// Rows of the matrix product's register tile.
    const TILE_ROWS: usize;

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::V;
    /// Reads the first `LANES` elements, zeros past the slice's end.
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
    /// a * b + c, in one rounding where the processor can.
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
    /// a 2^n, n being integers between -252 and 254: infinity past the largest number, and softly
    /// down to zero.
    fn scale(self, a: Self::V, n: Self::V) -> Self::V;
    /// Sum of all lanes, in a fixed order.
    fn sum(self, a: Self::V) -> f32;
    /// Largest lane.
    fn largest(self, a: Self::V) -> f32;

    /// Reads `LANES` elements.
    ///
    /// # Safety
    /// `from` must be valid for reading `LANES` elements; no alignment is asked.
    unsafe fn load_at(self, from: *const f32) -> Self::V;
    /// Writes `LANES` elements.
    ///
    /// # Safety
    /// `to` must be valid for writing `LANES` elements; no alignment is asked.
    unsafe fn store_at(self, to: *mut f32, v: Self::V);
    /// Asks for the cache line at an address, which may be any; nothing is read.
    fn prefetch(self, at: *const f32);
    /// [`Simd::prefetch`] into the second-level cache, for what is read some microseconds later.
    fn prefetch_later(self, at: *const f32);
}

/// A computation written over [`Simd`], to be started with [`dispatch`](super::dispatch).
pub trait Kernel {
    /// What it gives.
    type Output;
    /// The computation. Mark it `#[inline(always)]`, and what it calls too, or it will not be
    /// compiled for the instructions it is given.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}
