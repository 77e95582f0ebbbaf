//! The training step of several ranks, and its parts.

use serde::Serialize;
use tensor::Ranks;

use super::{Bench, BenchOptions, WARM_UP, prepare};
use crate::Result;
use crate::devices::device_at;
use crate::ranks::of_first;

/// The measurements of a training step on several ranks.
#[derive(Debug, Clone, Serialize)]
pub struct RanksRow {
    /// The workload.
    pub workload: String,
    /// Number of ranks.
    pub ranks: usize,
    /// Description of the device of rank 0.
    pub device: String,
    /// Number of trained scalars.
    pub params: usize,
    /// Median milliseconds per training step of the whole batch.
    pub train_step_ms: f64,
    /// Target tokens per second of all ranks.
    pub train_tgt_tokens_per_s: f64,
    /// Median milliseconds of a step in which rank 0 exchanged gradients.
    pub exchange_ms: f64,
    /// Mean milliseconds that a rank waited for the slowest, before the exchange.
    pub waiting_ms: f64,
    /// Bytes of gradients that rank 0 sent in a step.
    pub sent_bytes: usize,
    /// Bytes per second in which it sent them.
    pub bytes_per_s: f64,
}

/// Measures the training step of workloads on several ranks; calls `each` after each of them. Every
/// rank calls this with the same options.
///
/// # Errors
/// As [`run`](super::run); a rank has ended or does not answer.
pub fn ranks(
    options: &BenchOptions,
    ranks: &Ranks,
    mut each: impl FnMut(&RanksRow),
) -> Result<Vec<RanksRow>> {
    let device = device_at(&options.device, ranks.place())?;
    let (workloads, device) = prepare(&BenchOptions { device, ..options.clone() })?;
    let ranks = ranks.with_parts(device.properties().data_parallel(device.threads()).count())?;
    let device = device.with_ranks(&ranks);
    let mut rows = Vec::new();
    for workload in workloads {
        let row = Bench::new(&workload, &device)?.row_of_ranks(options.seconds, &ranks)?;
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

impl Bench<'_> {
    fn row_of_ranks(&mut self, seconds: f64, ranks: &Ranks) -> Result<RanksRow> {
        let step = super::median(0.0, || self.train(false).map(drop))?;
        // All ranks take as many steps as rank 0 has time for.
        let count = of_first(ranks, Some(&((seconds / step) as usize + WARM_UP)))?;
        let (mut steps, mut exchanges) = (Vec::new(), Vec::new());
        let (mut waiting, mut sent) = (0.0, 0);
        for _ in 0..count {
            let begun = std::time::Instant::now();
            let work = self.train(false)?.ranks;
            steps.push(begun.elapsed().as_secs_f64());
            let slowest = work.iter().map(|rank| rank.busy).fold(0.0, f64::max);
            let waited: f64 = work.iter().map(|rank| slowest - rank.busy).sum();
            waiting += waited / work.len().max(1) as f64;
            if let Some(own) = work.get(ranks.rank()) {
                exchanges.push(own.exchange);
                sent = own.sent;
            }
        }
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied().unwrap_or(0.0)
        };
        let (step, exchange) = (median(&mut steps), median(&mut exchanges));
        let tokens = (self.workload.config.batch * self.workload.target_time) as f64;
        Ok(RanksRow {
            workload: self.workload.name.into(),
            ranks: ranks.size(),
            device: self.device.describe(),
            params: self.params.scalars(),
            train_step_ms: step * 1e3,
            train_tgt_tokens_per_s: tokens / step,
            exchange_ms: exchange * 1e3,
            waiting_ms: waiting * 1e3 / count.max(1) as f64,
            sent_bytes: sent,
            bytes_per_s: if exchange > 0.0 { sent as f64 / exchange } else { 0.0 },
        })
    }
}
