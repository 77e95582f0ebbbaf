//! Draws the model: each pane into its rectangle.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::compact;
use super::layout::{Pane, Region, regions};
use super::model::Model;
use super::panels::{
    attention_map, candidates, cell, change, curves, flow, flow_page, footer, gradients, header,
    help, histogram, journal, loss, parameter_table, runs, samples, step, tabs,
};
use super::theme::Theme;
use super::widgets::bars::CUT;
use crate::format::{steers, width};

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
    view_into(model, area, frame.buffer_mut());
}

/// Returns what the dashboard shows on a screen of a size.
pub fn view_of(model: &Model, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view_into(model, buffer.area, &mut buffer);
    buffer
}

fn view_into(model: &Model, area: Rect, buf: &mut Buffer) {
    let screen = area.intersection(buf.area);
    for region in regions(model, screen) {
        draw(model, region, screen, buf);
    }
    clean(buf, screen, model.theme);
}

/// Draws one pane of a screen.
pub(super) fn draw(model: &Model, Region { pane, area }: Region, screen: Rect, buf: &mut Buffer) {
    match pane {
        Pane::Tabs => tabs::draw(model, area, buf),
        Pane::Header => header::draw(model, area, buf),
        Pane::ShortHeader => compact::draw_header(model, area, buf),
        Pane::Words => compact::draw_words(model, area, buf),
        Pane::RunsWords => runs::draw_words(model, area, buf),
        Pane::Loss => loss::draw(model, area, buf),
        Pane::Curves => curves::draw(model, area, buf),
        Pane::Norms => gradients::draw(model, area, buf),
        Pane::NormCurves => gradients::draw_curves(model, area, buf),
        Pane::Parameters => parameter_table::draw(model, area, buf),
        Pane::Flow => flow::draw(model, area, buf),
        Pane::FlowOverTraining => flow_page::draw(model, area, buf),
        Pane::Map => attention_map::draw(model, area, buf),
        Pane::Changes => change::draw(model, area, buf),
        Pane::Step => step::draw(model, area, buf),
        Pane::StepPart => step::draw_part(model, area, buf),
        Pane::Cell => cell::draw(model, area, buf),
        Pane::Samples => samples::draw(model, area, buf),
        Pane::Candidates => candidates::draw(model, area, buf),
        Pane::Histogram => histogram::draw(model, area, buf),
        Pane::FreeMap => attention_map::draw_free(model, area, buf),
        Pane::Log => journal::draw(model, area, buf),
        Pane::Runs => runs::draw(model, area, buf),
        Pane::Footer => footer::draw(model, area, buf),
        Pane::Popup => help::draw(model, screen, area, buf),
    }
}

/// Removes characters that would control the terminal from every cell of the screen, draws the
/// theme's sign where a text is cut, and marks wide characters of which something covers the second
/// half. All text from files, names and models passes through this function on its way to the
/// screen.
fn clean(buf: &mut Buffer, screen: Rect, theme: Theme) {
    for at in screen.positions() {
        let next = (at.x + 1, at.y);
        let covered = |buf: &Buffer| {
            next.0 >= screen.right() || buf.cell(next).is_some_and(|next| next.symbol() != " ")
        };
        if buf.cell(at).is_some_and(|cell| width(cell.symbol()) > 1) && covered(buf) {
            buf[at].set_char(theme.cut());
        }
        let cell = &mut buf[at];
        if cell.symbol().starts_with(CUT) {
            cell.set_char(theme.cut());
        }
        if cell.symbol().chars().any(steers) {
            let seen: String = cell.symbol().chars().filter(|&letter| !steers(letter)).collect();
            cell.set_symbol(if seen.is_empty() { "?" } else { &seen });
        }
    }
}
