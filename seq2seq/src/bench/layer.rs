//! Speed of one recurrent layer alone, used as a library.
//!
//! A pass is what a layer costs a training step: its weights packed anew (an optimizer would have
//! changed them), forward, backward with the input's gradient, the weights' gradients. Each thread
//! takes its own rows of the batch, as in training; a device takes them all.

use rnn::{Cell, Rnn, RnnConfig};
use serde::Serialize;
use tensor::init::{Init, rng};
use tensor::{Device, Gradients, Params, Shape, Tape, Tensor};

use super::{PEAK_TIME, median};
use crate::Result;

/// Cell, and the sizes B, T, I, H, of the layers that are measured.
const LAYERS: [(Cell, [usize; 4]); 6] = [
    (Cell::Lstm, [64, 20, 256, 256]),
    (Cell::Gru, [64, 20, 256, 256]),
    (Cell::Lstm, [32, 11, 128, 128]),
    (Cell::Gru, [32, 11, 128, 128]),
    (Cell::Lstm, [64, 16, 256, 1024]),
    (Cell::Gru, [64, 16, 256, 1024]),
];

/// What was measured of a layer.
#[derive(Debug, Clone, Serialize)]
pub struct LayerRow {
    /// The cell.
    pub cell: String,
    /// Sequences B, time steps T, input width I, hidden width H.
    pub sizes: [usize; 4],
    /// The device in words.
    pub device: String,
    /// Median milliseconds of a pass, forward and backward.
    pub pass_ms: f64,
    /// Time steps of all sequences per second.
    pub tokens_per_s: f64,
    /// Billions of operations per second that its products reach.
    pub gflops: f64,
    /// The same of the machine's peak, measured just before.
    pub peak_gflops: f64,
}

/// Measures single layers, `seconds` each; `each` is told of each as it is done.
///
/// # Errors
/// A device that is none.
pub fn layers(
    device: &str,
    threads: Option<usize>,
    seconds: f64,
    mut each: impl FnMut(&LayerRow),
) -> Result<Vec<LayerRow>> {
    let device = Device::open(device, threads.unwrap_or(0))?;
    let mut rows = Vec::new();
    for (cell, sizes) in LAYERS {
        let row = measure(cell, sizes, &device, seconds)?;
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

fn measure(cell: Cell, sizes: [usize; 4], device: &Device, seconds: f64) -> Result<LayerRow> {
    let peak = device.peak(PEAK_TIME)?;
    let mut layer = Layer::new(cell, sizes, device)?;
    let before = device.flops();
    layer.pass()?;
    let flops = (device.flops() - before) as f64;
    let pass = median(seconds, || layer.pass())?;
    Ok(LayerRow {
        cell: cell.name().into(),
        sizes,
        device: device.describe(),
        pass_ms: pass * 1e3,
        tokens_per_s: (sizes[0] * sizes[1]) as f64 / pass,
        gflops: flops / pass / 1e9,
        peak_gflops: peak / 1e9,
    })
}

struct Layer<'a> {
    device: &'a Device,
    params: Params,
    rnn: Rnn,
    /// Each thread's rows of the input and of the output's gradient.
    parts: Vec<Part>,
}

struct Part {
    x: Tensor,
    dy: Tensor,
    result: Result<Gradients>,
}

impl<'a> Layer<'a> {
    fn new(cell: Cell, [b, t, i, h]: [usize; 4], device: &'a Device) -> Result<Self> {
        let mut random = rng(1, "bench");
        let mut params = Params::new();
        let limit = 0.1;
        let init = &mut |_: &str, shape: Shape| {
            let drawn = Init::Uniform { limit }.tensor(shape, &mut random);
            drawn.unwrap_or_else(|_| Tensor::zeros(shape))
        };
        let rnn = Rnn::new(&mut params, "", RnnConfig::new(cell, i, h), init)?;
        let mut normal = |shape: [usize; 3]| Init::Normal { std: 1.0 }.tensor(shape, &mut random);
        let mut parts = Vec::new();
        params.to_device(device)?;
        let threads = device.properties().data_parallel(device.threads());
        for rows in (0..threads.count()).map(|part| threads.part(b, 1, part).len()) {
            let (x, dy) = (normal([t, rows, i])?, normal([t, rows, h])?);
            parts.push(Part { x, dy, result: Ok(Gradients::default()) });
        }
        Ok(Self { device, params, rnn, parts })
    }

    fn pass(&mut self) -> Result<()> {
        let Self { device, params, rnn, parts } = self;
        let threads = device.threads();
        if !device.properties().is_asynchronous {
            params.update(threads, |_, _| {});
        }
        let params = &*params;
        threads.for_each(parts, |_, part| {
            part.result = backpropagate(params, rnn, &part.x, &part.dy);
        });
        let mut gradients = Gradients::default();
        for part in parts {
            let result = std::mem::replace(&mut part.result, Ok(Gradients::default()));
            gradients.merge(result?);
        }
        gradients.finish(params, threads)?;
        Ok(device.synchronize()?)
    }
}

/// Forwards and back over some rows of the batch.
fn backpropagate(params: &Params, rnn: &Rnn, x: &Tensor, dy: &Tensor) -> Result<Gradients> {
    let mut tape = Tape::new(params);
    let x = tape.input(x.clone());
    let y = rnn.forward(&mut tape, x, None, None)?.y;
    Ok(tape.backward(&[(y, dy.clone())])?.gradients)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_multiplies_what_a_layer_must() {
        let sizes @ [b, t, i, h] = [5, 3, 8, 16];
        let device = Device::cpu(2);
        let mut layer = Layer::new(Cell::Gru, sizes, &device).unwrap();
        assert_eq!(layer.parts.iter().map(|p| p.x.dims()[1]).sum::<usize>(), b);
        layer.pass().unwrap();
        let (w, u) = (layer.params.find("weight_ih_l0"), layer.params.find("weight_hh_l0"));
        assert_eq!(layer.params.get(w.unwrap()).dims(), [3 * h, i]);
        assert_eq!(layer.params.get(u.unwrap()).dims(), [3 * h, h]);
        let row = measure(Cell::Gru, sizes, &Device::open("cpu", 2).unwrap(), 0.0).unwrap();
        // Three products a weight: forward, the input's gradient, the weight's.
        let flops = (2 * 3 * b * t * 3 * h * (i + h)) as f64;
        assert!(row.gflops * row.pass_ms * 1e6 >= flops * 0.999, "{row:?} {flops}");
        assert!((row.tokens_per_s * row.pass_ms / 1e3 - 15.0).abs() < 1e-6);
    }
}
