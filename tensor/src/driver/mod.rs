//! The layer that runs commands on an OpenCL device and does not depend on tensors: the calls, the
//! open device with its queue and its memory, compiled programs, counters.

// Without the feature no value of `OpenCl` exists, so the code that needs one is unreachable.
#![cfg_attr(not(feature = "opencl"), allow(unreachable_code, unused_variables, dead_code))]

mod arguments;
mod calls;
mod counters;
mod description;
mod device;
mod fault;
mod lock;
mod memory;
mod program;

pub use counters::{Counters, KernelWork};
pub use description::{DeviceDescription, PlatformDescription};
pub use device::{OpenCl, Precision, platforms};
pub use memory::{Ids, Pending};
pub use program::Program;

pub(crate) use arguments::{Data, Value};
pub(crate) use calls::{Built, Driver};
pub(crate) use lock::lock;
pub(crate) use memory::{Block, Remote};
pub(crate) use program::Entry;
