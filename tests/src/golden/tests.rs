//! The table covers what is implemented, and bad sets are refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use attention::AttentionKind;
use rnn::Cell;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tempfile::TempDir;
use tensor::optim::OptimizerConfig;

use super::*;

fn own() -> GoldenSet {
    GoldenSet::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")).unwrap()
}

#[test]
fn golden_table_knows_every_operation_once() {
    let names: Vec<&str> = RUNNERS.iter().map(|l| l.0).collect();
    let once: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(once.len(), names.len());
    let cells = Cell::ALL.into_iter().filter(|c| c.pytorch().is_some()).map(Cell::name);
    for name in cells.chain(AttentionKind::ALL.map(AttentionKind::name)) {
        assert!(find(name).is_some(), "{name} has no runner");
    }
}

#[test]
fn golden_own_set_has_every_implemented_operation() {
    let set = own();
    let labels: BTreeSet<String> = set.cases().iter().map(Case::label).collect();
    let ops = RUNNERS.iter().map(|line| line.0.to_string()).filter(|op| op != "optimizer");
    let kinds = OptimizerConfig::NAMES.iter().chain(&["sgd_momentum"]);
    for label in ops.chain(kinds.map(|kind| format!("optimizer {kind}"))) {
        assert!(labels.contains(&label), "no case of {label}");
    }
}

/// A set of one case of the project's own, to be spoilt.
struct Spoilt {
    folder: TempDir,
    case: Case,
}

impl Spoilt {
    fn of(name: &str) -> Self {
        let set = own();
        let case = set.cases().iter().find(|c| c.name == name).unwrap().clone();
        let spoilt = Self { folder: tempfile::tempdir().unwrap(), case };
        spoilt.list(&spoilt.case.op, 1);
        fs::copy(set.path(&spoilt.case), spoilt.path()).unwrap();
        spoilt
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("{}.safetensors", self.case.name))
    }

    /// Lists the case `count` times, as one of `op`.
    fn list(&self, op: &str, count: usize) {
        let case = serde_json::json!({
            "name": self.case.name, "op": op, "config": self.case.config,
        });
        let list = serde_json::json!({ "torch": "none", "seed": 0, "cases": vec![case; count] });
        fs::write(self.folder.path().join("cases.json"), list.to_string()).unwrap();
    }

    /// Rewrites the file: `change` gets name and bytes, and says under which name to keep them.
    fn rewrite(&self, change: impl Fn(&str, &mut Vec<u8>) -> Option<String>) {
        let bytes = fs::read(self.path()).unwrap();
        let mut kept = Vec::new();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
            let mut data = view.data().to_vec();
            if let Some(name) = change(&name, &mut data) {
                kept.push((name, view.dtype(), view.shape().to_vec(), data));
            }
        }
        self.write(&kept);
    }

    fn write(&self, tensors: &[(String, Dtype, Vec<usize>, Vec<u8>)]) {
        let views = tensors.iter().map(|(name, dtype, shape, data)| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        fs::write(self.path(), safetensors::serialize(views, None).unwrap()).unwrap();
    }

    /// The only thing that is wrong with it.
    fn failure(&self) -> String {
        match GoldenSet::read(self.folder.path()) {
            Err(e) => e.to_string(),
            Ok(set) => {
                let report = check(&set);
                assert!(report.to_string().contains("FAILED"), "{report}");
                assert_eq!((report.checked, report.failures.len()), (0, 1), "{report}");
                report.failures[0].clone()
            }
        }
    }
}

#[track_caller]
fn refused(spoilt: &Spoilt, why: &str) {
    let failure = spoilt.failure();
    assert!(failure.contains(why), "{failure}");
}

#[test]
fn golden_sets_with_bad_lists_are_refused() {
    let set = Spoilt::of("gru-plain");
    let report = check(&GoldenSet::read(set.folder.path()).unwrap());
    assert_eq!((report.checked, report.failures.len()), (1, 0), "{report}");
    set.list("gru", 0);
    refused(&set, "the set is empty");
    set.list("gru", 2);
    refused(&set, "two cases are named gru-plain");
    set.list("gru2", 1);
    refused(&set, "no runner knows the operation \"gru2\"");
    set.list("lstm", 1);
    refused(&set, "do not fit");
    set.list("gru", 1);
    fs::copy(set.path(), set.folder.path().join("stray.safetensors")).unwrap();
    refused(&set, "stray.safetensors belongs to no case");
    fs::remove_file(set.folder.path().join("cases.json")).unwrap();
    refused(&set, "cases.json");
}

#[test]
fn golden_files_that_are_missing_or_cut_off_are_refused() {
    let set = Spoilt::of("lstm-packed");
    let bytes = fs::read(set.path()).unwrap();
    fs::write(set.path(), &bytes[..bytes.len() - 1]).unwrap();
    set.failure();
    fs::remove_file(set.path()).unwrap();
    refused(&set, "lstm-packed: ");
}

/// A name of a tensor, and what happens when it has another name, or none.
type Renamed = (&'static str, Option<&'static str>, &'static str);

#[test]
fn golden_tensors_that_are_too_many_or_too_few_are_refused() {
    let cases: [(&str, &[Renamed]); 4] = [
        (
            "lstm-packed",
            &[
                ("in.x", None, "there is no in.x"),
                ("cot.cn", None, "there is no cot.cn"),
                ("in.lengths", None, "lengths are there where"),
                ("param.bias_hh_l1", None, "there is no param.bias_hh_l1"),
                ("out.cn", None, "out.cn is computed, but the file has none"),
                ("grad.in.c0", None, "grad.in.c0 is computed, but the file has none"),
                ("grad.param.bias_hh_l1", None, "grad.param.bias_hh_l1 is computed"),
                ("out.cn", Some("out.on"), "out.on was not computed"),
                ("grad.in.x", Some("grad.param.x"), "grad.param.x was not computed"),
                ("out.y", Some("y"), "a tensor y of F64 has no place"),
                ("out.y", Some("in.y"), "a tensor in.y of F64 has no place"),
            ],
        ),
        ("gru-plain", &[("in.h0", Some("in.c0"), "nothing read in.c0")]),
        ("general-padded", &[("param.w", Some("param.v"), "there is no param.w")]),
        ("optimizer-adam", &[("in.grad_b.3", None, "there is no in.grad_b.3")]),
    ];
    for (case, changes) in cases {
        for (from, to, why) in changes {
            let set = Spoilt::of(case);
            set.rewrite(|name, _| match name == *from {
                true => to.map(String::from),
                false => Some(name.to_string()),
            });
            refused(&set, why);
        }
    }
}

#[test]
fn golden_values_that_are_off_are_refused() {
    let bump = |bytes: &mut Vec<u8>, by: f64| {
        let numbers: Vec<f64> =
            bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect();
        let scale = numbers.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let last = numbers.len() - 1;
        let off = if by.is_nan() { by } else { numbers[last] - by * (1e-4 * scale + 1e-6) };
        bytes[last * 8..].copy_from_slice(&off.to_le_bytes());
    };
    for case in [
        "rnn_relu-both-packed",
        "additive_bias-padded",
        "cross_entropy-smoothed",
        "embedding-table",
        "layer_norm-rows",
        "optimizer-adadelta",
    ] {
        let bytes = fs::read(own().path(&Spoilt::of(case).case)).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let names: Vec<String> = file.names().iter().map(ToString::to_string).collect();
        for target in names.iter().filter(|n| n.starts_with("out.") || n.starts_with("grad.")) {
            for (by, why) in [(1.2, "off, expected at most"), (f64::NAN, "not finite")] {
                let set = Spoilt::of(case);
                set.rewrite(|name, bytes| {
                    if name == target {
                        bump(bytes, by);
                    }
                    Some(name.to_string())
                });
                refused(&set, why);
                refused(&set, target);
            }
        }
    }
}

#[test]
fn golden_options_that_nobody_knows_are_refused() {
    for case in ["gru-plain", "general-short", "layer_norm-rows", "optimizer-rmsprop"] {
        let mut set = Spoilt::of(case);
        set.case.config.insert("bend".into(), 1.into());
        set.list(&set.case.op, 1);
        refused(&set, "unknown field `bend`");
    }
}

#[test]
fn golden_rule_of_comparison() {
    let of = |a: &[f64], b: &[f64]| Deviation::between(a, b);
    // One element sets the scale of all.
    assert!(of(&[100.0, 0.01], &[100.0, 0.0]).share() < 1.0);
    assert!(of(&[100.0, 0.0102], &[100.0, 0.0]).share() > 1.0);
    assert!(of(&[0.9e-6], &[0.0]).share() < 1.0 && of(&[1.1e-6], &[0.0]).share() > 1.0);
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(of(&[bad, 0.0], &[0.0, 0.0]).share(), f64::INFINITY);
    }
    assert_eq!(of(&[0.0], &[]).largest, f64::INFINITY);
    assert_eq!(of(&[0.0], &[0.0]).relative(), None);
    assert_eq!(of(&[3.0], &[2.0]).relative(), Some(0.5));
}
