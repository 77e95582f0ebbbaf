//! A curve of a plot, and how it is drawn.

use ratatui::style::Style;

use crate::dashboard::series::Series;
use crate::dashboard::theme::Theme;

/// The drawing style of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The range between the minimum and the maximum of each column.
    Band,
    /// A line through the last values.
    Line,
    /// A line through a few points, each marked by a character.
    Points(char),
}

/// Whether a line is interrupted; in ASCII, its character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dash {
    /// Not interrupted.
    #[default]
    None,
    /// Long dashes.
    Long,
    /// Short dashes.
    Short,
}

impl Dash {
    /// Returns the dash of a run: its own curves are not interrupted.
    pub(crate) fn of(run: usize) -> Self {
        match run {
            0 => Self::None,
            run if run % 2 == 1 => Self::Long,
            _ => Self::Short,
        }
    }

    pub(super) fn draws(self, x: usize) -> bool {
        match self {
            Self::None => true,
            Self::Long => x % 8 < 5,
            Self::Short => x % 4 < 2,
        }
    }

    /// Returns the character of the line in ASCII.
    pub(crate) fn ascii(self) -> char {
        match self {
            Self::None => '*',
            Self::Long => '+',
            Self::Short => '%',
        }
    }

    /// Returns the sign of the line in a legend.
    pub(crate) fn sign(self, theme: Theme) -> char {
        let unicode = match self {
            Self::None => '─',
            Self::Long => '╌',
            Self::Short => '┈',
        };
        theme.pick(unicode, self.ascii())
    }
}

/// A curve of a plot.
#[derive(Debug)]
pub(crate) struct Curve<'a> {
    /// The points.
    pub series: &'a Series,
    /// The drawing style.
    pub shape: Shape,
    /// The text style.
    pub style: Style,
    /// Whether the line is interrupted.
    pub dash: Dash,
}
