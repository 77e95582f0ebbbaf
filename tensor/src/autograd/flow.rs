//! Norms of states' gradients over time, which show how far back a gradient reaches.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::opencl::{OpenCl, Pending};
use crate::tensor::Tensor;

/// Gradient norms of states over time, by name.
///
/// On a device they are computed there, and one read of all of them is started when the backward
/// pass is over; only [`Flow::read`] waits for it.
#[derive(Default)]
#[must_use = "norms that are on a device are known only when they are read"]
pub struct Flow {
    norms: BTreeMap<String, Vec<f64>>,
    /// Partial sums of squares that are on the device.
    on_device: Vec<(String, usize, Tensor)>,
    pending_read: Option<PendingRead>,
}

/// Partial sums of squares whose read is in progress.
struct PendingRead {
    pending: Pending,
    /// The norm that each belongs to: series, time, number of partial sums.
    whose: Vec<(String, usize, usize)>,
}

impl Flow {
    /// Stores a norm as entry `time` of a series; entries that are never stored are 0.
    pub fn add(&mut self, name: &str, time: usize, norm: f64) {
        if !self.norms.contains_key(name) {
            self.norms.insert(name.to_string(), Vec::new());
        }
        if let Some(series) = self.norms.get_mut(name) {
            if series.len() <= time {
                series.resize(time + 1, 0.0);
            }
            series[time] = norm;
        }
    }

    /// Stores a norm that is on the device, given as partial sums of its square.
    pub fn add_squares(&mut self, name: &str, time: usize, squares: Tensor) {
        self.on_device.push((name.to_string(), time, squares));
    }

    /// Returns true if no norm was stored.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty() && self.on_device.is_empty() && self.pending_read.is_none()
    }

    /// Starts reading the norms on the device, without waiting for them.
    pub(crate) fn ask(&mut self, device: &OpenCl) -> Result<()> {
        if self.on_device.is_empty() {
            return Ok(());
        }
        let column = |t: &Tensor| t.flat(0, t.len()).shaped([t.len(), 1].into());
        let all: Vec<Tensor> =
            self.on_device.iter().map(|(_, _, squares)| column(squares)).collect();
        let pending = device.read_later(&device.gather(&all)?)?;
        let whose =
            self.on_device.drain(..).map(|(name, time, squares)| (name, time, squares.len()));
        self.pending_read = Some(PendingRead { pending, whose: whose.collect() });
        Ok(())
    }

    /// Returns all series, by name in alphabetical order; waits for a device.
    ///
    /// # Errors
    /// The device failed.
    pub fn read(mut self) -> Result<Vec<(String, Vec<f64>)>> {
        let norm = |parts: &[f32]| parts.iter().map(|&v| f64::from(v)).sum::<f64>().sqrt();
        if let Some(PendingRead { pending, whose }) = self.pending_read.take() {
            let read = pending.wait()?;
            let mut rest = read.as_slice();
            for (name, time, parts) in whose {
                let (mine, others) = rest.split_at(parts);
                rest = others;
                self.add(&name, time, norm(mine));
            }
        }
        for (name, time, squares) in std::mem::take(&mut self.on_device) {
            self.add(&name, time, norm(squares.to_host()?.data()));
        }
        Ok(self.norms.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_come_by_name_and_gaps_are_zero() {
        let mut flow = Flow::default();
        assert!(flow.is_empty());
        flow.add("encoder", 2, 3.0);
        flow.add("decoder", 0, 1.0);
        flow.add("encoder", 0, 2.0);
        assert!(!flow.is_empty());
        let want =
            [("decoder".to_string(), vec![1.0]), ("encoder".to_string(), vec![2.0, 0.0, 3.0])];
        assert_eq!(flow.read().unwrap(), want);
    }
}
