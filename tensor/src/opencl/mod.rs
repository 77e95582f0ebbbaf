//! OpenCL devices.
//!
//! This module exists in every build. Without the feature `opencl` no device can be opened
//! ([`Error::NotBuiltWith`](crate::Error::NotBuiltWith)) and no value of [`OpenCl`] can exist, so
//! the compiler removes the code that needs one.
//!
//! - [`platforms`] lists the devices, [`OpenCl::open`] opens one.
//! - A [`Tensor`](crate::Tensor) lies on the host or on a device ([`OpenCl::uninit`],
//!   [`OpenCl::upload`]). A view shares its memory in both cases. Reading a device's tensor on the
//!   host waits for the device and is counted.
//! - A [`Program`] is text in OpenCL C 1.2, compiled once per device. [`OpenCl::kernel`] starts one
//!   of its kernels asynchronously.
//! - [`OpenCl::product`] multiplies matrices.
//! - [`OpenCl::counters`] returns the numbers of launches, copies and reads.
//!
//! A tape whose [`Params`](crate::Params) are on a device computes there
//! ([`Tape::opencl`](crate::Tape::opencl)): an operation gets the device from the tape and calls
//! its own kernels. The tape refuses the output of an operation that computes on the host instead,
//! so there is no silent fallback.

// Without the feature no value of `OpenCl` exists, so the code that needs one is unreachable.
#![cfg_attr(not(feature = "opencl"), allow(unreachable_code, unused_variables, dead_code))]

mod arena;
mod basic;
mod launch;
mod product;
#[cfg(all(test, feature = "opencl"))]
mod tests;
mod transfer;

pub use crate::driver::{
    Counters, DeviceDescription, Ids, KernelWork, OpenCl, Pending, PlatformDescription, Precision,
    Program, platforms,
};
pub use launch::Launch;
pub use product::{Matrix, ProductForm, ProductOutput, Start};

pub(crate) use arena::{Arena, Layout};
#[cfg(all(test, feature = "opencl"))]
pub(crate) use product::Way;
