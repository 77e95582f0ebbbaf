//! What a training step asks of a device behind OpenCL.

use std::time::{Duration, Instant};

use tensor::opencl::{Counters, KernelWork, Matrix, OpenCl, ProductForm, ProductOutput, Start};

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
    /// What each kernel does, the most frequent first; copies and fills are none of them.
    pub kernels: Vec<KernelShare>,
    /// False where kernels were only counted, so that no time means anything.
    pub ran: bool,
}

/// What a kernel does in a training step.
#[derive(Debug, Clone, Copy)]
pub struct KernelShare {
    /// Its name.
    pub name: &'static str,
    /// How often it is started.
    pub launches: f64,
    /// Bytes of all tensors that it is given.
    pub moved: f64,
}

/// What a data-centre GPU (an H100) does at best through its OpenCL driver.
pub mod gpu {
    /// Seconds of a launch.
    pub const LAUNCH: f64 = 5.3e-6;
    /// Bytes of its memory a second.
    pub const BYTES: f64 = 3e12;
    /// Operations of f32 products a second.
    pub const FLOPS: f64 = 50e12;
    /// Operations of TF32 products on its tensor cores a second.
    pub const CORE_FLOPS: f64 = 295e12;
}

impl DeviceWork {
    /// What a device did in `steps` steps, from its counters before and after.
    pub(super) fn new(device: &OpenCl, before: &Before, steps: usize) -> Self {
        let each = |n: u64| n as f64 / steps as f64;
        let c = device.counters().since(&before.counters);
        let since = |now: KernelWork| {
            let earlier = before.kernels.iter().find(|earlier| earlier.name == now.name);
            let (launches, bytes) = earlier.map_or((0, 0), |e| (e.launches, e.moved_bytes));
            let moved = each(now.moved_bytes - bytes);
            KernelShare { name: now.name, launches: each(now.launches - launches), moved }
        };
        let mut kernels: Vec<_> = device.kernels().into_iter().map(since).collect();
        kernels.retain(|kernel| kernel.launches > 0.0);
        kernels.sort_by(|a, b| b.launches.total_cmp(&a.launches));
        Self {
            launches: each(c.launches),
            copies: each(c.copies),
            reads: (each(c.reads), each(c.read_bytes)),
            writes: (each(c.writes), each(c.written_bytes)),
            moved: each(c.moved_bytes),
            flops: each(c.flops),
            core_flops: each(c.core_flops),
            kernels,
            ran: !device.is_counted(),
        }
    }

    /// Seconds that the step would take by its launches and copies, its memory and its arithmetic, one
    /// after the other, each as quick as on a [`gpu`] at its best. A prediction.
    pub fn predicted(&self) -> f64 {
        let arithmetic =
            (self.flops - self.core_flops) / gpu::FLOPS + self.core_flops / gpu::CORE_FLOPS;
        (self.launches + self.copies) * gpu::LAUNCH + self.moved / gpu::BYTES + arithmetic
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
        let to = ProductOutput::new(&mut c);
        device.product(ProductForm::Nt, Matrix::new(&a), Matrix::new(&b), to, Start::Zero)?;
        device.finish()?;
        // The first one compiles the kernel.
        let rate = 2.0 * (EDGE as f64).powi(3) / begin.elapsed().as_secs_f64();
        best = best.max(rate);
    }
    Ok(best)
}
