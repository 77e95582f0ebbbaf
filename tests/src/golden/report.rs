//! Running a set, and what is told about it.

use std::collections::BTreeMap;
use std::fmt;

use tensor::Device;

use super::case_file::CaseFile;
use super::compare::{Deviation, compare};
use super::set::{Case, GoldenSet};
use super::table::{Runner, find};
use crate::error::{Error, Result};

/// The tensor of an operation that came closest to its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// Cases that passed.
    pub cases: usize,
    /// Tensors compared.
    pub tensors: usize,
    /// `case: tensor`.
    pub place: String,
    /// How far it is off.
    pub deviation: Deviation,
    /// The largest relative deviation of any tensor.
    pub relative: f64,
}

/// What became of a set's cases.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The folder, and who made it.
    pub set: String,
    /// Cases that were run and compared and passed.
    pub checked: usize,
    /// By operation.
    pub worst: BTreeMap<String, Worst>,
    /// What went wrong, a sentence each; a set without any has passed.
    pub failures: Vec<String>,
}

impl Report {
    fn add(&mut self, case: &Case, deviations: Vec<(String, Deviation)>) {
        self.checked += 1;
        let nothing = Worst {
            cases: 0,
            tensors: 0,
            place: String::new(),
            deviation: Deviation { largest: 0.0, scale: 0.0 },
            relative: 0.0,
        };
        let worst = self.worst.entry(case.label()).or_insert(nothing);
        worst.cases += 1;
        for (name, deviation) in deviations {
            worst.tensors += 1;
            worst.relative = worst.relative.max(deviation.relative().unwrap_or(0.0));
            if worst.place.is_empty() || deviation.share() > worst.deviation.share() {
                worst.place = format!("{}: {name}", case.name);
                worst.deviation = deviation;
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (checked, failed) = (self.checked, self.failures.len());
        write!(f, "golden {}: {checked} cases checked, {failed} failures", self.set)?;
        for (op, worst) in &self.worst {
            let Worst { cases, tensors, place, deviation, relative } = worst;
            write!(f, "\n  {op}: {cases} cases, {tensors} tensors, at most {relative:.1e} off")?;
            write!(f, " and {:.2}% of the bound ({place})", 100.0 * deviation.share())?;
        }
        for failure in &self.failures {
            write!(f, "\n  FAILED {failure}")?;
        }
        Ok(())
    }
}

/// Runs all cases of a set on the processor, with one thread and with two.
pub fn check(set: &GoldenSet) -> Report {
    check_on(set, &[Device::cpu(1), Device::cpu(2)])
}

/// Runs all cases of a set on each of some devices.
pub fn check_on(set: &GoldenSet, devices: &[Device]) -> Report {
    let set_name = format!("{} (PyTorch {})", set.folder().display(), set.torch());
    let mut report = Report { set: set_name, ..Report::default() };
    for case in set.cases() {
        match find(&case.op) {
            Some(runner) => match check_case(set, case, runner, devices) {
                Ok(deviations) => report.add(case, deviations),
                Err(e) => report.failures.push(e.of(&case.name).to_string()),
            },
            None => {
                let what = format!("{}: no runner knows the operation {:?}", case.name, case.op);
                report.failures.push(what);
            }
        }
    }
    report
}

/// Runs one case on each device; one deviation an expected tensor and device or more.
fn check_case(
    set: &GoldenSet,
    case: &Case,
    runner: Runner,
    devices: &[Device],
) -> Result<Vec<(String, Deviation)>> {
    let file = CaseFile::read(&set.path(case))?;
    let mut deviations = Vec::new();
    for device in devices {
        let mut given = file.given.clone();
        let computed = runner(case, &mut given, device)?;
        let left = given.left();
        if !left.is_empty() {
            return Err(Error::new(format!("nothing read {}", left.join(", "))));
        }
        let found = compare(&computed, &file.expected)?;
        deviations.extend(found.into_iter().map(|(name, d)| (name.to_string(), d)));
    }
    Ok(deviations)
}
