//! The peak speed of an OpenCL device.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::opencl::{Matrix, OpenCl, ProductForm, ProductOutput, Start};

/// Edge length of the matrices with which a device's peak is measured.
const EDGE: usize = 1024;

/// Returns the operations per second that a device reaches on a large product: the best of several
/// runs.
pub(super) fn peak(device: &OpenCl, time: Duration) -> Result<f64> {
    let (a, b) = (device.full([EDGE, EDGE], 1.0)?, device.full([EDGE, EDGE], 1.0)?);
    let mut c = device.zeros([EDGE, EDGE])?;
    let mut best = 0.0_f64;
    let start = Instant::now();
    while best == 0.0 || start.elapsed() < time {
        let begin = Instant::now();
        let to = ProductOutput::new(&mut c);
        device.product(ProductForm::Nt, Matrix::new(&a), Matrix::new(&b), to, Start::Zero)?;
        device.finish()?;
        // The first product compiles the kernel.
        let rate = 2.0 * (EDGE as f64).powi(3) / begin.elapsed().as_secs_f64();
        best = best.max(rate);
    }
    Ok(best)
}
