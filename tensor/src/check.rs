//! Tools for tests of operations: finite differences, comparison with a reference, a device.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::device::Device;
use crate::ranks::{Ranks, in_process};

/// Returns the gradient of `f` at `x` by central differences, in f64.
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

/// Asserts max|a - b| <= tolerance max|b| + 1e-6 over whole tensors, and reports the first
/// violation.
///
/// # Panics
/// The assertion fails, or the lengths differ.
#[track_caller]
pub fn assert_close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let scale = want.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    let bound = tolerance * scale + 1e-6;
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= bound, "{what}[{i}]: {g} is not {w} (bound {bound:e})");
    }
}

/// Converts f32 values to f64.
pub fn to_f64(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

/// Converts f64 values to f32.
pub fn to_f32(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&v| v as f32).collect()
}

/// Returns `n` reproducible values between -1 and 1 that f32 represents exactly.
pub fn values(n: usize, seed: u64) -> Vec<f64> {
    let draw = crate::random::PhiloxStream::new(seed, 0, 0);
    (0..n as u64).map(|i| f64::from(draw.uniform(i) * 2.0 - 1.0)).collect()
}

/// Creates `size` ranks that are threads of this process. A rank that waits for two minutes for the
/// others gets an error.
///
/// ```
/// let meet = |ranks: tensor::Ranks| ranks.gather(&[ranks.rank() as u8]);
/// let threads = tensor::check::ranks(2).into_iter().map(|r| std::thread::spawn(move || meet(r)));
/// for thread in threads.collect::<Vec<_>>() {
///     assert_eq!(thread.join().unwrap()?, [[0], [1]]);
/// }
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn ranks(size: usize) -> Vec<Ranks> {
    in_process(size)
}

/// An OpenCL device reserved for one test.
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

/// Returns the first OpenCL device, for tests; if there is none, a line on stderr reports that the
/// test was skipped.
///
/// One test at a time has the device: OpenCL implementations on the processor fail if several
/// contexts compile at the same time.
pub fn opencl() -> Option<TestDevice> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    match Device::open("opencl", 1) {
        Ok(device) => Some(TestDevice { device, _turn: turn }),
        Err(why) => {
            let test = std::thread::current().name().unwrap_or("a test").to_string();
            // To the stream itself: captured output of a test is shown only if it fails.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
            None
        }
    }
}
