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
    let area = frame.area();
    view_into(model, area, frame.buffer_mut());
}

/// Returns what the dashboard shows on a screen of a size.
pub fn view_of(model: &Model, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view_into(model, buffer.area, &mut buffer);
    buffer
}

fn view_into(model: &Model, area: Rect, buf: &mut Buffer) {
    for region in regions(model, area.intersection(buf.area)) {
        draw(model, region, buf);
    }
    clean(buf, model.theme);
}

/// Draws one pane.
pub(super) fn draw(model: &Model, Region { pane, area }: Region, buf: &mut Buffer) {
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
        Pane::Popup => help::draw(model, area, buf),
    }
}

/// Removes characters that would control the terminal from every cell, draws the theme's sign where a
/// text is cut, and marks wide characters of which something covers the second half. All text from files, names and models passes through
/// this function on its way to the screen.
fn clean(buf: &mut Buffer, theme: Theme) {
    let columns = usize::from(buf.area.width).max(1);
    for i in 0..buf.content.len() {
        let is_last = (i + 1) % columns == 0;
        let covered = |buf: &Buffer| {
            is_last || buf.content.get(i + 1).is_some_and(|next| next.symbol() != " ")
        };
        if width(buf.content[i].symbol()) > 1 && covered(buf) {
            buf.content[i].set_char(theme.cut());
        }
        let cell = &mut buf.content[i];
        if cell.symbol().starts_with(CUT) {
            cell.set_char(theme.cut());
        }
        if cell.symbol().chars().any(steers) {
            let seen: String = cell.symbol().chars().filter(|&letter| !steers(letter)).collect();
            cell.set_symbol(if seen.is_empty() { "?" } else { &seen });
        }
    }
}
