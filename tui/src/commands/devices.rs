//! `tui devices`: the devices available for training.

use std::process::ExitCode;
use std::thread;

use color_eyre::eyre::Result;
use seq2seq::ranks::{gather, host};
use seq2seq::{DeviceDescription, PlatformDescription, Ranks, opencl_platforms, processor_kernels};

use crate::format::several;
use crate::{output, ranks};

/// Lists the devices by the names that `--device` accepts.
pub(super) fn run() -> Result<ExitCode> {
    let ranks = ranks::all();
    let of_ranks = gather(&ranks, &(host(), of_this_rank(&ranks)))?;
    if let [(_, lines)] = of_ranks.as_slice() {
        output::lines(lines)?;
        output::lines(alone())?;
        return Ok(ExitCode::SUCCESS);
    }
    for (rank, (host, lines)) in of_ranks.iter().enumerate() {
        output::line(&format!("rank {rank} of {}, on {host}", ranks.size()))?;
        output::lines(&lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that there are no other ranks, where there could be.
fn alone() -> &'static [&'static str] {
    if cfg!(feature = "mpi") {
        &["ranks", "  1: mpirun did not start this process, so it shares its work with no other"]
    } else {
        &[]
    }
}

/// Returns the lines about the devices of this rank.
fn of_this_rank(ranks: &Ranks) -> Vec<String> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = ranks.place().threads().unwrap_or(processors);
    let threads = several(threads as u64, "thread");
    let mut lines =
        vec!["cpu".to_owned(), format!("  {threads}, kernels: {}", processor_kernels())];
    match opencl_platforms() {
        Ok(platforms) => lines.extend(opencl(&platforms)),
        Err(error) => lines.extend(["opencl".to_owned(), format!("  none: {error}")]),
    }
    lines
}

/// Returns the name of each device with its description below.
fn opencl(platforms: &[PlatformDescription]) -> Vec<String> {
    let mut lines = Vec::new();
    for (p, platform) in platforms.iter().enumerate() {
        if platform.devices.is_empty() {
            lines.push(format!("opencl  platform {p}, {}, has no devices", platform.name));
        }
        for (d, device) in platform.devices.iter().enumerate() {
            lines.push(format!("opencl:{p}.{d}"));
            lines.extend(described(platform, device).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

fn described(platform: &PlatformDescription, device: &DeviceDescription) -> [String; 3] {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    [
        format!("{}, {}, {}", device.name, device.kind, device.vendor),
        format!(
            "{}, {:.1} GiB of memory, {:.1} GiB at most in one piece, {} KiB shared by a work-group",
            several(device.compute_units as u64, "compute unit"),
            gib(device.memory),
            gib(device.largest_allocation),
            device.local_memory / 1024,
        ),
        format!(
            "{}, driver {}, platform {} ({}), kernels: {}",
            device.version,
            device.driver,
            platform.name,
            platform.version,
            device.kernels(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> DeviceDescription {
        DeviceDescription {
            name: "Model X".into(),
            vendor: "Maker".into(),
            kind: "gpu",
            version: "OpenCL 3.0".into(),
            driver: "1.2".into(),
            compute_units: 1,
            memory: 8 << 30,
            largest_allocation: 2 << 30,
            local_memory: 48 << 10,
            work_group: 256,
            vector: 1,
            extensions: String::new(),
            compute_capability: Some((9, 0)),
        }
    }

    #[test]
    fn a_device_is_listed_by_the_name_that_opens_it() {
        let platform = |devices| PlatformDescription {
            name: "P".into(),
            version: "OpenCL 3.0 P".into(),
            devices,
        };
        let lines = opencl(&[platform(vec![]), platform(vec![device(), device()])]);
        assert_eq!(lines[0], "opencl  platform 0, P, has no devices");
        assert_eq!((lines[1].as_str(), lines[5].as_str()), ("opencl:1.0", "opencl:1.1"));
        assert!(lines[2].contains("Model X, gpu, Maker"), "{lines:?}");
        let memory = "1 compute unit, 8.0 GiB of memory, 2.0 GiB at most in one piece";
        assert!(lines[3].contains(memory), "{lines:?}");
        assert!(lines[4].contains("driver 1.2"), "{lines:?}");
        let kernels = "kernels: OpenCL C 1.2, products in tiles of local memory and registers, tf32 on \
                       tensor cores";
        assert!(lines[4].contains(kernels), "{lines:?}");
        let processor =
            DeviceDescription { kind: "cpu", vector: 8, compute_capability: None, ..device() };
        let kernels = "OpenCL C 1.2, products in bands of 8-wide vectors, tf32 by rounded factors";
        assert_eq!(processor.kernels(), kernels);
    }
}
