//! `tui devices`: what can train here.

use std::process::ExitCode;
use std::thread;

use color_eyre::eyre::Result;

use crate::format::several;
use crate::output;

/// Lists the devices.
pub(super) fn run() -> Result<ExitCode> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    output::line(&format!("cpu     {}", several(processors as u64, "processor")))?;
    if cfg!(feature = "opencl") {
        output::line("opencl  built in; --device opencl:PLATFORM.DEVICE picks one")?;
    } else {
        output::line("opencl  not built in; cargo run -p tui --features opencl builds it in")?;
    }
    Ok(ExitCode::SUCCESS)
}
