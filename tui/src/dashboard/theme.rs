//! Colours and characters. Nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::Block;

use crate::output;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used; otherwise bold, dim and reversed only.
    pub colour: bool,
    /// Block elements and Braille may be used; otherwise ASCII.
    pub unicode: bool,
}

/// xterm's 256 colours from dark violet over teal to yellow, brighter with every step, so that
/// the ramp reads the same for colour-blind eyes.
const RAMP: [u8; 8] = [237, 54, 61, 31, 36, 71, 149, 227];
/// Weights from which the next glyph of the ramp is used.
const LEVELS: [f32; 4] = [0.05, 0.2, 0.45, 0.7];

impl Theme {
    /// Colours and Unicode.
    pub const FULL: Self = Self { colour: true, unicode: true };
    /// Unicode without colours.
    pub const PLAIN: Self = Self { colour: false, unicode: true };
    /// Neither.
    pub const ASCII: Self = Self { colour: false, unicode: false };

    /// What this process's terminal can show: `NO_COLOR`, and a console without such fonts.
    pub fn of_terminal(ascii: bool) -> Self {
        let term = std::env::var("TERM").unwrap_or_default();
        Self {
            colour: output::wants_colour() && term != "dumb",
            unicode: !(ascii || term == "linux" || term == "dumb"),
        }
    }

    fn tinted(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// Names of metrics, axes, frames.
    pub fn faint(self) -> Style {
        if self.colour { Style::new().fg(Color::DarkGray) } else { Style::new().dim() }
    }

    /// MetricLine that matter.
    pub fn strong(self) -> Style {
        Style::new().bold()
    }

    /// The training loss; whatever belongs to training.
    pub fn train(self) -> Style {
        self.tinted(Color::Cyan)
    }

    /// Held-out pairs.
    pub fn valid(self) -> Style {
        self.tinted(Color::Yellow)
    }

    /// Gradients.
    pub fn gradient(self) -> Style {
        self.tinted(Color::Magenta)
    }

    /// All is well.
    pub fn good(self) -> Style {
        self.tinted(Color::Green)
    }

    /// Something is wrong.
    pub fn bad(self) -> Style {
        self.tinted(Color::Red).bold()
    }

    /// What is chosen, and alarms.
    pub fn reversed(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// One of two characters.
    pub fn pick(self, unicode: char, ascii: char) -> char {
        if self.unicode { unicode } else { ascii }
    }

    /// Shows that a text was cut.
    pub fn cut(self) -> char {
        self.pick('…', '~')
    }

    /// Stands between metrics.
    pub fn dot(self) -> char {
        self.pick('·', '|')
    }

    /// The mark of a value that is not finite.
    pub fn not_finite(self) -> char {
        self.pick('×', 'x')
    }

    /// A panel with its title.
    pub fn panel<'a>(self, title: impl Into<Line<'a>>) -> Block<'a> {
        let set = if self.unicode { border::PLAIN } else { ASCII_BORDER };
        Block::bordered().border_set(set).border_style(self.faint()).title(title)
    }

    /// The glyph and style of a weight from 0 to 1; `?` where it is no number.
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
        if !self.colour {
            return (glyph, Style::new());
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
        let tone = (weight.clamp(0.0, 0.999) * RAMP.len() as f32) as usize;
        let tone = RAMP.get(tone).copied().unwrap_or(227);
        (glyph, Style::new().fg(Color::Indexed(tone)))
    }

    /// The glyphs of [`Self::weight`] with the least weight of each.
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
