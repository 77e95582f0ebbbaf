//! What runs a case on one device and keeps all it gives.

use tensor::check::{to_f32, values};
use tensor::opencl::OpenCl;
use tensor::{Device, ParamId, Params, Result, Shape, Tape, Tensor, Threads, Var};

/// A name, and what computes and keeps everything that is compared.
pub(crate) type Case = (&'static str, fn(&mut Bench) -> Result<()>);

/// One device, and what was found on it.
pub(crate) struct Bench {
    pub(crate) device: Device,
    pub(crate) threads: Threads,
    /// What was found, on the host, in order.
    pub(crate) found: Vec<(String, Tensor)>,
}

/// A shape of a parameter or an input.
pub(crate) type Dims = &'static [usize];

/// Reproducible values between -1 and 1.
pub(crate) fn tensor(dims: &[usize], seed: u64) -> Tensor {
    let shape = Shape::new(dims);
    Tensor::from_vec(shape, to_f32(&values(shape.len(), seed))).unwrap()
}

impl Bench {
    pub(crate) fn new(device: &Device) -> Self {
        Self { device: device.clone(), threads: Threads::single(), found: Vec::new() }
    }

    /// Keeps a tensor.
    pub(crate) fn keep(&mut self, name: impl Into<String>, tensor: &Tensor) -> Result<()> {
        self.found.push((name.into(), tensor.to_host()?));
        Ok(())
    }

    /// Keeps numbers.
    pub(crate) fn keep_numbers(&mut self, name: &str, numbers: &[f64]) {
        self.found.push((name.into(), Tensor::from(to_f32(numbers))));
    }

    /// Parameters of these shapes on the device.
    pub(crate) fn params(&self, shapes: &[Dims]) -> Result<(Params, Vec<ParamId>)> {
        let mut params = Params::new();
        let mut ids = Vec::new();
        for (i, dims) in shapes.iter().enumerate() {
            ids.push(params.add(format!("p{i}"), tensor(dims, 100 + i as u64))?);
        }
        params.to_device(&self.device)?;
        Ok((params, ids))
    }

    /// Runs an operation of parameters and inputs forwards and back from arbitrary gradients of its
    /// outputs, and keeps outputs and all gradients. Nothing may be read from a device meanwhile.
    pub(crate) fn run(
        &mut self,
        shapes: &[Dims],
        inputs: &[Dims],
        operation: impl FnOnce(&mut Tape<'_>, &[ParamId], &[Var]) -> Result<Vec<Var>>,
    ) -> Result<()> {
        let (params, ids) = self.params(shapes)?;
        self.run_with(&params, &ids, inputs, operation)
    }

    /// [`Bench::run`] with parameters that are there already.
    pub(crate) fn run_with(
        &mut self,
        params: &Params,
        ids: &[ParamId],
        inputs: &[Dims],
        operation: impl FnOnce(&mut Tape<'_>, &[ParamId], &[Var]) -> Result<Vec<Var>>,
    ) -> Result<()> {
        let before = self.device.opencl().map(OpenCl::counters);
        let mut tape = Tape::new(params).with_draws(7, 3).with_threads(&self.threads);
        let seeds = 200..;
        let vars: Vec<Var> =
            inputs.iter().zip(seeds).map(|(dims, seed)| tape.input(tensor(dims, seed))).collect();
        let outputs = operation(&mut tape, ids, &vars)?;
        let values: Vec<Tensor> = outputs.iter().map(|&v| tape.value(v).clone()).collect();
        let seeds: Vec<(Var, Tensor)> = outputs
            .iter()
            .zip(&values)
            .zip(300..)
            .map(|((&v, value), seed)| (v, tensor(value.dims(), seed)))
            .collect();
        let back = tape.backward(&seeds)?;
        let of: Vec<Option<Tensor>> = vars.iter().map(|&v| back.grad(v).cloned()).collect();
        let gradients = back.gradients.reduce(params, &self.threads)?;
        if let (Some(device), Some(before)) = (self.device.opencl(), before) {
            assert_eq!(device.counters().since(&before).reads, 0, "the host read from the device");
        }
        for (i, value) in values.iter().enumerate() {
            self.keep(format!("output {i}"), value)?;
        }
        for (i, gradient) in of.into_iter().enumerate() {
            if let Some(gradient) = gradient {
                self.keep(format!("gradient of input {i}"), &gradient)?;
            }
        }
        for (i, &id) in ids.iter().enumerate() {
            let gradient = gradients.get(id).to_dense(params.shape(id));
            self.keep(format!("gradient of parameter {i}"), &gradient)?;
        }
        Ok(())
    }
}
