//! Vectors of f32, chosen at run time: AVX-512, AVX2 with FMA, or a portable path.
//!
//! A kernel is written once over [`Simd`] and started with [`dispatch`], which runs it with the
//! widest set of instructions that the processor has. The environment variable `TENSOR_SIMD`
//! (`portable`, `avx2`, `avx512`) selects a lower path; it is read once.
//!
//! ```
//! use tensor::simd::{Kernel, Simd, dispatch};
//!
//! struct Halve<'a>(&'a mut [f32]);
//! impl Kernel for Halve<'_> {
//!     type Output = ();
//!     #[inline(always)]
//!     fn run<S: Simd>(self, s: S) {
//!         let half = s.splat(0.5);
//!         let mut i = 0;
//!         while i < self.0.len() {
//!             let v = s.mul(s.load(&self.0[i..]), half);
//!             s.store(&mut self.0[i..], v);
//!             i += S::LANES;
//!         }
//!     }
//! }
//! let mut x = vec![1.0; 19];
//! dispatch(Halve(&mut x));
//! assert!(x.iter().all(|&v| v == 0.5));
//! ```

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod math;
mod portable;
mod vector;

use std::sync::OnceLock;

use crate::error::{Error, Result};

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use portable::Portable;
pub use vector::{Kernel, Simd};

/// The supported instruction sets, from the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Plain Rust.
    Portable,
    /// x86-64 with AVX2 and FMA: 8 lanes.
    Avx2,
    /// x86-64 with AVX-512F: 16 lanes.
    Avx512,
}

impl Level {
    /// Returns its name, as accepted in `TENSOR_SIMD`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Returns every level that this processor can run.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if Avx2::detect().is_some() {
                levels.push(Self::Avx2);
            }
            if Avx512::detect().is_some() {
                levels.push(Self::Avx512);
            }
        }
        levels
    }
}

/// The environment variable that selects a level by name.
const VARIABLE: &str = "TENSOR_SIMD";

/// Returns an error if `TENSOR_SIMD` names no level.
pub(crate) fn check_asked() -> Result<()> {
    match std::env::var(VARIABLE) {
        Ok(requested) => check_name(&requested),
        Err(_) => Ok(()),
    }
}

fn check_name(requested: &str) -> Result<()> {
    let known = [Level::Portable, Level::Avx2, Level::Avx512].map(Level::name);
    if requested.is_empty() || known.contains(&requested) {
        return Ok(());
    }
    Err(Error::argument(VARIABLE, format!("{requested:?}: expected {}", known.join(", "))))
}

/// Returns the level in use: the one that `TENSOR_SIMD` selects if it is available, else the
/// highest available.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let available = Level::available();
        let requested = std::env::var(VARIABLE).ok();
        let highest = available.last().copied().unwrap_or(Level::Portable);
        available.into_iter().find(|l| requested.as_deref() == Some(l.name())).unwrap_or(highest)
    })
}

/// Runs a kernel at [`level`].
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_at(level(), kernel)
}

/// Runs a kernel at a level; if the processor lacks it, on the portable path.
#[inline]
pub fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    match level {
        Level::Avx512 => {
            if let Some(simd) = Avx512::detect() {
                return simd.call(kernel);
            }
        }
        Level::Avx2 => {
            if let Some(simd) = Avx2::detect() {
                return simd.call(kernel);
            }
        }
        Level::Portable => {}
    }
    let _ = level;
    kernel.run(Portable)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    struct Transpose<'a>(&'a [f32], usize);
    impl Kernel for Transpose<'_> {
        type Output = Vec<(usize, Vec<f32>)>;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Output {
            let columns = RefCell::new(Vec::new());
            assert!(self.0.len() >= (S::LANES - 1) * self.1 + S::LANES);
            let store = |column, v| {
                let mut values = vec![0.0; S::LANES];
                s.store(&mut values, v);
                columns.borrow_mut().push((column, values));
            };
            // SAFETY: all rows are within the slice, by the assertion.
            unsafe { s.transpose(self.0.as_ptr(), self.1, store) };
            columns.into_inner()
        }
    }

    #[test]
    fn a_block_is_transposed_at_every_level() {
        let stride = 19;
        let values: Vec<f32> = (0..16 * stride).map(|i| i as f32).collect();
        for level in Level::available() {
            let columns = dispatch_at(level, Transpose(&values, stride));
            for (i, (column, values)) in columns.iter().enumerate() {
                assert_eq!(*column, i);
                let want: Vec<f32> =
                    (0..columns.len()).map(|row| (row * stride + column) as f32).collect();
                assert_eq!(values, &want, "{level:?}");
            }
            assert!(columns.len() == 8 || columns.len() == 16, "{level:?}");
        }
    }

    #[test]
    fn a_level_is_asked_for_by_its_name() {
        for level in Level::available() {
            assert!(check_name(level.name()).is_ok());
        }
        assert!(check_name("").is_ok());
        let error = check_name("avx3").unwrap_err().to_string();
        assert!(
            error.contains("TENSOR_SIMD") && error.contains("portable, avx2, avx512"),
            "{error}"
        );
    }
}
