//! Memory use of this process, as reported by the operating system.

use std::fs;

/// Bytes that are resident now, and the maximum since [`reset_peak`]; `None` if the operating
/// system does not report them (Linux does).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resident {
    pub(super) now: u64,
    pub(super) peak: u64,
}

impl Resident {
    pub(super) fn read() -> Option<Self> {
        parse(&fs::read_to_string("/proc/self/status").ok()?)
    }
}

fn parse(status: &str) -> Option<Resident> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some(Resident { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Resets the peak to the memory that is resident now; has no effect if the operating system does
/// not support it.
pub(super) fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_read() {
        let status = "Name:\ttui\nVmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(parse(status), Some(Resident { now: 1 << 20, peak: 2 << 20 }));
        assert_eq!(parse("Name:\ttui\n"), None);
        assert_eq!(parse("VmHWM:\t1 MB\nVmRSS:\t1 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_that_is_used_is_seen() {
        reset_peak();
        let before = Resident::read().unwrap();
        let block = vec![1_u8; 64 << 20];
        let after = Resident::read().unwrap();
        assert!(after.peak >= before.now + (48 << 20), "{before:?} {after:?} {}", block[1 << 20]);
    }
}
