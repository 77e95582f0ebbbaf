//! What the mouse can choose.

use super::page::Page;

/// A thing on the screen that the mouse can choose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// The name of a page.
    Page(Page),
    /// A sample, counted from 0.
    Sample(usize),
    /// A place of the timeline.
    Maps(usize),
    /// A cell of the attention map, or a word at its edge: the output row and the source column.
    Weight(Option<usize>, Option<usize>),
    /// A position on the horizontal axis of the curves.
    Curves(f64),
    /// A step of the inspected translation.
    Step(usize),
    /// A source word of the inspected translation.
    Source(usize),
    /// One of the most probable words of the step.
    Choice(usize),
    /// A token of the layer, and a row of gates or units.
    Gate(Option<usize>, Option<usize>),
    /// A row of the table of parameters.
    Parameter(usize),
    /// A run of the list.
    Run(usize),
}
