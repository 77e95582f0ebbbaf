//! The building blocks of panels: text, bars, plots.

pub(super) mod bars;
pub(super) mod plot;
pub(super) mod spark;
pub(super) mod ticks;
