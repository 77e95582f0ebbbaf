//! Benchmarks of training and decoding on fixed workloads.
//!
//! A training step consists of forward, loss, backward, clipping by the global norm and the
//! optimizer, on new random ids from the whole vocabulary; every sentence has full length.

mod decoding;
mod layer;
mod memory;
mod ranks;
mod workload;

use std::time::{Duration, Instant};

use serde::Serialize;
use tensor::device::WorkMeter;
use tensor::init::{Rng, rng};
use tensor::optim::Optimizer;
use tensor::{Device, Params, Profile};

use crate::config::nearest;
use crate::data::Example;
use crate::inference::Precision;
use crate::model::EncoderDecoder;
use crate::train::{PendingStep, StepOptions, StepOutcome, start_step};
use crate::{Error, Result};
pub use layer::{LayerRow, layer_names, layers};
use memory::{Resident, reset_peak};
pub use ranks::{RanksRow, ranks};
pub use tensor::device::{DeviceWork, KernelShare, gpu};
pub use workload::{Workload, workloads};

/// Time for which the machine's peak is measured.
const PEAK_TIME: Duration = Duration::from_millis(200);
/// Time for decoding, and for decoding a single sentence, as shares of the training time.
const DECODING: (f64, f64) = (0.5, 0.125);
/// Width of the beam.
const BEAM: usize = 5;

/// The workloads to measure, and the settings.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Workloads by name; if empty, all except those that run
    /// [only by name](Workload::only_by_name). For [`layers`] cells and attentions; if empty, all.
    pub only: Vec<String>,
    /// Sizes of the workloads to change, in the form that [`Workload::resize`] takes.
    pub sizes: Vec<String>,
    /// The device.
    pub device: String,
    /// Number of threads; if absent, all processors.
    pub threads: Option<usize>,
    /// Seconds of training per workload. Each kind of decoding of a batch takes half of that, of a
    /// single sentence an eighth.
    pub seconds: f64,
    /// Whether only decoding is measured, with the initial weights.
    pub decode_only: bool,
    /// The numbers that are decoded with. Nothing trains with 8 bits: [`run`] then needs
    /// `decode_only`.
    pub precision: Precision,
}

/// The measurements of one workload.
#[derive(Debug, Clone, Serialize)]
pub struct BenchRow {
    /// The workload.
    pub workload: String,
    /// Description of the device.
    pub device: String,
    /// Number of trained scalars.
    pub params: usize,
    /// The measurements of training, in the same JSON object; absent if only decoding was measured.
    #[serde(flatten)]
    pub training: Option<TrainingMetrics>,
    /// Target tokens per second in greedy decoding of whole batches.
    pub greedy_tokens_per_s: f64,
    /// Median milliseconds to decode one sentence alone.
    pub latency_ms: f64,
    /// Sentences per second, beam search of width 5 over whole batches, every hypothesis of full
    /// length.
    pub beam_sentences_per_s: f64,
    /// Median milliseconds of a beam search of width 5 for a single sentence.
    pub beam_latency_ms: f64,
    /// Memory of the weights and of their packed forms after decoding, in MiB; 0 on a device.
    pub weights_mib: f64,
    /// Share of the greedy tokens of a batch that are those of f32; absent in f32.
    pub same_tokens: Option<f64>,
}

/// The measurements of the training step of one workload.
#[derive(Debug, Clone, Serialize)]
pub struct TrainingMetrics {
    /// Median milliseconds per training step.
    pub train_step_ms: f64,
    /// Target tokens per second in training.
    pub train_tgt_tokens_per_s: f64,
    /// Billions of floating-point operations per second of the matrix products of a training step.
    pub train_gflops: f64,
    /// The machine's peak in the same unit, measured just before.
    pub peak_gflops: f64,
    /// Peak resident memory of training minus the memory with only the parameters loaded, in MiB;
    /// absent if the operating system does not report it, and for all workloads of a call but the
    /// first, which use the memory that the first has left.
    pub peak_memory_mib: Option<f64>,
}

/// A profile of the training step.
#[derive(Debug, Clone)]
pub struct StepProfile {
    /// Number of measured steps.
    pub steps: usize,
    /// Total seconds of these steps.
    pub seconds: f64,
    /// Number of threads that worked on them.
    pub threads: usize,
    /// Operations, each with its time summed over all threads.
    pub operations: Profile,
    /// Floating-point operations per second of the matrix products.
    pub flops: f64,
    /// The machine's peak, measured just before.
    pub peak: f64,
    /// The work of a step on an OpenCL device; there, the times of operations are those of starting
    /// them.
    pub device: Option<DeviceWork>,
}

/// Measures workloads; calls `each` after each of them.
///
/// # Errors
/// An unknown workload, with the nearest name; an invalid size; an unknown device; another precision than
/// f32 for more than decoding.
pub fn run(options: &BenchOptions, mut each: impl FnMut(&BenchRow)) -> Result<Vec<BenchRow>> {
    let (workloads, device) = prepare(options)?;
    let mut rows = Vec::new();
    for workload in workloads {
        let mut row = Bench::new(&workload, &device)?.row(options)?;
        if let (Some(training), false) = (&mut row.training, rows.is_empty()) {
            training.peak_memory_mib = None;
        }
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// Trains on each workload and profiles its training step.
///
/// # Errors
/// As [`run`].
pub fn profile(options: &BenchOptions) -> Result<Vec<(String, StepProfile)>> {
    let (workloads, device) = prepare(options)?;
    let profile = |w: Workload| {
        let profile = Bench::new(&w, &device)?.profile(options.seconds)?;
        Ok((w.name.to_owned(), profile))
    };
    workloads.into_iter().map(profile).collect()
}

/// Returns the selected workloads and the device.
fn prepare(options: &BenchOptions) -> Result<(Vec<Workload>, Device)> {
    if !options.decode_only {
        check_precision(options)?;
    }
    let mut all = workloads();
    check_names(&options.only, all.iter().map(|w| w.name))?;
    all.retain(|w| match options.only.as_slice() {
        [] => !w.only_by_name(),
        only => only.iter().any(|name| name == w.name),
    });
    for workload in &mut all {
        options.sizes.iter().try_for_each(|size| workload.resize(size))?;
    }
    Ok((all, Device::open(&options.device, options.threads.unwrap_or(0))?))
}

/// Checks that the precision is one in which gradients are computed.
fn check_precision(options: &BenchOptions) -> Result<()> {
    if options.precision == Precision::F32 {
        return Ok(());
    }
    let what = format!("precision = {}: training is in f32 only", options.precision);
    Err(Error::Configuration { problems: vec![what] })
}

/// Checks that each of `only` is one of `names`.
fn check_names(only: &[String], names: impl Iterator<Item = &'static str> + Clone) -> Result<()> {
    match only.iter().find(|name| !names.clone().any(|known| known == *name)) {
        None => Ok(()),
        Some(name) => {
            let nearest = nearest(name, names).map(str::to_owned);
            Err(Error::UnknownWorkload { name: name.clone(), nearest })
        }
    }
}

/// The state of a running workload.
struct Bench<'a> {
    workload: &'a Workload,
    device: &'a Device,
    rng: Rng,
    params: Params,
    model: EncoderDecoder,
    optimizer: Option<Optimizer>,
    in_flight: Option<PendingStep>,
    step: u64,
    /// Resident bytes with only the parameters loaded, if the operating system reports them.
    loaded: Option<u64>,
}

impl<'a> Bench<'a> {
    fn new(workload: &'a Workload, device: &'a Device) -> Result<Self> {
        let (vs, vt) = (workload.source_vocabulary, workload.target_vocabulary);
        let mut params = Params::new();
        let network = EncoderDecoder::new(&mut params, &workload.config, vs, vt, 1)?;
        params.to_device(device)?;
        reset_peak();
        Ok(Self {
            workload,
            device,
            rng: rng(1, "bench"),
            params,
            model: network,
            optimizer: None,
            in_flight: None,
            step: 0,
            loaded: Resident::read().map(|r| r.now),
        })
    }

    /// Starts a training step on a new batch.
    fn start(&mut self, profile: bool) -> Result<(PendingStep, &mut Optimizer)> {
        let config = &self.workload.config;
        let optimizer = match &mut self.optimizer {
            Some(optimizer) => optimizer,
            none => none.insert(Optimizer::new(config.optimizer_config(), &self.params)?),
        };
        let batch = self.workload.batch(&mut self.rng);
        let batch: Vec<&Example> = batch.iter().collect();
        let options = StepOptions {
            seed: 1,
            step: self.step,
            learning_rate: config.learning_rate,
            clip: Some(config.clip_norm),
            ratios: false,
            flow: false,
            profile,
        };
        self.step += 1;
        let (threads, params) = (self.device.threads(), &mut self.params);
        let started = start_step(&self.model, params, optimizer, &[&batch], threads, &options)?;
        Ok((started, optimizer))
    }

    /// Runs one training step.
    fn train(&mut self, profile: bool) -> Result<StepOutcome> {
        let (started, optimizer) = self.start(profile)?;
        started.finish(optimizer)
    }

    /// Starts a training step and waits for the previous one, as training does; on a CPU there is
    /// nothing to wait for.
    fn advance(&mut self) -> Result<()> {
        let before = self.in_flight.take();
        let (started, optimizer) = self.start(false)?;
        if let Some(before) = before {
            before.finish(optimizer)?;
        }
        self.in_flight = Some(started);
        Ok(())
    }

    /// Waits for the last step.
    fn finish_pending(&mut self) -> Result<()> {
        if let (Some(last), Some(optimizer)) = (self.in_flight.take(), &mut self.optimizer) {
            last.finish(optimizer)?;
        }
        Ok(())
    }

    fn row(&mut self, options: &BenchOptions) -> Result<BenchRow> {
        let seconds = options.seconds;
        let training =
            if options.decode_only { None } else { Some(self.training_metrics(seconds)?) };
        let batch = self.workload.config.batch;
        let same_tokens = self.convert(options.precision)?;
        let mut decode = |share: f64, count, beam| {
            median(seconds * share, || self.decode(count, beam).map(drop))
        };
        let (whole, single) = DECODING;
        let (greedy, latency) = (decode(whole, batch, 1)?, decode(single, 1, 1)?);
        let (beam, beam_latency) = (decode(whole, batch, BEAM)?, decode(single, 1, BEAM)?);
        Ok(BenchRow {
            workload: self.workload.name.into(),
            device: self.device.describe(),
            params: self.params.scalars(),
            training,
            greedy_tokens_per_s: self.target_tokens() / greedy,
            latency_ms: latency * 1e3,
            beam_sentences_per_s: batch as f64 / beam,
            beam_latency_ms: beam_latency * 1e3,
            weights_mib: self.params.bytes() as f64 / f64::from(1 << 20),
            same_tokens,
        })
    }

    fn training_metrics(&mut self, seconds: f64) -> Result<TrainingMetrics> {
        let peak = self.device.peak(PEAK_TIME)?;
        let before = self.device.flops();
        self.train(false)?;
        let flops = (self.device.flops() - before) as f64;
        let train = median(seconds, || self.advance())?;
        self.finish_pending()?;
        let grown = |loaded| Resident::read().map(|r| r.peak.saturating_sub(loaded));
        let memory = self.loaded.and_then(grown);
        Ok(TrainingMetrics {
            train_step_ms: train * 1e3,
            train_tgt_tokens_per_s: self.target_tokens() / train,
            train_gflops: flops / train / 1e9,
            peak_gflops: peak / 1e9,
            peak_memory_mib: memory.map(|bytes| bytes as f64 / f64::from(1 << 20)),
        })
    }

    /// Returns the number of target tokens of a batch.
    fn target_tokens(&self) -> f64 {
        (self.workload.config.batch * self.workload.target_time) as f64
    }

    fn profile(&mut self, seconds: f64) -> Result<StepProfile> {
        let peak = self.device.peak(PEAK_TIME)?;
        for _ in 0..WARM_UP {
            self.train(false)?;
        }
        let (start, before) = (Instant::now(), self.device.flops());
        let meter = WorkMeter::start(self.device);
        let (mut steps, mut operations) = (0, Profile::default());
        while start.elapsed().as_secs_f64() < seconds || steps < LEAST {
            if let Some(part) = self.train(true)?.profile {
                operations.merge(&part);
            }
            steps += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        let threads = self.device.properties().data_parallel(self.device.threads()).count();
        let flops = (self.device.flops() - before) as f64 / seconds;
        let device = meter.per_step(steps);
        Ok(StepProfile { steps, seconds, threads, operations, flops, peak, device })
    }
}

/// Number of runs before the timed ones.
const WARM_UP: usize = 3;
/// Minimum number of timed runs.
const LEAST: usize = 5;

/// Warms up, then repeats `run` for `seconds`; returns its median time in seconds.
fn median(seconds: f64, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..WARM_UP {
        run()?;
    }
    let start = Instant::now();
    let mut times: Vec<Duration> = Vec::new();
    while start.elapsed().as_secs_f64() < seconds || times.len() < LEAST {
        let begin = Instant::now();
        run()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(only: &[&str], sizes: &[&str]) -> BenchOptions {
        let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
        BenchOptions {
            only: owned(only),
            sizes: owned(sizes),
            device: "cpu".into(),
            threads: Some(2),
            seconds: 0.0,
            decode_only: false,
            precision: Precision::default(),
        }
    }

    #[test]
    fn workloads_have_as_many_parameters_as_the_peers() {
        // As in PyTorch: encoder, attention, cells, embeddings, output.
        for (name, want) in [
            ("pytorch-tutorial", 1_637_807),
            ("tf-nmt", 21_852_231),
            ("luong-small", 8_716_096),
            ("rnnsearch-small", 14_107_968),
        ] {
            let workload = workloads().into_iter().find(|w| w.name == name).unwrap();
            let (vs, vt) = (workload.source_vocabulary, workload.target_vocabulary);
            let mut params = Params::new();
            EncoderDecoder::new(&mut params, &workload.config, vs, vt, 1).unwrap();
            assert_eq!(params.scalars(), want, "{name}");
        }
    }

    #[test]
    fn a_row_has_the_peers_keys_and_the_largest_runs_only_by_name() {
        let small = ["H=8", "E=8", "V=50", "B=4", "S=3", "T=3"];
        let mut told = 0;
        let rows = run(&options(&[], &small), |_| told += 1).unwrap();
        assert_eq!((rows.len(), told), (4, 4));
        assert!(rows.iter().all(|row| row.workload != "luong-2015"));
        let json = serde_json::to_value(&rows[0]).unwrap();
        for key in [
            "workload",
            "device",
            "params",
            "train_step_ms",
            "train_tgt_tokens_per_s",
            "greedy_tokens_per_s",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        let named = run(&options(&["luong-2015"], &small), |_| {}).unwrap();
        assert!(named.len() == 1 && named[0].training.as_ref().unwrap().train_gflops > 0.0);
        let error = run(&options(&["tf-nm"], &[]), |_| {}).unwrap_err().to_string();
        assert!(error.contains("tf-nmt"), "{error}");
        let profile = profile(&options(&["luong-small"], &small)).unwrap().remove(0).1;
        assert!(profile.steps >= LEAST && !profile.operations.rows().is_empty());
        let memory = |row: &BenchRow| row.training.as_ref().unwrap().peak_memory_mib;
        assert!(rows[1..].iter().all(|row| memory(row).is_none()));
    }

    #[test]
    fn only_decoding_has_another_precision() {
        let int8 = BenchOptions { precision: Precision::Int8, ..options(&[], &[]) };
        for error in [
            run(&int8, |_| {}).unwrap_err(),
            profile(&int8).unwrap_err(),
            layers(&int8, |_| {}).unwrap_err(),
        ] {
            assert!(error.to_string().contains("precision = int8"), "{error}");
        }
    }

    #[test]
    fn decoding_alone_trains_nothing() {
        let device = Device::cpu(2);
        let mut all = workloads();
        let workload = all.iter_mut().find(|w| w.name == "luong-small").unwrap();
        ["H=8", "E=8", "V=50", "B=4", "S=3", "T=3"]
            .iter()
            .for_each(|size| workload.resize(size).unwrap());
        let mut bench = Bench::new(workload, &device).unwrap();
        let options = BenchOptions { decode_only: true, ..options(&[], &[]) };
        let row = serde_json::to_value(bench.row(&options).unwrap()).unwrap();
        assert!(bench.optimizer.is_none() && bench.step == 0);
        for (key, is_there) in
            [("greedy_tokens_per_s", true), ("beam_latency_ms", true), ("train_step_ms", false)]
        {
            assert_eq!(row.get(key).is_some(), is_there, "{key}");
        }
    }
}
