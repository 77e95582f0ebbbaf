//! A training step whose shapes were seen before allocates nothing, on any thread, from the batch to
//! the optimizer.
//!
//! A test without the usual harness, whose own threads would be counted, too.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use seq2seq::Config;
use seq2seq::config::{AttentionKind, Cell, DecoderInit, Readout, Wiring};
use seq2seq::data::Example;
use seq2seq::model::EncoderDecoder;
use seq2seq::train::{StepOptions, train_step};
use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::{Graph, Linear, Params, Tensor, Threads};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const VOCABULARY: u32 = 50;
/// Steps without an allocation, one after the other, that prove it.
const QUIET: usize = 40;
/// Steps within which they must come. How much of each size of memory is in use at once depends on
/// how the threads' work happens to overlap, so the last few blocks may be taken late.
const MOST: usize = 3_000;

fn example(seed: usize, source: usize, target: usize) -> Example {
    let ids = |n: usize, k: usize| {
        (0..n).map(|i| ((seed * 31 + i * k) % VOCABULARY as usize) as u32).collect()
    };
    Example { source: ids(source, 7), target: ids(target, 11) }
}

/// Steps until the last allocation, and how many there were in the first step.
fn warm_up(config: &Config, threads: usize) -> Result<(usize, usize), Vec<usize>> {
    let threads = Threads::new(threads);
    let mut params = Params::new();
    let vocabulary = VOCABULARY as usize;
    let network = EncoderDecoder::new(&mut params, config, vocabulary, vocabulary, 1).unwrap();
    let model = network;
    let mut optimizer = Optimizer::new(config.optimizer_config(), &params).unwrap();
    // Shapes in turn: one of them padded, one of so many target tokens that the output layer is
    // computed in blocks.
    let batches: [Vec<Example>; 3] = [
        (0..9).map(|i| example(i, 6, 5)).collect(),
        (0..7).map(|i| example(i, 9 - i, 3 + i)).collect(),
        (0..48).map(|i| example(i, 3, 14 + i % 2)).collect(),
    ];
    let batches: Vec<Vec<&Example>> = batches.iter().map(|batch| batch.iter().collect()).collect();
    let (mut counts, mut quiet) = (Vec::with_capacity(MOST), 0);
    for step in 0..MOST {
        let options = StepOptions {
            seed: 1,
            step: step as u64,
            learning_rate: 1e-3,
            clip: Some(1.0),
            ratios: false,
            flow: false,
            profile: false,
        };
        let batch = &batches[step % batches.len()];
        let before = ALLOCATIONS.load(Ordering::SeqCst);
        let outcome = train_step(&model, &mut params, &mut optimizer, batch, &threads, &options);
        let taken = ALLOCATIONS.load(Ordering::SeqCst) - before;
        assert!(outcome.unwrap().updated);
        counts.push(taken);
        quiet = if taken == 0 { quiet + 1 } else { 0 };
        if quiet == QUIET {
            return Ok((step + 1 - QUIET, counts[0]));
        }
    }
    Err(counts.split_off(MOST - QUIET))
}

/// Allocations of the last steps of a program that computes with a graph of values.
fn graph_steps() -> Vec<usize> {
    let threads = Threads::single();
    let (mut params, mut rng) = (Params::new(), rng(1, "init"));
    let init = Init::XavierUniform;
    let hidden = Linear::new(&mut params, "hidden.", 8, 16, init, &mut rng).unwrap();
    let output = Linear::new(&mut params, "output.", 16, 4, init, &mut rng).unwrap();
    let scale = params.add("scale", Tensor::scalar(1.0)).unwrap();
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam").unwrap(), &params).unwrap();
    let x = init.tensor([12, 8], &mut rng).unwrap();
    let targets = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];
    let mut counts = Vec::with_capacity(100);
    for _ in 0..100 {
        let before = ALLOCATIONS.load(Ordering::SeqCst);
        let g = Graph::new(&params);
        let h = g.constant(x.clone()).linear(hidden).tanh() * g.param(scale);
        let h = g.concat(&[h.slice(1, 0..8).relu(), h.slice(1, 8..16).sigmoid()], 1);
        let gram = h.matmul(h.t()).softmax().matmul(h);
        let logits = (h + gram - h.mean_keepdim(0)).linear(output);
        let loss = logits.cross_entropy(&targets) + logits.square().mean() / 10.0;
        let back = loss.backward().unwrap();
        let update = Update { limit: Some(1.0), ..Update::new(1e-2) };
        optimizer.step(&mut params, back.gradients, &update, &threads).unwrap();
        counts.push(ALLOCATIONS.load(Ordering::SeqCst) - before);
    }
    counts.split_off(60)
}

fn main() {
    let base = Config { embedding: 13, hidden: 37, dropout: 0.2, ..Config::default() };
    let configs = [
        ("gru, additive", Config { cell: Cell::Gru, ..base.clone() }),
        (
            "two layers of lstm, general, input feeding",
            Config {
                cell: Cell::Lstm,
                layers: 2,
                attention: Some(AttentionKind::General),
                wiring: Wiring::RecurThenAttend,
                readout: Readout::TanhContext,
                input_feeding: true,
                ..base.clone()
            },
        ),
        (
            "both directions, linear bridge",
            Config {
                cell: Cell::Gru,
                bidirectional: true,
                decoder_init: DecoderInit::LinearTanh,
                ..base.clone()
            },
        ),
        ("no attention", Config { attention: None, ..base.clone() }),
        ("local", Config { attention: Some(AttentionKind::LocalP), ..base.clone() }),
        (
            "heads",
            Config {
                attention: Some(AttentionKind::MultiHead),
                hidden: 36,
                attention_heads: 4,
                ..base
            },
        ),
    ];
    let mut failed = false;
    for (name, config) in &configs {
        for threads in [1, 2, 3] {
            match warm_up(config, threads) {
                Ok((warm, first)) => println!(
                    "{name}, {threads} threads: {first} allocations in the first step, none after \
                     step {warm}"
                ),
                Err(last) => {
                    println!("{name}, {threads} threads: allocations of the last steps {last:?}");
                    failed = true;
                }
            }
        }
    }
    let of_graph = graph_steps();
    println!("a graph of values: allocations of the last steps {of_graph:?}");
    failed |= of_graph.iter().any(|&n| n > 0);
    assert!(!failed, "a warm training step allocates");
}
