//! Devices behind OpenCL.
//!
//! This module is there in every build; without the feature `opencl` no device can be opened
//! ([`Error::NotBuiltWith`](crate::Error::NotBuiltWith)), no value of [`OpenCl`] can exist, and the
//! compiler leaves out what needs one.
//!
//! - [`platforms`] says what there is, [`OpenCl::open`] opens a device.
//! - A [`Tensor`](crate::Tensor) lies on the host or on a device ([`OpenCl::uninit`],
//!   [`OpenCl::upload`]). A view shares its memory in both cases. Reading a device's tensor on the
//!   host waits for the device and is counted.
//! - A [`Program`] is text in OpenCL C 1.2, compiled once a device. [`OpenCl::kernel`] starts one
//!   of its kernels; nobody waits.
//! - [`OpenCl::product`] multiplies matrices.
//! - [`OpenCl::counters`] says what was launched, moved and read.
//!
//! A tape whose [`Params`](crate::Params) are on a device computes there
//! ([`Tape::opencl`](crate::Tape::opencl)): an operation asks for the device and calls its own
//! kernels. One that computes on the host instead is refused by the tape, so nothing falls back in
//! silence.

// Without the feature there is no value of `OpenCl`: what follows one is never reached.
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
