//! Golden values: cases computed by PyTorch in f64, and what this workspace makes of them in f32.
//!
//! A set is a folder: `cases.json` lists cases (name, operation, configuration), and a file
//! `NAME.safetensors` each holds `in.*`, `param.*` and `cot.*` (given, f32 or i64) and `out.*` and
//! `grad.*` (expected, f64); `golden/make.py` says it in full. [`GoldenSet::read`] reads the list,
//! [`check`] runs every case through its line of the table [`RUNNERS`], with one thread and with
//! two, and compares tensor by tensor by the rule of [`Deviation`].
//!
//! Nothing passes unseen. It is a failure when
//! - a set has no case;
//! - an operation is not in [`RUNNERS`];
//! - a case's file is missing, or a file belongs to no case;
//! - a given tensor is left unread, an expected one is not computed, a computed one not expected;
//! - a configuration has a key that its runner does not know.

mod case_file;
mod compare;
mod metrics;
mod report;
mod run;
mod set;
mod table;
#[cfg(test)]
mod tests;

pub use case_file::{CaseFile, Expected, Given};
pub use compare::{Computed, Deviation, compare};
pub use metrics::{MetricsReport, check_metrics};
pub use report::{Report, Worst, check, check_on};
pub use set::{Case, GoldenSet};
pub use table::{RUNNERS, Runner, find};
