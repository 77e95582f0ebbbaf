//! Descriptions of the available devices.

/// A platform: one vendor's implementation of OpenCL.
#[derive(Debug, Clone)]
pub struct PlatformDescription {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its devices, in the order of their numbers.
    pub devices: Vec<DeviceDescription>,
}

/// The description of a device.
#[derive(Debug, Clone)]
pub struct DeviceDescription {
    /// Its name.
    pub name: String,
    /// Its vendor.
    pub vendor: String,
    /// `gpu`, `cpu` or `accelerator`.
    pub kind: &'static str,
    /// The version of OpenCL that it supports.
    pub version: String,
    /// The version of its driver.
    pub driver: String,
    /// Compute units.
    pub compute_units: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of the largest single piece of memory.
    pub largest_allocation: u64,
    /// Bytes of memory shared by a work-group.
    pub local_memory: usize,
    /// Number of floats in its preferred vector; 1 on GPUs, whose work-items are lanes.
    pub vector: usize,
    /// Number of work-items in its largest work-group.
    pub work_group: usize,
    /// The extensions it supports.
    pub extensions: String,
    /// NVIDIA's compute capability, if it is an NVIDIA device.
    pub compute_capability: Option<(u32, u32)>,
}

impl DeviceDescription {
    /// True if products run on tensor cores when [`Precision::Tf32`](super::Precision::Tf32) is
    /// requested: NVIDIA's devices from compute capability 8.0 on.
    pub fn has_tensor_cores(&self) -> bool {
        self.compute_capability.is_some_and(|(major, _)| major >= 8)
    }

    /// Describes the kernels that it uses.
    pub fn kernels(&self) -> String {
        let products = match (self.is_processor(), self.vector >= 16) {
            (true, true) => "products in bands of 16-wide vectors",
            (true, false) => "products in bands of 8-wide vectors",
            (false, _) => "products in tiles of local memory and registers",
        };
        let tf32 = match self.has_tensor_cores() {
            true => "tf32 on tensor cores",
            false => "tf32 by rounded factors",
        };
        format!("OpenCL C 1.2, {products}, {tf32}")
    }

    pub(super) fn is_processor(&self) -> bool {
        self.kind == "cpu"
    }
}
