//! The layout of the dashboard: the position and size of each panel for each screen size.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::compact;
use super::model::Model;
use super::page::Page;
use super::panels::{
    attention_map, cell, change, curves, flow, footer, gradients, header, help, journal, loss,
    runs, samples, step, tabs,
};
use crate::format::steers;

/// The minimum size of the full dashboard.
const FULL: (u16, u16) = (80, 24);
/// The minimum size of the compact dashboard; smaller screens show text only.
const COMPACT: (u16, u16) = (40, 12);

/// Draws the model at the size of the frame.
pub fn view(model: &Model, frame: &mut Frame) {
    view_in(model, frame, frame.area());
}

/// Draws the model in a part of the frame, for programs that show other things beside it; nothing
/// outside of `area` is changed. At any size something useful is drawn.
///
/// ```
/// use ratatui::Terminal;
/// use ratatui::backend::TestBackend;
/// use ratatui::layout::Rect;
/// use tui::dashboard::{Model, Role, Theme, view_in};
///
/// let model = Model::new(Role::Training, Theme::PLAIN);
/// let mut terminal = Terminal::new(TestBackend::new(100, 30))?;
/// terminal.draw(|frame| view_in(&model, frame, Rect::new(0, 0, 100, 24)))?;
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub fn view_in(model: &Model, frame: &mut Frame, area: Rect) {
    let area = area.intersection(frame.area());
    draw(model, area, frame.buffer_mut());
    clean(frame.buffer_mut(), area);
}

/// Removes characters that would control the terminal from every cell of an area. All text from
/// files, names and models passes through this function on its way to the screen.
fn clean(buf: &mut Buffer, area: Rect) {
    for position in area.positions() {
        let Some(cell) = buf.cell_mut(position) else { continue };
        if cell.symbol().chars().any(steers) {
            let seen: String = cell.symbol().chars().filter(|&letter| !steers(letter)).collect();
            cell.set_symbol(if seen.is_empty() { "?" } else { &seen });
        }
    }
}

fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let holds = |least: (u16, u16)| area.width >= least.0 && area.height >= least.1;
    if area.is_empty() {
        return;
    }
    if model.page == Page::Runs {
        draw_runs(model, area, buf);
    } else if holds(FULL) {
        draw_full(model, area, buf);
    } else if holds(COMPACT) {
        compact::draw(model, area, buf);
    } else {
        compact::draw_words(model, area, buf);
    }
    if holds((30, 8)) {
        help::draw(model, area, buf);
    }
}

/// Draws the list of runs, which has no header: it is not about the run that is open.
fn draw_runs(model: &Model, area: Rect, buf: &mut Buffer) {
    if area.width < COMPACT.0 || area.height < COMPACT.1 {
        let prompt = u16::from(area.height >= 2 && compact::has_prompt(model));
        let rows = Rect { height: area.height - prompt, ..area };
        runs::draw_words(model, rows, buf);
        if prompt > 0 {
            let foot = Rect { y: area.y + rows.height, height: 1, ..area };
            footer::draw(model, foot, buf);
        }
        return;
    }
    let [title, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(area);
    tabs::draw(model, title, buf);
    runs::draw(model, body, buf);
    footer::draw(model, foot, buf);
}

fn draw_full(model: &Model, area: Rect, buf: &mut Buffer) {
    let [title, head, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(header::rows(model, area.height)),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    tabs::draw(model, title, buf);
    header::draw(model, head, buf);
    match model.page {
        Page::Overview => draw_overview(model, body, buf),
        Page::Curves => curves::draw(model, body, buf),
        Page::Gradients => gradients::draw_page(model, body, buf),
        Page::Attention => {
            let changed = if model.inspects_chosen() { change::rows(model) } else { 0 };
            let [map, changes] =
                Layout::vertical([Constraint::Min(0), Constraint::Length(changed)]).areas(body);
            attention_map::draw(model, map, buf);
            if changed > 0 {
                change::draw(model, changes, buf);
            }
        }
        Page::Step => step::draw(model, body, buf),
        Page::Cell => cell::draw(model, body, buf),
        Page::Samples => samples::draw(model, body, buf),
        Page::Log => journal::draw(model, body, buf),
        Page::Runs => runs::draw(model, body, buf),
    }
    footer::draw(model, foot, buf);
}

/// Rows from which on the overview has the gradient flow.
const WITH_FLOW: u16 = 26;
/// Rows from which on the overview has the gradient norms.
const WITH_NORMS: u16 = 44;

/// Loss and samples on the left; the attention map, the largest pane, on the right, above the
/// gradients where there is room for them.
fn draw_overview(model: &Model, area: Rect, buf: &mut Buffer) {
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(46), Constraint::Percentage(54)]).areas(area);
    let [curves, translations] =
        Layout::vertical([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(left);
    loss::draw(model, curves, buf);
    samples::draw(model, translations, buf);

    let flow_rows = if area.height >= WITH_FLOW { flow::rows(model).min(7) } else { 0 };
    let norm_rows = if area.height >= WITH_NORMS { area.height / 4 } else { 0 };
    let [map, norms, flows] = Layout::vertical([
        Constraint::Min(0),
        Constraint::Length(norm_rows),
        Constraint::Length(flow_rows),
    ])
    .areas(right);
    attention_map::draw(model, map, buf);
    if norm_rows > 0 {
        gradients::draw(model, norms, buf);
    }
    flow::draw(model, flows, buf);
}
