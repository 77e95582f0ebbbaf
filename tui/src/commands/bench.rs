//! `tui bench`: speed on fixed workloads.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, thread};

use color_eyre::eyre::{Result, WrapErr, bail};
use seq2seq::bench::{
    self, BenchOptions, BenchRow, DeviceWork, KernelShare, LayerRow, RanksRow, StepProfile, gpu,
};
use serde::Serialize;
use serde_json::json;

use crate::args::BenchArguments;
use crate::output::{self, StdoutError};
use crate::ranks;

/// Runs the measurements and prints each row as soon as it is complete.
pub(super) fn run(arguments: &BenchArguments) -> Result<ExitCode> {
    let BenchArguments {
        only,
        device,
        threads,
        seconds,
        sizes,
        decode,
        precision,
        profile,
        layers,
        ranks,
        json,
    } = arguments.clone();
    let json = json.filter(|_| ranks::all().is_first());
    if let Some(path) = json.as_ref().filter(|path| path.is_dir()) {
        bail!("--json {}: it is a folder, a file is needed", path.display());
    }
    if let Some(path) = &json {
        // Checked before the measurements, so that an invalid path wastes no time.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            bail!("--json {}: there is no folder {}", path.display(), folder.display());
        }
    }
    // The error of the first line that could not be printed.
    let mut unwritten = None;
    let mut print = |line: String| {
        if unwritten.is_none() {
            unwritten = output::line(&line).err();
        }
    };
    let count = threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let mut options =
        BenchOptions { only, sizes, device, threads, seconds, decode_only: decode, precision };
    if layers {
        let rows = bench::layers(&options, |row| print(show_layer(row)))?;
        return finish(unwritten, json.as_deref(), count, &rows);
    }
    if ranks {
        let ranks = ranks::all();
        options.threads = threads.or_else(|| ranks.place().threads());
        let rows = bench::ranks(&options, &ranks, |row| print(show_ranks(row)))?;
        return finish(unwritten, json.as_deref(), count, &rows);
    }
    if let Some(name) = profile {
        options.only = vec![name];
        for (name, profile) in bench::profile(&options)? {
            let work = profile.device.as_ref();
            match work {
                Some(work) if !work.ran => output::line(&format!("{name}, counted and not run"))?,
                _ => output::lines(&table(&name, &profile))?,
            }
            if let Some(work) = work {
                output::lines(&work_of(work))?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows = bench::run(&options, |row| print(show(row)))?;
    finish(unwritten, json.as_deref(), count, &rows)
}

/// Writes the rows to a file, if one is requested.
fn finish(
    unwritten: Option<StdoutError>,
    json: Option<&Path>,
    threads: usize,
    rows: &impl Serialize,
) -> Result<ExitCode> {
    if let Some(error) = unwritten {
        return Err(error.into());
    }
    if let Some(path) = json {
        let report =
            json!({ "version": env!("CARGO_PKG_VERSION"), "threads": threads, "rows": rows });
        fs::write(path, format!("{report:#}\n"))
            .wrap_err_with(|| format!("--json {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_layer(row: &LayerRow) -> String {
    let [b, t, i, h] = row.sizes;
    let shortest = row.lengths.as_ref().and_then(|lengths| lengths.iter().min());
    let time = shortest.map_or_else(|| t.to_string(), |shortest| format!("{shortest}-{t}"));
    let packing = row
        .forward_packing_ms
        .map_or_else(String::new, |ms| format!(" ({ms:7.3} with packing of the weights)"));
    format!(
        "{:16} B {b} T {time} I {i} H {h:4}  {}  {:7.3} ms  {:8.0} tok/s  {:4.0} of {:4.0} GFLOP/s  \
         forward alone {:7.3} ms{packing}",
        row.layer,
        row.device,
        row.pass_ms,
        row.tokens_per_s,
        row.gflops,
        row.peak_gflops,
        row.forward_ms,
    )
}

fn show_ranks(row: &RanksRow) -> String {
    let share = |ms: f64| 100.0 * ms / row.train_step_ms;
    format!(
        "{:18} {} x {}  step {:8.2} ms  train {:8.0} tok/s  exchange {:7.2} ms ({:4.1}%)  waiting \
         {:6.2} ms ({:4.1}%)  sent {:6.1} MB at {:5.2} GB/s",
        row.workload,
        row.ranks,
        row.device,
        row.train_step_ms,
        row.train_tgt_tokens_per_s,
        row.exchange_ms,
        share(row.exchange_ms),
        row.waiting_ms,
        share(row.waiting_ms),
        row.sent_bytes as f64 / 1e6,
        row.bytes_per_s / 1e9,
    )
}

fn show(row: &BenchRow) -> String {
    let (mut step, mut reached) = (String::new(), String::new());
    if let Some(training) = &row.training {
        step = format!(
            "  step {:8.2} ms  train {:8.0} tok/s",
            training.train_step_ms, training.train_tgt_tokens_per_s
        );
        let memory = training.peak_memory_mib;
        let memory = memory.map_or("–".to_owned(), |m| format!("{m:.0} MiB"));
        reached = format!(
            "  {:4.0} of {:4.0} GFLOP/s  memory {memory:>9}",
            training.train_gflops, training.peak_gflops
        );
    }
    let same = row.same_tokens.map(|share| format!("  tokens of f32 {:4.1}%", 100.0 * share));
    let same = same.unwrap_or_default();
    format!(
        "{:18} {}  params {:7.2}M{step}  greedy {:8.0} tok/s  one sentence {:7.2} ms  \
         beam 5 {:6.1} sentences/s, one {:7.2} ms  weights {:5.1} MiB{same}{reached}",
        row.workload,
        row.device,
        row.params as f64 / 1e6,
        row.greedy_tokens_per_s,
        row.latency_ms,
        row.beam_sentences_per_s,
        row.beam_latency_ms,
        row.weights_mib,
    )
}

/// Returns lines that describe the work of a step on an OpenCL device.
fn work_of(work: &DeviceWork) -> Vec<String> {
    let (reads, writes) = (work.reads, work.writes);
    let mut lines = vec![
        String::new(),
        format!(
            "a step: {:.0} launches, {:.0} copies, {:.1} reads of {:.0} bytes, {:.1} writes of {:.0} \
             bytes",
            work.launches, work.copies, reads.0, reads.1, writes.0, writes.1
        ),
        format!(
            "        {:.1} MB moved, {:.2} GFLOP of products, {:.2} of them for tensor cores",
            work.moved / 1e6,
            work.flops / 1e9,
            work.core_flops / 1e9
        ),
        format!(
            "        {:.2} ms at {:.1} us a launch, {:.0} TB/s and {:.0} TFLOP/s, {:.0} on tensor cores \
             (predicted)",
            work.predicted() * 1e3,
            gpu::LAUNCH * 1e6,
            gpu::BYTES / 1e12,
            gpu::FLOPS / 1e12,
            gpu::CORE_FLOPS / 1e12
        ),
        format!("{:24} {:>9} {:>10}", "kernel", "launches", "MB moved"),
    ];
    let row = |kernel: &KernelShare| {
        format!("{:24} {:9.1} {:10.1}", kernel.name, kernel.launches, kernel.moved / 1e6)
    };
    lines.extend(work.kernels.iter().map(row));
    lines
}

/// Returns a table of the time per operation, longest first. The times are those of one step on one
/// thread, so that they add up to the duration of the step.
fn table(name: &str, profile: &StepProfile) -> Vec<String> {
    let StepProfile { steps, seconds, threads, flops, peak, .. } = *profile;
    let step = seconds * 1e3 / steps as f64;
    let each = |time: Duration| time.as_secs_f64() * 1e3 / (steps * threads) as f64;
    let mut rows: Vec<_> = profile
        .operations
        .rows()
        .iter()
        .map(|row| (row.name, row.calls / (steps * threads), each(row.forward), each(row.backward)))
        .collect();
    rows.sort_by(|a, b| (b.2 + b.3).total_cmp(&(a.2 + a.3)));
    let named: f64 = rows.iter().map(|row| row.2 + row.3).sum();
    let mut lines = vec![
        format!(
            "{name}: {step:.2} ms a step over {steps} steps, {threads} threads, {:.0} of {:.0} GFLOP/s",
            flops / 1e9,
            peak / 1e9
        ),
        format!(
            "{:24} {:>6} {:>11} {:>11} {:>6}",
            "operation", "calls", "forward ms", "back ms", "share"
        ),
    ];
    let share = |ms: f64| format!("{:5.1}%", 100.0 * ms / step);
    for (name, calls, forward, backward) in rows {
        let whole = share(forward + backward);
        lines.push(format!("{name:24} {calls:6} {forward:11.3} {backward:11.3} {whole:>6}"));
    }
    let rest = (step - named).max(0.0);
    lines.push(format!(
        "{:24} {:6} {rest:11.3} {:11} {:>6}",
        "waiting, batches",
        "",
        "",
        share(rest)
    ));
    lines
}
