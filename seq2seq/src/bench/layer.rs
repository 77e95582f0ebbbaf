//! Benchmarks of single layers, used as a library: a recurrent cell over a sequence, or attention
//! over a memory.
//!
//! A pass is the work of one layer in a training step: packing of the weights (which an optimizer
//! would have changed), forward, and backward with the gradients of the input and of the weights.
//! Forward alone, as in inference, records nothing; it is measured with weights that are packed
//! already, and with packing each time. Each thread processes its own rows of the batch, as in
//! training; an accelerator processes all of them.

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
use rnn::{Cell, Rnn, RnnConfig, RnnOptions};
use serde::Serialize;
use tensor::init::{Init, rng};
use tensor::rand::Rng as _;
use tensor::{Device, Gradients, Params, Tape, Tensor, Var};

use super::{BenchOptions, PEAK_TIME, check_names, check_precision, median};
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

/// Cells that are also measured on sequences of different lengths, of the first sizes.
const RAGGED: [Cell; 2] = [Cell::Lstm, Cell::Gru];
/// Time for forward alone, as a share of the time for passes.
const FORWARD: f64 = 0.25;

/// A layer, its sizes, and whether its sequences have different lengths.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: LayerKind,
    sizes: [usize; 4],
    is_ragged: bool,
}

impl Case {
    /// Returns the length of each sequence, the longest first: T, or drawn uniformly between half of
    /// T and T.
    fn lengths(&self) -> Vec<usize> {
        let [b, t, ..] = self.sizes;
        let mut random = rng(1, "lengths");
        let mut length = || if self.is_ragged { random.random_range(t.div_ceil(2)..=t) } else { t };
        let mut lengths: Vec<usize> = (0..b).map(|_| length()).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths
    }
}

/// Returns every cell and every attention kind, with its sizes.
fn all() -> impl Iterator<Item = Case> {
    let full = |kind, sizes| Case { kind, sizes, is_ragged: false };
    let cells = Cell::ALL.map(|cell| (cell, SIZES)).into_iter().chain(PEERS);
    let cells = cells.map(move |(cell, sizes)| full(LayerKind::Cell(cell), sizes));
    let ragged = RAGGED.map(LayerKind::Cell);
    let ragged = ragged.map(|kind| Case { kind, sizes: SIZES, is_ragged: true });
    let attentions = AttentionKind::ALL.map(LayerKind::Attention);
    cells.chain(ragged).chain(attentions.map(move |kind| full(kind, SIZES)))
}

/// Returns the names of the cells and attention kinds that [`layers`] measures.
pub fn layer_names() -> Vec<&'static str> {
    let mut names: Vec<_> = all().map(|case| case.kind.name()).collect();
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
    /// Length of each sequence, the longest first; absent if all have T time steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Vec<usize>>,
    /// Description of the device.
    pub device: String,
    /// Median milliseconds per pass, forward and backward.
    pub pass_ms: f64,
    /// Median milliseconds of forward alone, with weights that are packed already.
    pub forward_ms: f64,
    /// The same with weights that are packed each time; absent on a device, which packs none.
    pub forward_packing_ms: Option<f64>,
    /// Time steps of all sequences per second, padding excluded, of a pass.
    pub tokens_per_s: f64,
    /// Billions of floating-point operations per second of the matrix products of a pass, those of
    /// padding included.
    pub gflops: f64,
    /// The machine's peak in the same unit, measured just before.
    pub peak_gflops: f64,
}

/// Measures single layers; calls `each` after each of them.
///
/// # Errors
/// An unknown layer, with the nearest name; an unknown device; another precision than f32.
pub fn layers(options: &BenchOptions, mut each: impl FnMut(&LayerRow)) -> Result<Vec<LayerRow>> {
    let BenchOptions { only, device, threads, seconds, .. } = options;
    check_precision(options)?;
    check_names(only, all().map(|case| case.kind.name()).collect::<Vec<_>>().into_iter())?;
    let device = Device::open(device, threads.unwrap_or(0))?;
    let mut rows = Vec::new();
    let wanted = |case: &Case| only.is_empty() || only.iter().any(|name| name == case.kind.name());
    for case in all().filter(wanted) {
        let row = measure(case, &device, *seconds)?;
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

fn measure(case: Case, device: &Device, seconds: f64) -> Result<LayerRow> {
    let peak = device.peak(PEAK_TIME)?;
    let mut layer = Layer::new(case, device)?;
    // Before the first pass, which packs weights for the backward pass, too.
    let forward = median(seconds * FORWARD, || layer.forward())?;
    let packing = if device.properties().is_asynchronous {
        None
    } else {
        Some(median(seconds * FORWARD, || {
            layer.pack()?;
            layer.forward()
        })?)
    };
    let before = device.flops();
    layer.pass()?;
    let flops = (device.flops() - before) as f64;
    let pass = median(seconds, || layer.pass())?;
    let lengths = case.lengths();
    Ok(LayerRow {
        layer: case.kind.name().into(),
        sizes: case.sizes,
        device: device.describe(),
        pass_ms: pass * 1e3,
        forward_ms: forward * 1e3,
        forward_packing_ms: packing.map(|seconds| seconds * 1e3),
        tokens_per_s: lengths.iter().sum::<usize>() as f64 / pass,
        lengths: case.is_ragged.then_some(lengths),
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
    /// The length of each sequence of `x`, if they differ.
    lengths: Option<Vec<usize>>,
    result: Result<Gradients>,
}

impl<'a> Layer<'a> {
    fn new(case: Case, device: &'a Device) -> Result<Self> {
        let [_, t, i, h] = case.sizes;
        let mut random = rng(1, "bench");
        let mut params = Params::new();
        let init = &mut |_: &str, shape| Init::Uniform { limit: 0.1 }.tensor(shape, &mut random);
        let (module, output) = match case.kind {
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
        let lengths = case.lengths();
        for part in 0..threads.count().min(lengths.len()) {
            let lengths: Vec<usize> =
                lengths.iter().skip(part).step_by(threads.count()).copied().collect();
            let rows = lengths.len();
            let (x, dy) = (normal([t, rows, i])?, normal([t, rows, output])?);
            let queries = normal([t, rows, h])?;
            let lengths = case.is_ragged.then_some(lengths);
            parts.push(Part { x, queries, dy, lengths, result: Ok(Gradients::default()) });
        }
        Ok(Self { device, params, module, parts })
    }

    /// Packs the weights that have been packed before again.
    fn pack(&mut self) -> Result<()> {
        Ok(self.params.update(self.device.threads(), |_, _| {})?)
    }

    fn forward(&mut self) -> Result<()> {
        let Self { device, params, module, parts } = self;
        let params = &*params;
        device.threads().for_each(parts, |_, part| {
            let mut tape = Tape::inference(params);
            part.result = output(&mut tape, module, part).map(|_| Gradients::default());
        });
        for part in parts {
            std::mem::replace(&mut part.result, Ok(Gradients::default()))?;
        }
        Ok(device.synchronize()?)
    }

    fn pass(&mut self) -> Result<()> {
        if !self.device.properties().is_asynchronous {
            self.pack()?;
        }
        let Self { device, params, module, parts } = self;
        let (params, threads) = (&*params, device.threads());
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

/// Runs forward over some rows of the batch.
fn output(tape: &mut Tape<'_>, module: &Module, part: &Part) -> Result<Var> {
    let x = tape.input(part.x.clone());
    match module {
        Module::Rnn(rnn) => Ok(rnn.forward(tape, x, part.lengths.as_deref(), None)?.y),
        Module::Attention(attention) => {
            let dims = part.x.dims();
            let memory = attention.memory(tape, x, &vec![dims[0]; dims[1]])?;
            let queries = tape.input(part.queries.clone());
            Ok(attention.attend(tape, queries, &memory, QueryPosition::default())?.context)
        }
    }
}

/// Runs forward and backward over some rows of the batch.
fn backpropagate(params: &Params, module: &Module, part: &Part) -> Result<Gradients> {
    let mut tape = Tape::new(params);
    let y = output(&mut tape, module, part)?;
    Ok(tape.backward(&[(y, part.dy.clone())])?.gradients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precision;

    #[test]
    fn a_pass_multiplies_what_a_layer_must() {
        let sizes @ [b, t, i, h] = [5, 3, 8, 16];
        let case = Case { kind: LayerKind::Cell(Cell::Gru), sizes, is_ragged: false };
        let device = Device::cpu(2);
        let mut layer = Layer::new(case, &device).unwrap();
        assert_eq!(layer.parts.iter().map(|p| p.x.dims()[1]).sum::<usize>(), b);
        layer.pass().unwrap();
        let (w, u) = (layer.params.find("weight_ih_l0"), layer.params.find("weight_hh_l0"));
        assert_eq!(layer.params.get(w.unwrap()).dims(), [3 * h, i]);
        assert_eq!(layer.params.get(u.unwrap()).dims(), [3 * h, h]);
        let row = measure(case, &Device::open("cpu", 2).unwrap(), 0.0).unwrap();
        // Three products per weight: forward, the input's gradient, the weight's gradient.
        let flops = (2 * 3 * b * t * 3 * h * (i + h)) as f64;
        assert!(row.gflops * row.pass_ms * 1e6 >= flops * 0.999, "{row:?} {flops}");
        assert!((row.tokens_per_s * row.pass_ms / 1e3 - 15.0).abs() < 1e-6);
        assert!(row.lengths.is_none() && row.forward_ms > 0.0);
        assert!(row.forward_packing_ms.is_some_and(|ms| ms > 0.0));
    }

    #[test]
    fn padding_does_not_count_as_tokens() {
        let sizes @ [b, t, ..] = [7, 8, 8, 16];
        let case = Case { kind: LayerKind::Cell(Cell::Lstm), sizes, is_ragged: true };
        let device = Device::open("cpu", 2).unwrap();
        let row = measure(case, &device, 0.0).unwrap();
        let lengths = row.lengths.unwrap();
        assert!(lengths.len() == b && lengths.iter().all(|n| (t / 2..=t).contains(n)));
        assert!(lengths.is_sorted_by(|a, b| a >= b) && lengths[b - 1] < t, "{lengths:?}");
        let tokens = lengths.iter().sum::<usize>() as f64;
        assert!((row.tokens_per_s * row.pass_ms / 1e3 - tokens).abs() < 1e-6);
        let layer = Layer::new(case, &device).unwrap();
        let mut of_parts: Vec<usize> =
            layer.parts.iter().flat_map(|part| part.lengths.clone().unwrap()).collect();
        of_parts.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(of_parts, lengths);
    }

    #[test]
    fn layers_are_chosen_by_name() {
        let options = |name: &str| BenchOptions {
            only: vec![name.into()],
            sizes: Vec::new(),
            device: "cpu".into(),
            threads: Some(2),
            seconds: 0.0,
            decode_only: false,
            precision: Precision::default(),
        };
        let rows = layers(&options("dot"), |_| {}).unwrap();
        assert!(rows.len() == 1 && rows[0].layer == "dot", "{rows:?}");
        let error = layers(&options("gruu"), |_| {}).unwrap_err().to_string();
        assert!(error.contains("gru"), "{error}");
    }
}
