//! What is under the pointer of the mouse.

use ratatui::layout::{Position, Rect};

use super::layout::{Pane, regions};
use super::model::Model;
use super::panels::{attention_map, cell, curves, parameter_table, runs, samples, step, tabs};
use super::target::Target;

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
