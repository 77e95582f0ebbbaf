//! A screen of the terminal as a figure, with its colours.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::cells::{Drawn, drawn};
use super::scene::{Anchor, Colour, Face, Scene, Shape, Text};
use crate::format::width;

/// Height of the letters.
const SIZE: f32 = 14.0;
/// Width of a column: the advance of DejaVu Sans Mono, 8.43, rounded to half a pixel, so that no seam
/// shows between neighbouring blocks.
const COLUMN: f32 = 8.5;
/// Height of a row: ascent and descent, 16.3, rounded up.
const ROW: f32 = 17.0;
/// Distance from the top of a row to the base line.
const BASE: f32 = 13.3;
/// Space around the screen.
const EDGE: f32 = 10.0;

/// The colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// The colour of the screen.
    pub background: Colour,
    /// The colour of text without one.
    pub foreground: Colour,
    /// The 16 colours: black, red, green, yellow, blue, magenta, cyan, white, and their bright forms.
    pub colours: [Colour; 16],
}

impl Palette {
    /// Light letters on a dark screen.
    pub const DARK: Self = Self {
        background: Colour(22, 24, 30),
        foreground: Colour(214, 218, 226),
        colours: [
            Colour(22, 24, 30),
            Colour(236, 106, 100),
            Colour(120, 200, 120),
            Colour(232, 196, 104),
            Colour(108, 160, 240),
            Colour(208, 140, 224),
            Colour(92, 200, 212),
            Colour(190, 196, 206),
            Colour(122, 130, 144),
            Colour(255, 140, 132),
            Colour(152, 226, 152),
            Colour(250, 220, 140),
            Colour(144, 188, 255),
            Colour(228, 172, 242),
            Colour(132, 224, 234),
            Colour(245, 247, 250),
        ],
    };

    /// Dark letters on a light screen.
    pub const LIGHT: Self = Self {
        background: Colour(252, 252, 250),
        foreground: Colour(40, 44, 52),
        colours: [
            Colour(40, 44, 52),
            Colour(190, 40, 40),
            Colour(30, 120, 50),
            Colour(150, 105, 0),
            Colour(30, 90, 190),
            Colour(150, 50, 160),
            Colour(0, 120, 135),
            Colour(110, 116, 126),
            Colour(128, 134, 144),
            Colour(220, 60, 60),
            Colour(40, 150, 70),
            Colour(180, 130, 0),
            Colour(50, 120, 230),
            Colour(180, 70, 190),
            Colour(0, 150, 165),
            Colour(252, 252, 250),
        ],
    };

    /// Returns a colour of the terminal; `None` for its default.
    fn colour(&self, colour: Color) -> Option<Colour> {
        let place = match colour {
            Color::Reset => return None,
            Color::Rgb(red, green, blue) => return Some(Colour(red, green, blue)),
            Color::Indexed(index) => return Some(self.indexed(index)),
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
        };
        self.colours.get(place).copied()
    }

    /// Returns one of xterm's 256 colours: the 16, a cube of 6x6x6, and 24 greys.
    fn indexed(&self, index: u8) -> Colour {
        let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
        match index {
            0..16 => self.colours.get(usize::from(index)).copied().unwrap_or(self.foreground),
            16..232 => {
                let cube = index - 16;
                Colour(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            232.. => {
                let grey = 8 + 10 * (index - 232);
                Colour(grey, grey, grey)
            }
        }
    }

    /// Returns the colours of a cell's letter and background.
    fn of(&self, cell: &Cell) -> (Colour, Colour) {
        let mut front = self.colour(cell.fg).unwrap_or(self.foreground);
        let mut back = self.colour(cell.bg).unwrap_or(self.background);
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut front, &mut back);
        }
        if cell.modifier.contains(Modifier::DIM) {
            front = front.mixed(back, 0.45);
        }
        (front, back)
    }
}

/// Letters of one style beside each other.
struct Run {
    x: usize,
    columns: usize,
    text: String,
    colour: Colour,
    bold: bool,
}

/// Draws a screen. Text stays text; lines, blocks and Braille dots, which would have gaps in some
/// fonts, are shapes.
///
/// ```
/// use ratatui::buffer::Buffer;
/// use ratatui::layout::Rect;
/// use ratatui::style::{Color, Style};
/// use tui::figures::{Palette, screen, svg};
///
/// let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
/// buffer.set_string(2, 1, "loss 0.5", Style::new().fg(Color::Cyan));
/// assert!(svg(&screen(&buffer, &Palette::DARK, "a screen")).contains(">loss 0.5</text>"));
/// ```
pub fn screen(buffer: &Buffer, palette: &Palette, title: &str) -> Scene {
    let area = buffer.area;
    let size =
        (f32::from(area.width) * COLUMN + 2.0 * EDGE, f32::from(area.height) * ROW + 2.0 * EDGE);
    let mut scene = Scene::new((size.0.ceil(), size.1.ceil()), title);
    scene.background = palette.background;
    let mut parts = Parts { scene, rects: Vec::new(), dots: Vec::new(), texts: Vec::new() };
    for row in 0..area.height {
        parts.row(buffer, palette, row);
    }
    parts.finish()
}

/// The shapes in their order: backgrounds and blocks, dots, then text.
struct Parts {
    scene: Scene,
    rects: Vec<([f32; 4], Colour)>,
    dots: Vec<(Colour, Vec<(f32, f32)>)>,
    texts: Vec<Shape>,
}

impl Parts {
    fn row(&mut self, buffer: &Buffer, palette: &Palette, row: u16) {
        let area = buffer.area;
        let top = EDGE + f32::from(row) * ROW;
        let mut run: Option<Run> = None;
        let mut covered = 0;
        for column in 0..area.width {
            let Some(cell) = buffer.cell((area.x + column, area.y + row)) else { continue };
            let (front, back) = palette.of(cell);
            let column = usize::from(column);
            let left = EDGE + column as f32 * COLUMN;
            if back != palette.background {
                self.rect([left, top, COLUMN, ROW], back);
            }
            // The second column of a wide character holds nothing.
            if column < covered {
                continue;
            }
            let symbol = cell.symbol();
            covered = column + width(symbol).max(1);
            match drawn(symbol) {
                Drawn::Nothing => {
                    if let Some(run) = &mut run {
                        run.text.push(' ');
                    }
                    continue;
                }
                Drawn::Rects(rects) => {
                    for [x, y, w, h, share] in rects {
                        let rect = [left + x * COLUMN, top + y * ROW, w * COLUMN, h * ROW];
                        self.rect(rect, back.mixed(front, share));
                    }
                }
                Drawn::Dots(dots) => {
                    let dots = dots.iter().map(|(x, y)| (left + x * COLUMN, top + y * ROW));
                    self.dots(front, dots);
                }
                Drawn::Text => {
                    let bold = cell.modifier.contains(Modifier::BOLD);
                    let columns = width(symbol);
                    // A wide character has a run of its own: its width differs between fonts.
                    let fits = |run: &&mut Run| {
                        let blanks = run.text.len() - run.text.trim_end().len();
                        (run.colour, run.bold) == (front, bold) && blanks < 3 && columns == 1
                    };
                    match run.as_mut().filter(fits) {
                        Some(run) => {
                            run.text.push_str(symbol);
                            run.columns = column + 1 - run.x;
                        }
                        None => {
                            self.text(run.take(), top);
                            let text = symbol.to_owned();
                            run = Some(Run { x: column, columns, text, colour: front, bold });
                            if columns != 1 {
                                self.text(run.take(), top);
                            }
                        }
                    }
                    if cell.modifier.contains(Modifier::UNDERLINED) {
                        self.rect([left, top + ROW - 1.5, COLUMN, 1.0], front);
                    }
                    continue;
                }
            }
            self.text(run.take(), top);
        }
        self.text(run, top);
    }

    fn text(&mut self, run: Option<Run>, top: f32) {
        let Some(run) = run else { return };
        let at = (EDGE + run.x as f32 * COLUMN, top + BASE);
        let face = if run.bold { Face::MonoBold } else { Face::Mono };
        let text = Text::new(run.text.trim_end(), at, SIZE, Anchor::Start);
        let width = Some(run.columns as f32 * COLUMN);
        self.texts.push(Shape::Text(Text { face, colour: run.colour, width, ..text }));
    }

    /// Adds a rectangle, or makes the one to its left wider.
    fn rect(&mut self, area: [f32; 4], fill: Colour) {
        let [x, y, width, height] = area;
        let continued =
            self.rects.iter_mut().rev().take(4).find(|([left, top, wide, high], colour)| {
                *colour == fill
                    && (left + wide - x).abs() < 0.01
                    && (top - y).abs() < 0.01
                    && (high - height).abs() < 0.01
            });
        match continued {
            Some((rect, _)) => rect[2] = x + width - rect[0],
            None => self.rects.push((area, fill)),
        }
    }

    fn dots(&mut self, colour: Colour, dots: impl Iterator<Item = (f32, f32)>) {
        match self.dots.iter_mut().find(|(known, _)| *known == colour) {
            Some((_, all)) => all.extend(dots),
            None => self.dots.push((colour, dots.collect())),
        }
    }

    fn finish(self) -> Scene {
        let mut scene = self.scene;
        for (area, fill) in self.rects {
            scene.rect(area, fill);
        }
        for (colour, points) in self.dots {
            scene.shapes.push(Shape::Dots { points, radius: SIZE * 0.085, colour });
        }
        scene.shapes.extend(self.texts);
        scene
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::super::{png, svg};
    use super::*;

    fn buffer() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 5));
        buffer.set_string(0, 0, "┌ loss ───┐", Style::new());
        buffer.set_string(1, 1, "a <b> & 'c'", Style::new().fg(Color::Cyan).bold());
        buffer.set_string(14, 1, "日本", Style::new().fg(Color::Indexed(227)));
        buffer.set_string(1, 2, "▁▂▃▄▅▆▇█▀▐░▒▓", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer.set_string(1, 3, "⠿⣿", Style::new().fg(Color::Red).dim());
        buffer.set_string(4, 3, "x y    z", Style::new().reversed());
        buffer
    }

    #[test]
    fn text_stays_text_and_graphics_become_shapes() {
        let scene = screen(&buffer(), &Palette::DARK, "page");
        let text = svg(&scene);
        let document = roxmltree::Document::parse(&text).unwrap();
        let texts: Vec<&str> = (document.descendants())
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text())
            .collect();
        assert_eq!(texts, ["loss", "a <b> & 'c'", "日", "本", "x y", "z"]);
        assert!(text.contains("#5cc8d4"), "cyan: {text}");
        let rects = scene.shapes.iter().filter(|shape| matches!(shape, Shape::Rect { .. })).count();
        assert!((16..40).contains(&rects), "{rects}");
        let dots = scene.shapes.iter().find_map(|shape| match shape {
            Shape::Dots { points, .. } => Some(points.len()),
            _ => None,
        });
        assert_eq!(dots, Some(14));
    }

    #[test]
    fn every_column_has_its_place() {
        let scene = screen(&buffer(), &Palette::LIGHT, "page");
        let places: Vec<(String, f32, Option<f32>)> = (scene.shapes.iter())
            .filter_map(|shape| match shape {
                Shape::Text(text) => Some((text.text.clone(), text.at.0, text.width)),
                _ => None,
            })
            .collect();
        let (text, x, width) = &places[1];
        assert_eq!((text.as_str(), *x), ("a <b> & 'c'", EDGE + COLUMN));
        assert!((width.unwrap() - 11.0 * COLUMN).abs() < 1e-3);
        assert!((places[3].1 - EDGE - 16.0 * COLUMN).abs() < 1e-3, "{places:?}");
        let raster = png(&scene, 1.0);
        assert_eq!(raster.size.0, (30.0 * COLUMN + 2.0 * EDGE).ceil() as u32);
    }

    #[test]
    fn the_256_colours_are_those_of_xterm() {
        let colour = |index| Palette::DARK.indexed(index);
        assert_eq!(colour(16), Colour(0, 0, 0));
        assert_eq!(colour(31), Colour(0, 135, 175));
        assert_eq!(colour(231), Colour(255, 255, 255));
        assert_eq!((colour(232), colour(255)), (Colour(8, 8, 8), Colour(238, 238, 238)));
    }
}
