//! The errors of this crate.

use crate::shape::Shape;

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Two shapes that an operation cannot combine.
    #[error("{op}: shapes {left} and {right} do not fit")]
    Shapes {
        /// The operation.
        op: &'static str,
        /// The first shape.
        left: Shape,
        /// The second shape, or the one that was expected.
        right: Shape,
    },
    /// An argument out of its range.
    #[error("{op}: {what}")]
    Argument {
        /// The operation.
        op: &'static str,
        /// The error and the accepted values.
        what: String,
    },
    /// A value of one tape on another.
    #[error(
        "a Var of another tape was used on this one: a Var is a value of the tape that returned it; \
         put the tensor on this tape with Tape::constant or Tape::input"
    )]
    OtherTape,
    /// An operation of a [`Graph`](crate::Graph) that failed, and where it stands in the program.
    #[error("{at}: {error}")]
    At {
        /// The line of the program.
        at: &'static std::panic::Location<'static>,
        /// The error of the operation.
        error: Box<Error>,
    },
    /// An id outside a table.
    #[error("{op}: id {id} is outside the table of {rows} rows")]
    Id {
        /// The operation.
        op: &'static str,
        /// The id.
        id: u32,
        /// Rows of the table.
        rows: usize,
    },
    /// A parameter's name that already exists, or that does not exist.
    #[error("parameter {name:?} {what}")]
    Parameter {
        /// The name.
        name: String,
        /// The error.
        what: &'static str,
    },
    /// A file that cannot be read or written.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The error.
        what: String,
    },
    /// Bytes that are not a safetensors file, or hold a tensor that cannot be used.
    #[error("{0}")]
    Safetensors(String),
    /// Tensors that do not match the parameters.
    #[error("the tensors do not match the parameters: {0}")]
    StateDict(Box<crate::load_report::LoadReport>),
    /// An exchange between ranks that failed.
    #[error("{0}")]
    Ranks(String),
    /// The build lacks a feature.
    #[error(
        "this build has no {0} devices: build it with --features {0}, or use the device cpu. It \
         links libOpenCL: on Debian and Ubuntu `apt install ocl-icd-opencl-dev`, on Fedora `dnf \
         install ocl-icd-devel`, on macOS it is there, on Windows from the vendor's SDK"
    )]
    NotBuiltWith(&'static str),
    /// No implementation of OpenCL is installed.
    #[error(
        "no OpenCL platform is installed. A graphics driver brings one (NVIDIA's, AMD's ROCm, \
         Intel's compute runtime); for the processor: on Debian and Ubuntu `apt install \
         pocl-opencl-icd ocl-icd-libopencl1`, on Fedora `dnf install pocl ocl-icd`, on macOS \
         `brew install pocl`, on Windows Intel's CPU runtime for OpenCL"
    )]
    NoPlatform,
    /// OpenCL is installed but has no device.
    #[error(
        "OpenCL is installed, but none of its platforms has a device: for a graphics card its \
         vendor's driver is missing (in a container, NVIDIA's wants a line `libnvidia-opencl.so.1` \
         in /etc/OpenCL/vendors/nvidia.icd); for the processor: on Debian and Ubuntu `apt install \
         pocl-opencl-icd`, on Fedora `dnf install pocl`, on macOS `brew install pocl`, on Windows \
         Intel's CPU runtime for OpenCL"
    )]
    NoDevice,
    /// The OpenCL device does not exist.
    #[error("device {name:?} is not there; there are: {found}")]
    NotThere {
        /// The device requested.
        name: String,
        /// The devices that exist.
        found: String,
    },
    /// A tensor exceeds the device's largest piece of memory.
    #[error(
        "a tensor of {} is more than the device holds in one piece ({}); make the batch, the \
         vocabulary or the sentences smaller",
        size(*.bytes), size(*.largest)
    )]
    TooLarge {
        /// The bytes requested.
        bytes: u64,
        /// The bytes of the largest piece.
        largest: u64,
    },
    /// A device's memory is exhausted.
    #[error(
        "the device's memory is used up: {} more are needed, {} of {} are taken; make the batch \
         smaller",
        size(*.bytes), size(*.taken), size(*.limit)
    )]
    OutOfMemory {
        /// The bytes requested.
        bytes: u64,
        /// The bytes in use.
        taken: u64,
        /// The bytes that the device has.
        limit: u64,
    },
    /// A program that the device's compiler rejects.
    #[error("an OpenCL program does not compile: {log}")]
    OpenClBuild {
        /// The kernel, the device and the compiler's log.
        log: String,
    },
    /// A failed OpenCL call.
    #[error("OpenCL: {call} failed: {what}")]
    OpenCl {
        /// The call, or the kernel.
        call: &'static str,
        /// The reason.
        what: String,
    },
    /// An operation on a device that computed on the host.
    #[error("{op} has no OpenCL kernel: use the device cpu")]
    NoKernel {
        /// The operation.
        op: &'static str,
    },
    /// A device that does not exist.
    #[error(
        "device {0:?}: expected cpu, opencl or opencl:PLATFORM.DEVICE, with :tf32 behind it for products in TF32"
    )]
    Device(String),
}

impl Error {
    /// Creates an error for two shapes that do not fit in `op`.
    pub fn shapes(op: &'static str, left: impl Into<Shape>, right: impl Into<Shape>) -> Self {
        Self::Shapes { op, left: left.into(), right: right.into() }
    }

    /// Creates an error for an argument of `op` that is out of its range.
    pub fn argument(op: &'static str, what: impl Into<String>) -> Self {
        Self::Argument { op, what: what.into() }
    }
}

/// Checks that a shape was given no more than four sizes.
pub(crate) fn check_rank(op: &'static str, shape: Shape) -> Result<Shape> {
    if shape.is_joined() {
        return Err(Error::argument(op, format!("a shape of more than four dimensions: {shape}")));
    }
    Ok(shape)
}

/// Formats a number of bytes.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
