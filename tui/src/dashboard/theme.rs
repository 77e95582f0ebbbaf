//! Colours and characters. No information is conveyed by colour alone.

use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::Block;

use super::palette::{self, Colours, Hue};

/// The display capabilities of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// The colours that may be used; without any, bold, dim and reversed only.
    pub colours: Colours,
    /// The background is light.
    pub light: bool,
    /// Block elements and Braille may be used; otherwise ASCII.
    pub unicode: bool,
}

/// Thresholds of the weight at which the next glyph is used.
const LEVELS: [f32; 4] = [0.05, 0.2, 0.45, 0.7];

impl Theme {
    /// All colours on a dark background, and Unicode.
    pub const FULL: Self = Self { colours: Colours::True, light: false, unicode: true };
    /// Unicode without colours.
    pub const PLAIN: Self = Self { colours: Colours::None, light: false, unicode: true };
    /// ASCII without colours.
    pub const ASCII: Self = Self { colours: Colours::None, light: false, unicode: false };

    fn tinted(self, hue: Hue) -> Style {
        palette::hue(hue, self.colours, self.light)
            .map_or_else(Style::new, |colour| Style::new().fg(colour))
    }

    /// Style of a share from 0 to 1 in a heat strip or map.
    pub fn heat(self, share: f32) -> Style {
        palette::heat(share, self.colours, self.light)
            .map_or_else(Style::new, |colour| Style::new().fg(colour))
    }

    /// Returns true if the theme has half blocks in two colours each.
    pub fn has_half_blocks(self) -> bool {
        self.unicode && matches!(self.colours, Colours::Indexed | Colours::True)
    }

    /// Style of metric names, axes and frames.
    pub fn faint(self) -> Style {
        if self.colours == Colours::None { Style::new().dim() } else { self.tinted(Hue::Faint) }
    }

    /// Style of important metrics.
    pub fn strong(self) -> Style {
        Style::new().bold()
    }

    /// Style of the training loss and of other training metrics.
    pub fn train(self) -> Style {
        self.tinted(Hue::Train)
    }

    /// Style of metrics on held-out pairs.
    pub fn valid(self) -> Style {
        self.tinted(Hue::Valid)
    }

    /// Style of gradients.
    pub fn gradient(self) -> Style {
        self.tinted(Hue::Gradient)
    }

    /// Style of success.
    pub fn good(self) -> Style {
        self.tinted(Hue::Good)
    }

    /// Style of errors.
    pub fn bad(self) -> Style {
        self.tinted(Hue::Bad).bold()
    }

    /// Style of selections and alerts.
    pub fn reversed(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the first character if the theme uses Unicode, else the second.
    pub fn pick(self, unicode: char, ascii: char) -> char {
        if self.unicode { unicode } else { ascii }
    }

    /// Returns a text whose arrows the theme can draw.
    pub fn arrows(self, text: &str) -> String {
        let letter = |letter| match letter {
            '→' => self.pick('→', '>'),
            '←' => self.pick('←', '<'),
            '↑' => self.pick('↑', '^'),
            '↓' => self.pick('↓', 'v'),
            other => other,
        };
        text.chars().map(letter).collect()
    }

    /// Returns the character that marks a truncated text.
    pub fn cut(self) -> char {
        self.pick('…', '~')
    }

    /// Returns the separator between metrics.
    pub fn dot(self) -> char {
        self.pick('·', '|')
    }

    /// Returns the mark of a value that is not finite.
    pub fn not_finite(self) -> char {
        self.pick('×', 'x')
    }

    /// Returns a panel with a title.
    pub fn panel<'a>(self, title: impl Into<Line<'a>>) -> Block<'a> {
        let set = if self.unicode { border::PLAIN } else { ASCII_BORDER };
        Block::bordered().border_set(set).border_style(self.faint()).title(title)
    }

    /// Returns the glyph and style of a weight from 0 to 1; the glyph is `?` if it is not finite.
    pub fn weight(self, weight: f32) -> (char, Style) {
        if !weight.is_finite() {
            return ('?', self.bad());
        }
        let level = LEVELS.iter().filter(|&&least| weight >= least).count();
        let glyphs = if self.unicode {
            [' ', '░', '▒', '▓', '█']
        } else {
            [' ', '.', 'o', 'O', '#']
        };
        let glyph = glyphs.get(level).copied().unwrap_or(' ');
        (glyph, self.heat(weight))
    }

    /// Returns the glyphs of [`Self::weight`] with the minimum weight of each.
    pub fn weight_legend(self) -> String {
        LEVELS
            .iter()
            .map(|&least| format!("{} {least} ", self.weight(least).0))
            .collect::<String>()
            .replace("0.", ".")
            .trim_end()
            .to_owned()
    }
}

/// A frame of ASCII characters.
const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_told_by_characters_too() {
        for theme in [Theme::FULL, Theme::PLAIN, Theme::ASCII] {
            let glyphs: Vec<char> =
                [0.0, 0.1, 0.3, 0.6, 1.0].iter().map(|&weight| theme.weight(weight).0).collect();
            let mut distinct = glyphs.clone();
            distinct.dedup();
            assert_eq!(distinct.len(), 5, "{glyphs:?}");
            assert_eq!(theme.weight(f32::NAN).0, '?');
            assert_eq!(theme.weight(-1.0).0, ' ');
        }
        assert_eq!(Theme::FULL.weight_legend(), "░ .05 ▒ .2 ▓ .45 █ .7");
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme::PLAIN;
        for style in [
            theme.faint(),
            theme.train(),
            theme.valid(),
            theme.gradient(),
            theme.good(),
            theme.bad(),
            theme.weight(0.5).1,
        ] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
