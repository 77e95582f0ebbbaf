//! The panels: each draws one part of a run into its area.

pub(super) mod attention_map;
pub(super) mod candidates;
pub(super) mod cell;
pub(super) mod change;
pub(super) mod curves;
pub(super) mod explain;
pub(super) mod flow;
pub(super) mod flow_page;
pub(super) mod footer;
pub(super) mod gradients;
pub(super) mod header;
pub(super) mod help;
pub(super) mod histogram;
pub(super) mod journal;
pub(super) mod loss;
pub(super) mod now;
pub(super) mod parameter_table;
mod popup;
pub(super) mod runs;
pub(super) mod samples;
pub(super) mod settings;
pub(super) mod step;
pub(super) mod tabs;
