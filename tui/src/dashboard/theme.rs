//! Colours and characters. No information is conveyed by colour alone.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::Block;

use crate::output;

/// The display capabilities of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used; otherwise bold, dim and reversed only.
    pub colour: bool,
    /// Block elements and Braille may be used; otherwise ASCII.
    pub unicode: bool,
}

/// Indices into xterm's 256 colours, from dark violet through teal to yellow. Brightness increases
/// with every step, so that the ramp is readable with colour blindness.
const RAMP: [u8; 8] = [237, 54, 61, 31, 36, 71, 149, 227];
/// Thresholds of the weight at which the next glyph is used.
const LEVELS: [f32; 4] = [0.05, 0.2, 0.45, 0.7];

impl Theme {
    /// Colours and Unicode.
    pub const FULL: Self = Self { colour: true, unicode: true };
    /// Unicode without colours.
    pub const PLAIN: Self = Self { colour: false, unicode: true };
    /// ASCII without colours.
    pub const ASCII: Self = Self { colour: false, unicode: false };

    /// Detects the capabilities of this process's terminal: `NO_COLOR` disables colours, and a
    /// console without suitable fonts gets ASCII.
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

    /// Style of metric names, axes and frames.
    pub fn faint(self) -> Style {
        if self.colour { Style::new().fg(Color::DarkGray) } else { Style::new().dim() }
    }

    /// Style of important metrics.
    pub fn strong(self) -> Style {
        Style::new().bold()
    }

    /// Style of the training loss and of other training metrics.
    pub fn train(self) -> Style {
        self.tinted(Color::Cyan)
    }

    /// Style of metrics on held-out pairs.
    pub fn valid(self) -> Style {
        self.tinted(Color::Yellow)
    }

    /// Style of gradients.
    pub fn gradient(self) -> Style {
        self.tinted(Color::Magenta)
    }

    /// Style of success.
    pub fn good(self) -> Style {
        self.tinted(Color::Green)
    }

    /// Style of errors.
    pub fn bad(self) -> Style {
        self.tinted(Color::Red).bold()
    }

    /// Style of selections and alerts.
    pub fn reversed(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the first character if the theme uses Unicode, else the second.
    pub fn pick(self, unicode: char, ascii: char) -> char {
        if self.unicode { unicode } else { ascii }
    }

    /// Returns the label of a key with arrows that the theme has.
    pub fn arrows(self, label: &str) -> String {
        let arrow = |letter| match letter {
            '→' => self.pick('→', '>'),
            '←' => self.pick('←', '<'),
            '↑' => self.pick('↑', '^'),
            '↓' => self.pick('↓', 'v'),
            other => other,
        };
        label.chars().map(arrow).collect()
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
        if !self.colour {
            return (glyph, Style::new());
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
        let tone = (weight.clamp(0.0, 0.999) * RAMP.len() as f32) as usize;
        let tone = RAMP.get(tone).copied().unwrap_or(227);
        (glyph, Style::new().fg(Color::Indexed(tone)))
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
