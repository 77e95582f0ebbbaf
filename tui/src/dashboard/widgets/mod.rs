//! The building blocks of panels: text, bars, strips, plots.

pub(super) mod bars;
pub(super) mod heat;
pub(super) mod plot;
pub(super) mod spark;
pub(super) mod weight_map;
