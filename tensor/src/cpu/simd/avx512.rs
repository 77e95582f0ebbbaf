//! AVX-512F: sixteen lanes.

use std::arch::x86_64::*;

use super::vector::{Kernel, Simd};

/// A value proves that the processor has AVX-512F.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    /// Returns the proof if the processor has the instructions.
    #[inline]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Runs a kernel compiled for these instructions.
    #[inline]
    pub fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where `detect` found the features.
        unsafe { enabled(self, kernel) }
    }
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn enabled<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
    kernel.run(simd)
}

/// Returns a mask of the lanes below `n`.
#[inline(always)]
fn mask(n: usize) -> __mmask16 {
    ((1_u32 << n.min(16)) - 1) as __mmask16
}

impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    const TILE_ROWS: usize = 12;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        if from.len() >= 16 {
            // SAFETY: sixteen elements exist; `self` proves the features.
            unsafe { _mm512_loadu_ps(from.as_ptr()) }
        } else {
            // SAFETY: the mask lets only `from.len()` elements be read; `self` proves the features.
            unsafe { _mm512_maskz_loadu_ps(mask(from.len()), from.as_ptr()) }
        }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32], v: __m512) {
        if to.len() >= 16 {
            // SAFETY: sixteen elements exist; `self` proves the features.
            unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
        } else {
            // SAFETY: the mask lets only `to.len()` elements be written; `self` proves the features.
            unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), mask(to.len()), v) }
        }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn select_lt(self, a: __m512, b: __m512, x: __m512, y: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), y, x) }
    }
    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn scale(self, a: __m512, n: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_scalef_ps(a, n) }
    }
    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_reduce_add_ps(a) }
    }
    #[inline(always)]
    fn largest(self, a: __m512) -> f32 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_reduce_max_ps(a) }
    }
    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> __m512 {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store_at(self, to: *mut f32, v: __m512) {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe { _mm512_storeu_ps(to, v) }
    }
    #[inline(always)]
    unsafe fn stream_at(self, to: *mut f32, v: __m512) {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe { _mm512_stream_ps(to, v) }
    }
    #[inline(always)]
    fn fence(self) {
        // SAFETY: it orders writes; SSE is part of x86-64.
        unsafe { _mm_sfence() }
    }
    #[inline(always)]
    unsafe fn transpose(self, from: *const f32, stride: usize, store: impl Fn(usize, __m512)) {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe {
            for column in (0..16).step_by(4) {
                // Quarter q of vector i holds four elements of row i + 4 q.
                let rows: [__m512; 4] = std::array::from_fn(|i| {
                    let quarter = |q: usize| _mm_loadu_ps(from.add((i + 4 * q) * stride + column));
                    let v = _mm512_castps128_ps512(quarter(0));
                    let v = _mm512_insertf32x4::<1>(v, quarter(1));
                    let v = _mm512_insertf32x4::<2>(v, quarter(2));
                    _mm512_insertf32x4::<3>(v, quarter(3))
                });
                let low = _mm512_castps_pd(_mm512_unpacklo_ps(rows[0], rows[1]));
                let high = _mm512_castps_pd(_mm512_unpackhi_ps(rows[0], rows[1]));
                let low_2 = _mm512_castps_pd(_mm512_unpacklo_ps(rows[2], rows[3]));
                let high_2 = _mm512_castps_pd(_mm512_unpackhi_ps(rows[2], rows[3]));
                let columns = [
                    _mm512_unpacklo_pd(low, low_2),
                    _mm512_unpackhi_pd(low, low_2),
                    _mm512_unpacklo_pd(high, high_2),
                    _mm512_unpackhi_pd(high, high_2),
                ];
                for (j, values) in columns.into_iter().enumerate() {
                    store(column + j, _mm512_castpd_ps(values));
                }
            }
        }
    }
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: a hint about any address; SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }
    #[inline(always)]
    fn prefetch_later(self, at: *const f32) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
}
