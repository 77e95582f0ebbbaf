//! Speed of training and decoding on fixed workloads.
//!
//! A step is what a training step is: forward, loss, backward, clipping by the global norm,
//! optimizer, on fresh random ids over the whole vocabulary, every sentence of full length.

use std::time::{Duration, Instant};

use ndarray_rand::rand::Rng as _;
use serde::Serialize;
use tensor::init::{Rng, rng};
use tensor::optim::Optimizer;
use tensor::{Device, Params};

use crate::config::{
    Attention, Cell, Config, DecoderInit, Init, LossNorm, Readout, Wiring, nearest,
};
use crate::data::Example;
use crate::model::{EncoderDecoder, Model, greedy};
use crate::train::{StepOptions, train_step};
use crate::{Error, Result};

/// A fixed workload: a model's configuration and the shape of its batches.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// The model.
    pub config: Config,
    /// Source positions, S.
    pub source_time: usize,
    /// Target positions, T.
    pub target_time: usize,
    /// Source vocabulary.
    pub source_vocabulary: usize,
    /// Target vocabulary.
    pub target_vocabulary: usize,
}

/// What was measured of a workload.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The workload.
    pub workload: String,
    /// The device in words.
    pub device: String,
    /// Trained scalars.
    pub params: usize,
    /// Median milliseconds of a training step.
    pub train_step_ms: f64,
    /// Target tokens per second, training.
    pub train_tgt_tokens_per_s: f64,
    /// Target tokens per second, greedy decoding.
    pub greedy_tokens_per_s: f64,
}

/// Measures the workloads of these names, or without any all but those that run
/// [only by name](Workload::only_by_name); `each` is told of each as it is done.
///
/// # Errors
/// A name that is none, answered with the nearest; a device that is not there.
pub fn run(
    only: &[String],
    device: &str,
    threads: Option<usize>,
    seconds: f64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    let all = workloads();
    for name in only {
        if !all.iter().any(|w| w.name == name) {
            let nearest = nearest(name, all.iter().map(|w| w.name)).unwrap_or_default();
            return Err(Error::UnknownWorkload { name: name.clone(), nearest: nearest.into() });
        }
    }
    let device = Device::open(device, threads.unwrap_or(0))?;
    let wanted = |w: &&Workload| match only {
        [] => !w.only_by_name(),
        only => only.iter().any(|name| name == w.name),
    };
    let mut rows = Vec::new();
    for workload in all.iter().filter(wanted) {
        let row = workload.run(&device, seconds)?;
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// The workloads; see [`Workload::only_by_name`] for which runs only when it is asked for.
pub fn workloads() -> Vec<Workload> {
    let base = Config {
        layers: 1,
        bidirectional: false,
        decoder_init: DecoderInit::Copy,
        readout: Readout::Linear,
        clip_norm: 5.0,
        loss_norm: LossNorm::Token,
        // Random ids: none of them is padding.
        count_padding: true,
        dropout_output: true,
        init: Init::Torch,
        ..Config::default()
    };
    let feeding = Config {
        cell: Cell::Lstm,
        attention: Attention::General,
        wiring: Wiring::RecurThenAttend,
        readout: Readout::TanhContext,
        input_feeding: true,
        dropout: 0.2,
        ..base.clone()
    };
    let width = |c: &Config, embedding: usize, hidden: usize, batch: usize| Config {
        embedding,
        hidden,
        batch,
        ..c.clone()
    };
    let row = |name, config, (s, t), (vs, vt)| Workload {
        name,
        config,
        source_time: s,
        target_time: t,
        source_vocabulary: vs,
        target_vocabulary: vt,
    };
    vec![
        row(
            "pytorch-tutorial",
            Config { dropout: 0.1, ..width(&base, 128, 128, 32) },
            (11, 11),
            (4_601, 2_991),
        ),
        row("tf-nmt", width(&base, 256, 1_024, 64), (16, 11), (9_414, 4_935)),
        row(
            "luong-small",
            Config { layers: 2, ..width(&feeding, 256, 256, 64) },
            (20, 20),
            (8_000, 8_000),
        ),
        row(
            "rnnsearch-small",
            Config { bidirectional: true, ..width(&base, 256, 512, 64) },
            (24, 24),
            (8_000, 8_000),
        ),
        row(
            "luong-2015",
            Config {
                layers: 4,
                optimizer: crate::config::Optimizer::Sgd,
                learning_rate: 1.0,
                ..width(&feeding, 1_000, 1_000, 128)
            },
            (30, 30),
            (50_000, 50_000),
        ),
    ]
}

impl Workload {
    /// True for the one that an accelerator is for: it runs only when it is named.
    pub fn only_by_name(&self) -> bool {
        self.name == "luong-2015"
    }

    /// Measures training for about `seconds` and decoding for half of that.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn run(&self, device: &Device, seconds: f64) -> Result<Row> {
        let mut rng = rng(1, "bench");
        let (vs, vt) = (self.source_vocabulary, self.target_vocabulary);
        let mut params = Params::new();
        let network = EncoderDecoder::new(&mut params, &self.config, vs, vt, 1)?;
        let mut optimizer = Optimizer::new(self.config.optimizer.into(), &params)?;
        let model = Bare(network);
        let mut step = 0;
        let train = median(seconds, || {
            let batch = self.batch(&mut rng);
            let batch: Vec<&Example> = batch.iter().collect();
            let options = StepOptions {
                seed: 1,
                step,
                learning_rate: self.config.learning_rate,
                clip: Some(self.config.clip_norm),
                ratios: false,
                flow: false,
            };
            step += 1;
            let threads = device.threads();
            train_step(&model, &mut params, &mut optimizer, &batch, threads, &options).map(drop)
        })?;
        let decode = median(seconds / 2.0, || {
            let batch = self.batch(&mut rng);
            let sources: Vec<Vec<u32>> = batch.into_iter().map(|e| e.source).collect();
            let limit = self.target_time;
            greedy(&model.0, &params, &sources, limit, device.threads()).map(drop)
        })?;
        let tokens = (self.config.batch * self.target_time) as f64;
        Ok(Row {
            workload: self.name.into(),
            device: device.describe(),
            params: params.scalars(),
            train_step_ms: train * 1e3,
            train_tgt_tokens_per_s: tokens / train,
            greedy_tokens_per_s: tokens / decode,
        })
    }

    fn batch(&self, rng: &mut Rng) -> Vec<Example> {
        let mut ids = |n: usize, v: usize| (0..n).map(|_| rng.random_range(0..v as u32)).collect();
        (0..self.config.batch)
            .map(|_| Example {
                source: ids(self.source_time, self.source_vocabulary),
                target: ids(self.target_time, self.target_vocabulary),
            })
            .collect()
    }
}

/// Three runs to warm up, then runs for some seconds, at least five; the median in seconds.
fn median(seconds: f64, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..3 {
        run()?;
    }
    let start = Instant::now();
    let mut times: Vec<Duration> = Vec::new();
    while start.elapsed().as_secs_f64() < seconds || times.len() < 5 {
        let begin = Instant::now();
        run()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64())
}

/// The network without text: a model for measuring.
struct Bare(EncoderDecoder);

impl Model for Bare {
    type Example = Example;

    fn length(&self, example: &Example) -> usize {
        example.source.len()
    }

    fn shape_of(&self, batch: &[&Example]) -> crate::model::BatchShape {
        self.0.shape_of(batch)
    }

    fn loss(
        &self,
        tape: &mut tensor::Tape<'_>,
        part: &[&Example],
        shape: &crate::model::BatchShape,
    ) -> Result<crate::model::BatchLoss> {
        self.0.loss(tape, part, shape)
    }
}
