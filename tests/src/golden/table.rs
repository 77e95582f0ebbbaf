//! Which operation is computed by what.

use tensor::Device;

use super::case_file::Given;
use super::compare::Computed;
use super::run::{attend, expression, ops, optimizer, recurrent};
use super::set::Case;
use crate::error::Result;

/// Computes what a case expects, from what it gives.
pub type Runner = fn(&Case, &mut Given, &Device) -> Result<Vec<Computed>>;

/// The implemented operations.
pub const RUNNERS: &[(&str, Runner)] = &[
    ("rnn_tanh", recurrent::run),
    ("rnn_relu", recurrent::run),
    ("lstm", recurrent::run),
    ("gru", recurrent::run),
    ("additive", attend::run),
    ("additive_bias", attend::run),
    ("dot", attend::run),
    ("scaled_dot", attend::run),
    ("general", attend::run),
    ("scaled_general", attend::run),
    ("concat", attend::run),
    ("cosine", attend::run),
    ("location", attend::run),
    ("local_m", attend::run),
    ("local_p", attend::run),
    ("multi_head", attend::multi_head),
    ("cross_entropy", ops::cross_entropy),
    ("embedding", ops::embedding),
    ("layer_norm", ops::layer_norm),
    ("maxout", ops::maxout),
    ("expression", expression::run),
    ("optimizer", optimizer::run),
];

/// Looks an operation up; `None` where the table does not know it.
pub fn find(op: &str) -> Option<Runner> {
    RUNNERS.iter().find(|line| line.0 == op).map(|line| line.1)
}
