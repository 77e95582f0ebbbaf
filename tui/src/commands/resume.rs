//! A run that is trained on in this terminal, by a new program in the place of this one.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use color_eyre::eyre::{Result, WrapErr};

use crate::args::DisplayArguments;
use crate::output;

/// Continues a run in this terminal, as `tui --resume --run-dir RUN --set KEY=VALUE` does.
///
/// A new program takes the place of this one, since the handlers of this one's signals belong to the
/// process that watched or trained.
pub(super) fn resume(
    run: &Path,
    set: &[(String, String)],
    display: &DisplayArguments,
) -> Result<ExitCode> {
    let program = env::current_exe().wrap_err("the program's own file")?;
    let mut command = Command::new(program);
    command.args(["train", "--resume", "--run-dir"]).arg(run);
    for (key, value) in set {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    let look = display.look().to_string();
    if !look.is_empty() {
        command.args(["--theme", &look]);
    }
    if let Some(path) = &display.record {
        // A recording replaces no file, and an asciicast has one beginning.
        output::note(&format!("the recording {} ends here", path.display()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Returns only if it fails.
        Err(command.exec()).wrap_err("starting the program again")
    }
    #[cfg(not(unix))]
    {
        let status = command.status().wrap_err("starting the program again")?;
        Ok(status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from))
    }
}
