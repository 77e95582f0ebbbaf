//! Benchmarks of single layers, used as a library: a recurrent cell over a sequence, or attention
//! over a memory.
//!
//! A pass is the work of one layer in a training step: packing of the weights (which an optimizer
//! would have changed), forward, and backward with the gradients of the input and of the weights.
//! Each thread processes its own rows of the batch, as in training; an accelerator processes all of
//! them.

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
use rnn::{Cell, Rnn, RnnConfig, RnnOptions};
use serde::Serialize;
use tensor::init::{Init, rng};
use tensor::{Device, Gradients, Params, Tape, Tensor};

use super::{PEAK_TIME, median};
use crate::Result;

/// A layer to be measured.
#[derive(Debug, Clone, Copy)]
enum LayerKind {
    Cell(Cell),
    Attention(AttentionKind),
}

impl LayerKind {
    fn name(self) -> &'static str {
        match self {
            Self::Cell(cell) => cell.name(),
            Self::Attention(kind) => kind.name(),
        }
    }
}

/// B, T, I, H of every cell; for attention B, T of queries and of the memory, K and Q.
const SIZES: [usize; 4] = [64, 20, 256, 256];
/// Additional sizes of cells for comparison with other libraries.
const PEERS: [(Cell, [usize; 4]); 4] = [
    (Cell::Lstm, [32, 11, 128, 128]),
    (Cell::Gru, [32, 11, 128, 128]),
    (Cell::Lstm, [64, 16, 256, 1024]),
    (Cell::Gru, [64, 16, 256, 1024]),
];
/// Heads of multi-head attention.
const HEADS: usize = 4;

/// Returns every cell and every attention kind, with its sizes.
fn all() -> impl Iterator<Item = (LayerKind, [usize; 4])> {
    let cells = Cell::ALL.map(|cell| (cell, SIZES)).into_iter().chain(PEERS);
    let cells = cells.map(|(cell, sizes)| (LayerKind::Cell(cell), sizes));
    cells.chain(AttentionKind::ALL.map(|kind| (LayerKind::Attention(kind), SIZES)))
}

/// Returns the names of the cells and attention kinds that [`layers`] measures.
pub fn layer_names() -> Vec<&'static str> {
    let mut names: Vec<_> = all().map(|(kind, _)| kind.name()).collect();
    names.dedup();
    names
}

/// The measurements of one layer.
#[derive(Debug, Clone, Serialize)]
pub struct LayerRow {
    /// The cell, or the attention kind.
    pub layer: String,
    /// Sequences B, time steps T, input width I, hidden width H; for attention the memory's width K
    /// and the query's width Q in place of I and H.
    pub sizes: [usize; 4],
    /// Description of the device.
    pub device: String,
    /// Median milliseconds per pass, forward and backward.
    pub pass_ms: f64,
    /// Time steps of all sequences per second.
    pub tokens_per_s: f64,
    /// Billions of floating-point operations per second of the matrix products.
    pub gflops: f64,
    /// The machine's peak in the same unit, measured just before.
    pub peak_gflops: f64,
}

/// Measures single layers for `seconds` each; calls `each` after each of them.
///
/// # Errors
/// An unknown device.
pub fn layers(
    device: &str,
    threads: Option<usize>,
    seconds: f64,
    mut each: impl FnMut(&LayerRow),
) -> Result<Vec<LayerRow>> {
    let device = Device::open(device, threads.unwrap_or(0))?;
    let mut rows = Vec::new();
    for (kind, sizes) in all() {
        let row = measure(kind, sizes, &device, seconds)?;
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

fn measure(kind: LayerKind, sizes: [usize; 4], device: &Device, seconds: f64) -> Result<LayerRow> {
    let peak = device.peak(PEAK_TIME)?;
    let mut layer = Layer::new(kind, sizes, device)?;
    let before = device.flops();
    layer.pass()?;
    let flops = (device.flops() - before) as f64;
    let pass = median(seconds, || layer.pass())?;
    Ok(LayerRow {
        layer: kind.name().into(),
        sizes,
        device: device.describe(),
        pass_ms: pass * 1e3,
        tokens_per_s: (sizes[0] * sizes[1]) as f64 / pass,
        gflops: flops / pass / 1e9,
        peak_gflops: peak / 1e9,
    })
}

enum Module {
    Rnn(Box<Rnn>),
    Attention(Box<Attention>),
}

struct Layer<'a> {
    device: &'a Device,
    params: Params,
    module: Module,
    /// Each thread's rows of the inputs and of the output's gradient.
    parts: Vec<Part>,
}

struct Part {
    /// The input of a cell, or the memory of attention.
    x: Tensor,
    /// The queries of attention.
    queries: Tensor,
    dy: Tensor,
    result: Result<Gradients>,
}

impl<'a> Layer<'a> {
    fn new(kind: LayerKind, [b, t, i, h]: [usize; 4], device: &'a Device) -> Result<Self> {
        let mut random = rng(1, "bench");
        let mut params = Params::new();
        let init = &mut |_: &str, shape| Init::Uniform { limit: 0.1 }.tensor(shape, &mut random);
        let (module, output) = match kind {
            LayerKind::Cell(cell) => {
                let rnn = Rnn::with_init(
                    &mut params,
                    "",
                    RnnConfig::new(cell, i, h),
                    RnnOptions::default(),
                    init,
                )?;
                (Module::Rnn(rnn.into()), h)
            }
            LayerKind::Attention(kind) => {
                let config = AttentionConfig { heads: HEADS, ..AttentionConfig::new(kind, h, i) };
                let output = config.context();
                let attention = Attention::with_init(&mut params, "", config, init)?;
                (Module::Attention(attention.into()), output)
            }
        };
        let mut normal = |shape: [usize; 3]| Init::Normal { std: 1.0 }.tensor(shape, &mut random);
        let mut parts = Vec::new();
        params.to_device(device)?;
        let threads = device.properties().data_parallel(device.threads());
        for rows in (0..threads.count()).map(|part| threads.part(b, 1, part).len()) {
            let (x, dy) = (normal([t, rows, i])?, normal([t, rows, output])?);
            let queries = normal([t, rows, h])?;
            parts.push(Part { x, queries, dy, result: Ok(Gradients::default()) });
        }
        Ok(Self { device, params, module, parts })
    }

    fn pass(&mut self) -> Result<()> {
        let Self { device, params, module, parts } = self;
        let threads = device.threads();
        if !device.properties().is_asynchronous {
            params.update(threads, |_, _| {})?;
        }
        let params = &*params;
        threads.for_each(parts, |_, part| {
            part.result = backpropagate(params, module, part);
        });
        let mut gradients = Gradients::default();
        for part in parts {
            let result = std::mem::replace(&mut part.result, Ok(Gradients::default()));
            gradients.merge(result?);
        }
        gradients.reduce(params, threads)?;
        Ok(device.synchronize()?)
    }
}

/// Runs forward and backward over some rows of the batch.
fn backpropagate(params: &Params, module: &Module, part: &Part) -> Result<Gradients> {
    let mut tape = Tape::new(params);
    let x = tape.input(part.x.clone());
    let y = match module {
        Module::Rnn(rnn) => rnn.forward(&mut tape, x, None, None)?.y,
        Module::Attention(attention) => {
            let dims = part.x.dims();
            let memory = attention.memory(&mut tape, x, &vec![dims[0]; dims[1]])?;
            let queries = tape.input(part.queries.clone());
            attention.attend(&mut tape, queries, &memory, QueryPosition::default())?.context
        }
    };
    Ok(tape.backward(&[(y, part.dy.clone())])?.gradients)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_multiplies_what_a_layer_must() {
        let sizes @ [b, t, i, h] = [5, 3, 8, 16];
        let device = Device::cpu(2);
        let mut layer = Layer::new(LayerKind::Cell(Cell::Gru), sizes, &device).unwrap();
        assert_eq!(layer.parts.iter().map(|p| p.x.dims()[1]).sum::<usize>(), b);
        layer.pass().unwrap();
        let (w, u) = (layer.params.find("weight_ih_l0"), layer.params.find("weight_hh_l0"));
        assert_eq!(layer.params.get(w.unwrap()).dims(), [3 * h, i]);
        assert_eq!(layer.params.get(u.unwrap()).dims(), [3 * h, h]);
        let row = measure(LayerKind::Cell(Cell::Gru), sizes, &Device::open("cpu", 2).unwrap(), 0.0)
            .unwrap();
        // Three products per weight: forward, the input's gradient, the weight's gradient.
        let flops = (2 * 3 * b * t * 3 * h * (i + h)) as f64;
        assert!(row.gflops * row.pass_ms * 1e6 >= flops * 0.999, "{row:?} {flops}");
        assert!((row.tokens_per_s * row.pass_ms / 1e3 - 15.0).abs() < 1e-6);
    }
}
