//! What this workspace computes against what PyTorch computed, for every set that is there:
//! `GOLDEN_DIR`, `../shared/golden` beside the workspace, and the project's own in `golden/`.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tensor::Device;
use tests::golden::{GoldenSet, Report, check, check_metrics, check_on};

/// Says a line even where the test passes: what goes to the stream itself is not captured.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder of `GOLDEN_DIR`, a relative one seen from the workspace or from here.
fn named() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("GOLDEN_DIR").filter(|v| !v.is_empty())?);
    let from_root = root().join(&folder);
    Some(if from_root.is_dir() { from_root } else { folder })
}

fn shared() -> Option<PathBuf> {
    let folder = root().join("../shared/golden");
    folder.is_dir().then(|| folder.canonicalize().unwrap_or(folder))
}

#[track_caller]
fn assert_golden(folder: PathBuf, check: impl FnOnce(&GoldenSet) -> Report) {
    let set = GoldenSet::read(folder);
    assert!(set.is_ok(), "{set:?}");
    let Ok(set) = set else { return };
    let report = check(&set);
    say(&report);
    assert!(report.failures.is_empty(), "{report}");
    assert_eq!(report.checked, set.cases().len());
}

/// Every set that is there, on an OpenCL device.
#[test]
fn golden_sets_on_a_device() {
    let Some(device) = tensor::check::opencl() else { return };
    let sets = [named(), shared(), Some(root().join("tests/golden"))];
    for folder in sets.into_iter().flatten() {
        assert_golden(folder, |set| check_on(set, &[Device::clone(&device)]));
    }
}

#[test]
fn golden_own_set() {
    assert_golden(root().join("tests/golden"), check);
}

#[test]
fn golden_dir_set() {
    match named() {
        Some(folder) => assert_golden(folder, check),
        None => say("SKIPPED: GOLDEN_DIR is not set, no golden values of a folder of yours"),
    }
}

#[test]
fn golden_shared_set() {
    match shared() {
        Some(folder) => assert_golden(folder, check),
        None => say("SKIPPED: ../shared/golden is not there, none of its values were checked"),
    }
}

#[test]
fn golden_metrics() {
    let mut checked = 0;
    for folder in [named(), shared()].into_iter().flatten() {
        let path = folder.join("metrics.json");
        if path.is_file() {
            let report = check_metrics(&path).unwrap();
            say(format!("golden {}: {report}", path.display()));
            checked += report.corpora;
        }
    }
    if checked == 0 {
        say("SKIPPED: no metrics.json in GOLDEN_DIR or ../shared/golden, no score was checked");
    }
}
