//! A line of stdin.

use serde_json::value::RawValue;

/// A line to translate.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) source: String,
    /// The line's own prefix.
    pub(super) prefix: Option<String>,
    /// A target to score.
    pub(super) target: Option<String>,
    /// The other fields of a JSON line, as they were written.
    pub(super) others: Vec<(String, Box<RawValue>)>,
    /// Number of bytes of stdin up to the end of the line.
    pub(super) end: u64,
}
