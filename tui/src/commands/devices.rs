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
    output::line(&format!("opencl  {}", opencl(cfg!(feature = "opencl"))))?;
    Ok(ExitCode::SUCCESS)
}

/// What `--device opencl` is good for, in a build with the feature or without.
fn opencl(is_built_in: bool) -> &'static str {
    if is_built_in {
        "none: the feature is built in, but this version has no OpenCL kernels"
    } else {
        "none: this version has no OpenCL kernels, with the feature opencl or without"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opencl_is_not_promised() {
        for is_built_in in [false, true] {
            let text = opencl(is_built_in);
            assert!(text.starts_with("none: ") && text.contains("no OpenCL kernels"), "{text}");
        }
    }
}
