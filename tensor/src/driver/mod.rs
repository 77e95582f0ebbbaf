//! What runs commands on a device behind OpenCL, and knows of no tensor: the calls, the open device
//! with its queue and its memory, compiled programs, counters.

// Without the feature there is no value of `OpenCl`: what follows one is never reached.
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
