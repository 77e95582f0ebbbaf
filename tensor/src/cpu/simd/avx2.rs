//! AVX2 with FMA: eight lanes.

use std::arch::x86_64::*;

use super::vector::{Kernel, Simd};

/// A value proves that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// Returns the proof if the processor has the instructions.
    #[inline]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Runs a kernel compiled for these instructions.
    #[inline]
    pub fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where `detect` found the features.
        unsafe { enabled(self, kernel) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn enabled<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    kernel.run(simd)
}

/// Returns a mask of the lanes below `n`.
#[inline(always)]
fn mask(n: usize) -> __m256i {
    const ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: n is at most 8, so 8 elements from 8 - n lie within the array.
    unsafe { _mm256_loadu_si256(ONES.as_ptr().add(8 - n.min(8)).cast()) }
}

impl Simd for Avx2 {
    type V = __m256;
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        if from.len() >= 8 {
            // SAFETY: eight elements exist; `self` proves the features.
            unsafe { _mm256_loadu_ps(from.as_ptr()) }
        } else {
            // SAFETY: the mask lets only `from.len()` elements be read; `self` proves the features.
            unsafe { _mm256_maskload_ps(from.as_ptr(), mask(from.len())) }
        }
    }
    #[inline(always)]
    fn store(self, to: &mut [f32], v: __m256) {
        if to.len() >= 8 {
            // SAFETY: eight elements exist; `self` proves the features.
            unsafe { _mm256_storeu_ps(to.as_mut_ptr(), v) }
        } else {
            // SAFETY: the mask lets only `to.len()` elements be written; `self` proves the features.
            unsafe { _mm256_maskstore_ps(to.as_mut_ptr(), mask(to.len()), v) }
        }
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn select_lt(self, a: __m256, b: __m256, x: __m256, y: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)) }
    }
    #[inline(always)]
    fn round(self, a: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn scale(self, a: __m256, n: __m256) -> __m256 {
        // In two factors, each of which is finite.
        let half = self.round(self.mul(n, self.splat(0.5)));
        self.mul(self.mul(a, pow2(self, half)), pow2(self, self.sub(n, half)))
    }
    #[inline(always)]
    fn sum(self, a: __m256) -> f32 {
        // SAFETY: `self` proves the features.
        unsafe {
            let s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let s = _mm_add_ps(s, _mm_movehl_ps(s, s));
            _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps::<1>(s, s)))
        }
    }
    #[inline(always)]
    fn largest(self, a: __m256) -> f32 {
        // SAFETY: `self` proves the features.
        unsafe {
            let s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let s = _mm_max_ps(s, _mm_movehl_ps(s, s));
            _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps::<1>(s, s)))
        }
    }
    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> __m256 {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store_at(self, to: *mut f32, v: __m256) {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe { _mm256_storeu_ps(to, v) }
    }
    #[inline(always)]
    unsafe fn stream_at(self, to: *mut f32, v: __m256) {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe { _mm256_stream_ps(to, v) }
    }
    #[inline(always)]
    fn fence(self) {
        // SAFETY: it orders writes; SSE is part of x86-64.
        unsafe { _mm_sfence() }
    }
    #[inline(always)]
    unsafe fn transpose(self, from: *const f32, stride: usize, store: impl Fn(usize, __m256)) {
        // SAFETY: the caller's contract; `self` proves the features.
        unsafe {
            for column in (0..8).step_by(4) {
                // Quarter q of vector i holds four elements of row i + 4 q.
                let rows: [__m256; 4] = std::array::from_fn(|i| {
                    let quarter = |q: usize| _mm_loadu_ps(from.add((i + 4 * q) * stride + column));
                    let v = _mm256_castps128_ps256(quarter(0));
                    _mm256_insertf128_ps::<1>(v, quarter(1))
                });
                let low = _mm256_castps_pd(_mm256_unpacklo_ps(rows[0], rows[1]));
                let high = _mm256_castps_pd(_mm256_unpackhi_ps(rows[0], rows[1]));
                let low_2 = _mm256_castps_pd(_mm256_unpacklo_ps(rows[2], rows[3]));
                let high_2 = _mm256_castps_pd(_mm256_unpackhi_ps(rows[2], rows[3]));
                let columns = [
                    _mm256_unpacklo_pd(low, low_2),
                    _mm256_unpackhi_pd(low, low_2),
                    _mm256_unpacklo_pd(high, high_2),
                    _mm256_unpackhi_pd(high, high_2),
                ];
                for (j, values) in columns.into_iter().enumerate() {
                    store(column + j, _mm256_castpd_ps(values));
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

/// Returns 2^n for lanes that hold integers between -126 and 127.
#[inline(always)]
fn pow2(_: Avx2, n: __m256) -> __m256 {
    // SAFETY: the first argument proves the features.
    unsafe {
        let i = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(i))
    }
}
