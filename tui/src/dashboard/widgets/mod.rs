//! What panels are drawn with: text, bars, plots.

pub(super) mod bars;
pub(super) mod plot;
pub(super) mod ticks;
