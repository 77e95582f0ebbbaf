//! What is under the pointer of the mouse.

use ratatui::layout::{Position, Rect};

use super::layout::{Pane, regions};
use super::model::Model;
use super::page::Page;
use super::panels::{attention_map, cell, curves, parameter_table, runs, samples, step, tabs};

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

/// Returns what is at a position of a screen.
pub(super) fn target(model: &Model, screen: Rect, (x, y): (u16, u16)) -> Option<Target> {
    let all = regions(model, screen);
    // The last one is on top.
    let region = all.iter().rev().find(|region| region.area.contains(Position { x, y }))?;
    let at = (usize::from(x - region.area.x), usize::from(y - region.area.y));
    let area = region.area;
    match region.pane {
        Pane::Tabs => tabs::page_at(model, area, at.0).map(Target::Page),
        Pane::Samples => samples::at(model, area, at.1).map(Target::Sample),
        Pane::Map => attention_map::at(model, area, at),
        Pane::Curves => curves::at(model, area, (x, y)).map(Target::Curves),
        Pane::Step => step::at(model, area, (x, y), true),
        Pane::StepPart => step::at(model, area, (x, y), false),
        Pane::Cell => cell::at(model, area, at),
        Pane::Parameters => parameter_table::at(model, area, at.1).map(Target::Parameter),
        Pane::Runs => runs::at(model, area, at.1).map(Target::Run),
        _ => None,
    }
}
