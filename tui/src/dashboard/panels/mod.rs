//! The panels: each draws one part of a run into its area.

pub(super) mod attention_map;
pub(super) mod footer;
pub(super) mod gradients;
pub(super) mod header;
pub(super) mod help;
pub(super) mod loss;
pub(super) mod samples;
