//! What tests of operations share: finite differences, comparison with a reference, a device.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::device::Device;

/// The gradient of `f` at `x` by central differences, in f64.
pub fn finite_differences(mut f: impl FnMut(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    let step = 1e-5;
    (0..x.len())
        .map(|i| {
            let at = x[i];
            x[i] = at + step;
            let above = f(&x);
            x[i] = at - step;
            let below = f(&x);
            x[i] = at;
            (above - below) / (2.0 * step)
        })
        .collect()
}

/// Asserts max|a - b| <= tolerance max|b| + 1e-6 over whole tensors, and says where it fails.
///
/// # Panics
/// Where it fails, or the lengths differ.
#[track_caller]
pub fn assert_close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let scale = want.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    let bound = tolerance * scale + 1e-6;
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= bound, "{what}[{i}]: {g} is not {w} (bound {bound:e})");
    }
}

/// f32 values as f64.
pub fn to_f64(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

/// f64 values as f32.
pub fn to_f32(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&v| v as f32).collect()
}

/// `n` reproducible values between -1 and 1 that f32 holds exactly.
pub fn values(n: usize, seed: u64) -> Vec<f64> {
    let draw = crate::random::PhiloxStream::new(seed, 0, 0);
    (0..n as u64).map(|i| f64::from(draw.uniform(i) * 2.0 - 1.0)).collect()
}

/// An OpenCL device in the hands of one test.
pub struct TestDevice {
    device: Device,
    _turn: MutexGuard<'static, ()>,
}

impl std::ops::Deref for TestDevice {
    type Target = Device;
    fn deref(&self) -> &Device {
        &self.device
    }
}

/// The OpenCL device of tests, the first there is; where there is none, a line on stderr says that
/// the test was skipped.
///
/// A test has it for itself: implementations on the processor do not stand several contexts that
/// compile at the same time.
pub fn opencl() -> Option<TestDevice> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    match Device::open("opencl", 1) {
        Ok(device) => Some(TestDevice { device, _turn: turn }),
        Err(why) => {
            let test = std::thread::current().name().unwrap_or("a test").to_string();
            // To the stream itself: what a test prints is seen only where it fails.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
            None
        }
    }
}
