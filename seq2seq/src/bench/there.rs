//! What a training step asks of a device behind OpenCL.

use std::time::{Duration, Instant};

use tensor::opencl::{Counters, Form, KernelWork, Matrix, OpenCl, Place, Start};

use crate::Result;

/// Work of one training step on a device, as counted.
#[derive(Debug, Clone)]
pub struct DeviceWork {
    /// Kernels started.
    pub launches: f64,
    /// Copies and fills on the device.
    pub copies: f64,
    /// Reads by the host, and their bytes.
    pub reads: (f64, f64),
    /// Writes by the host, and their bytes.
    pub writes: (f64, f64),
    /// Bytes of all tensors that kernels were given: the least that the device's memory moves.
    pub moved: f64,
    /// Floating-point operations of products.
    pub flops: f64,
    /// Those of them that are for tensor cores.
    pub core_flops: f64,
    /// Launches of each kernel and the bytes that it moves, the most frequent first.
    pub kernels: Vec<(&'static str, f64, f64)>,
}

/// Seconds of a launch, bytes and operations a second of a data-centre GPU, measured on an H100
/// through its OpenCL driver.
const GPU: (f64, f64, f64) = (5.3e-6, 3e12, 50e12);
/// Operations a second of its tensor cores.
const CORES: f64 = 295e12;

impl DeviceWork {
    /// What a device did in `steps` steps, from its counters before and after.
    pub(super) fn new(device: &OpenCl, before: &Before, steps: usize) -> Self {
        let each = |n: u64| n as f64 / steps as f64;
        let c = device.counters().since(&before.counters);
        let since = |now: KernelWork| {
            let earlier = before.kernels.iter().find(|earlier| earlier.name == now.name);
            let (launches, bytes) = earlier.map_or((0, 0), |e| (e.launches, e.moved_bytes));
            (now.name, each(now.launches - launches), each(now.moved_bytes - bytes))
        };
        let mut kernels: Vec<_> = device.kernels().into_iter().map(since).collect();
        kernels.retain(|(_, launches, _)| *launches > 0.0);
        kernels.sort_by(|a, b| b.1.total_cmp(&a.1));
        Self {
            launches: each(c.launches),
            copies: each(c.copies),
            reads: (each(c.reads), each(c.read_bytes)),
            writes: (each(c.writes), each(c.written_bytes)),
            moved: each(c.moved_bytes),
            flops: each(c.flops),
            core_flops: each(c.core_flops),
            kernels,
        }
    }

    /// Seconds that the step would take on a data-centre GPU by its launches, its memory and its
    /// arithmetic, one after the other: 5.3 us a launch or copy, 3 TB/s, 50 TFLOP/s, 295 on tensor
    /// cores. A prediction.
    pub fn predicted(&self) -> f64 {
        let (launch, bytes, flops) = GPU;
        let arithmetic = (self.flops - self.core_flops) / flops + self.core_flops / CORES;
        (self.launches + self.copies) * launch + self.moved / bytes + arithmetic
    }
}

/// A device's counters at some time.
pub(super) struct Before {
    counters: Counters,
    kernels: Vec<KernelWork>,
}

impl Before {
    pub(super) fn of(device: &OpenCl) -> Self {
        Self { counters: device.counters(), kernels: device.kernels() }
    }
}

/// Edge of the matrices that a device's peak is measured with.
const EDGE: usize = 1024;

/// Operations per second that a device reaches on a large product, the best of some time.
pub(super) fn peak(device: &OpenCl, time: Duration) -> Result<f64> {
    let (a, b) = (device.full([EDGE, EDGE], 1.0)?, device.full([EDGE, EDGE], 1.0)?);
    let mut c = device.zeros([EDGE, EDGE])?;
    let mut best = 0.0_f64;
    let start = Instant::now();
    while best == 0.0 || start.elapsed() < time {
        let begin = Instant::now();
        let to = Place::new(&mut c);
        device.product(Form::Nt, Matrix::new(&a), Matrix::new(&b), to, Start::Zero)?;
        device.finish()?;
        // The first one compiles the kernel.
        let rate = 2.0 * (EDGE as f64).powi(3) / begin.elapsed().as_secs_f64();
        best = best.max(rate);
    }
    Ok(best)
}
