//! The layout of the dashboard: the panes of each page and their rectangles, for each screen size.

use ratatui::layout::{Constraint, Layout, Rect};

use super::compact;
use super::model::Model;
use super::page::Page;
use super::panels::{candidates, cell, change, flow, header, help, step};

/// The minimum size of the full dashboard.
const FULL: (u16, u16) = (80, 24);
/// The minimum size of the compact dashboard; smaller screens show text only.
const COMPACT: (u16, u16) = (40, 12);
/// The minimum size of a screen with popups.
const POPUPS: (u16, u16) = (30, 8);
/// Rows from which on the overview has the gradient flow.
const WITH_FLOW: u16 = 26;
/// Rows from which on the overview has the gradient norms.
const WITH_NORMS: u16 = 44;
/// Rows from which on the compact overview has the attention map below the loss.
const WITH_MAP: u16 = 20;
/// Rows from which on the page of gradients has the flow over training.
const WITH_STRIPS: u16 = 28;
/// Rows from which on samples and outputs of a beam search are both drawn.
const WITH_SAMPLES: u16 = 14;
/// Columns from which on a teacher-forced map has the free-running one beside it.
const BOTH: u16 = 100;
/// Columns from which on norms and parameters are side by side.
const SIDE_BY_SIDE: u16 = 70;

/// A part of the screen that one function draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pane {
    /// The title row with the pages.
    Tabs,
    /// State, progress and key metrics.
    Header,
    /// The same in two or three rows.
    ShortHeader,
    /// State and key metrics in lines, on a screen too small for panes.
    Words,
    /// The list of runs in lines, on a screen too small for panes.
    RunsWords,
    /// The loss curves.
    Loss,
    /// The curves of any metric.
    Curves,
    /// The global gradient norm, and the groups of parameters.
    Norms,
    /// The global gradient norm alone.
    NormCurves,
    /// The table of parameters.
    Parameters,
    /// The distribution of one parameter.
    Histogram,
    /// The gradient flow at one step.
    Flow,
    /// The gradient flow of a layer over training.
    FlowOverTraining,
    /// The attention map.
    Map,
    /// The free-running map beside a teacher-forced one.
    FreeMap,
    /// A translation without and with changes.
    Changes,
    /// One step of a translation, with every part.
    Step,
    /// One step of a translation, one part at a time.
    StepPart,
    /// The gates of a layer over tokens.
    Cell,
    /// The sample translations.
    Samples,
    /// The outputs of a beam search.
    Candidates,
    /// Events in words.
    Log,
    /// The list of runs.
    Runs,
    /// The last row: keys, prompts and notices.
    Footer,
    /// The popup over the panes: keys, explanation or prompt.
    Popup,
}

/// A pane and its rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    /// The pane.
    pub pane: Pane,
    /// Its rectangle.
    pub area: Rect,
}

/// The regions of a screen in the order in which they are drawn. Only a popup covers others.
#[derive(Debug, Default)]
struct Regions(Vec<Region>);

impl Regions {
    fn add(&mut self, pane: Pane, area: Rect) {
        if !area.is_empty() {
            self.0.push(Region { pane, area });
        }
    }
}

/// Returns the regions of a screen.
pub(super) fn regions(model: &Model, area: Rect) -> Vec<Region> {
    let mut regions = Regions::default();
    if area.is_empty() {
        return regions.0;
    }
    let holds = |least: (u16, u16)| area.width >= least.0 && area.height >= least.1;
    if !holds(COMPACT) {
        add_words(model, area, &mut regions);
    } else {
        let head = match model.page {
            // The list has no header: it is not about the run that is open.
            Page::Runs => None,
            _ if holds(FULL) => Some((Pane::Header, header::rows(model, area.height))),
            _ => Some((Pane::ShortHeader, compact::rows(area.height))),
        };
        let [title, header, body, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(head.map_or(0, |head| head.1)),
            Constraint::Min(0),
            Constraint::Length(1),
        ])
        .areas(area);
        regions.add(Pane::Tabs, title);
        if let Some((pane, _)) = head {
            regions.add(pane, header);
        }
        add_page(model, body, holds(FULL), &mut regions);
        regions.add(Pane::Footer, foot);
    }
    if holds(POPUPS)
        && let Some(popup) = help::area(model, area)
    {
        regions.add(Pane::Popup, popup);
    }
    regions.0
}

/// Adds the lines of text of a screen that is too small for panes. A prompt takes the last row.
fn add_words(model: &Model, area: Rect, regions: &mut Regions) {
    let prompt = u16::from(area.height >= 2 && area.width >= 10 && compact::has_prompt(model));
    let [words, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(prompt)]).areas(area);
    let pane = if model.page == Page::Runs { Pane::RunsWords } else { Pane::Words };
    regions.add(pane, words);
    regions.add(Pane::Footer, foot);
}

fn add_page(model: &Model, body: Rect, full: bool, regions: &mut Regions) {
    match model.page {
        Page::Overview if full => add_overview(model, body, regions),
        Page::Overview if body.height >= WITH_MAP => {
            let [upper, lower] = shares_down(body, [45, 55]);
            regions.add(Pane::Loss, upper);
            regions.add(Pane::Map, lower);
        }
        Page::Overview => regions.add(Pane::Loss, body),
        Page::Curves => regions.add(Pane::Curves, body),
        Page::Gradients if full => add_gradients(model, body, regions),
        Page::Gradients => {
            // The histogram that was requested, then the flow of several runs, come first.
            let first = if model.beside.is_empty() { 0 } else { 3 };
            let pane = match ((model.pane + first) % 4, &model.parameters_view.histogram) {
                (0 | 2, Some(_)) => Pane::Histogram,
                (1, _) if model.flow().is_some() => Pane::Flow,
                (2, None) => Pane::Parameters,
                (3, _) => Pane::FlowOverTraining,
                _ => Pane::Norms,
            };
            regions.add(pane, body);
        }
        Page::Attention if full => {
            let rows = if model.inspects_chosen() { change::rows(model) } else { 0 };
            let [map, changes] =
                Layout::vertical([Constraint::Min(0), Constraint::Length(rows)]).areas(body);
            if map.width >= BOTH && model.free_map().is_some() {
                let [free, forced] = shares_across(map, [50, 50]);
                regions.add(Pane::FreeMap, free);
                regions.add(Pane::Map, forced);
            } else {
                regions.add(Pane::Map, map);
            }
            regions.add(Pane::Changes, changes);
        }
        Page::Attention if model.pane % 2 == 1 && model.inspects_chosen() => {
            regions.add(Pane::Changes, body);
        }
        Page::Attention => regions.add(Pane::Map, body),
        Page::Step if step::is_whole(body) => {
            add_with_changes(Pane::Step, body, change::rows(model), regions);
        }
        Page::Step => regions.add(Pane::StepPart, body),
        Page::Cell => {
            let rows = change::rows(model);
            if body.height >= cell::LEAST + rows {
                add_with_changes(Pane::Cell, body, rows, regions);
            } else {
                let pane = if model.pane % 2 == 1 { Pane::Changes } else { Pane::Cell };
                regions.add(pane, body);
            }
        }
        Page::Samples => {
            let rows = candidates::rows(model);
            if body.height < WITH_SAMPLES && rows > 0 {
                let pane = if model.pane % 2 == 1 { Pane::Candidates } else { Pane::Samples };
                regions.add(pane, body);
            } else {
                let [samples, found] =
                    Layout::vertical([Constraint::Min(0), Constraint::Length(rows)]).areas(body);
                regions.add(Pane::Samples, samples);
                regions.add(Pane::Candidates, found);
            }
        }
        Page::Log => regions.add(Pane::Log, body),
        Page::Runs => regions.add(Pane::Runs, body),
    }
}

/// Adds a pane, and below it the changes to a translation in `rows` rows.
fn add_with_changes(pane: Pane, area: Rect, rows: u16, regions: &mut Regions) {
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(rows)]).areas(area);
    regions.add(pane, upper);
    regions.add(Pane::Changes, lower);
}

/// Loss and samples on the left; the attention map, the largest pane, on the right, above the
/// gradients where there is room for them.
fn add_overview(model: &Model, area: Rect, regions: &mut Regions) {
    let [left, right] = shares_across(area, [46, 54]);
    let [curves, translations] = shares_down(left, [50, 50]);
    regions.add(Pane::Loss, curves);
    regions.add(Pane::Samples, translations);
    let flow_rows = if area.height >= WITH_FLOW { flow::rows(model).min(7) } else { 0 };
    let norm_rows = if area.height >= WITH_NORMS { area.height / 4 } else { 0 };
    let [map, norms, flows] = Layout::vertical([
        Constraint::Min(0),
        Constraint::Length(norm_rows),
        Constraint::Length(flow_rows),
    ])
    .areas(right);
    regions.add(Pane::Map, map);
    regions.add(Pane::Norms, norms);
    regions.add(Pane::Flow, flows);
}

/// The global norm, every parameter, the flow; as its second pane, the flow alone.
fn add_gradients(model: &Model, area: Rect, regions: &mut Regions) {
    if model.pane % 2 == 1 {
        regions.add(Pane::FlowOverTraining, area);
        return;
    }
    // The flow of several runs is compared on one scale, on every screen.
    let tall = area.height >= WITH_STRIPS || !model.beside.is_empty();
    let flow = if tall { area.height / 2 } else { flow::rows(model).min(area.height / 3) };
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(flow)]).areas(area);
    let [left, right] = if area.width >= SIDE_BY_SIDE {
        shares_across(upper, [50, 50])
    } else {
        shares_down(upper, [40, 60])
    };
    let histogram = model.parameters_view.histogram.is_some();
    regions.add(if histogram { Pane::Histogram } else { Pane::NormCurves }, left);
    regions.add(Pane::Parameters, right);
    regions.add(if tall { Pane::FlowOverTraining } else { Pane::Flow }, lower);
}

fn shares_down(area: Rect, shares: [u16; 2]) -> [Rect; 2] {
    Layout::vertical(shares.map(Constraint::Percentage)).areas(area)
}

fn shares_across(area: Rect, shares: [u16; 2]) -> [Rect; 2] {
    Layout::horizontal(shares.map(Constraint::Percentage)).areas(area)
}
