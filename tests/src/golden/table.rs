//! Which operation is computed by what.

use tensor::Threads;

use super::case_file::Given;
use super::compare::Computed;
use super::run::{attend, ops, optimizer, recurrent};
use super::set::Case;
use crate::error::Result;

/// Computes what a case expects, from what it gives.
pub type Runner = fn(&Case, &mut Given, &Threads) -> Result<Vec<Computed>>;

/// The implemented operations.
pub const RUNNERS: &[(&str, Runner)] = &[
    ("rnn_tanh", recurrent::run),
    ("rnn_relu", recurrent::run),
    ("lstm", recurrent::run),
    ("gru", recurrent::run),
    ("additive", attend::run),
    ("additive_bias", attend::run),
    ("general", attend::run),
    ("cross_entropy", ops::cross_entropy),
    ("embedding", ops::embedding),
    ("layer_norm", ops::layer_norm),
    ("optimizer", optimizer::run),
];

/// The operations whose cases are counted and left alone, and why.
pub const NOT_YET: &[(&str, &str)] = &[
    ("dot", "attention has no such score yet"),
    ("scaled_dot", "attention has no such score yet"),
    ("scaled_general", "attention has no such score yet"),
    ("concat", "attention has no such score yet"),
    ("cosine", "attention has no such score yet"),
    ("location", "attention has no such score yet"),
    ("local_m", "attention has no windows yet"),
    ("local_p", "attention has no windows yet"),
    ("multi_head", "attention has no heads yet"),
    ("maxout", "tensor has no such operation yet"),
];

/// What the tables say of an operation.
#[derive(Debug, Clone, Copy)]
pub enum Entry {
    /// It is implemented: this runs it.
    Implemented(Runner),
    /// It is not implemented yet: why.
    NotYet(&'static str),
}

/// Looks an operation up; `None` where no table knows it.
pub fn find(op: &str) -> Option<Entry> {
    fn line<T: Copy>(table: &[(&str, T)], op: &str) -> Option<T> {
        table.iter().find(|line| line.0 == op).map(|line| line.1)
    }
    line(RUNNERS, op).map(Entry::Implemented).or_else(|| line(NOT_YET, op).map(Entry::NotYet))
}
