//! How the dashboard looks: what the user chose, and what the terminal can show.

use std::fmt;
use std::str::FromStr;

use super::palette::Colours;
use super::theme::Theme;
use crate::output;

/// The choices of the user; what is not chosen follows from the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Whether the background is light.
    pub light: Option<bool>,
    /// The colours.
    pub colours: Option<Colours>,
    /// Whether characters beyond ASCII may be used.
    pub unicode: Option<bool>,
}

/// A word of the flag, and what it chooses.
type Word = (&'static str, Look);

const NOTHING: Look = Look { light: None, colours: None, unicode: None };
/// The words of the flag.
const WORDS: [Word; 8] = [
    ("dark", Look { light: Some(false), ..NOTHING }),
    ("light", Look { light: Some(true), ..NOTHING }),
    ("truecolor", Look { colours: Some(Colours::True), ..NOTHING }),
    ("256", Look { colours: Some(Colours::Indexed), ..NOTHING }),
    ("16", Look { colours: Some(Colours::Sixteen), ..NOTHING }),
    ("mono", Look { colours: Some(Colours::None), ..NOTHING }),
    ("unicode", Look { unicode: Some(true), ..NOTHING }),
    ("ascii", Look { unicode: Some(false), ..NOTHING }),
];

impl Look {
    /// Takes what `other` chooses, and the rest from this look.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            light: other.light.or(self.light),
            colours: other.colours.or(self.colours),
            unicode: other.unicode.or(self.unicode),
        }
    }

    /// Returns the theme: the user's choices, and otherwise what this process's terminal can show.
    pub fn theme(self) -> Theme {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let found = Terminal {
            term: &variable("TERM"),
            colorterm: &variable("COLORTERM"),
            colorfgbg: &variable("COLORFGBG"),
            wants_colour: output::wants_colour(),
        };
        self.theme_in(found)
    }

    fn theme_in(self, terminal: Terminal) -> Theme {
        Theme {
            light: self.light.unwrap_or_else(|| terminal.is_light()),
            colours: self.colours.unwrap_or_else(|| terminal.colours()),
            unicode: self.unicode.unwrap_or_else(|| terminal.has_unicode()),
        }
    }
}

/// What the environment says about the terminal.
#[derive(Debug, Clone, Copy)]
struct Terminal<'a> {
    term: &'a str,
    colorterm: &'a str,
    colorfgbg: &'a str,
    /// False if `NO_COLOR` is set.
    wants_colour: bool,
}

impl Terminal<'_> {
    fn colours(self) -> Colours {
        let Self { term, colorterm, wants_colour, .. } = self;
        if !wants_colour || term == "dumb" {
            Colours::None
        } else if matches!(colorterm, "truecolor" | "24bit")
            || term.ends_with("-direct")
            || (cfg!(windows) && term.is_empty())
        {
            Colours::True
        } else if term.contains("256color") {
            Colours::Indexed
        } else if term.starts_with("vt") {
            Colours::None
        } else {
            Colours::Sixteen
        }
    }

    /// `COLORFGBG` ends with the number of the background's colour, of which 7 and those from 9 on
    /// are light.
    fn is_light(self) -> bool {
        let number = self.colorfgbg.rsplit(';').next().and_then(|number| number.parse::<u8>().ok());
        number.is_some_and(|number| number == 7 || (9..=15).contains(&number))
    }

    /// The Linux console has no font with block elements and Braille.
    fn has_unicode(self) -> bool {
        !matches!(self.term, "linux" | "dumb")
    }
}

impl FromStr for Look {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').try_fold(Self::default(), |look, word| {
            let found = WORDS.iter().find(|(name, _)| *name == word.trim());
            let (_, choice) = found.ok_or_else(|| {
                let names: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
                format!("`{word}` is none of {}", names.join(", "))
            })?;
            let both = look.with(*choice);
            // A word of the same kind would be replaced without a word.
            if choice.with(look) != both {
                return Err(format!("`{}` contradicts the words before it", word.trim()));
            }
            Ok(both)
        })
    }
}

/// Writes the flag that chooses the same.
impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = |choice: &Look| *choice != Self::default() && self.with(*choice) == *self;
        let words = WORDS.iter().filter(|(_, choice)| chosen(choice)).map(|(name, _)| *name);
        f.write_str(&words.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XTERM: Terminal =
        Terminal { term: "xterm-256color", colorterm: "", colorfgbg: "", wants_colour: true };

    #[test]
    fn words_choose_and_are_written_again() {
        let look: Look = "light, 16,ascii".parse().unwrap();
        let all = (look.light, look.colours, look.unicode);
        assert_eq!(all, (Some(true), Some(Colours::Sixteen), Some(false)));
        assert_eq!(look.to_string(), "light,16,ascii");
        for text in ["dark", "mono,unicode", "dark,truecolor", "256"] {
            assert_eq!(text.parse::<Look>().unwrap().to_string(), text);
        }
        assert_eq!(Look::default().to_string(), "");
        let error = "dark,pink".parse::<Look>().unwrap_err();
        assert!(error.contains("`pink`") && error.contains("truecolor"), "{error}");
        assert!("".parse::<Look>().is_err());
        for text in ["dark,light", "256,dark,mono", "ascii,unicode"] {
            assert!(text.parse::<Look>().unwrap_err().contains("contradicts"), "{text}");
        }
        assert!("dark,dark".parse::<Look>().is_ok());
    }

    #[test]
    fn the_terminal_decides_what_the_user_left_open() {
        let theme = |terminal| Look::default().theme_in(terminal);
        assert_eq!(theme(XTERM), Theme { light: false, colours: Colours::Indexed, unicode: true });
        let full = Terminal { colorterm: "truecolor", colorfgbg: "0;15", ..XTERM };
        assert_eq!(theme(full), Theme { light: true, colours: Colours::True, unicode: true });
        let console = Terminal { term: "linux", ..XTERM };
        assert_eq!(
            theme(console),
            Theme { light: false, colours: Colours::Sixteen, unicode: false }
        );
        let mono = Terminal { wants_colour: false, ..full };
        assert_eq!(theme(mono).colours, Colours::None);
        for (text, light) in [("15;0", false), ("0;default;7", true), ("15;8", false), ("x", false)]
        {
            assert_eq!(theme(Terminal { colorfgbg: text, ..XTERM }).light, light, "{text}");
        }
        // A choice on the command line is stronger than NO_COLOR.
        let look: Look = "256,dark".parse().unwrap();
        assert_eq!(
            look.theme_in(mono),
            Theme { light: false, colours: Colours::Indexed, unicode: true }
        );
    }
}
