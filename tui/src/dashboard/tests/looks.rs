//! The colours of every page, compared with the files in `tests/snapshots`: below the rows of a
//! picture, a letter for the style of each cell, and what the letters stand for.

use std::fmt::Write;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::fixture::letter;
use super::pictures::{PAGES, SIZES, assert_picture, warned};
use super::runs::listed;
use crate::dashboard::{Colours, Model, Theme, view};

fn buffer(model: &Model, (wide, high): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(wide, high)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// Describes the style of a cell; nothing for the terminal's own.
fn style(cell: &Cell) -> String {
    let colour = |colour: Color| match colour {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Indexed(tone) => Some(tone.to_string()),
        other => Some(other.to_string()),
    };
    let mut words = Vec::new();
    words.extend(colour(cell.fg));
    words.extend(colour(cell.bg).map(|colour| format!("on {colour}")));
    for (modifier, name) in
        [(Modifier::BOLD, "bold"), (Modifier::DIM, "dim"), (Modifier::REVERSED, "reversed")]
    {
        if cell.modifier.contains(modifier) {
            words.push(name.to_owned());
        }
    }
    words.join(" ")
}

/// Returns the letters of the styles, row by row, and their meaning.
fn styles(buffer: &Buffer) -> String {
    let mut known: Vec<String> = vec![String::new()];
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width)) {
        let mut letters = String::new();
        for cell in row {
            // The colour of text does not show in a blank cell.
            let is_blank = cell.symbol() == " " && cell.bg == Color::Reset;
            let shows = !is_blank || cell.modifier.contains(Modifier::REVERSED);
            let style = if shows { style(cell) } else { String::new() };
            let place = known.iter().position(|other| *other == style).unwrap_or_else(|| {
                known.push(style);
                known.len() - 1
            });
            let letter = ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
            letters.push(letter.chars().nth(place).unwrap_or('?'));
        }
        text.push_str(letters.trim_end_matches('.'));
        text.push('\n');
    }
    let letter = |place: usize| {
        ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".chars().nth(place)
    };
    for (place, style) in known.iter().enumerate().skip(1) {
        writeln!(text, "{} {style}", letter(place).unwrap_or('?')).unwrap();
    }
    text
}

#[test]
fn every_page_in_colour_at_every_size() {
    for (key, name) in PAGES {
        let mut model = warned(Theme::FULL);
        letter(&mut model, key);
        for (wide, high) in SIZES {
            let picture = styles(&buffer(&model, (wide, high)));
            assert_picture(&format!("{name}-{wide}x{high}-colour"), &picture);
        }
    }
    for (wide, high) in SIZES {
        let picture = styles(&buffer(&listed(Theme::FULL), (wide, high)));
        assert_picture(&format!("runs-{wide}x{high}-colour"), &picture);
    }
}

#[test]
fn every_page_in_every_kind_of_colour() {
    for (kind, colours) in
        [("16", Colours::Sixteen), ("256", Colours::Indexed), ("true", Colours::True)]
    {
        for light in [false, true] {
            let theme = Theme { colours, light, unicode: true };
            let mut used: Vec<String> = Vec::new();
            for (key, _) in PAGES {
                let mut model = warned(theme);
                letter(&mut model, key);
                let buffer = buffer(&model, (120, 40));
                used.extend(buffer.content().iter().filter(|c| c.symbol() != " ").map(style));
            }
            used.retain(|style| !style.is_empty());
            used.sort();
            used.dedup();
            let name = format!("styles-{}-{kind}", if light { "light" } else { "dark" });
            assert_picture(&name, &(used.join("\n") + "\n"));
            let is_of_kind = |style: &String| match colours {
                Colours::True => {
                    !style.contains(|c: char| c.is_ascii_digit()) || style.contains('#')
                }
                _ => !style.contains('#'),
            };
            assert!(used.iter().all(is_of_kind), "{used:?}");
        }
    }
}
