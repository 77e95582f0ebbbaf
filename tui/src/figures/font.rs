//! Letters: their widths and outlines.
//!
//! The fonts are DejaVu Sans and DejaVu Sans Mono, which are part of the program, so that a figure
//! looks the same on a machine without fonts. A character that they lack is taken from a font of the
//! system, if one has it.

use std::collections::BTreeSet;

use ttf_parser::{GlyphId, OutlineBuilder};

use super::scene::Face;
use super::system_fonts::SystemFonts;

/// Width of the box in place of a character that no font has, as a share of the size.
const BOX: f32 = 0.6;

/// The fonts of figures.
pub(super) struct Fonts {
    embedded: [Option<ttf_parser::Face<'static>>; 4],
    system: SystemFonts,
    /// Characters that no font has.
    missing: BTreeSet<char>,
}

/// A character of a line of text.
pub(super) struct Glyph<'a> {
    /// The font that has it, and its place there; `None` if no font has it.
    pub found: Option<(&'a ttf_parser::Face<'a>, GlyphId)>,
    /// Distance to the next one, as a share of the size.
    pub advance: f32,
}

impl Fonts {
    /// Reads the embedded fonts.
    pub(super) fn new() -> Self {
        let read = |bytes: &'static [u8]| ttf_parser::Face::parse(bytes, 0).ok();
        let embedded = [
            read(dejavu::sans::regular()),
            read(dejavu::sans::bold()),
            read(dejavu::sans_mono::regular()),
            read(dejavu::sans_mono::bold()),
        ];
        Self { embedded, system: SystemFonts::default(), missing: BTreeSet::new() }
    }

    /// Calls `draw` with each character of a text.
    pub(super) fn glyphs(&mut self, text: &str, face: Face, mut draw: impl FnMut(&Glyph<'_>)) {
        for letter in text.chars() {
            if is_invisible(letter) {
                continue;
            }
            if let Some(found) = self.embedded(letter, face) {
                draw(&found);
                continue;
            }
            let is_known = self.missing.contains(&letter);
            if is_known || !self.system.with(letter, |face, id| draw(&glyph(face, id))) {
                self.missing.insert(letter);
                draw(&Glyph { found: None, advance: BOX });
            }
        }
    }

    /// Returns a character of the font, or else of the other embedded one.
    fn embedded(&self, letter: char, face: Face) -> Option<Glyph<'_>> {
        let order: [usize; 4] = match face {
            Face::Sans => [0, 2, 1, 3],
            Face::SansBold => [1, 0, 3, 2],
            Face::Mono => [2, 0, 3, 1],
            Face::MonoBold => [3, 2, 1, 0],
        };
        order.iter().find_map(|&place| {
            let face = self.embedded.get(place)?.as_ref()?;
            Some(glyph(face, face.glyph_index(letter)?))
        })
    }

    /// Returns the characters that no font had, in order.
    pub(super) fn missing(&self) -> String {
        self.missing.iter().collect()
    }
}

/// Returns true for characters that take no room of their own and have no shape: joiners, direction
/// marks, variation selectors.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}')
}

fn glyph<'a>(face: &'a ttf_parser::Face<'a>, id: GlyphId) -> Glyph<'a> {
    let advance = f32::from(face.glyph_hor_advance(id).unwrap_or(0));
    Glyph { found: Some((face, id)), advance: advance / f32::from(face.units_per_em()) }
}

/// Draws the outline of a character; returns false if it is blank.
pub(super) fn outline(
    face: &ttf_parser::Face<'_>,
    id: GlyphId,
    builder: &mut dyn OutlineBuilder,
) -> bool {
    face.outline_glyph(id, builder).is_some()
}

/// Measures texts with the embedded fonts; a layout does not depend on the machine.
pub(super) struct Measure(Fonts);

impl Measure {
    /// Reads the fonts.
    pub(super) fn new() -> Self {
        Self(Fonts::new())
    }

    /// Returns the width of a text in sans-serif letters. Characters of other fonts are counted as
    /// wide as their size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let shown = text.chars().filter(|&letter| !is_invisible(letter));
        let wide = |letter| self.0.embedded(letter, Face::Sans).map_or(1.0, |glyph| glyph.advance);
        shown.map(wide).sum::<f32>() * size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_fonts_have_what_the_dashboard_draws() {
        let fonts = Fonts::new();
        for letter in "aé→▁█▀▄░▓⠿⣿─│┌╭●◆✓×…αж€".chars() {
            for face in [Face::Sans, Face::Mono, Face::MonoBold] {
                assert!(fonts.embedded(letter, face).is_some(), "{letter} {face:?}");
            }
        }
    }

    #[test]
    fn letters_of_equal_width_have_it() {
        let mut fonts = Fonts::new();
        let mut advances = Vec::new();
        fonts.glyphs("iW█", Face::Mono, |glyph| advances.push(glyph.advance));
        assert!(advances.iter().all(|advance| (advance - 0.602).abs() < 1e-3), "{advances:?}");
        let measure = Measure::new();
        assert!(measure.width("iii", 10.0) < measure.width("WWW", 10.0));
        assert_eq!(measure.width("a\u{200b}b", 10.0), measure.width("ab", 10.0));
    }

    #[test]
    fn characters_of_no_font_are_listed() {
        let mut fonts = Fonts::new();
        let mut drawn = 0;
        fonts.glyphs("a\u{10ffff}\u{10ffff}b", Face::Sans, |_| drawn += 1);
        assert_eq!((drawn, fonts.missing()), (4, "\u{10ffff}".to_owned()));
    }
}
