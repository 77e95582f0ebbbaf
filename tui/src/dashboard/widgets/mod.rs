//! The building blocks of panels: text, bars, strips, plots.

pub(crate) mod bars;
pub(crate) mod heat;
pub(crate) mod plot;
pub(crate) mod spark;
pub(crate) mod weight_map;
