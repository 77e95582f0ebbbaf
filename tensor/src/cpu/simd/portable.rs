//! The portable path: plain Rust over eight lanes, which compilers can vectorise.

use super::vector::Simd;

/// Plain Rust, which every processor can run.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

const N: usize = 8;

#[inline(always)]
fn zip(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    let mut r = [0.0; N];
    for i in 0..N {
        r[i] = f(a[i], b[i]);
    }
    r
}

impl Simd for Portable {
    type V = [f32; N];
    const LANES: usize = N;
    const TILE_ROWS: usize = 4;

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; N] {
        [x; N]
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> [f32; N] {
        let mut v = [0.0; N];
        let n = from.len().min(N);
        v[..n].copy_from_slice(&from[..n]);
        v
    }
    #[inline(always)]
    fn store(self, to: &mut [f32], v: [f32; N]) {
        let n = to.len().min(N);
        to[..n].copy_from_slice(&v[..n]);
    }
    #[inline(always)]
    fn add(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |x, y| x / y)
    }
    #[inline(always)]
    fn fma(self, a: [f32; N], b: [f32; N], c: [f32; N]) -> [f32; N] {
        // Not `f32::mul_add`: without the FMA instruction that is a slow library call.
        let mut r = [0.0; N];
        for i in 0..N {
            r[i] = a[i] * b[i] + c[i];
        }
        r
    }
    #[inline(always)]
    fn sqrt(self, a: [f32; N]) -> [f32; N] {
        a.map(f32::sqrt)
    }
    #[inline(always)]
    fn min(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn select_lt(self, a: [f32; N], b: [f32; N], x: [f32; N], y: [f32; N]) -> [f32; N] {
        let mut r = [0.0; N];
        for i in 0..N {
            r[i] = if a[i] < b[i] { x[i] } else { y[i] };
        }
        r
    }
    #[inline(always)]
    fn round(self, a: [f32; N]) -> [f32; N] {
        a.map(f32::round_ties_even)
    }
    #[inline(always)]
    fn scale(self, a: [f32; N], n: [f32; N]) -> [f32; N] {
        // In two factors, each of which is finite.
        let pow2 =
            |n: [f32; N]| n.map(|x| f32::from_bits(((x as i32).wrapping_add(127) as u32) << 23));
        let half = self.round(self.mul(n, self.splat(0.5)));
        self.mul(self.mul(a, pow2(half)), pow2(self.sub(n, half)))
    }
    #[inline(always)]
    fn sum(self, a: [f32; N]) -> f32 {
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }
    #[inline(always)]
    fn largest(self, a: [f32; N]) -> f32 {
        a.into_iter().fold(f32::NEG_INFINITY, |m, x| if m > x { m } else { x })
    }
    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> [f32; N] {
        // SAFETY: the caller's contract is the same.
        unsafe { from.cast::<[f32; N]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store_at(self, to: *mut f32, v: [f32; N]) {
        // SAFETY: the caller's contract is the same.
        unsafe { to.cast::<[f32; N]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn transpose(self, from: *const f32, stride: usize, store: impl Fn(usize, [f32; N])) {
        for j in 0..N {
            // SAFETY: the caller's contract is the same.
            store(j, std::array::from_fn(|i| unsafe { *from.add(i * stride + j) }));
        }
    }
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}
    #[inline(always)]
    fn prefetch_later(self, _: *const f32) {}
}
