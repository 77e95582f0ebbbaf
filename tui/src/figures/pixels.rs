//! A figure as pixels.

use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};
use ttf_parser::OutlineBuilder;

use super::font::{Fonts, Glyph, outline};
use super::png_file;
use super::scene::{Anchor, Colour, Scene, Shape, Text};

/// Largest number of pixels of a side.
const SIDE: f32 = 16_000.0;

/// A figure as a PNG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Characters that no font on this machine has; a box stands for each.
    pub missing: String,
}

/// Draws a figure with `scale` pixels per unit; the scale is smaller if a side would have more than
/// 16,000 pixels.
///
/// ```
/// use tui::figures::{Anchor, Scene, png};
///
/// let mut scene = Scene::new((80.0, 20.0), "a figure");
/// scene.text("loss", (4.0, 14.0), 12.0, Anchor::Start);
/// let raster = png(&scene, 2.0);
/// assert_eq!((raster.size, &raster.bytes[1..4]), ((160, 40), &b"PNG"[..]));
/// ```
pub fn png(scene: &Scene, scale: f32) -> Raster {
    let largest = scene.size.0.max(scene.size.1).max(1.0);
    let scale = scale.min(SIDE / largest);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // limited above; saturates
    let side = |units: f32| ((units * scale).ceil() as u32).max(1);
    let size = (side(scene.size.0), side(scene.size.1));
    let mut fonts = Fonts::new();
    let Some(mut pixmap) = Pixmap::new(size.0, size.1) else {
        return Raster { bytes: Vec::new(), size: (0, 0), missing: String::new() };
    };
    let Colour(red, green, blue) = scene.background;
    pixmap.fill(tiny_skia::Color::from_rgba8(red, green, blue, 255));
    let mut canvas =
        Canvas { pixmap, scale: Transform::from_scale(scale, scale), fonts: &mut fonts };
    scene.shapes.iter().for_each(|shape| canvas.draw(shape));
    let pixmap = canvas.pixmap;
    // The background is opaque, and so is everything that was drawn upon it.
    let rgb: Vec<[u8; 3]> =
        pixmap.pixels().iter().map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    Raster { bytes: png_file::encode(size, &rgb), size, missing: fonts.missing() }
}

struct Canvas<'a> {
    pixmap: Pixmap,
    scale: Transform,
    fonts: &'a mut Fonts,
}

impl Canvas<'_> {
    fn draw(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect { area: [x, y, width, height], fill, .. } => {
                if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                    self.pixmap.fill_rect(rect, &paint(*fill, 1.0), self.scale, None);
                }
            }
            Shape::Line { points, colour, width, dash } => {
                let Some(path) = path(points, false) else { return };
                let stroke = Stroke {
                    width: *width,
                    line_join: tiny_skia::LineJoin::Round,
                    dash: StrokeDash::new(dash.to_vec(), 0.0),
                    ..Stroke::default()
                };
                self.pixmap.stroke_path(&path, &paint(*colour, 1.0), &stroke, self.scale, None);
            }
            Shape::Polygon { points, fill, opacity } => {
                if let Some(path) = path(points, true) {
                    self.fill(&path, *fill, *opacity, self.scale);
                }
            }
            Shape::Dots { points, radius, colour } => {
                let mut builder = PathBuilder::new();
                points.iter().for_each(|(x, y)| builder.push_circle(*x, *y, *radius));
                if let Some(path) = builder.finish() {
                    self.fill(&path, *colour, 1.0, self.scale);
                }
            }
            Shape::Text(text) => self.draw_text(text),
        }
    }

    fn fill(&mut self, path: &Path, colour: Colour, opacity: f32, transform: Transform) {
        let paint = paint(colour, opacity);
        self.pixmap.fill_path(path, &paint, FillRule::Winding, transform, None);
    }

    fn draw_text(&mut self, text: &Text) {
        let mut letters = Letters { builder: PathBuilder::new(), x: 0.0, scale: 1.0 };
        self.fonts.glyphs(&text.text, text.face, |glyph| letters.add(glyph));
        let width = letters.x;
        let Some(path) = letters.builder.finish() else { return };
        // The letters have a size of 1 and upward coordinates.
        let stretch = match text.width {
            Some(wanted) if width > 0.0 => wanted / (width * text.size),
            _ => 1.0,
        };
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let transform = Transform::from_translate(shift, 0.0)
            .post_scale(text.size * stretch, -text.size)
            .post_concat(Transform::from_rotate(text.turned))
            .post_translate(text.at.0, text.at.1)
            .post_concat(self.scale);
        self.fill(&path, text.colour, 1.0, transform);
    }
}

fn paint(Colour(red, green, blue): Colour, opacity: f32) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 255
    let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    paint.set_color_rgba8(red, green, blue, alpha);
    paint
}

fn path(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (i, (x, y)) in points.iter().enumerate() {
        if i == 0 { builder.move_to(*x, *y) } else { builder.line_to(*x, *y) }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

/// The outlines of a line of text, in a font of size 1.
struct Letters {
    builder: PathBuilder,
    /// The left end of the next character.
    x: f32,
    /// Font units per 1, inverted.
    scale: f32,
}

impl Letters {
    fn add(&mut self, glyph: &Glyph<'_>) {
        match glyph.found {
            Some((face, id)) => {
                self.scale = 1.0 / f32::from(face.units_per_em().max(1));
                outline(face, id, self);
            }
            None => self.add_box(glyph.advance),
        }
        self.x += glyph.advance;
    }

    /// Adds the box that stands for a missing character: an outer and, in the other direction, an
    /// inner rectangle.
    fn add_box(&mut self, advance: f32) {
        let (left, right, top, line) = (self.x + 0.05, self.x + advance - 0.05, 0.7, 0.06);
        let corners = [
            [(left, 0.0), (right, 0.0), (right, top), (left, top)],
            [
                (left + line, line),
                (left + line, top - line),
                (right - line, top - line),
                (right - line, line),
            ],
        ];
        for [first, rest @ ..] in corners {
            self.builder.move_to(first.0, first.1);
            rest.iter().for_each(|(x, y)| self.builder.line_to(*x, *y));
            self.builder.close();
        }
    }

    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, y * self.scale)
    }
}

impl OutlineBuilder for Letters {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.builder.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.builder.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.builder.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pixels of a file, read by another decoder.
    fn pixels(raster: &Raster) -> (u32, Vec<[u8; 3]>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&raster.bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        (info.width, bytes.chunks_exact(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]).collect())
    }

    #[test]
    fn shapes_have_their_places_and_colours() {
        let mut scene = Scene::new((20.0, 10.0), "");
        scene.background = Colour(10, 20, 30);
        scene.rect([5.0, 0.0, 5.0, 10.0], Colour(200, 0, 0));
        scene.shapes.push(Shape::Polygon {
            points: vec![(15.0, 0.0), (20.0, 0.0), (20.0, 10.0), (15.0, 10.0)],
            fill: Colour(210, 220, 230),
            opacity: 0.5,
        });
        let raster = png(&scene, 2.0);
        let (width, pixels) = pixels(&raster);
        assert_eq!((width, pixels.len(), raster.size), (40, 800, (40, 20)));
        let at = |x: usize, y: usize| pixels[y * 40 + x];
        assert_eq!((at(2, 5), at(12, 5)), ([10, 20, 30], [200, 0, 0]));
        let half = at(35, 5);
        assert!((108..=112).contains(&half[0]) && (128..=132).contains(&half[2]), "{half:?}");
    }

    #[test]
    fn text_is_drawn_without_a_font_of_the_system_and_boxes_for_what_no_font_has() {
        let inked = |text: &str, turned: f32| {
            let mut scene = Scene::new((60.0, 60.0), "");
            let text = Text { turned, ..Text::new(text, (30.0, 30.0), 12.0, Anchor::Middle) };
            scene.shapes.push(Shape::Text(text));
            let raster = png(&scene, 1.0);
            let (width, pixels) = pixels(&raster);
            let dark = |i: &usize| pixels[*i][0] < 128;
            let places: Vec<usize> = (0..pixels.len()).filter(dark).collect();
            let (rows, columns): (Vec<usize>, Vec<usize>) =
                places.iter().map(|i| (i / width as usize, i % width as usize)).unzip();
            let span = |all: &[usize]| all.iter().max().unwrap() - all.iter().min().unwrap();
            (span(&columns), span(&rows), raster.missing)
        };
        let (wide, high, missing) = inked("loss", 0.0);
        assert!(wide > 20 && high < 14 && missing.is_empty(), "{wide} {high}");
        let (wide, high, _) = inked("loss", -90.0);
        assert!(high > 20 && wide < 14, "{wide} {high}");
        let (wide, high, missing) = inked("\u{10ffff}", 0.0);
        assert!(wide > 3 && high > 5 && missing == "\u{10ffff}", "{wide} {high}");
    }

    #[test]
    fn a_huge_figure_is_scaled_down() {
        let scene = Scene::new((64_000.0, 8.0), "");
        assert_eq!(png(&scene, 2.0).size, (16_000, 2));
    }
}
