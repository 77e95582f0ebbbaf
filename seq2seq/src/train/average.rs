//! A moving average of the parameters.

use tensor::{Device, Params, Tensor, Threads};

use crate::Result;

/// An exponential moving average of a model's parameters, updated after each step.
///
/// a_0 = w_0; after step n: a_n = d a_{n-1} + (1 - d) w_n with d = min(decay, (1 + n) / (10 + n)),
/// so that the initial values soon lose their weight.
///
/// PyTorch: `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn(d)`.
#[derive(Debug)]
pub struct Average {
    decay: f32,
    params: Params,
}

impl Average {
    /// Creates the average before the first step: a copy of the parameters on `device`.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn new(decay: f32, params: &Params, device: &Device) -> Result<Self> {
        let mut average = Params::new();
        for (name, value) in params.iter() {
            average.add(name, value.to_host()?)?;
        }
        average.to_device(device)?;
        Ok(Self { decay, params: average })
    }

    /// Updates the average with the parameters after step `n`, counted from 1.
    ///
    /// # Errors
    /// `params` of another model or on another device, a failure of the device.
    pub fn update(&mut self, params: &Params, n: u64, threads: &Threads) -> Result<()> {
        let n = n as f64;
        let keep = f64::from(self.decay).min((1.0 + n) / (10.0 + n)) as f32;
        Ok(self.params.blend(keep, 1.0 - keep, params, threads)?)
    }

    /// Returns the averaged parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Returns the tensors to store in a checkpoint. They are shared, not copied.
    pub(super) fn tensors(&self) -> Vec<Tensor> {
        self.params.iter().map(|(_, t)| t.clone()).collect()
    }

    /// Restores the tensors that [`Average::tensors`] returned. Returns `false` if they belong to
    /// another model.
    pub(super) fn restore(&mut self, tensors: Vec<Tensor>) -> bool {
        tensors.len() == self.params.len()
            && self.params.ids().zip(tensors).all(|(id, t)| self.params.set(id, t).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_follows_its_equation() {
        let mut params = Params::new();
        let w = params.add("w", Tensor::full([37], 1.0)).unwrap();
        let threads = Threads::new(2);
        let mut average = Average::new(0.9, &params, &Device::cpu(1)).unwrap();
        let mut want = 1.0_f64;
        for n in 1..=200_u32 {
            let value = (f64::from(n) * 0.37).sin() as f32;
            params.set(w, Tensor::full([37], value)).unwrap();
            average.update(&params, u64::from(n), &threads).unwrap();
            let keep = 0.9_f64.min(f64::from(1 + n) / f64::from(10 + n));
            want = keep * want + (1.0 - keep) * f64::from(value);
            let store = average.params();
            let got = store.get(store.find("w").unwrap()).data().to_vec();
            assert!(got.iter().all(|&g| (f64::from(g) - want).abs() < 1e-5), "{n}: {got:?} {want}");
        }
        // The parameters themselves were never touched.
        assert_eq!(params.get(w).data()[36], (200.0_f64 * 0.37).sin() as f32);
        let mut other = Params::new();
        other.add("w", Tensor::zeros([36])).unwrap();
        assert!(!average.restore(Average::new(0.9, &other, &Device::cpu(1)).unwrap().tensors()));
    }
}
