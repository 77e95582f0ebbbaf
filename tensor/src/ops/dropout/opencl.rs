//! Dropout on a device: the kernel draws the same random numbers.

use super::mask::Mask;
use crate::error::Result;
use crate::opencl::{Launch, OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("dropout.cl")]);

impl Mask {
    fn drawn<'a>(&self, launch: Launch<'a>, x: &Tensor) -> (Launch<'a>, [usize; 3]) {
        let (count, width) = (x.shape().rows(), x.shape().width());
        let (key, step, counter) = self.draw.parts();
        let numbers = [
            count,
            width,
            self.rows,
            self.part.first,
            self.part.step,
            self.part.total,
            key[0] as usize,
            key[1] as usize,
            step as usize,
            counter as usize,
            self.threshold() as usize,
        ];
        let launch = numbers.into_iter().fold(launch, Launch::uint).float(self.keep());
        (launch, [width.div_ceil(4).div_ceil(64), count, 1])
    }

    /// Returns x times the drawn mask.
    pub(super) fn applied_on_device(&self, device: &OpenCl, x: &Tensor) -> Result<Tensor> {
        let mut y = device.uninit(x.shape())?;
        let (launch, groups) = self.drawn(device.kernel(&PROGRAM, "dropout"), x);
        launch.reads(x).writes(&mut y).groups(groups, [64, 1, 1])?;
        Ok(y)
    }

    /// Multiplies x by the drawn mask in place.
    pub(super) fn apply_on_device(&self, device: &OpenCl, x: &mut Tensor) -> Result<()> {
        let (launch, groups) = self.drawn(device.kernel(&PROGRAM, "dropout_in_place"), x);
        launch.writes(x).groups(groups, [64, 1, 1])
    }
}

/// Returns x times a mask that is repeated for each time step.
pub(super) fn masked(device: &OpenCl, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let mut y = device.uninit(x.shape())?;
    let launch = device.kernel(&PROGRAM, "masked").uint(x.len()).uint(mask.len().max(1));
    launch.reads(x).reads(mask).writes(&mut y).over(x.len())?;
    Ok(y)
}
