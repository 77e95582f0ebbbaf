//! The attention map of a sample: a row for each output token, a column for each source token.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use seq2seq::event::Sample;

use crate::dashboard::model::Model;
use crate::dashboard::page::Page;
use crate::dashboard::target::Target;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, fit_line, put};
use crate::dashboard::widgets::weight_map::{AttentionMap, link};
use crate::format::{plain, width};

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
    let hidden = chosen.map_or(0, |sample| map_of(model, sample).hidden(map));
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
            map_of(model, sample).render(map, buf);
        }
        chosen => {
            let text =
                if chosen.is_some() { "no attention to show" } else { "after the first samples" };
            let x = inner.width.saturating_sub(cell(width(text))) / 2;
            put(buf, inner, (x, inner.height / 2), text, theme.faint(), theme);
        }
    }
}

/// Returns the map of a sample, on its own page with the cursor.
fn map_of<'a>(model: &Model, sample: &'a Sample) -> AttentionMap<'a> {
    let is_own = model.page == Page::Attention;
    let has_cursor = is_own && model.inspects_chosen();
    AttentionMap {
        sample,
        theme: model.theme,
        cursor: has_cursor.then_some((model.inspecting.step, model.inspecting.source)),
        more: if is_own { "}" } else { "key 4" },
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
    let geometry = map_of(model, sample).geometry(map)?;
    let column = (0..geometry.sources)
        .find(|&column| (geometry.left(column)..geometry.left(column + 1)).contains(&x));
    let row = y.checked_sub(geometry.header).filter(|row| *row < geometry.outputs);
    let row = row.map(|row| geometry.first + row);
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
