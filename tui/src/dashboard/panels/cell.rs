//! The gates and states of a recurrent layer over the tokens of a sentence.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use seq2seq::inspection::{GateTrace, LayerTrace, Trace, UnitCorrelations};

use super::step;
use crate::dashboard::inspecting::Order;
use crate::dashboard::model::Model;
use crate::dashboard::target::Target;
use crate::dashboard::widgets::bars::{cell, columns, fit_line, put};
use crate::dashboard::widgets::heat::{Scale, glyph};
use crate::format::{count, fit, number, plain, width};

/// Rows of the panel that leave room for the changes below it.
pub(in crate::dashboard) const LEAST: u16 = 12;
/// Columns of the widest token.
const TOKEN: usize = 10;
/// Columns of the labels of rows.
const LABEL: usize = 8;
/// Columns of the numbers at the right.
const NUMBERS: usize = 16;

/// Draws the page.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let inspecting = &model.inspecting;
    let Some((trace, layer)) =
        inspecting.trace().filter(|trace| !trace.steps.is_empty()).zip(inspecting.layer())
    else {
        return step::draw_nothing(model, area, buf);
    };
    let theme = model.theme;
    let Some(gate) = inspecting.gate() else { return };
    let what = match inspecting.order {
        Order::Averaged => "mean of units".to_owned(),
        Order::Variance => format!("{}, by variance", gate.gate),
        Order::Correlation => format!("{}, by correlation", gate.gate),
        Order::Word => match inspecting.following() {
            Some(found) => {
                let words = plain(&found.request.words.join(" "));
                let text = format!("{}, follow `{words}`", gate.gate);
                if area.width < 70 {
                    text
                } else {
                    let (with, all) = (found.with_word, found.sentences);
                    format!("{text} in {with} of {all} held-out sentences")
                }
            }
            None => format!("{}, reading held-out sentences", gate.gate),
        },
    };
    let waiting = if inspecting.is_waiting() { " ..." } else { "" };
    let mut title = format!(" {}: {what}{waiting} ", layer.name);
    if area.width >= 100 {
        title = format!(
            " {} ({}): {what}, model of step {}{waiting} ",
            layer.name,
            layer.cell,
            count(inspecting.at)
        );
    }
    let block = theme.panel(fit_line(Line::raw(title), columns(area).saturating_sub(2)));
    let inner = block.inner(area);
    block.render(area, buf);
    let grid = Grid::new(model, trace, layer, inner);
    grid.draw_tokens(inner, buf);
    match inspecting.order {
        Order::Averaged => grid.draw_gates(inner, buf),
        _ => grid.draw_units(gate, inner, buf),
    }
}

/// Returns the token and the row of gates or units at a position of the panel.
pub(in crate::dashboard) fn at(
    model: &Model,
    area: Rect,
    (x, y): (usize, usize),
) -> Option<Target> {
    let inspecting = &model.inspecting;
    let (trace, layer) =
        inspecting.trace().filter(|trace| !trace.steps.is_empty()).zip(inspecting.layer())?;
    let inner = model.theme.panel("").inner(area);
    let (x, y) = (x.checked_sub(1)?, y.checked_sub(1)?);
    if x >= columns(inner) || y >= usize::from(inner.height) {
        return None;
    }
    let grid = Grid::new(model, trace, layer, inner);
    let token = x.checked_sub(LABEL).map(|x| x / grid.token).filter(|token| *token < grid.shown);
    let row = y.checked_sub(1).and_then(|y| grid.row(y, inner));
    let token = token.map(|token| grid.first + token).filter(|_| y == 0 || row.is_some());
    (token.is_some() || row.is_some()).then_some(Target::Gate(token, row))
}

/// Tokens in columns, gates or units in rows.
struct Grid<'a> {
    model: &'a Model,
    layer: &'a LayerTrace,
    tokens: Vec<String>,
    /// Columns of a token.
    token: usize,
    /// The first token shown.
    first: usize,
    /// Tokens shown.
    shown: usize,
}

impl<'a> Grid<'a> {
    fn new(model: &'a Model, trace: &'a Trace, layer: &'a LayerTrace, area: Rect) -> Self {
        let tokens: Vec<String> = if layer.is_decoder() {
            // At each step the decoder reads the token of the step before.
            let before = trace.output().map(plain);
            std::iter::once("<s>".to_owned()).chain(before).take(trace.steps.len()).collect()
        } else {
            trace.source.iter().map(|word| plain(word)).collect()
        };
        let room = columns(area).saturating_sub(LABEL + NUMBERS);
        let token = (room / tokens.len().max(1)).clamp(4, TOKEN);
        let shown = (room / token).min(tokens.len());
        let last = tokens.len().saturating_sub(shown);
        let first = (model.inspecting.token() + 1).saturating_sub(shown).min(last);
        Self { model, layer, tokens, token, first, shown }
    }

    fn x(&self, column: usize) -> u16 {
        cell(LABEL + column * self.token)
    }

    /// Returns the rows of a gate.
    fn gate_rows(&self, area: Rect) -> usize {
        // Two rows for each gate where there is room.
        if usize::from(area.height) > 2 * self.layer.gates.len() { 2 } else { 1 }
    }

    /// Returns the first unit shown, by its rank.
    fn first_unit(&self, area: Rect) -> usize {
        let rows = usize::from(area.height).saturating_sub(1);
        (self.model.inspecting.unit + 1).saturating_sub(rows)
    }

    /// Returns the gate, or the rank of the unit, at a row below the tokens.
    fn row(&self, y: usize, area: Rect) -> Option<usize> {
        let inspecting = &self.model.inspecting;
        let (row, count) = match inspecting.order {
            Order::Averaged => (y / self.gate_rows(area), self.layer.gates.len()),
            _ => (self.first_unit(area) + y, inspecting.gate()?.units()),
        };
        (row < count).then_some(row)
    }

    /// Draws the tokens above their columns, the one under the cursor in brackets.
    fn draw_tokens(&self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        for column in 0..self.shown {
            let i = self.first + column;
            let is_chosen = i == self.model.inspecting.token();
            let room = self.token - 1;
            let text = if is_chosen && room < 5 {
                format!(">{}", fit(&self.tokens[i], room.saturating_sub(1), theme.cut()))
            } else if is_chosen {
                format!("[{}]", fit(&self.tokens[i], room.saturating_sub(2), theme.cut()))
            } else {
                fit(&self.tokens[i], room, theme.cut())
            };
            let style = if is_chosen { theme.reversed() } else { Style::new() };
            put(buf, area, (self.x(column), 0), &text, style, theme);
        }
        let hidden = self.tokens.len() - self.first - self.shown;
        let side = |text: String, x: u16, buf: &mut Buffer| {
            put(buf, area, (x, 0), &text, theme.faint(), theme);
        };
        if self.first > 0 {
            side(format!("{}{}", self.first, theme.pick('←', '<')), 0, buf);
        }
        if hidden > 0 {
            side(format!("{}{hidden}", theme.pick('→', '>')), self.x(self.shown), buf);
        }
    }

    /// Draws the values of a row, one for each token.
    fn draw_row(&self, values: &[f32], scale: Scale, y: u16, area: Rect, buf: &mut Buffer) {
        for column in 0..self.shown {
            let value = values.get(self.first + column).copied().unwrap_or(f32::NAN);
            let (glyph, style) = glyph(value, scale, self.model.theme);
            let text: String = std::iter::repeat_n(glyph, self.token - 1).collect();
            put(buf, area, (self.x(column), y), &text, style, self.model.theme);
        }
    }

    fn scale(&self, gate: &GateTrace) -> Scale {
        match gate.gate.bounds(self.layer.cell) {
            Some((low, high)) => Scale { low, high },
            None => Scale::around_zero(gate.values.iter().flatten().copied()),
        }
    }

    fn numbers(&self, text: &str, y: u16, area: Rect, buf: &mut Buffer) {
        let (theme, x) = (self.model.theme, self.x(self.shown) + 1);
        put(buf, area, (x, y), text, theme.faint(), theme);
    }

    /// Draws the mean of every gate, with the share of its saturated values.
    fn draw_gates(&self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        self.numbers("low%  high%", 0, area, buf);
        let step = self.gate_rows(area);
        let chosen = self.model.inspecting.gate().map(|gate| gate.gate);
        for (i, gate) in self.layer.gates.iter().enumerate() {
            let y = cell(1 + i * step);
            let is_chosen = chosen == Some(gate.gate);
            let pointer = if is_chosen { theme.pick('▶', '>') } else { ' ' };
            let style = if is_chosen { theme.strong() } else { Style::new() };
            put(buf, area, (0, y), &format!("{pointer}{}", gate.gate), style, theme);
            self.draw_row(&gate.means(), self.scale(gate), y, area, buf);
            let text = match gate.saturation(self.layer.cell) {
                Some((low, high)) => format!("{:>3.0}%  {:>4.0}%", low * 100.0, high * 100.0),
                None => "unbounded".to_owned(),
            };
            self.numbers(&text, y, area, buf);
        }
        let y = cell(1 + self.layer.gates.len() * step);
        let text = "low%, high%: values in the lowest and highest tenth of the range";
        put(buf, area, (0, y), text, theme.faint(), theme);
    }

    /// Draws the units of a gate in their order.
    fn draw_units(&self, gate: &GateTrace, area: Rect, buf: &mut Buffer) {
        let (theme, inspecting) = (self.model.theme, &self.model.inspecting);
        let units = inspecting.units();
        let (name, measures) = match inspecting.order {
            Order::Correlation => {
                ("corr  sat%", gate.correlations(|position| position == inspecting.token()))
            }
            Order::Word => ("corr  sat%", following(inspecting.following())),
            _ => ("var    sat%", gate.variances()),
        };
        let saturated = gate.saturated_units(self.layer.cell);
        self.numbers(name, 0, area, buf);
        let rows = usize::from(area.height).saturating_sub(1);
        let first = self.first_unit(area);
        for (y, rank) in (1..=rows).zip(first..units.len()) {
            let unit = units[rank];
            let is_chosen = rank == inspecting.unit;
            let pointer = if is_chosen { theme.pick('▶', '>') } else { ' ' };
            let style = if is_chosen { theme.strong() } else { Style::new() };
            put(buf, area, (0, cell(y)), &format!("{pointer}{unit}"), style, theme);
            let values: Vec<f32> = gate.unit(unit).collect();
            self.draw_row(&values, self.scale(gate), cell(y), area, buf);
            let measure = match inspecting.order {
                Order::Correlation | Order::Word => format!("{:>5.2}", measures[unit]),
                _ => fit(&number(measures[unit]), 7, theme.cut()),
            };
            let share = saturated
                .as_ref()
                .map_or_else(String::new, |all| format!("{:>4.0}%", all[unit] * 100.0));
            let gap = 7_usize.saturating_sub(width(&measure));
            let text = format!("{measure}{}{share}", " ".repeat(gap));
            self.numbers(&text, cell(y), area, buf);
        }
    }
}

/// Returns the correlation of each unit with words over the held-out sentences.
fn following(found: Option<&UnitCorrelations>) -> Vec<f64> {
    let correlations = found.map_or(&[][..], |found| &found.correlations);
    correlations.iter().map(|&correlation| f64::from(correlation)).collect()
}
