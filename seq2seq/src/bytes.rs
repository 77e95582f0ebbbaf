//! Display of amounts of memory.

/// Formats a number of bytes in MB or GB.
pub(crate) fn bytes(count: f64) -> String {
    match count {
        x if x < 1e9 => format!("{:.0} MB", (x / 1e6).max(1.0)),
        x if x < 1e11 => format!("{:.1} GB", x / 1e9),
        x => format!("{:.0} GB", x / 1e9),
    }
}
