//! The driver of a build without the feature `opencl`: there is none, and no value of its types, so
//! that all code for devices is checked by the compiler and then left out.

use crate::driver::arguments::{Data, Value};
use crate::driver::description::{DeviceDescription, PlatformDescription};
use crate::error::{Error, Result};

/// Nothing: no device can exist in this build.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proof {}

/// Answers where it is checked whether the build has devices at all.
pub(crate) fn proof() -> Result<Proof> {
    Err(Error::NotBuiltWith("opencl"))
}

pub(crate) fn platforms(proof: Proof) -> Result<Vec<PlatformDescription>> {
    match proof {}
}

pub(crate) struct Driver(Proof);
pub(crate) struct Memory(Proof);
pub(crate) struct Built(Proof);
pub(crate) struct Kernel(Proof);
pub(crate) struct Transfer(Proof);

impl Transfer {
    pub(crate) fn is_done(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn wait(self) -> Result<Data> {
        match self.0 {}
    }
}

impl Driver {
    pub(crate) fn open(proof: Proof, _: usize, _: usize) -> Result<Self> {
        match proof {}
    }

    pub(crate) fn describe(&self) -> DeviceDescription {
        match self.0 {}
    }

    pub(crate) fn allocate(&self, _: usize) -> Result<Option<Memory>> {
        match self.0 {}
    }

    pub(crate) fn build(&self, _: &str, _: &str) -> Result<Built> {
        match self.0 {}
    }

    pub(crate) fn kernel(&self, program: &Built, _: &'static str) -> Result<Kernel> {
        match program.0 {}
    }

    pub(crate) fn launch(
        &self,
        kernel: &Kernel,
        values: &[Value<'_, Memory>],
        _: [usize; 3],
        _: [usize; 3],
    ) -> Result<()> {
        for value in values {
            match value {
                Value::Floats(m) | Value::Words(m) => match m.0 {},
                Value::Long(_) | Value::Uint(_) | Value::Float(_) => {}
            }
        }
        match kernel.0 {}
    }

    #[allow(clippy::needless_pass_by_value)] // as the driver that there is takes it
    pub(crate) fn write(&self, to: &Memory, _: usize, data: Data) -> Result<Transfer> {
        let (Data::Floats(_) | Data::Words(_)) = data;
        match to.0 {}
    }

    pub(crate) fn read(&self, from: &Memory, _: usize, _: usize) -> Result<Transfer> {
        match from.0 {}
    }

    pub(crate) fn copy(&self, from: (&Memory, usize), _: (&Memory, usize), _: usize) -> Result<()> {
        match from.0.0 {}
    }

    pub(crate) fn fill(&self, to: &Memory, _: usize, _: usize, _: f32) -> Result<()> {
        match to.0 {}
    }

    pub(crate) fn flush(&self) -> Result<()> {
        match self.0 {}
    }

    pub(crate) fn finish(&self) -> Result<()> {
        match self.0 {}
    }
}
