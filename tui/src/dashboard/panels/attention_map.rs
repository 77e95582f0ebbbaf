//! The attention map of a sample: a row for each output token, a column for each source token.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use seq2seq::event::Sample;

use crate::dashboard::model::Model;
use crate::dashboard::pointer::Target;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, fit_line, put};
use crate::format::{fit, plain, width};

/// Rows that the source tokens may take above the map.
const HEADER_ROWS: usize = 4;
/// Columns of the widest cell.
const CELL: usize = 8;
/// Minimum columns of a cell that ends with a gap.
const GAP: usize = 3;
/// Columns of the longest output token.
const LABEL: usize = 12;

/// Rows from which on the pane has the timeline.
const WITH_TIMELINE: u16 = 8;

/// Draws the panel with the free-running map of a sentence whose teacher-forced one is selected.
pub(in crate::dashboard) fn draw_free(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(free) = model.free_map() else { return };
    let text = free.output_text.as_deref().unwrap_or_default();
    let name = format!(" free-running (greedy): {} ", plain(text));
    draw_one(model, Some(free), Line::raw(name), area, buf);
}

/// Draws the panel with the map of the selected sample.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    draw_one(model, model.chosen(), title(model, columns(area)), area, buf);
}

/// Returns a sample with the weights of the chosen head in place of the mean.
fn of_head(model: &Model, sample: &Sample) -> Option<Sample> {
    let head = sample.heads.get(model.map_view.head?)?;
    Some(Sample { attention: head.clone(), ..sample.clone() })
}

fn draw_one(
    model: &Model,
    chosen: Option<&Sample>,
    title: Line<'static>,
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = model.theme;
    let of_head = chosen.and_then(|sample| of_head(model, sample));
    let chosen = of_head.as_ref().or(chosen);
    let mut block = theme.panel(title);
    let linked = chosen.is_some_and(|sample| !sample.links.is_empty());
    let gold = format!(" {} gold link ", link(theme));
    let legend = Line::styled(
        format!("{} {} ", if linked { &*gold } else { "" }, theme.weight_legend()),
        theme.faint(),
    );
    let inner = block.inner(area);
    let (map, timeline) = parts(model, inner);
    let hidden = chosen.map_or(0, |sample| AttentionMap { sample, theme }.hidden(map));
    let mut room = columns(inner);
    if hidden > 0 {
        let text = format!(" {} {hidden} more ", theme.pick('→', '>'));
        room = room.saturating_sub(width(&text));
        block = block.title_bottom(fit_line(Line::styled(text, theme.faint()), columns(inner)));
    }
    if room > legend.width() {
        block = block.title_bottom(legend.right_aligned());
    }
    block.render(area, buf);
    if !timeline.is_empty() {
        draw_timeline(model, timeline, buf);
    }
    match chosen {
        Some(sample) if !sample.attention.is_empty() || sample.output.is_empty() => {
            AttentionMap { sample, theme }.render(map, buf);
        }
        chosen => {
            let text =
                if chosen.is_some() { "no attention to show" } else { "after the first samples" };
            let x = inner.width.saturating_sub(cell(width(text))) / 2;
            put(buf, inner, (x, inner.height / 2), text, theme.faint(), theme);
        }
    }
}

/// Returns the rectangles of the map and of the timeline within the frame.
fn parts(model: &Model, inner: Rect) -> (Rect, Rect) {
    let rows = u16::from(inner.height >= WITH_TIMELINE && model.timeline_place().1 >= 2);
    let map = Rect { height: inner.height - rows, ..inner };
    (map, Rect { y: inner.y + map.height, height: rows, ..inner })
}

/// Returns what is at a position of the panel.
pub(in crate::dashboard) fn at(
    model: &Model,
    area: Rect,
    (x, y): (usize, usize),
) -> Option<Target> {
    let inner = model.theme.panel("").inner(area);
    let (map, timeline) = parts(model, inner);
    // Positions within the frame.
    let (x, y) = (x.checked_sub(1)?, y.checked_sub(1)?);
    if x >= columns(inner) {
        return None;
    }
    if y == usize::from(map.height) && !timeline.is_empty() {
        let number = model.timeline_place().1;
        let room = track_columns(model, columns(timeline));
        // The middle of the stretch that belongs to a place.
        let place = (x * number.saturating_sub(1) + room / 2) / room.saturating_sub(1).max(1);
        return (x < room && place < number).then_some(Target::Maps(place));
    }
    let sample = model.chosen()?;
    let geometry = AttentionMap { sample, theme: model.theme }.geometry(map)?;
    let column = (0..geometry.sources)
        .find(|&column| (geometry.left(column)..geometry.left(column + 1)).contains(&x));
    let row = y.checked_sub(geometry.header).filter(|row| *row < geometry.outputs);
    let is_word = x < geometry.label || y < geometry.header;
    match (row, column) {
        (None, None) => None,
        (row, column) if is_word || (row.is_some() && column.is_some()) => {
            Some(Target::Weight(row, column))
        }
        _ => None,
    }
}

/// Returns the title: which sample of which step, and that the decoder reads its own outputs.
fn title(model: &Model, wide: usize) -> Line<'static> {
    let chosen = model.chosen();
    let forced = chosen.is_some_and(|sample| sample.is_forced);
    let heads = chosen.map_or(0, |sample| sample.heads.len());
    let head = match model.map_view.head {
        Some(head) if head < heads => format!(", head {} of {heads}", head + 1),
        _ if heads > 1 => format!(", mean of {heads} heads"),
        _ => String::new(),
    };
    let (long, short) = match forced {
        true => ("teacher-forced (fed the reference)", "teacher-forced"),
        false => ("free-running (greedy)", "free-running"),
    };
    let name = &format!(" attention, {long}{head}");
    if model.sample_count() == 0 {
        return Line::raw(format!("{name} "));
    }
    let place = format!("{}/{}", model.selected + 1, model.sample_count());
    if model.selected >= model.samples().len() {
        let is_typed = chosen.is_none_or(|sample| sample.reference.is_empty());
        let kind = if is_typed { "typed" } else { "held out" };
        return first_that_fits(
            [
                Line::raw(format!("{name} {place}, {kind} ")),
                Line::raw(format!("{name} ")),
                Line::raw(format!(" {short}{head} ")),
                Line::raw(format!(" {short} ")),
            ],
            wide.saturating_sub(2),
        );
    }
    let style = if model.is_scrubbed() { model.theme.strong() } else { Style::new() };
    let of = |name: &str, words: &String| {
        let words = Span::styled(words.clone(), style);
        Line::from(vec![Span::raw(format!("{name} {place} ")), words, Span::raw(" ")])
    };
    let [long, medium, short] = &model.shown_step_words();
    first_that_fits(
        [
            of(name, long),
            of(" free-running", long),
            of(" free-running", medium),
            of("", medium),
            of("", short),
        ],
        wide.saturating_sub(2),
    )
}

fn timeline_words(model: &Model) -> String {
    let theme = model.theme;
    let (place, number) = model.timeline_place();
    let play = if model.is_playing() { "p: stop" } else { "p: play" };
    let arrows = format!("{} {}", theme.pick('←', '<'), theme.pick('→', '>'));
    format!("  {} of {number} maps  {arrows}  {play}", place + 1)
}

/// Returns the columns of the line of stored steps.
fn track_columns(model: &Model, wide: usize) -> usize {
    let room = wide.saturating_sub(width(&timeline_words(model)));
    if room >= 10 { room } else { wide }
}

/// Draws the stored steps as a line, with a mark at the shown one.
fn draw_timeline(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let (place, number) = model.timeline_place();
    let words = timeline_words(model);
    let room = track_columns(model, columns(area));
    let last = number.saturating_sub(1).max(1);
    let at = place * room.saturating_sub(1) / last;
    let track: String = (0..room)
        .map(|x| if x == at { theme.pick('●', 'O') } else { theme.pick('─', '-') })
        .collect();
    put(buf, area, (0, 0), &track, theme.faint(), theme);
    let mark = theme.pick('●', 'O').to_string();
    put(buf, area, (cell(at), 0), &mark, theme.strong(), theme);
    if room < columns(area) {
        put(buf, area, (cell(room), 0), &words, theme.faint(), theme);
    }
}

/// Returns the mark of a gold link.
fn link(theme: Theme) -> char {
    theme.pick('◆', 'x')
}

/// Returns the mark of a source token that is not in the vocabulary.
const UNKNOWN: char = '?';

/// The map itself. Source tokens are above their columns, in as many staggered rows as needed for
/// readability; output tokens are to the left of their rows. Unknown source tokens and gold links are
/// marked.
#[derive(Debug)]
pub(in crate::dashboard) struct AttentionMap<'a> {
    /// Tokens and weights.
    pub sample: &'a Sample,
    /// Colours and characters.
    pub theme: Theme,
}

/// The layout of a map.
#[derive(Debug, PartialEq, Eq)]
struct Geometry {
    /// Columns of the output tokens, including the gap after them.
    label: usize,
    /// Columns of the narrowest cell.
    cell: usize,
    /// Columns of all cells.
    room: usize,
    /// Rows of the source tokens.
    header: usize,
    /// Source tokens shown.
    sources: usize,
    /// Output tokens shown.
    outputs: usize,
}

impl Geometry {
    /// Returns the first column of a cell; for the index after the last cell, the end of the map.
    fn left(&self, source: usize) -> usize {
        self.label + source * self.room / self.sources.max(1)
    }
}

impl AttentionMap<'_> {
    fn geometry(&self, area: Rect) -> Option<Geometry> {
        let (wide, high) = (columns(area), usize::from(area.height));
        let sources = self.sample.source.len();
        if wide < 4 || high < 2 || sources == 0 {
            return None;
        }
        let longest = self.sample.output.iter().map(|token| width(token)).max().unwrap_or(0);
        let label = longest.min(LABEL).min(wide / 3) + 1;
        let cell = ((wide - label) / sources).clamp(1, CELL);
        let sources = sources.min((wide - label) / cell);
        // Cells with a gap have equal widths; narrower ones share all available columns.
        let room = if cell < GAP { (wide - label).min(sources * GAP) } else { sources * cell };
        // With `rows` header rows, each token has the width of `rows` cells.
        let fits = |rows: usize| {
            let unknown = |i: usize| usize::from(self.sample.unknown.contains(&i));
            let mut tokens = self.sample.source.iter().take(sources).enumerate();
            tokens.all(|(i, token)| width(token) + unknown(i) < rows * cell)
        };
        let rows_left = high.saturating_sub(self.sample.output.len());
        let most = HEADER_ROWS.min(sources).min(rows_left.max(high / 3)).max(1);
        let header = (1..=most).find(|&rows| fits(rows)).unwrap_or(most);
        let outputs = self.sample.output.len().min(high - header);
        Some(Geometry { label, cell, room, header, sources, outputs })
    }

    /// Returns the number of source tokens that do not fit.
    fn hidden(&self, area: Rect) -> usize {
        self.geometry(area).map_or(0, |geometry| self.sample.source.len() - geometry.sources)
    }

    fn render_sources(&self, area: Rect, buf: &mut Buffer, geometry: &Geometry) {
        let Geometry { cell: wide, header, sources, .. } = *geometry;
        let tokens = self.sample.source.iter().take(sources);
        for (i, token) in tokens.enumerate() {
            // The tokens of each group are staggered downwards to the right, and a thin line
            // connects the upper ones to their column.
            let row = i % header;
            let room = (header * wide).saturating_sub(1).max(1);
            let left = columns(area).saturating_sub(geometry.left(i));
            let unknown = self.sample.unknown.contains(&i);
            let token = if unknown { format!("{UNKNOWN}{token}") } else { token.clone() };
            let style = if unknown { self.theme.bad() } else { self.theme.strong() };
            let text = fit(&token, room.min(left), self.theme.cut());
            let x = cell(geometry.left(i));
            put(buf, area, (x, cell(row)), &text, style, self.theme);
        }
        let stem = self.theme.pick('│', '|');
        for i in 0..sources {
            for row in i % header + 1..header {
                let (x, y) = (area.x + cell(geometry.left(i)), area.y + cell(row));
                if let Some(cell) = buf.cell_mut((x, y))
                    && cell.symbol() == " "
                {
                    cell.set_char(stem).set_style(self.theme.faint());
                }
            }
        }
    }

    fn render_row(&self, area: Rect, buf: &mut Buffer, geometry: &Geometry, row: usize) {
        let Geometry { label, cell: wide, header, sources, .. } = *geometry;
        let y = cell(header + row);
        if let Some(token) = self.sample.output.get(row) {
            let text = fit(token, label.saturating_sub(1), self.theme.cut());
            let x = cell((label - 1).saturating_sub(width(&text)));
            put(buf, area, (x, y), &text, self.theme.strong(), self.theme);
        }
        let weights = self.sample.attention.get(row).map_or(&[][..], Vec::as_slice);
        for column in 0..sources {
            let (glyph, style) = self.theme.weight(weights.get(column).copied().unwrap_or(0.0));
            // A gap separates neighbouring columns if there is space for it.
            let (left, right) = (geometry.left(column), geometry.left(column + 1));
            let filled = right - left - usize::from(wide >= GAP);
            let text: String = std::iter::repeat_n(glyph, filled).collect();
            put(buf, area, (cell(left), y), &text, style, self.theme);
            // The mark of a link stands in the gap, or in the cell's last column.
            if self.sample.links.contains(&(column, row)) {
                let mark = link(self.theme).to_string();
                let at = cell(right.saturating_sub(1));
                put(buf, area, (at, y), &mark, self.theme.valid().bold(), self.theme);
            }
        }
    }
}

impl Widget for AttentionMap<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let Some(geometry) = self.geometry(area) else { return };
        self.render_sources(area, buf, &geometry);
        let hidden = self.sample.output.len() - geometry.outputs;
        let rows = if hidden > 0 { geometry.outputs.saturating_sub(1) } else { geometry.outputs };
        for row in 0..rows {
            self.render_row(area, buf, &geometry, row);
        }
        if hidden > 0 {
            let text = format!("{} {} more rows: key 4", self.theme.cut(), hidden + 1);
            let y = cell(geometry.header + rows);
            put(buf, area, (0, y), &text, self.theme.faint(), self.theme);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(source: &[&str], output: &[&str], attention: Vec<Vec<f32>>) -> Sample {
        Sample {
            source: source.iter().map(|&token| token.into()).collect(),
            output: output.iter().map(|&token| token.into()).collect(),
            attention,
            logprob: -1.0,
            ..Sample::default()
        }
    }

    fn drawn(sample: &Sample, size: (u16, u16)) -> Vec<String> {
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        AttentionMap { sample, theme: Theme::PLAIN }.render(area, &mut buf);
        (0..size.1)
            .map(|y| {
                let row: String = (0..size.0).map(|x| buf[(x, y)].symbol()).collect();
                row.trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn rows_are_output_and_columns_are_source() {
        let sample = sample(
            &["the", "red", "car"],
            &["la", "voiture", "rouge"],
            vec![vec![0.9, 0.05, 0.05], vec![0.1, 0.1, 0.8], vec![0.0, 0.75, 0.25]],
        );
        assert_eq!(
            drawn(&sample, (24, 4)),
            [
                "        the  red  car",
                "     la ████ ░░░░ ░░░░",
                "voiture ░░░░ ░░░░ ████",
                "  rouge      ████ ▒▒▒▒",
            ]
        );
    }

    #[test]
    fn long_source_tokens_are_staggered() {
        let sample = sample(
            &["wonderful", "morning", "everybody", "</s>"],
            &["oui", "</s>"],
            vec![vec![1.0, 0.0, 0.0, 0.0], vec![0.0, 0.0, 0.0, 1.0]],
        );
        assert_eq!(
            drawn(&sample, (22, 5)),
            [
                "     wonderful   </s>",
                "     │   morning │",
                "     │   │   everybody",
                " oui ███",
                "</s>             ███",
            ]
        );
    }

    #[test]
    fn unknown_words_and_gold_links_are_marked() {
        let mut sample = sample(
            &["the", "zebu", "</s>"],
            &["le", "</s>"],
            vec![vec![0.9, 0.1, 0.0], vec![0.0, 0.0, 1.0]],
        );
        (sample.unknown, sample.links) = (vec![1], vec![(0, 0), (1, 0)]);
        assert_eq!(
            drawn(&sample, (24, 3)),
            ["     the   ?zebu </s>", "  le █████◆░░░░░◆", "</s>             █████"]
        );
        sample.unknown.push(99);
        drawn(&sample, (9, 3));
    }

    #[test]
    fn narrow_cells_share_every_column() {
        let sample = sample(&["a", "b", "c", "d"], &["x"], vec![vec![1.0; 4]]);
        assert_eq!(drawn(&sample, (9, 2)), ["  ab c d", "x ███████"]);
        assert_eq!(drawn(&sample, (13, 2)), ["  a b  c  d", "x ███████████"]);
        assert_eq!(drawn(&sample, (14, 2)), ["  a  b  c  d", "x ██ ██ ██ ██"]);
    }

    #[test]
    fn cut_and_broken_maps_are_drawn() {
        let tokens = ["a"; 30];
        let wide = sample(&tokens, &tokens, vec![vec![f32::NAN; 30]; 12]);
        for size in [(0, 0), (1, 1), (3, 3), (10, 4), (40, 12), (200, 60)] {
            drawn(&wide, size);
        }
        let text = drawn(&wide, (40, 12)).join("\n");
        assert!(text.contains('?') && text.contains("more rows"), "{text}");
        let ragged = sample(&["a", "b"], &["x", "y"], vec![vec![1.0]]);
        assert_eq!(drawn(&ragged, (12, 3)).len(), 3);
        drawn(&sample(&[], &[], vec![]), (12, 3));
        drawn(&sample(&["日本語", "b"], &["日本語"], vec![]), (9, 3));
    }
}
