//! Options of the dashboard's display.

use std::io;
use std::path::PathBuf;

use clap::Args;

use crate::dashboard::{Look, Theme};
use crate::recording::Recorder;

/// How the dashboard looks, and where it is recorded.
#[derive(Debug, Clone, Default, Args)]
pub struct DisplayArguments {
    /// Colours and characters of the dashboard, separated by commas: dark or light; truecolor, 256,
    /// 16 or mono; unicode or ascii. What is not named follows from the terminal (COLORTERM, TERM,
    /// NO_COLOR, COLORFGBG).
    #[arg(long, value_name = "WORDS")]
    pub theme: Option<Look>,
    /// The same as --theme ascii.
    #[arg(long, hide = true)]
    pub ascii: bool,
    /// Record the dashboard in a new file, which `asciinema play` plays.
    #[arg(long, value_name = "FILE.cast")]
    pub record: Option<PathBuf>,
}

impl DisplayArguments {
    /// Returns the choices of colours and characters.
    pub fn look(&self) -> Look {
        let look = self.theme.unwrap_or_default();
        let ascii = Look { unicode: Some(false), ..Look::default() };
        if self.ascii { look.with(ascii) } else { look }
    }

    /// Returns the theme for this process's terminal.
    pub fn theme(&self) -> Theme {
        self.look().theme()
    }

    /// Creates the file of the recording, if there is one; `draws` if the dashboard is drawn.
    ///
    /// # Errors
    /// Returns an error if nothing is drawn, or the file exists or cannot be created.
    pub fn recorder(&self, draws: bool) -> io::Result<Option<Recorder>> {
        match &self.record {
            Some(_) if !draws => Err(io::Error::other(
                "--record records the dashboard, which needs a terminal as stdin and stdout and no \
                 --headless",
            )),
            Some(path) => Recorder::create(path).map(Some),
            None => Ok(None),
        }
    }
}
