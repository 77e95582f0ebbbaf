//! The driver of this build: OpenCL 1.2 through `ocl::core`.
//!
//! Every `unsafe` block of the devices stands here. Commands go to one queue that keeps their
//! order, so a command sees what those before it wrote.

use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use ocl::core::{self, ArgVal, DeviceInfo, DeviceInfoResult, DeviceType, Event, KernelArgInfo};
use ocl::core::{KernelArgAddressQualifier as Address, KernelArgInfoResult, MemFlags};
use ocl::core::{OpenclVersion, PlatformInfo, ProgramBuildInfo, ProgramBuildInfoResult, Status};

use crate::driver::arguments::{Data, Value};
use crate::driver::description::{DeviceDescription, PlatformDescription};
use crate::error::{Error, Result};

/// A device can exist in this build.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof(());

/// Answers where it is checked whether the build has devices at all.
pub(crate) fn proof() -> Result<Proof> {
    Ok(Proof(()))
}

fn failed(call: &'static str, error: &core::Error) -> Error {
    if error.api_status() == Some(Status::CL_MEM_OBJECT_ALLOCATION_FAILURE) {
        // Memory that the driver takes only when it is used; the caller knows how much.
        return Error::OutOfMemory { bytes: 0, taken: 0, limit: 0 };
    }
    let what = match error.api_status() {
        Some(status) => format!("{status:?}"),
        None => error.to_string().trim().to_string(),
    };
    Error::OpenCl { call, what }
}

/// The platforms and their devices, in the order of their numbers.
pub(crate) fn platforms(_: Proof) -> Result<Vec<PlatformDescription>> {
    let mut all = Vec::new();
    for platform in platform_ids()? {
        let text = |info| core::get_platform_info(platform, info).map(|t| t.to_string());
        let name = text(PlatformInfo::Name).unwrap_or_default();
        let version = text(PlatformInfo::Version).unwrap_or_default();
        let ids = device_ids(platform);
        let devices = ids.into_iter().map(describe).collect();
        all.push(PlatformDescription { name, version, devices });
    }
    Ok(all)
}

/// `ocl` waits ten seconds for a platform where there is none, so it is asked only after the
/// loader said that there is one.
fn platform_ids() -> Result<Vec<core::PlatformId>> {
    let mut count = 0;
    // SAFETY: no list is requested, and `count` outlives the call.
    let code = unsafe { ocl::ffi::clGetPlatformIDs(0, std::ptr::null_mut(), &raw mut count) };
    if code != 0 || count == 0 {
        return Err(Error::NoPlatform);
    }
    core::get_platform_ids().map_err(|e| failed("clGetPlatformIDs", &e))
}

fn device_ids(platform: core::PlatformId) -> Vec<core::DeviceId> {
    core::get_device_ids(platform, Some(DeviceType::ALL), None).unwrap_or_default()
}

fn describe(device: core::DeviceId) -> DeviceDescription {
    let get = |info| core::get_device_info(device, info).ok();
    let text = |info| get(info).map(|t| t.to_string().trim().to_string()).unwrap_or_default();
    let number = |info| match get(info) {
        Some(
            DeviceInfoResult::GlobalMemSize(n)
            | DeviceInfoResult::MaxMemAllocSize(n)
            | DeviceInfoResult::LocalMemSize(n),
        ) => n,
        Some(
            DeviceInfoResult::MaxComputeUnits(n) | DeviceInfoResult::NativeVectorWidthFloat(n),
        ) => u64::from(n),
        Some(DeviceInfoResult::MaxWorkGroupSize(n)) => n as u64,
        _ => 0,
    };
    let kind = match get(DeviceInfo::Type) {
        Some(DeviceInfoResult::Type(t)) if t.contains(DeviceType::GPU) => "gpu",
        Some(DeviceInfoResult::Type(t)) if t.contains(DeviceType::CPU) => "cpu",
        _ => "accelerator",
    };
    DeviceDescription {
        name: text(DeviceInfo::Name),
        vendor: text(DeviceInfo::Vendor),
        kind,
        version: text(DeviceInfo::Version),
        driver: text(DeviceInfo::DriverVersion),
        compute_units: number(DeviceInfo::MaxComputeUnits) as usize,
        memory: number(DeviceInfo::GlobalMemSize),
        largest_allocation: number(DeviceInfo::MaxMemAllocSize),
        local_memory: number(DeviceInfo::LocalMemSize) as usize,
        vector: number(DeviceInfo::NativeVectorWidthFloat) as usize,
        work_group: number(DeviceInfo::MaxWorkGroupSize) as usize,
        compute_capability: capability(device, &text(DeviceInfo::Extensions)),
        extensions: text(DeviceInfo::Extensions),
    }
}

/// What NVIDIA's extension says of a device's generation.
fn capability(device: core::DeviceId, extensions: &str) -> Option<(u32, u32)> {
    if !extensions.contains("cl_nv_device_attribute_query") {
        return None;
    }
    let get = |info: u32| {
        let mut value = 0_u32;
        let size = size_of::<u32>();
        let (to, no_size) = ((&raw mut value).cast(), std::ptr::null_mut());
        // SAFETY: the answer is a `cl_uint`, and `value` has its size and outlives the call.
        let code = unsafe { ocl::ffi::clGetDeviceInfo(device.as_raw(), info, size, to, no_size) };
        (code == 0).then_some(value)
    };
    // CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV and ..._MINOR_NV.
    Some((get(0x4000)?, get(0x4001)?))
}

/// A device with its context and its queue.
pub(crate) struct Driver {
    device: core::DeviceId,
    version: OpenclVersion,
    context: core::Context,
    queue: core::CommandQueue,
}

/// Memory on the device.
pub(crate) struct Memory(core::Mem);

/// A compiled program.
pub(crate) struct Built(core::Program);

/// A kernel, and what its arguments are. Setting its arguments and putting it into the queue is one
/// turn.
pub(crate) struct Kernel {
    kernel: Mutex<core::Kernel>,
    /// Address space and type of each argument, as far as the compiler tells.
    arguments: Vec<(bool, String)>,
    name: &'static str,
}

/// A transfer under way, with the host's memory that it needs.
pub(crate) struct Transfer {
    event: Event,
    data: Data,
}

impl Transfer {
    /// True where the transfer is over.
    pub(crate) fn is_done(&self) -> bool {
        core::event_is_complete(&self.event).unwrap_or(true)
    }

    /// Waits for the transfer and gives what was read.
    pub(crate) fn wait(mut self) -> Result<Data> {
        core::wait_for_event(&self.event).map_err(|e| failed("clWaitForEvents", &e))?;
        Ok(std::mem::replace(&mut self.data, Data::Words(Vec::new())))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // The device may still read or write `data`, whose memory goes away after this.
        let _ = core::wait_for_event(&self.event);
    }
}

impl Driver {
    /// Opens device `device` of platform `platform`.
    pub(crate) fn open(_: Proof, platform: usize, device: usize) -> Result<Self> {
        let platforms = platform_ids()?;
        let ids = platforms.get(platform).map(|p| device_ids(*p)).unwrap_or_default();
        let Some(&device) = ids.get(device) else {
            return Err(Error::Device(format!("opencl:{platform}.{device}")));
        };
        let context = core::create_context(None, &[device], None, None)
            .map_err(|e| failed("clCreateContext", &e))?;
        let queue = core::create_command_queue(&context, device, None)
            .map_err(|e| failed("clCreateCommandQueue", &e))?;
        let version = device.version().map_err(|e| failed("clGetDeviceInfo", &e))?;
        Ok(Self { device, version, context, queue })
    }

    /// The device in words and numbers.
    pub(crate) fn describe(&self) -> DeviceDescription {
        describe(self.device)
    }

    /// Memory for `len` elements of four bytes; `None` where the device has not as much.
    pub(crate) fn allocate(&self, len: usize) -> Result<Option<Memory>> {
        // SAFETY: no memory of the host is handed over.
        let made = unsafe {
            core::create_buffer::<_, f32>(&self.context, MemFlags::new().read_write(), len, None)
        };
        match made {
            Ok(memory) => Ok(Some(Memory(memory))),
            Err(e) if is_full(&e) => Ok(None),
            Err(e) => Err(failed("clCreateBuffer", &e)),
        }
    }

    /// Compiles a program; the error holds the compiler's log.
    pub(crate) fn build(&self, source: &str, options: &str) -> Result<Built> {
        let text = |s: &str| {
            CString::new(s).map_err(|_| Error::argument("OpenCL program", "a zero byte in it"))
        };
        let program = core::create_program_with_source(&self.context, &[text(source)?])
            .map_err(|e| failed("clCreateProgramWithSource", &e))?;
        let options = text(&format!("-cl-std=CL1.2 -cl-kernel-arg-info {options}"))?;
        let built = core::build_program(&program, Some(&[self.device]), &options, None, None);
        match built {
            Ok(()) => Ok(Built(program)),
            Err(e) => {
                let info = ProgramBuildInfo::BuildLog;
                let log = match core::get_program_build_info(&program, self.device, info) {
                    Ok(ProgramBuildInfoResult::BuildLog(log)) => log.trim().to_string(),
                    _ => String::new(),
                };
                let log = if log.is_empty() { e.to_string() } else { log };
                Err(Error::OpenClBuild { log })
            }
        }
    }

    /// A kernel of a program.
    pub(crate) fn kernel(&self, program: &Built, name: &'static str) -> Result<Kernel> {
        let kernel = core::create_kernel(&program.0, name)
            .map_err(|_| Error::OpenCl { call: "clCreateKernel", what: name.to_string() })?;
        let count = match core::get_kernel_info(&kernel, core::KernelInfo::NumArgs) {
            Ok(core::KernelInfoResult::NumArgs(n)) => n,
            _ => 0,
        };
        let versions = Some(&[self.version][..]);
        let arguments = (0..count)
            .map(|i| {
                let address = KernelArgInfo::AddressQualifier;
                let is_global = match core::get_kernel_arg_info(&kernel, i, address, versions) {
                    Ok(KernelArgInfoResult::AddressQualifier(a)) => {
                        matches!(a, Address::Global | Address::Constant)
                    }
                    _ => false,
                };
                let kind = KernelArgInfo::TypeName;
                let kind = match core::get_kernel_arg_info(&kernel, i, kind, versions) {
                    Ok(KernelArgInfoResult::TypeName(t)) => plain(&t),
                    _ => String::new(),
                };
                (is_global, kind)
            })
            .collect();
        Ok(Kernel { kernel: Mutex::new(kernel), arguments, name })
    }

    /// Puts a kernel into the queue: `groups` work-groups of `local` work-items.
    pub(crate) fn launch(
        &self,
        kernel: &Kernel,
        values: &[Value<'_, Memory>],
        groups: [usize; 3],
        local: [usize; 3],
    ) -> Result<()> {
        kernel.check(values)?;
        let held = kernel.kernel.lock().unwrap_or_else(PoisonError::into_inner);
        for (i, value) in values.iter().enumerate() {
            let argument = match value {
                Value::Floats(m) | Value::Words(m) => ArgVal::mem(&m.0),
                Value::Long(v) => ArgVal::scalar(v),
                Value::Uint(v) => ArgVal::scalar(v),
                Value::Float(v) => ArgVal::scalar(v),
            };
            core::set_kernel_arg(&held, i as u32, argument)
                .map_err(|e| failed("clSetKernelArg", &e))?;
        }
        let global = [groups[0] * local[0], groups[1] * local[1], groups[2] * local[2]];
        // SAFETY: the arguments are of the kernel's kinds, and their memory is alive: `values`
        // holds it, and the driver keeps what a kernel in the queue needs. What a kernel does with
        // its arguments is its source's promise (see `Program`).
        let put = unsafe {
            core::enqueue_kernel(
                &self.queue,
                &held,
                3,
                None,
                &global,
                Some(local),
                None::<Event>,
                None::<&mut Event>,
            )
        };
        put.map_err(|e| failed(kernel.name, &e))
    }

    /// Copies to the device without waiting.
    pub(crate) fn write(&self, to: &Memory, at: usize, data: Data) -> Result<Transfer> {
        let mut event = Event::null();
        let none = None::<Event>;
        // SAFETY: the transfer owns the data and waits for its end before it lets them go.
        let put = unsafe {
            match &data {
                Data::Floats(v) => core::enqueue_write_buffer(
                    &self.queue,
                    &to.0,
                    false,
                    at,
                    v,
                    none,
                    Some(&mut event),
                ),
                Data::Words(v) => core::enqueue_write_buffer(
                    &self.queue,
                    &to.0,
                    false,
                    at,
                    v,
                    none,
                    Some(&mut event),
                ),
            }
        };
        put.map_err(|e| failed("clEnqueueWriteBuffer", &e))?;
        Ok(Transfer { event, data })
    }

    /// Reads `len` elements; what is read comes with the transfer's end.
    pub(crate) fn read(&self, from: &Memory, at: usize, len: usize) -> Result<Transfer> {
        let mut event = Event::null();
        let mut data = vec![0.0_f32; len];
        // SAFETY: the vector's memory does not move when the transfer takes it, and the transfer
        // waits for its end before it lets it go.
        let put = unsafe {
            core::enqueue_read_buffer(
                &self.queue,
                &from.0,
                false,
                at,
                &mut data,
                None::<Event>,
                Some(&mut event),
            )
        };
        put.map_err(|e| failed("clEnqueueReadBuffer", &e))?;
        self.flush()?;
        Ok(Transfer { event, data: Data::Floats(data) })
    }

    /// Copies `len` elements on the device.
    pub(crate) fn copy(
        &self,
        from: (&Memory, usize),
        to: (&Memory, usize),
        len: usize,
    ) -> Result<()> {
        let none = (None::<Event>, None::<&mut Event>);
        core::enqueue_copy_buffer::<f32, _, _, _>(
            &self.queue,
            &from.0.0,
            &to.0.0,
            from.1,
            to.1,
            len,
            none.0,
            none.1,
        )
        .map_err(|e| failed("clEnqueueCopyBuffer", &e))
    }

    /// Sets `len` elements.
    pub(crate) fn fill(&self, to: &Memory, at: usize, len: usize, value: f32) -> Result<()> {
        core::enqueue_fill_buffer(
            &self.queue,
            &to.0,
            value,
            at,
            len,
            None::<Event>,
            None::<&mut Event>,
            Some(&self.version),
        )
        .map_err(|e| failed("clEnqueueFillBuffer", &e))
    }

    /// Hands the queue's commands to the device.
    pub(crate) fn flush(&self) -> Result<()> {
        core::flush(&self.queue).map_err(|e| failed("clFlush", &e))
    }

    /// Waits for all commands.
    pub(crate) fn finish(&self) -> Result<()> {
        core::finish(&self.queue).map_err(|e| failed("clFinish", &e))
    }
}

/// A type's name without spaces and qualifiers, which drivers write in different ways.
fn plain(name: &str) -> String {
    let name = name.replace("unsigned int", "uint").replace("unsigned long", "ulong");
    name.split_whitespace().filter(|word| *word != "const").collect()
}

/// True where the device's memory is used up.
fn is_full(error: &core::Error) -> bool {
    matches!(
        error.api_status(),
        Some(
            Status::CL_MEM_OBJECT_ALLOCATION_FAILURE
                | Status::CL_OUT_OF_RESOURCES
                | Status::CL_OUT_OF_HOST_MEMORY
                | Status::CL_INVALID_BUFFER_SIZE
        )
    )
}

impl Kernel {
    /// Whether the values are what the kernel takes.
    fn check(&self, values: &[Value<'_, Memory>]) -> Result<()> {
        let refuse = |what: String| Err(Error::argument("OpenCL kernel", what));
        if values.len() != self.arguments.len() {
            let (name, expected) = (self.name, self.arguments.len());
            return refuse(format!("{name} has {expected} arguments, got {}", values.len()));
        }
        for (i, ((is_global, kind), value)) in self.arguments.iter().zip(values).enumerate() {
            // A driver that tells no types has only the number checked.
            if kind.is_empty() {
                continue;
            }
            let (global, expected) = match value {
                Value::Floats(_) => (true, "float*"),
                Value::Words(_) => (true, "uint*"),
                Value::Long(_) => (false, "ulong"),
                Value::Uint(_) => (false, "uint"),
                Value::Float(_) => (false, "float"),
            };
            if *is_global != global || kind != expected {
                let name = self.name;
                return refuse(format!("argument {i} of {name} is a {kind}, got a {expected}"));
            }
        }
        Ok(())
    }
}
