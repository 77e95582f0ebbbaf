//! One list of cases that runs every operation, forward and backward, on the processor and on an
//! OpenCL device: each tensor within max|a - b| <= 1e-5 max|b| + 1e-6.
//!
//! A case is a name and a function of a [`bench::Bench`]; a crate's cases stand in a file of
//! `parity/`, and in [`all`]. Without a device the test is skipped, and says so on stderr.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "parity/bench.rs"]
mod bench;
#[path = "parity/attention.rs"]
mod of_attention;
#[path = "parity/rnn.rs"]
mod of_rnn;
#[path = "parity/tensor.rs"]
mod of_tensor;

use bench::{Bench, Case};
use tensor::Device;
use tensor::check::{assert_close, to_f64};

/// Every case.
fn all() -> Vec<Case> {
    [of_tensor::CASES, of_rnn::CASES, of_attention::CASES].concat()
}

#[test]
fn every_operation_gives_the_same_on_both_devices() {
    let Some(device) = tensor::check::opencl() else { return };
    let only = std::env::var("PARITY").unwrap_or_default();
    for (name, case) in all().into_iter().filter(|(name, _)| name.contains(&only)) {
        let run = |device: &Device| {
            let mut bench = Bench::new(device);
            case(&mut bench).unwrap_or_else(|e| panic!("{name} on {}: {e}", device.describe()));
            bench.found
        };
        let (want, got) = (run(&Device::cpu(1)), run(&device));
        assert_eq!(want.len(), got.len(), "{name}");
        assert!(!want.is_empty(), "{name} compares nothing");
        for ((what, want), (also, got)) in want.iter().zip(&got) {
            assert_eq!(what, also, "{name}");
            assert_eq!(want.dims(), got.dims(), "{name}: {what}");
            assert_close(
                &to_f64(got.data()),
                &to_f64(want.data()),
                1e-5,
                &format!("{name}: {what}"),
            );
        }
        eprintln!("{name}: {} tensors agree", want.len());
    }
}
