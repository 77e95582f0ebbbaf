//! The work of a training step on an OpenCL device.

use super::Device;
use crate::opencl::{Counters, KernelWork, OpenCl};

/// The counted work of one training step on a device.
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
    /// Bytes of all tensors that kernels were given: a lower bound on the device's memory traffic.
    pub moved: f64,
    /// Floating-point operations of products.
    pub flops: f64,
    /// Those of them that are for tensor cores.
    pub core_flops: f64,
    /// The work of each kernel, the most frequent first; copies and fills are not included.
    pub kernels: Vec<KernelShare>,
    /// False if kernels were only counted, so that times are meaningless.
    pub ran: bool,
}

/// The work of a kernel in a training step.
#[derive(Debug, Clone, Copy)]
pub struct KernelShare {
    /// Its name.
    pub name: &'static str,
    /// How many times it is started.
    pub launches: f64,
    /// Bytes of all tensors that it is given.
    pub moved: f64,
}

/// The best speeds that a data-centre GPU (an H100) reaches through its OpenCL driver.
pub mod gpu {
    /// Seconds per launch.
    pub const LAUNCH: f64 = 5.3e-6;
    /// Bytes of its memory per second.
    pub const BYTES: f64 = 3e12;
    /// Operations of f32 products per second.
    pub const FLOPS: f64 = 50e12;
    /// Operations of TF32 products on its tensor cores per second.
    pub const CORE_FLOPS: f64 = 295e12;
}

impl DeviceWork {
    /// Returns the work of a device per step, from its counters before and after `steps` steps.
    fn new(device: &OpenCl, before: &Before, steps: usize) -> Self {
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

    /// Predicts the seconds of the step: launches and copies, memory and arithmetic, one after the
    /// other, each at the speed of a [`gpu`] at its best.
    pub fn predicted(&self) -> f64 {
        let arithmetic =
            (self.flops - self.core_flops) / gpu::FLOPS + self.core_flops / gpu::CORE_FLOPS;
        (self.launches + self.copies) * gpu::LAUNCH + self.moved / gpu::BYTES + arithmetic
    }
}

/// Measures the work of a device from a starting point.
#[derive(Debug)]
pub struct WorkMeter<'a> {
    device: &'a Device,
    before: Option<Before>,
}

impl<'a> WorkMeter<'a> {
    /// Starts counting.
    pub fn start(device: &'a Device) -> Self {
        Self { device, before: device.opencl().map(Before::of) }
    }

    /// Returns the device's work per step over `steps` steps since then, or `None` for the
    /// processor.
    pub fn per_step(&self, steps: usize) -> Option<DeviceWork> {
        let device = self.device.opencl().zip(self.before.as_ref());
        device.map(|(device, before)| DeviceWork::new(device, before, steps))
    }
}

/// A device's counters at the start.
#[derive(Debug)]
struct Before {
    counters: Counters,
    kernels: Vec<KernelWork>,
}

impl Before {
    fn of(device: &OpenCl) -> Self {
        Self { counters: device.counters(), kernels: device.kernels() }
    }
}
