//! `tui bench`: speed on fixed workloads.

use std::fs;
use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr, bail};
use seq2seq::bench::{self, Row};
use serde_json::json;

use crate::args::BenchArguments;
use crate::output;

/// Measures, and prints a row as soon as it is known.
pub(super) fn run(arguments: &BenchArguments) -> Result<ExitCode> {
    let BenchArguments { only, device, threads, seconds, json } = arguments;
    if let Some(path) = json.as_ref().filter(|path| path.is_dir()) {
        bail!("--json {}: it is a folder, a file is needed", path.display());
    }
    let mut unwritten = None;
    let rows = bench::run(only, device, *threads, *seconds, |row| {
        unwritten = output::line(&show(row)).err();
    })?;
    if let Some(error) = unwritten {
        return Err(error.into());
    }
    if let Some(path) = json {
        let report = json!({ "version": env!("CARGO_PKG_VERSION"), "rows": rows });
        fs::write(path, format!("{report:#}\n"))
            .wrap_err_with(|| format!("--json {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(row: &Row) -> String {
    format!(
        "{:18} {}  params {:7.2}M  step {:8.2} ms  train {:10.0} tok/s  greedy {:10.0} tok/s",
        row.workload,
        row.device,
        row.params as f64 / 1e6,
        row.train_step_ms,
        row.train_tgt_tokens_per_s,
        row.greedy_tokens_per_s
    )
}
